// What a multi limiter costs a call, by how many members it asks. The time is given; each benchmark
// checks that it took the path it is named for.
#include "spillway/limiter/multi_limiter.h"

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <vector>

#include "bench/measure.h"
#include "spillway/base/cache_line.h"
#include "spillway/base/time.h"

namespace {

using spillway::MultiLimiter;
using spillway::MultiLimiterMember;
using spillway::Nanos;
using spillway::TokenBucket;
using spillway::TokenBucketSettings;
using spillway::bench::Measure;
using spillway::bench::Opaque;

constexpr Nanos kNow = 1'000'000'000;

constexpr int64_t kNobody = -1;

// Of so many members, of which one refuses, if any.
struct Limits {
  Limits(int64_t count, int64_t refuses, bool counted, double rate = 1e9) {
    std::vector<MultiLimiterMember> asked;
    for (int64_t i = 0; i < count; ++i) {
      TokenBucketSettings settings{.rate = rate, .burst = 1'000'000'000, .counted = counted};
      if (i == refuses) settings = {.rate = 1e-3, .counted = counted};
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

// What the machine charges for three compare-exchanges of words that lie in lines of their own.
void Floor_CasLoop_ThreeWords(benchmark::State& state) {
  struct alignas(spillway::kCacheLine) Line {
    std::atomic<uint64_t> word = 0;
  };
  const auto lines = std::make_unique<std::array<Line, 3>>();
  for (auto _ : state) {
    for (Line& line : *lines) {
      uint64_t seen = line.word.load(std::memory_order_relaxed);
      while (!line.word.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) {
      }
    }
  }
}
BENCHMARK(Floor_CasLoop_ThreeWords);

template <bool kCounted>
void MultiLimiter_Allow(benchmark::State& state) {
  const Limits limits(state.range(0), kNobody, kCounted);
  MultiLimiter* const limiter = Opaque(limits.limiter.get());
  Nanos now = Opaque(kNow);
  Measure(state, true, [=]() mutable { return static_cast<bool>(limiter->TryAcquire(++now)); });
}
BENCHMARK(MultiLimiter_Allow<true>)->Name("MultiLimiter_Allow")->Arg(1)->Arg(3)->Arg(8);
BENCHMARK(MultiLimiter_Allow<false>)->Name("MultiLimiter_Allow_Uncounted")->Arg(3);

// A token takes no whole number of nanoseconds, as it does of three a second.
void MultiLimiter_Allow_OtherUnits(benchmark::State& state) {
  const Limits limits(state.range(0), kNobody, true, 3e8);
  MultiLimiter* const limiter = Opaque(limits.limiter.get());
  Nanos now = Opaque(kNow);
  Measure(state, true, [=]() mutable { return static_cast<bool>(limiter->TryAcquire(now += 4)); });
}
BENCHMARK(MultiLimiter_Allow_OtherUnits)->Arg(3);

template <bool kFirst, bool kCounted>
void MultiLimiter_Reject(benchmark::State& state) {
  const Limits limits(state.range(0), kFirst ? 0 : state.range(0) - 1, kCounted);
  MultiLimiter* const limiter = Opaque(limits.limiter.get());
  const Nanos now = Opaque(kNow);
  Measure(state, false, [=] { return static_cast<bool>(limiter->TryAcquire(now)); });
}
BENCHMARK(MultiLimiter_Reject<true, true>)->Name("MultiLimiter_Reject_ByFirst")->Arg(3);
BENCHMARK(MultiLimiter_Reject<true, false>)->Name("MultiLimiter_Reject_ByFirst_Uncounted")->Arg(3);
BENCHMARK(MultiLimiter_Reject<false, true>)->Name("MultiLimiter_Reject_ByLast")->Arg(3);
BENCHMARK(MultiLimiter_Reject<false, false>)->Name("MultiLimiter_Reject_ByLast_Uncounted")->Arg(3);

}  // namespace
