// Threads that use one sliding window limiter at the same time. Also run under the sanitizers.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "spillway/limiter/sliding_window_limiter.h"
#include "tests/support/policies.h"
#include "tests/support/random.h"
#include "tests/support/threads.h"

namespace spillway {
namespace {

using testing::InThreads;
using testing::MakePolicy;
using testing::Random;

constexpr uint32_t kThreads = 4;
constexpr int kSteps = 30'000;
constexpr Nanos kStart = 1000 * kNanosPerSecond;

SlidingWindowLimiterSettings Settings(int32_t limit, Nanos per) {
  SlidingWindowLimiterSettings settings;
  settings.limit = limit;
  settings.per_ns = per;
  return settings;
}

// Whether so many more than `limit` of these times lie within some half-open interval of `per`.
bool IsStrict(std::vector<Nanos> times, int32_t limit, Nanos per) {
  std::sort(times.begin(), times.end());
  for (size_t last = static_cast<size_t>(limit); last < times.size(); ++last) {
    if (times[last] - times[last - static_cast<size_t>(limit)] < per) return false;
  }
  return true;
}

TEST(SlidingWindowLimiterStressTest, NoIntervalHoldsMoreThanALimit) {
  for (const int32_t limit : {1, 2, 7, 100}) {
    // About half of the calls are too many; the second window refuses some that the first does not.
    SlidingWindowLimiterSettings settings = Settings(limit, limit * Nanos{20'000});
    settings.second_limit = 3 * limit;
    settings.second_per_ns = 4 * settings.per_ns;
    const auto limiter = MakePolicy<SlidingWindowLimiter>(settings);
    std::atomic<Nanos> clock{kStart};
    std::vector<Nanos> admitted[kThreads];
    InThreads(kThreads, [&](uint32_t thread) {
      Random random(thread + 1);
      for (int i = 0; i < kSteps; ++i) {
        Nanos now = clock.fetch_add(random.Below<Nanos>(20'000));
        if (random.OneIn(10)) now -= random.Below(settings.per_ns);  // a late one
        if (limiter->TryAcquire(now)) admitted[thread].push_back(now);
      }
    });
    std::vector<Nanos> all;
    for (const std::vector<Nanos>& times : admitted)
      all.insert(all.end(), times.begin(), times.end());
    EXPECT_TRUE(IsStrict(all, settings.limit, settings.per_ns)) << limit;
    EXPECT_TRUE(IsStrict(all, settings.second_limit, settings.second_per_ns)) << limit;
    const SlidingWindowLimiterSnapshot snapshot = limiter->Snapshot(clock);
    EXPECT_EQ(snapshot.total_admitted, all.size());
    EXPECT_EQ(snapshot.total_refused, uint64_t{kThreads} * kSteps - all.size());
    EXPECT_GT(all.size(), uint64_t{kSteps} / 10);
    EXPECT_GT(snapshot.total_refused, uint64_t{kSteps} / 10);
  }
}

// Who asks while time stands still takes what there is, to the last permit; so after each reset,
// though others ask and look while it is made.
TEST(SlidingWindowLimiterStressTest, EveryPermitIsTakenOnceAlsoWithResets) {
  constexpr int32_t kLimit = 1000;
  constexpr int kResets = 50;
  constexpr int kLongSteps = 500'000;  // so that threads of a few microseconds overlap
  const auto limiter = MakePolicy<SlidingWindowLimiter>(Settings(kLimit, kNanosPerSecond));
  std::atomic<uint64_t> admitted{0};
  InThreads(kThreads, [&](uint32_t thread) {
    for (int i = 0; i < kLongSteps; ++i) {
      admitted += static_cast<bool>(limiter->TryAcquire(kStart));
      if (thread == 0 && i % (kLongSteps / kResets) == 0) limiter->Reset();
      if (i % 100 == 0) {
        const SlidingWindowLimiterSnapshot seen = limiter->Snapshot(kStart);
        ASSERT_TRUE(0 <= seen.in_window && seen.in_window <= kLimit);
      }
    }
  });
  const SlidingWindowLimiterSnapshot snapshot = limiter->Snapshot(kStart);
  EXPECT_EQ(snapshot.in_window, kLimit);
  EXPECT_EQ(snapshot.total_admitted, admitted);
  EXPECT_LE(admitted, uint64_t{kLimit} * (kResets + 1));
}

}  // namespace
}  // namespace spillway
