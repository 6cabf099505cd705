// What a leaky bucket costs a call beyond the token bucket that it is. The time is given; each
// benchmark checks that it took the path it is named for.
#include "spillway/limiter/leaky_bucket.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "spillway/base/time.h"

namespace {

using spillway::LeakyBucket;
using spillway::LeakyBucketSettings;
using spillway::Nanos;

constexpr Nanos kNow = 1'000'000'000;

std::unique_ptr<LeakyBucket> Make(const LeakyBucketSettings& settings) {
  std::unique_ptr<LeakyBucket> bucket = LeakyBucket::Make("bench", settings, nullptr);
  if (bucket == nullptr) std::abort();
  return bucket;
}

template <class Call>
void Measure(benchmark::State& state, bool admits, Call call) {
  uint64_t admitted = 0;
  for (auto _ : state) admitted += call();
  const auto wanted = admits ? static_cast<uint64_t>(state.iterations()) : 0;
  if (admitted != wanted) state.SkipWithError("it did not take the path it is named for");
}

void LeakyBucket_Allow(benchmark::State& state) {
  const auto owner = Make({.rate = 1e9, .capacity = 1'000'000'000});
  LeakyBucket* const bucket = owner.get();
  Measure(state, true,
          [=, now = kNow]() mutable { return static_cast<bool>(bucket->TryAcquire(++now)); });
}
BENCHMARK(LeakyBucket_Allow);

// A shaper: each waits a nanosecond longer than the one before.
void LeakyBucket_Reserve(benchmark::State& state) {
  const auto bucket = Make({.rate = 1e9, .capacity = 1'000'000'000, .free = 1});
  Nanos now = kNow;
  benchmark::DoNotOptimize(now);  // as it is where requests come in
  Measure(state, true,
          [&] { return static_cast<bool>(bucket->Reserve(now, 1, spillway::kForever)); });
}
BENCHMARK(LeakyBucket_Reserve);

void LeakyBucket_Full(benchmark::State& state) {
  const auto owner = Make({.rate = 1e-3, .capacity = 2, .free = 1});
  LeakyBucket* const bucket = owner.get();
  while (bucket->Reserve(kNow, 1, spillway::kForever)) {
  }
  Measure(state, false,
          [=]() { return static_cast<bool>(bucket->Reserve(kNow, 1, spillway::kForever)); });
}
BENCHMARK(LeakyBucket_Full);

}  // namespace
