// Threads that use one adaptive limiter at the same time. Also run under the sanitizers.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include "spillway/concurrency/adaptive_limiter.h"
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

// Envoy admits by a load and then an addition, and overshoots by as many as race. Here those who
// were admitted count themselves: there are never more than the limit can be.
TEST(AdaptiveLimiterStressTest, NeverMoreAreInFlightThanTheLimit) {
  for (const bool shared : {false, true}) {
    AdaptiveLimiterSettings settings;
    settings.initial_limit = settings.max_limit = 7;
    settings.window_ns = 1'000'000;
    alignas(64) AdaptiveLimiterMemory memory{};
    const auto limiter = MakePolicy<AdaptiveLimiter>(settings, shared ? &memory : nullptr, shared);
    std::atomic<int32_t> in_flight{0};
    std::atomic<uint64_t> admitted{0};
    std::atomic<uint64_t> refused{0};
    std::atomic<Nanos> now{0};
    InThreads(kThreads, [&](uint32_t thread) {
      Random random(thread + 1);
      std::array<PermitFields, 4> held;
      for (int i = 0; i < kSteps; ++i) {
        const Nanos at = now.fetch_add(random.Below<Nanos>(2000));
        PermitFields& slot = held[random.Below(held.size())];
        if (slot.owner != 0) {
          --in_flight;  // before it is, so that the next one may have the place
          const auto outcome = random.OneIn(30)   ? Outcome::kIgnored
                               : random.OneIn(30) ? Outcome::kFailure
                                                  : Outcome::kSuccess;
          EXPECT_EQ(limiter->Settle(slot, outcome, at), Settlement::kCounted);
        }
        slot = limiter->Decide(at).permit;
        ++(slot.owner != 0 ? admitted : refused);
        if (slot.owner != 0) {
          EXPECT_LE(++in_flight, 7);
        }
      }
      for (const PermitFields& permit : held) {
        if (permit.owner == 0) continue;
        --in_flight;
        limiter->Settle(permit, Outcome::kSuccess, now);
      }
    });
    const AdaptiveLimiterSnapshot end = limiter->Snapshot(now);
    EXPECT_EQ(end.in_flight, 0);
    EXPECT_EQ(end.total_admitted, admitted);
    EXPECT_EQ(end.total_refused, refused);
    EXPECT_EQ(end.total_succeeded + end.total_failed + end.total_ignored, admitted);
    EXPECT_EQ(end.total_misused, 0u);
    EXPECT_GT(refused, 0u);
    EXPECT_GT(end.total_windows, 10u);
  }
}

// Bounds that change while windows are judged and calls are admitted: no place is lost, and the
// limit is within the bounds that hold in the end.
TEST(AdaptiveLimiterStressTest, ChangesOfTheLimitLoseNoPlace) {
  for (const LimitAlgorithm algorithm :
       {LimitAlgorithm::kGradient, LimitAlgorithm::kVegas, LimitAlgorithm::kAimd}) {
    AdaptiveLimiterSettings settings;
    settings.algorithm = algorithm;
    settings.window_ns = 1'000'000;
    const auto limiter = MakePolicy<AdaptiveLimiter>(settings);
    std::atomic<Nanos> now{0};
    InThreads(kThreads, [&](uint32_t thread) {
      Random random(thread + 1);
      for (int i = 0; i < kSteps; ++i) {
        const PermitFields permit = limiter->Decide(now).permit;
        const Nanos at = now.fetch_add(random.Below<Nanos>(2000));
        if (permit.owner != 0) limiter->Settle(permit, Outcome::kSuccess, at);
        if (thread != 0 || i % 50 != 0) continue;
        AdaptiveLimiterSettings changed = limiter->settings();
        changed.min_limit = 1 + random.Below(10);
        changed.max_limit = changed.min_limit + random.Below(30);
        EXPECT_TRUE(limiter->Reconfigure(changed, nullptr));
      }
    });
    AdaptiveLimiterSettings last = limiter->settings();
    last.min_limit = last.max_limit = 12;
    EXPECT_TRUE(limiter->Reconfigure(last, nullptr));
    EXPECT_EQ(limiter->Snapshot(now).in_flight, 0);
    int admitted = 0;
    while (limiter->Decide(now).reason == 0) ++admitted;
    EXPECT_EQ(admitted, limiter->Snapshot(now).limit);
    EXPECT_LE(admitted, 12);
  }
}

}  // namespace
}  // namespace spillway
