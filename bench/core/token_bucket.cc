// What a token bucket costs a call. The time is given unless a name says otherwise; each benchmark
// says how many calls were admitted and refused, so that none measures another path than it names.
#include "spillway/limiter/token_bucket.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "bench/measure.h"
#include "spillway/base/time.h"

namespace {

using spillway::Nanos;
using spillway::TokenBucket;
using spillway::TokenBucketSettings;
using spillway::bench::Measure;
using spillway::bench::Opaque;

constexpr Nanos kNow = 1'000'000'000;
constexpr Nanos kAnyWait = spillway::kForever;
constexpr TokenBucketSettings kPlenty{.rate = 1e9, .burst = 1'000'000'000};
constexpr TokenBucketSettings kNone{.rate = 1e-3, .burst = 1, .initial_tokens = 0};

std::unique_ptr<TokenBucket> Make(const TokenBucketSettings& settings, bool counted) {
  spillway::Error error;
  TokenBucketSettings all = settings;
  all.counted = counted;
  std::unique_ptr<TokenBucket> bucket = TokenBucket::Make("bench", all, &error);
  if (bucket == nullptr) std::abort();
  return bucket;
}

template <bool kCounted>
void TokenBucket_Allow(benchmark::State& state) {
  const auto owner = Make(kPlenty, kCounted);
  TokenBucket* const bucket = Opaque(owner.get());
  Nanos now = Opaque(kNow);
  Measure(state, true, [=]() mutable { return static_cast<bool>(bucket->TryAcquire(++now)); });
}
BENCHMARK(TokenBucket_Allow<true>)->Name("TokenBucket_Allow");
BENCHMARK(TokenBucket_Allow<false>)->Name("TokenBucket_Allow_Uncounted");

template <bool kCounted>
void TokenBucket_Reject(benchmark::State& state) {
  const auto owner = Make(kNone, kCounted);
  TokenBucket* const bucket = Opaque(owner.get());
  const Nanos now = Opaque(kNow);
  bucket->TryAcquire(now);
  Measure(state, false, [=] { return static_cast<bool>(bucket->TryAcquire(now)); });
}
BENCHMARK(TokenBucket_Reject<true>)->Name("TokenBucket_Reject");
BENCHMARK(TokenBucket_Reject<false>)->Name("TokenBucket_Reject_Uncounted");

// A call each time it is open, and calls while it is closed.
template <bool kAdmits>
void TokenBucket_WarmUp(benchmark::State& state) {
  const auto owner = Make({.rate = 1e6, .warm_up_ns = 1'000'000'000}, true);
  TokenBucket* const bucket = Opaque(owner.get());
  Nanos now = Opaque(kNow);
  bucket->TryAcquire(now);
  Measure(state, kAdmits, [=]() mutable {
    if (kAdmits) now += 3000;
    return static_cast<bool>(bucket->TryAcquire(now));
  });
}
BENCHMARK(TokenBucket_WarmUp<true>)->Name("TokenBucket_WarmUp_Allow");
BENCHMARK(TokenBucket_WarmUp<false>)->Name("TokenBucket_WarmUp_Reject");

void TokenBucket_Allow_Clock(benchmark::State& state) {
  const auto bucket = Make(kPlenty, true);
  Measure(state, true, [&] { return static_cast<bool>(bucket->TryAcquire()); });
}
BENCHMARK(TokenBucket_Allow_Clock);

void TokenBucket_Allow_Changed(benchmark::State& state) {
  const auto bucket = Make(kPlenty, true);
  TokenBucketSettings changed = bucket->settings();
  changed.rate = 5e8;
  if (!bucket->Reconfigure(changed, spillway::Inheritance::kReset, kNow, nullptr)) std::abort();
  Nanos now = Opaque(kNow);
  Measure(state, true, [&] { return static_cast<bool>(bucket->TryAcquire(now += 2)); });
}
BENCHMARK(TokenBucket_Allow_Changed);

// Each waits a nanosecond longer than the one before.
void TokenBucket_Reserve(benchmark::State& state) {
  const auto bucket = Make({.rate = 1e9, .burst = 1, .initial_tokens = 0}, true);
  const Nanos now = Opaque(kNow);
  Measure(state, true, [&] { return static_cast<bool>(bucket->Reserve(now, 1, kAnyWait)); });
}
BENCHMARK(TokenBucket_Reserve);

// One bucket for all threads of a run.
void TokenBucket_Shared(benchmark::State& state) {
  static std::unique_ptr<TokenBucket> bucket;
  if (state.thread_index() == 0) bucket = Make(kPlenty, true);
  Nanos now = Opaque(kNow);
  for (auto _ : state) benchmark::DoNotOptimize(bucket->TryAcquire(++now).reason);
}
BENCHMARK(TokenBucket_Shared)->ThreadRange(1, 2);

}  // namespace
