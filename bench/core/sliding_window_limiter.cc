// What a sliding window limiter costs a call, whose time is given; each benchmark says how many
// calls were admitted, so that none measures another path than it names. The argument is the limit.
#include "spillway/limiter/sliding_window_limiter.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "bench/measure.h"
#include "spillway/base/time.h"

namespace {

using spillway::Nanos;
using spillway::SlidingWindowLimiter;
using spillway::SlidingWindowLimiterSettings;
using spillway::bench::Measure;
using spillway::bench::Opaque;

constexpr Nanos kNow = 1'000'000'000;
constexpr Nanos kHour = 3'600'000'000'000;

SlidingWindowLimiterSettings AtMost(int64_t limit, Nanos per) {
  SlidingWindowLimiterSettings settings;
  settings.limit = static_cast<int32_t>(limit);
  settings.per_ns = per;
  return settings;
}

std::unique_ptr<SlidingWindowLimiter> Make(const SlidingWindowLimiterSettings& settings) {
  spillway::Error error;
  std::unique_ptr<SlidingWindowLimiter> limiter =
      SlidingWindowLimiter::Make("bench", settings, &error);
  if (limiter == nullptr) std::abort();
  return limiter;
}

// One each nanosecond, as many as may come: the log is always full.
void SlidingWindow_Allow(benchmark::State& state) {
  const auto owner = Make(AtMost(state.range(0), state.range(0)));
  SlidingWindowLimiter* const limiter = Opaque(owner.get());
  Nanos now = Opaque(kNow);
  Measure(state, true, [=]() mutable { return static_cast<bool>(limiter->TryAcquire(++now)); });
}
BENCHMARK(SlidingWindow_Allow)->Arg(10)->Arg(1000)->Arg(100'000);

void SlidingWindow_Allow_ThreeWindows(benchmark::State& state) {
  SlidingWindowLimiterSettings settings = AtMost(10, 10);
  settings.second_limit = 1000;
  settings.second_per_ns = 1000;
  settings.third_limit = 100'000;
  settings.third_per_ns = 100'000;
  const auto owner = Make(settings);
  SlidingWindowLimiter* const limiter = Opaque(owner.get());
  Nanos now = Opaque(kNow);
  Measure(state, true, [=]() mutable { return static_cast<bool>(limiter->TryAcquire(++now)); });
}
BENCHMARK(SlidingWindow_Allow_ThreeWindows);

template <bool kCounted>
void SlidingWindow_Reject(benchmark::State& state) {
  SlidingWindowLimiterSettings settings = AtMost(state.range(0), kHour);
  settings.counted = kCounted;
  const auto owner = Make(settings);
  SlidingWindowLimiter* const limiter = Opaque(owner.get());
  const Nanos now = Opaque(kNow);
  while (limiter->TryAcquire(now)) {
  }
  Measure(state, false, [=] { return static_cast<bool>(limiter->TryAcquire(now)); });
}
BENCHMARK(SlidingWindow_Reject<true>)->Name("SlidingWindow_Reject")->Arg(10)->Arg(100'000);
BENCHMARK(SlidingWindow_Reject<false>)->Name("SlidingWindow_Reject_Uncounted")->Arg(10);

// One limiter for all threads of a run.
void SlidingWindow_Shared(benchmark::State& state) {
  static std::unique_ptr<SlidingWindowLimiter> limiter;
  if (state.thread_index() == 0) limiter = Make(AtMost(1000, 1));
  Nanos now = Opaque(kNow);
  for (auto _ : state) benchmark::DoNotOptimize(limiter->TryAcquire(++now).reason);
}
BENCHMARK(SlidingWindow_Shared)->ThreadRange(1, 2);

}  // namespace
