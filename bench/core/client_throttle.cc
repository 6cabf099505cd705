// What a client throttle costs a call, with the time given.
#include "spillway/concurrency/client_throttle.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

namespace {

using spillway::ClientThrottle;
using spillway::DecisionFields;
using spillway::Nanos;
using spillway::Outcome;

constexpr Nanos kNow = 1'000'000'000;

std::unique_ptr<ClientThrottle> Make() {
  spillway::Error error;
  std::unique_ptr<ClientThrottle> throttle = ClientThrottle::Make("bench", {}, &error);
  if (throttle == nullptr) std::abort();
  return throttle;
}

// Asks and tells. What is wrong: a share that was refused where none should be, or none.
void Measure(benchmark::State& state, Outcome outcome, double least, double most) {
  const auto throttle = Make();
  Nanos now = kNow;
  uint64_t refused = 0;
  for (auto _ : state) {
    const DecisionFields decision = throttle->Decide(++now);
    refused += decision.reason != 0;
    if (decision.reason == 0) throttle->Settle(decision.permit, outcome, now);
  }
  const double share = static_cast<double>(refused) / static_cast<double>(state.iterations());
  const bool few = state.iterations() < 1000;  // the first ones decide nothing
  if (!few && (share < least || share > most))
    state.SkipWithError("it did not take the path it is named for");
}

void ClientThrottle_AcquireSettle(benchmark::State& state) {
  Measure(state, Outcome::kSuccess, 0, 0);
}
BENCHMARK(ClientThrottle_AcquireSettle);

void ClientThrottle_AcquireSettle_Throttling(benchmark::State& state) {
  Measure(state, Outcome::kFailure, 0.8, 0.95);
}
BENCHMARK(ClientThrottle_AcquireSettle_Throttling);

// One throttle for all threads of a run.
void ClientThrottle_Shared(benchmark::State& state) {
  static std::unique_ptr<ClientThrottle> throttle;
  if (state.thread_index() == 0) throttle = Make();
  Nanos now = kNow;
  for (auto _ : state) {
    const DecisionFields decision = throttle->Decide(++now);
    if (decision.reason == 0) throttle->Settle(decision.permit, Outcome::kSuccess, now);
  }
}
BENCHMARK(ClientThrottle_Shared)->ThreadRange(1, 2);

}  // namespace
