// The calls of bench/core/token_bucket.cc through the C library, with the C++ calls beside them in
// one program. The time is given; each benchmark says when it measured another path than it names.
#include "spillway/limiter/token_bucket.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "spillway/base/time.h"
#include "spillway/c_api.h"

namespace {

using spillway::LimitStatus;
using spillway::Nanos;
using spillway::TokenBucket;
using spillway::TokenBucketSettings;

constexpr Nanos kNow = 1'000'000'000;
constexpr TokenBucketSettings kPlenty{.rate = 1e9, .burst = 1'000'000'000};
constexpr TokenBucketSettings kNone{.rate = 1e-3, .burst = 1, .initial_tokens = 0};

// Hides a value from the optimizer, as it is where requests come in.
template <typename T>
T Opaque(T value) {
  benchmark::DoNotOptimize(value);
  return value;
}

// `call(now)` says whether it was admitted, which it is always or never.
template <class Call>
void Measure(benchmark::State& state, bool admits, Call call) {
  uint64_t admitted = 0;
  Nanos now = Opaque(kNow);
  for (auto _ : state) admitted += call(++now);
  const auto wanted = admits ? static_cast<uint64_t>(state.iterations()) : 0;
  if (admitted != wanted) state.SkipWithError("it did not take the path it is named for");
}

// ---- C++

std::unique_ptr<TokenBucket> Make(const TokenBucketSettings& settings) {
  std::unique_ptr<TokenBucket> bucket = TokenBucket::Make("bench", settings, nullptr);
  if (bucket == nullptr) std::abort();
  bucket->TryAcquire(kNow, 0);  // Begins its time.
  return bucket;
}

void Cpp_Take(benchmark::State& state, const TokenBucketSettings& settings, bool admits) {
  const auto owner = Make(settings);
  TokenBucket* const bucket = Opaque(owner.get());
  Measure(state, admits, [=](Nanos now) { return static_cast<bool>(bucket->TryAcquire(now)); });
}
BENCHMARK_CAPTURE(Cpp_Take, , kPlenty, true)->Name("Cpp_TokenBucket_Allow");
BENCHMARK_CAPTURE(Cpp_Take, , kNone, false)->Name("Cpp_TokenBucket_Reject");

void Cpp_TokenBucket_Reject_Told(benchmark::State& state) {
  const auto owner = Make(kNone);
  TokenBucket* const bucket = Opaque(owner.get());
  Measure(state, false, [=](Nanos now) {
    const TokenBucket::Decision decision = bucket->TryAcquire(now);
    LimitStatus status = bucket->Describe(decision, now, 1);
    benchmark::DoNotOptimize(status);
    return static_cast<bool>(decision);
  });
}
BENCHMARK(Cpp_TokenBucket_Reject_Told);

void Cpp_TokenBucket_ReserveCancel(benchmark::State& state) {
  const auto owner = Make(kNone);
  TokenBucket* const bucket = Opaque(owner.get());
  Measure(state, true, [=](Nanos now) {
    const TokenBucket::Reservation slot = bucket->Reserve(now, 1, spillway::kForever);
    bucket->Cancel(slot, now);
    return static_cast<bool>(slot);
  });
}
BENCHMARK(Cpp_TokenBucket_ReserveCancel);

// ---- C

struct Unref {
  void operator()(spillway_token_bucket* bucket) const { spillway_token_bucket_unref(bucket); }
};
using Handle = std::unique_ptr<spillway_token_bucket, Unref>;

Handle MakeC(const TokenBucketSettings& settings) {
  spillway_token_bucket_options options = SPILLWAY_TOKEN_BUCKET_OPTIONS_INIT;
  options.rate = settings.rate;
  options.burst = settings.burst;
  options.initial_tokens = settings.initial_tokens;
  spillway_token_bucket* bucket = nullptr;
  if (spillway_token_bucket_new(&bucket, "bench", 5, &options, nullptr) != SPILLWAY_OK)
    std::abort();
  spillway_token_bucket_try_acquire_at(bucket, 0, kNow, nullptr);
  return Handle(bucket);
}

void C_Take(benchmark::State& state, const TokenBucketSettings& settings, bool admits) {
  const Handle owner = MakeC(settings);
  spillway_token_bucket* const bucket = Opaque(owner.get());
  Measure(state, admits, [=](Nanos now) {
    return spillway_token_bucket_try_acquire_at(bucket, 1, now, nullptr) == SPILLWAY_ADMITTED;
  });
}
BENCHMARK_CAPTURE(C_Take, , kPlenty, true)->Name("C_TokenBucket_Allow");
BENCHMARK_CAPTURE(C_Take, , kNone, false)->Name("C_TokenBucket_Reject");

void C_TokenBucket_Reject_Told(benchmark::State& state) {
  const Handle owner = MakeC(kNone);
  spillway_token_bucket* const bucket = Opaque(owner.get());
  Measure(state, false, [=](Nanos now) {
    spillway_limit_status status;
    const bool admitted =
        spillway_token_bucket_try_acquire_at(bucket, 1, now, &status) == SPILLWAY_ADMITTED;
    benchmark::DoNotOptimize(status);
    return admitted;
  });
}
BENCHMARK(C_TokenBucket_Reject_Told);

void C_TokenBucket_ReserveCancel(benchmark::State& state) {
  const Handle owner = MakeC(kNone);
  spillway_token_bucket* const bucket = Opaque(owner.get());
  Measure(state, true, [=](Nanos now) {
    spillway_reservation slot;
    const bool admitted = spillway_token_bucket_reserve_at(bucket, 1, INT64_MAX, now, &slot,
                                                           nullptr) == SPILLWAY_ADMITTED;
    spillway_token_bucket_cancel_at(bucket, &slot, now);
    return admitted;
  });
}
BENCHMARK(C_TokenBucket_ReserveCancel);

}  // namespace
