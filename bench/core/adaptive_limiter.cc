// What an adaptive limiter costs a call, with the time given.
#include "spillway/concurrency/adaptive_limiter.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

namespace {

using spillway::AdaptiveLimiter;
using spillway::DecisionFields;
using spillway::Nanos;
using spillway::Outcome;

constexpr Nanos kNow = 1'000'000'000;

std::unique_ptr<AdaptiveLimiter> Make() {
  spillway::Error error;
  std::unique_ptr<AdaptiveLimiter> limiter = AdaptiveLimiter::Make("bench", {}, &error);
  if (limiter == nullptr) std::abort();
  return limiter;
}

// A call each `every` ns: of the calls of a second, 128 are looked at.
void Measure(benchmark::State& state, Nanos every) {
  const auto limiter = Make();
  Nanos now = kNow;
  uint64_t admitted = 0;
  for (auto _ : state) {
    const DecisionFields decision = limiter->Decide(now);
    now += every;
    admitted +=
        limiter->Settle(decision.permit, Outcome::kSuccess, now) == spillway::Settlement::kCounted;
  }
  if (admitted != static_cast<uint64_t>(state.iterations()))
    state.SkipWithError("it did not take the path it is named for");
}

void AdaptiveLimiter_AcquireSettle(benchmark::State& state) { Measure(state, 100); }
BENCHMARK(AdaptiveLimiter_AcquireSettle);

// Each call is looked at, and one in 128 judges a window.
void AdaptiveLimiter_AcquireSettle_Looked(benchmark::State& state) { Measure(state, 8'000'000); }
BENCHMARK(AdaptiveLimiter_AcquireSettle_Looked);

void AdaptiveLimiter_Reject(benchmark::State& state) {
  const auto limiter = Make();
  while (limiter->Decide(kNow).reason == 0) continue;
  uint64_t refused = 0;
  for (auto _ : state) refused += limiter->Decide(kNow).reason != 0;
  if (refused != static_cast<uint64_t>(state.iterations()))
    state.SkipWithError("it did not take the path it is named for");
}
BENCHMARK(AdaptiveLimiter_Reject);

// One limiter for all threads of a run.
void AdaptiveLimiter_Shared(benchmark::State& state) {
  static std::unique_ptr<AdaptiveLimiter> limiter;
  if (state.thread_index() == 0) limiter = Make();
  Nanos now = kNow;
  for (auto _ : state) {
    const DecisionFields decision = limiter->Decide(now);
    now += 100;
    if (decision.reason == 0) limiter->Settle(decision.permit, Outcome::kSuccess, now);
  }
}
BENCHMARK(AdaptiveLimiter_Shared)->ThreadRange(1, 2);

}  // namespace
