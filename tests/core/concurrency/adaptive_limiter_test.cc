// What the vectors cannot say: the pure rules, bad input, permits that are none, memory in any
// state. How the limit finds itself is in adaptive_limiter_simulation_test.cc.
#include "spillway/concurrency/adaptive_limiter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/memory.h"
#include "tests/support/policies.h"

namespace spillway {
namespace {

using testing::Memory;
using Settings = AdaptiveLimiterSettings;

constexpr Nanos kSecond = kNanosPerSecond;
constexpr Nanos kMs = 1'000'000;
constexpr int32_t kLimited = static_cast<int32_t>(AdaptiveLimiterRejection::kLimited);

std::unique_ptr<AdaptiveLimiter> Make(const Settings& settings = {}) {
  return testing::MakePolicy<AdaptiveLimiter>(settings);
}

// ---- the rules

constexpr LimitRule kGradient{
    .algorithm = LimitAlgorithm::kGradient, .tolerance = 1.5, .smoothing = 0.2};
constexpr LimitRule kVegas{.algorithm = LimitAlgorithm::kVegas, .tolerance = 1.5, .smoothing = 1};
constexpr LimitRule kAimd{.algorithm = LimitAlgorithm::kAimd, .tolerance = 1.5, .smoothing = 1};

TEST(LimitRuleTest, TheGradientIsThatOfGradient2) {
  EXPECT_DOUBLE_EQ(kGradient.Next(100, 10, 30), 90.8);
  EXPECT_DOUBLE_EQ(kGradient.Gradient(100, 10, 15), 104) << "as long as tolerated: room to wait";
  EXPECT_DOUBLE_EQ(kGradient.Gradient(100, 10, 1e9), 54) << "no less than half";
  EXPECT_DOUBLE_EQ(kGradient.Gradient(100, 10, 1), 204) << "no more than twice";
  EXPECT_DOUBLE_EQ(kGradient.Gradient(4, 10, 15), 5) << "a quarter may wait";
}

// VegasLimitTest of Netflix concurrency-limits: alpha 3, beta 6, limit 10, 10 ms without a queue.
TEST(LimitRuleTest, VegasIsThatOfNetflix) {
  EXPECT_DOUBLE_EQ(kVegas.Next(10, 10, 10), 16);
  EXPECT_DOUBLE_EQ(kVegas.Next(10, 10, 50), 9);
  EXPECT_DOUBLE_EQ(kVegas.Next(10, 10, 14), 10);
  EXPECT_DOUBLE_EQ(kVegas.Next(10, 10, 12), 11);
  EXPECT_DOUBLE_EQ(kVegas.Next(100, 10, 10), 112);
  EXPECT_DOUBLE_EQ(kVegas.Next(1000, 10, 50), 997);
}

TEST(LimitRuleTest, SmoothingGoesPartOfTheWay) {
  constexpr LimitRule kHalf{
      .algorithm = LimitAlgorithm::kVegas, .tolerance = 1.5, .smoothing = 0.5};
  EXPECT_DOUBLE_EQ(kHalf.Smoothed(100, 50), 75);
  EXPECT_EQ(static_cast<int>(kHalf.Smoothed(75, 37.5)), 56);
}

TEST(LimitRuleTest, AimdGoesUpByOneAndDownByATenth) {
  EXPECT_DOUBLE_EQ(kAimd.Next(30, 0, 0), 31);
  EXPECT_DOUBLE_EQ(LimitRule::AfterDrops(30), 27);
}

TEST(LimitWordTest, AProbeAdmitsHalfOrAQuarterLessOneButAlwaysOne) {
  const auto admitted = [](uint64_t limit, Probe probe) {
    return AdmittedBy(limit * LimitWord::kUnit + LimitWord::kUnit - 1, probe);
  };
  EXPECT_EQ(admitted(20, Probe::kNone), 20u);
  EXPECT_EQ(admitted(20, Probe::kHalf), 9u);
  EXPECT_EQ(admitted(20, Probe::kQuarter), 4u);
  for (uint64_t limit = 0; limit < 6; ++limit) EXPECT_EQ(admitted(limit, Probe::kHalf), 1u);
  EXPECT_EQ(admitted(11, Probe::kQuarter), 1u);
}

TEST(LimitWordTest, EachFieldHoldsAllThatCanBe) {
  const LimitWord word = LimitWord(7).WithLimit(100'000 * LimitWord::kUnit, Probe::kQuarter);
  EXPECT_EQ(word.limit(), 100'000 * LimitWord::kUnit);
  EXPECT_EQ(word.in_flight(), 7u);
  EXPECT_EQ(word.probe(), Probe::kQuarter);
  const WindowWord window(kForever, WindowWord::kDeepProbeAge, WindowPhase::kMeasure);
  EXPECT_EQ(window.begin(), kForever - 1023);
  EXPECT_EQ(window.age(), WindowWord::kDeepProbeAge);
  EXPECT_EQ(window.phase(), WindowPhase::kMeasure);
}

// Right after a probe, at a clock that begins, or was set back to its beginning.
TEST(WindowWordTest, EveryWindowHasBegun) {
  EXPECT_TRUE(WindowWord(0, 0, WindowPhase::kNormal).begun());
  EXPECT_EQ(WindowWord(0, 0, WindowPhase::kNormal).age(), 0u);
  EXPECT_FALSE(WindowWord(0).begun());
}

TEST(CallTimesTest, ADifferenceIsExactWhateverTheSumsHaveWrappedTo) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t from = random();
    uint64_t to = from;
    uint64_t time = 0;
    uint64_t busy = 0;
    const uint64_t calls = random() % 1024;
    for (uint64_t call = 0; call < calls; ++call) {
      const uint64_t nanos = random() >> (30 + random() % 34);
      time += nanos / 16;
      busy += nanos % 2;
      to += CallTimes::One(nanos, nanos % 2 != 0);
    }
    const CallTimes between = CallTimes::Between(from, to);
    ASSERT_EQ(between.time, time);
    ASSERT_EQ(between.busy, busy);
    ASSERT_EQ(between.calls, calls);
  }
  EXPECT_EQ(CallTimes::Between(0, CallTimes::One(~uint64_t{0}, true)).time, CallTimes::kLongest);
}

// ---- options

void ExpectRefused(const Settings& settings, const std::string& message) {
  Error error;
  EXPECT_EQ(AdaptiveLimiter::Make("", settings, &error), nullptr);
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(error.message).find(message), std::string::npos) << error.message;
}

TEST(AdaptiveLimiterTest, RefusesOptionsThatCannotBe) {
  for (const int32_t limit : {0, -1, 100'001}) {
    ExpectRefused({.initial_limit = limit}, "initial_limit is ");
    ExpectRefused({.min_limit = limit}, "min_limit is ");
    ExpectRefused({.max_limit = limit}, "max_limit is ");
  }
  ExpectRefused({.initial_limit = 20, .max_limit = 10},
                "initial_limit is 20; it must be from min_limit to max_limit, 1 to 10");
  ExpectRefused({.min_limit = 30, .max_limit = 29}, "max_limit is 29; it must be at least");
  ExpectRefused({.algorithm = static_cast<LimitAlgorithm>(3)}, "algorithm is ");
  for (const double bad : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    ExpectRefused({.tolerance = bad}, "tolerance is ");
    ExpectRefused({.smoothing = bad}, "smoothing is ");
  }
  ExpectRefused({.drop_rate = -0.1}, "drop_rate is ");
  for (const Nanos window : {Nanos{0}, Nanos{-1}, 61 * kSecond})
    ExpectRefused({.window_ns = window}, "window is ");
}

TEST(AdaptiveLimiterTest, TellsItsOptionsAndChangesThoseThatAreNotFixed) {
  Settings settings{.algorithm = LimitAlgorithm::kVegas,
                    .initial_limit = 30,
                    .min_limit = 5,
                    .max_limit = 50,
                    .dry_run = true,
                    .window_ns = 2 * kSecond,
                    .tolerance = 2,
                    .smoothing = 0.5,
                    .drop_rate = 0.25};
  const auto limiter = Make(settings);
  EXPECT_EQ(testing::Describe(limiter->settings()), testing::Describe(settings));
  settings.window_ns = kSecond;
  settings.dry_run = false;
  Error error;
  EXPECT_TRUE(limiter->Reconfigure(settings, &error)) << error.message;
  EXPECT_EQ(testing::Describe(limiter->settings()), testing::Describe(settings));
  Settings fixed = settings;
  fixed.initial_limit = 31;
  EXPECT_FALSE(limiter->Reconfigure(fixed, &error));
  fixed = settings;
  fixed.algorithm = LimitAlgorithm::kAimd;
  EXPECT_FALSE(limiter->Reconfigure(fixed, &error));
  fixed = settings;
  fixed.min_limit = 60;
  EXPECT_FALSE(limiter->Reconfigure(fixed, &error));
  EXPECT_EQ(testing::Describe(limiter->settings()), testing::Describe(settings));
}

TEST(AdaptiveLimiterTest, ALimitMovesIntoItsNewBoundsAtOnceAndCallsInFlightStay) {
  const auto limiter = Make();
  std::vector<Permit> permits;
  for (int i = 0; i < 20; ++i) permits.push_back(limiter->TryAcquire(0).permit);
  Settings settings = limiter->settings();
  settings.max_limit = 10;
  EXPECT_TRUE(limiter->Reconfigure(settings, nullptr));
  EXPECT_EQ(limiter->Snapshot(0).limit, 10);
  EXPECT_EQ(limiter->Snapshot(0).in_flight, 20);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(limiter->TryAcquire(0)) << i;
    limiter->Settle(std::move(permits[static_cast<size_t>(i)]), Outcome::kIgnored, 0);
  }
  EXPECT_FALSE(limiter->TryAcquire(0));
  limiter->Settle(std::move(permits[10]), Outcome::kIgnored, 0);
  EXPECT_TRUE(limiter->TryAcquire(0));
  settings.max_limit = 100;
  settings.min_limit = 40;
  EXPECT_TRUE(limiter->Reconfigure(settings, nullptr));
  EXPECT_EQ(limiter->Snapshot(0).limit, 40);
}

// ---- permits

TEST(AdaptiveLimiterTest, OnlyAPermitOfItsOwnGivesAPlaceBackAndOnce) {
  const auto limiter = Make();
  const auto other = Make();
  const auto settle = [&](const PermitFields& permit, int outcome) {
    return limiter->Settle(permit, static_cast<Outcome>(outcome), 0);
  };
  const PermitFields permit = limiter->Decide(0).permit;
  EXPECT_EQ(settle({}, 0), Settlement::kMisused);
  EXPECT_EQ(settle(other->Decide(0).permit, 0), Settlement::kMisused);
  EXPECT_EQ(settle(permit, 3), Settlement::kMisused);
  EXPECT_EQ(settle(permit, -1), Settlement::kMisused);
  EXPECT_EQ(limiter->Snapshot(0).in_flight, 1);
  EXPECT_EQ(settle(permit, 2), Settlement::kCounted);
  // Copies that only C can make: nothing is below 0, and the limit is not above itself.
  for (int i = 0; i < 10; ++i) EXPECT_EQ(settle(permit, 0), Settlement::kMisused);
  EXPECT_EQ(limiter->Snapshot(0).in_flight, 0);
  EXPECT_EQ(limiter->Snapshot(0).total_misused, 14u);
  int admitted = 0;
  for (int i = 0; i < 30; ++i) admitted += static_cast<bool>(limiter->TryAcquire(0));
  EXPECT_EQ(admitted, 20);
}

TEST(AdaptiveLimiterTest, APermitThatIsDroppedKeepsItsPlace) {
  const auto limiter = Make({.initial_limit = 1});
  EXPECT_TRUE(limiter->TryAcquire(0));
  EXPECT_FALSE(limiter->TryAcquire(1000 * kSecond));
  EXPECT_EQ(limiter->Snapshot(0).in_flight, 1);
}

TEST(AdaptiveLimiterTest, ADryRunRefusesNobodyAndCountsWhomItWouldHave) {
  const auto limiter = Make({.initial_limit = 2, .dry_run = true});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limiter->TryAcquire(0));
  const AdaptiveLimiterSnapshot snapshot = limiter->Snapshot(0);
  EXPECT_EQ(snapshot.in_flight, 5);
  EXPECT_EQ(snapshot.total_admitted, 2u);
  EXPECT_EQ(snapshot.total_dry_run, 3u);
  EXPECT_EQ(snapshot.total_refused, 0u);
}

TEST(AdaptiveLimiterTest, ReadsTheClockWhereNoTimeIsGiven) {
  const auto limiter = Make();
  Decision decision = limiter->TryAcquire();
  EXPECT_GT(decision.permit.fields().start, SteadyNow() - 60 * kSecond);
  EXPECT_LE(decision.permit.fields().start, SteadyNow());
  EXPECT_EQ(limiter->Settle(std::move(decision.permit), Outcome::kSuccess), Settlement::kCounted);
}

// ---- times

// Calls of one length, one after the other, with as many in flight as `held` more.
void Calls(AdaptiveLimiter& limiter, int calls, Nanos length, Nanos* now) {
  for (int i = 0; i < calls; ++i) {
    const PermitFields permit = limiter.Decide(*now).permit;
    *now += length;
    limiter.Settle(permit, Outcome::kSuccess, *now);
  }
}

TEST(AdaptiveLimiterTest, AClockThatJumpsBackDoesNotStopItForLong) {
  const auto limiter = Make({.window_ns = 100 * kMs});
  Nanos now = 1'000'000 * kSecond;
  Calls(*limiter, 100, 10 * kMs, &now);
  const uint64_t windows = limiter->Snapshot(now).total_windows;
  EXPECT_GT(windows, 3u);
  now = 5 * kSecond;
  Calls(*limiter, 100, 10 * kMs, &now);
  EXPECT_GT(limiter->Snapshot(now).total_windows, windows + 3);
}

TEST(AdaptiveLimiterTest, ACallThatEndsBeforeItBeganSaysNothing) {
  const auto limiter = Make({.window_ns = 100 * kMs});
  Nanos now = kSecond;
  Calls(*limiter, 100, 10 * kMs, &now);
  const AdaptiveLimiterSnapshot before = limiter->Snapshot(now);
  for (int i = 0; i < 1000; ++i) {
    const PermitFields permit = limiter->Decide(now + 50 * kMs).permit;
    limiter->Settle(permit, Outcome::kSuccess, now);
    now += kMs;
  }
  EXPECT_EQ(limiter->Snapshot(now).total_windows, before.total_windows);
  EXPECT_EQ(limiter->Snapshot(now).call_time_ns, before.call_time_ns);
}

// Netflix drops calls that took less than 100 us before it looks at them.
TEST(AdaptiveLimiterTest, CallsOfAMicrosecondAreMeasured) {
  const auto limiter = Make();
  Nanos now = kSecond;
  Calls(*limiter, 3'000'000, 1000, &now);
  EXPECT_NEAR(static_cast<double>(limiter->Snapshot(now).baseline_ns), 1000, 16);
  EXPECT_NEAR(static_cast<double>(limiter->Snapshot(now).call_time_ns), 1000, 16);
}

// Envoy, envoyproxy/envoy#14997: a window without a sample gave a huge time without a queue.
TEST(AdaptiveLimiterTest, AWindowOfFewCallsIsNotJudged) {
  const auto limiter = Make({.window_ns = 10 * kMs});
  Nanos now = 0;
  for (int i = 0; i < 10; ++i) {
    Calls(*limiter, 1, kMs, &now);
    now += kSecond;
  }
  EXPECT_EQ(limiter->Snapshot(now).total_windows, 0u) << "nine calls, after the first one";
  EXPECT_EQ(limiter->Snapshot(now).baseline_ns, 0);
  EXPECT_EQ(limiter->Snapshot(now).limit, 20);
}

TEST(AdaptiveLimiterTest, ALimitThatNobodyReachesStays) {
  const auto limiter = Make({.window_ns = 10 * kMs});
  Nanos now = 0;
  Calls(*limiter, 10'000, kMs, &now);
  EXPECT_GT(limiter->Snapshot(now).total_windows, 100u);
  EXPECT_EQ(limiter->settings().initial_limit, 20);
  EXPECT_EQ(limiter->Snapshot(now).limit, 20);
}

// ---- memory

TEST(AdaptiveLimiterTest, SharesItsMemoryAndNothingElse) {
  Memory memory(AdaptiveLimiter::MemoryBytes());
  const auto one = testing::MakePolicy<AdaptiveLimiter>({}, memory.get(), true);
  const auto other = testing::MakePolicy<AdaptiveLimiter>({}, memory.get(), true);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE((i % 2 == 0 ? one : other)->TryAcquire(0));
  EXPECT_FALSE(one->TryAcquire(0));
  EXPECT_FALSE(other->TryAcquire(0));
  EXPECT_EQ(one->Snapshot(0), other->Snapshot(0));
}

TEST(AdaptiveLimiterTest, GarbageInItsMemoryCostsNoMoreThanADecision) {
  std::mt19937_64 random(1);
  Memory memory(AdaptiveLimiter::MemoryBytes());
  for (int i = 0; i < 3000; ++i) {
    Settings settings;
    settings.algorithm = static_cast<LimitAlgorithm>(i % 3);
    const auto limiter = testing::MakePolicy<AdaptiveLimiter>(settings, memory.get(), true);
    memory.Fill(random);
    const auto now = static_cast<Nanos>(random() >> (random() % 64));
    const DecisionFields decision = limiter->Decide(now);
    EXPECT_TRUE(decision.reason == 0 || decision.reason == kLimited);
    const PermitFields own = Make(settings)->Decide(0).permit;
    for (int k = 0; k < 20; ++k) {
      PermitFields permit = decision.reason == 0 ? decision.permit : own;
      permit.start = static_cast<Nanos>(random());
      limiter->Settle(permit, static_cast<Outcome>(random() % 4), now + k * kSecond);
    }
    limiter->Snapshot(now);
    limiter->Reconfigure(settings, nullptr);
  }
}

}  // namespace
}  // namespace spillway
