// What a scrape of 1000 breakers costs, beside reading their snapshots, which is the least that any
// exporter must do.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spillway/breaker/circuit_breaker.h"
#include "spillway/export/metric_set.h"
#include "spillway/export/prometheus_text.h"

namespace {

using spillway::CircuitBreaker;
using spillway::Nanos;

constexpr Nanos kNow = 1'000'000'000;
constexpr int kBreakers = 1000;

// Each has counted a call, and so has numbers to show.
std::vector<std::unique_ptr<CircuitBreaker>> MakeBreakers() {
  std::vector<std::unique_ptr<CircuitBreaker>> breakers;
  for (int i = 0; i < kBreakers; ++i) {
    const std::string name = "dependency " + std::to_string(i);
    breakers.push_back(CircuitBreaker::Make(name, {.min_calls = 1}, nullptr));
    if (breakers.back() == nullptr) std::abort();
    spillway::Decision decision = breakers.back()->TryAcquire(kNow);
    breakers.back()->Settle(std::move(decision.permit), spillway::Outcome::kSuccess, kNow);
  }
  return breakers;
}

void Metrics_Snapshots1000(benchmark::State& state) {
  const auto breakers = MakeBreakers();
  for (auto _ : state) {
    for (const auto& breaker : breakers) benchmark::DoNotOptimize(breaker->Snapshot(kNow));
  }
}
BENCHMARK(Metrics_Snapshots1000);

void Metrics_Text1000(benchmark::State& state) {
  const auto breakers = MakeBreakers();
  spillway::MetricSet metrics;
  for (const auto& breaker : breakers) {
    if (!metrics.Add(*breaker, nullptr)) std::abort();
  }
  size_t bytes = 0;
  for (auto _ : state) bytes = spillway::PrometheusText(metrics, kNow).size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(Metrics_Text1000);

}  // namespace
