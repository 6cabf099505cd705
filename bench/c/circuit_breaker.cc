// The calls of bench/core/circuit_breaker.cc through the C library, with the C++ calls beside them
// in one program. The time is given; each benchmark owns its breaker and says how many calls it
// admitted and refused, so that none measures another path than it names.
#include "spillway/breaker/circuit_breaker.h"

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <utility>

#include "spillway/c_api.h"

namespace {

using spillway::CircuitBreaker;
using spillway::CircuitBreakerSettings;
using spillway::Decision;
using spillway::Nanos;
using spillway::Outcome;
using spillway::WindowKind;

constexpr Nanos kNow = 1'000'000'000;

// Hides a value from the optimizer, as it is where requests come in.
Nanos Opaque(Nanos value) {
  benchmark::DoNotOptimize(value);
  return value;
}

void Report(benchmark::State& state, uint64_t settled, uint64_t rejected) {
  state.counters["settled"] = static_cast<double>(settled);
  state.counters["rejected"] = static_cast<double>(rejected);
}

// ---- C++

std::unique_ptr<CircuitBreaker> Make(const CircuitBreakerSettings& settings) {
  std::unique_ptr<CircuitBreaker> breaker = CircuitBreaker::Make("bench", settings, nullptr);
  if (breaker == nullptr) std::abort();
  return breaker;
}

void Report(benchmark::State& state, const CircuitBreaker& breaker) {
  const spillway::CircuitBreakerSnapshot snapshot = breaker.Snapshot(kNow);
  Report(state, snapshot.total_successes, snapshot.total_rejected);
}

void Ask(benchmark::State& state, CircuitBreaker& breaker) {
  const Nanos now = Opaque(kNow);
  for (auto _ : state) {
    Decision decision = breaker.TryAcquire(now);
    benchmark::DoNotOptimize(decision.permit.fields().token);
    benchmark::DoNotOptimize(decision.retry_after);
  }
  Report(state, breaker);
}

void Cpp_TryAcquire(benchmark::State& state) { Ask(state, *Make({})); }
BENCHMARK(Cpp_TryAcquire);

template <bool kInFlight>
void Cpp_AcquireSettle(benchmark::State& state) {
  const auto breaker = Make({.in_flight = kInFlight});
  const Nanos now = Opaque(kNow);
  for (auto _ : state) {
    Decision decision = breaker->TryAcquire(now);
    breaker->Settle(std::move(decision.permit), Outcome::kSuccess, now);
  }
  Report(state, *breaker);
}
BENCHMARK(Cpp_AcquireSettle<false>)->Name("Cpp_AcquireSettle");
BENCHMARK(Cpp_AcquireSettle<true>)->Name("Cpp_AcquireSettle_InFlight");

void Cpp_Reject(benchmark::State& state) {
  const auto breaker = Make({.window_kind = WindowKind::kConsecutive, .window_failures = 1});
  breaker->Settle(breaker->TryAcquire(kNow).permit.fields(), Outcome::kFailure, kNow);
  Ask(state, *breaker);
}
BENCHMARK(Cpp_Reject);

// ---- C

struct Unref {
  void operator()(spillway_circuit_breaker* breaker) const {
    spillway_circuit_breaker_unref(breaker);
  }
};
using Handle = std::unique_ptr<spillway_circuit_breaker, Unref>;

Handle MakeC(const spillway_circuit_breaker_options& options) {
  spillway_circuit_breaker* breaker = nullptr;
  if (spillway_circuit_breaker_new(&breaker, "bench", 5, &options, nullptr) != SPILLWAY_OK)
    std::abort();
  return Handle(breaker);
}

void Report(benchmark::State& state, const spillway_circuit_breaker* breaker) {
  spillway_circuit_breaker_snapshot snapshot;
  snapshot.struct_size = sizeof snapshot;
  spillway_circuit_breaker_snapshot_at(breaker, kNow, &snapshot);
  Report(state, snapshot.total_successes, snapshot.total_rejected);
}

void Ask(benchmark::State& state, spillway_circuit_breaker* breaker) {
  const Nanos now = Opaque(kNow);
  for (auto _ : state) {
    spillway_acquire_result result;
    spillway_circuit_breaker_try_acquire_at(breaker, now, &result);
    benchmark::DoNotOptimize(result);
  }
  Report(state, breaker);
}

void C_TryAcquire(benchmark::State& state) {
  Ask(state, MakeC(SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT).get());
}
BENCHMARK(C_TryAcquire);

template <bool kInFlight>
void C_AcquireSettle(benchmark::State& state) {
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  options.in_flight = kInFlight;
  const Handle breaker = MakeC(options);
  const Nanos now = Opaque(kNow);
  for (auto _ : state) {
    spillway_acquire_result result;
    spillway_circuit_breaker_try_acquire_at(breaker.get(), now, &result);
    spillway_circuit_breaker_settle_at(breaker.get(), &result.permit, SPILLWAY_OUTCOME_SUCCESS,
                                       now);
  }
  Report(state, breaker.get());
}
BENCHMARK(C_AcquireSettle<false>)->Name("C_AcquireSettle");
BENCHMARK(C_AcquireSettle<true>)->Name("C_AcquireSettle_InFlight");

void C_Reject(benchmark::State& state) {
  spillway_circuit_breaker_options options = SPILLWAY_CIRCUIT_BREAKER_OPTIONS_INIT;
  options.window_kind = SPILLWAY_WINDOW_KIND_CONSECUTIVE;
  options.window_failures = 1;
  const Handle breaker = MakeC(options);
  spillway_acquire_result result;
  spillway_circuit_breaker_try_acquire_at(breaker.get(), kNow, &result);
  spillway_circuit_breaker_settle_at(breaker.get(), &result.permit, SPILLWAY_OUTCOME_FAILURE, kNow);
  Ask(state, breaker.get());
}
BENCHMARK(C_Reject);

// ---- floors

void Floor_FetchAdd(benchmark::State& state) {
  const auto word = std::make_unique<std::atomic<uint64_t>>(0);
  for (auto _ : state) benchmark::DoNotOptimize(word->fetch_add(1, std::memory_order_relaxed));
}
BENCHMARK(Floor_FetchAdd);

// What it costs to cross into a shared library at all.
void Floor_LibraryCall(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(spillway_abi_version());
}
BENCHMARK(Floor_LibraryCall);

}  // namespace
