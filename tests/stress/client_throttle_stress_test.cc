// Threads that use one client throttle at the same time. Also run under the sanitizers.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "spillway/concurrency/client_throttle.h"
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

// Time goes through the ring of buckets many times, and options change meanwhile.
TEST(ClientThrottleStressTest, EachCallIsCountedOnceWhateverItsBucket) {
  for (const bool shared : {false, true}) {
    ClientThrottleSettings settings;
    settings.window_ns = 12'000'000;
    alignas(64) ClientThrottleMemory memory{};
    const auto throttle = MakePolicy<ClientThrottle>(settings, shared ? &memory : nullptr, shared);
    std::atomic<Nanos> now{0};
    std::atomic<uint64_t> admitted{0};
    std::atomic<uint64_t> refused{0};
    InThreads(kThreads, [&](uint32_t thread) {
      Random random(thread + 1);
      for (int i = 0; i < kSteps; ++i) {
        const Nanos at = now.fetch_add(random.Below<Nanos>(10'000)) - random.Below<Nanos>(100'000);
        const DecisionFields decision =
            throttle->Decide(at, static_cast<Priority>(random.Below(kPriorities)));
        ++(decision.reason == 0 ? admitted : refused);
        if (decision.reason == 0)
          throttle->Settle(decision.permit, static_cast<Outcome>(random.Below(3)),
                           at + random.Below<Nanos>(14'000'000));
        if (thread != 0 || i % 100 != 0) continue;
        ClientThrottleSettings changed = throttle->settings();
        changed.min_calls = 1 + random.Below(100);
        EXPECT_TRUE(throttle->Reconfigure(changed, nullptr));
        throttle->Snapshot(at);
      }
    });
    const ClientThrottleSnapshot end = throttle->Snapshot(now);
    EXPECT_EQ(end.total_admitted, admitted);
    EXPECT_EQ(
        end.total_throttled_normal + end.total_throttled_critical + end.total_throttled_sheddable,
        refused);
    EXPECT_EQ(end.total_accepted + end.total_failed + end.total_ignored + end.total_stale,
              admitted);
    EXPECT_GT(refused, 0u);
    EXPECT_EQ(end.total_misused, 0u);
  }
}

// All in one window: what it holds is what was asked for, to the call.
TEST(ClientThrottleStressTest, AWindowHoldsEachCallOnce) {
  const auto throttle = MakePolicy<ClientThrottle>(ClientThrottleSettings());
  std::atomic<uint64_t> ignored{0};
  std::atomic<uint64_t> accepted{0};
  InThreads(kThreads, [&](uint32_t thread) {
    Random random(thread + 1);
    for (int i = 0; i < kSteps; ++i) {
      const Nanos at = i * Nanos{1'000'000};
      const DecisionFields decision = throttle->Decide(at);
      if (decision.reason != 0) continue;
      const auto outcome = static_cast<Outcome>(random.Below(3));
      throttle->Settle(decision.permit, outcome, at);
      accepted += outcome == Outcome::kSuccess;
      ignored += outcome == Outcome::kIgnored;
    }
  });
  const ClientThrottleSnapshot end = throttle->Snapshot(0);
  EXPECT_EQ(end.requests, uint64_t{kThreads} * kSteps - ignored);
  EXPECT_EQ(end.accepts, accepted);
}

}  // namespace
}  // namespace spillway
