// What a multi limiter costs a call, by how many members it asks. The time is given; each benchmark
// checks that it took the path it is named for.
#include "spillway/limiter/multi_limiter.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "spillway/base/time.h"

namespace {

using spillway::MultiLimiter;
using spillway::MultiLimiterMember;
using spillway::Nanos;
using spillway::TokenBucket;
using spillway::TokenBucketSettings;

constexpr Nanos kNow = 1'000'000'000;

// Of so many members, of which the last refuses where `refuses`.
struct Limits {
  Limits(int64_t count, bool refuses, bool counted) {
    std::vector<MultiLimiterMember> asked;
    for (int64_t i = 0; i < count; ++i) {
      TokenBucketSettings settings{.rate = 1e9, .burst = 1'000'000'000, .counted = counted};
      if (refuses && i == count - 1) settings = {.rate = 1e-3, .counted = counted};
      members.push_back(TokenBucket::Make("bench", settings, nullptr));
      if (members.back() == nullptr) std::abort();
      asked.push_back(*members.back());
    }
    limiter = MultiLimiter::Make("bench", asked, {.counted = counted}, nullptr);
    if (limiter == nullptr) std::abort();
    limiter->TryAcquire(kNow);
  }

  std::vector<std::unique_ptr<TokenBucket>> members;
  std::unique_ptr<MultiLimiter> limiter;
};

template <bool counted>
void MultiLimiter_Allow(benchmark::State& state) {
  const Limits limits(state.range(0), false, counted);
  Nanos now = kNow;
  uint64_t admitted = 0;
  for (auto _ : state) admitted += static_cast<bool>(limits.limiter->TryAcquire(++now));
  if (admitted != static_cast<uint64_t>(state.iterations())) state.SkipWithError("it was refused");
}
BENCHMARK(MultiLimiter_Allow<true>)->Name("MultiLimiter_Allow")->Arg(1)->Arg(3)->Arg(8);
BENCHMARK(MultiLimiter_Allow<false>)->Name("MultiLimiter_Allow_Uncounted")->Arg(3);

// The last of them refuses, the worst case.
template <bool counted>
void MultiLimiter_Reject(benchmark::State& state) {
  const Limits limits(state.range(0), true, counted);
  uint64_t admitted = 0;
  for (auto _ : state) admitted += static_cast<bool>(limits.limiter->TryAcquire(kNow));
  if (admitted != 0) state.SkipWithError("it was admitted");
}
BENCHMARK(MultiLimiter_Reject<true>)->Name("MultiLimiter_Reject")->Arg(1)->Arg(3);
BENCHMARK(MultiLimiter_Reject<false>)->Name("MultiLimiter_Reject_Uncounted")->Arg(3);

}  // namespace
