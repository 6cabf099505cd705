// What the vectors cannot say: the draws, bad input, permits that are none, memory in any state,
// and the defects of others.
#include "spillway/concurrency/client_throttle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "tests/support/memory.h"
#include "tests/support/policies.h"

namespace spillway {
namespace {

using testing::Memory;
using Settings = ClientThrottleSettings;

constexpr Nanos kSecond = kNanosPerSecond;
constexpr int32_t kThrottled = static_cast<int32_t>(ClientThrottleRejection::kThrottled);

Settings Seeded() {
  Settings settings;
  settings.seed = 1;
  return settings;
}

std::unique_ptr<ClientThrottle> Make(const Settings& settings = Seeded()) {
  return testing::MakePolicy<ClientThrottle>(settings);
}

// Calls that all end at once; how many were admitted.
int Call(ClientThrottle& throttle, int calls, Outcome outcome, Nanos at,
         Priority priority = Priority::kNormal) {
  int admitted = 0;
  for (int i = 0; i < calls; ++i) {
    Decision decision = throttle.TryAcquire(at, priority);
    if (!decision) continue;
    ++admitted;
    throttle.Settle(std::move(decision.permit), outcome, at);
  }
  return admitted;
}

// ---- the rule

constexpr ThrottleRule kGoogle{.k = 2 * ThrottleRule::kUnit, .most = ThrottleRule::kUnit};

TEST(ThrottleRuleTest, IsThatOfTheSiteReliabilityBook) {
  EXPECT_DOUBLE_EQ(kGoogle.Chance({200, 50}), 100.0 / 201);
  EXPECT_EQ(kGoogle.Chance({100, 95}), 0);
  EXPECT_EQ(kGoogle.Chance({0, 0}), 0);
  EXPECT_DOUBLE_EQ(kGoogle.Chance({1000, 0}), 1000.0 / 1001);
  EXPECT_EQ((ThrottleRule{.k = 20'000, .most = 8000}.Chance({1000, 10})), 0.8);
}

TEST(ThrottleRuleTest, RefusesTheDrawsBelowTheChanceAndNoOther) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const ThrottleCounts counts{random() >> (30 + random() % 34), random() >> (30 + random() % 34)};
    const ThrottleRule rule{.k = 10'000 + random() % 100'000, .most = random() % 10'001};
    // The first draw that is not refused, up to what a double can tell apart.
    const auto first = static_cast<uint64_t>(std::ceil(rule.Chance(counts) * 0x1p32));
    const uint64_t slack = 1 + (first >> 20);
    if (first > slack) {
      ASSERT_TRUE(rule.Refuses(counts, first - slack - 1));
    }
    if (first + slack < uint64_t{1} << 32) {
      ASSERT_FALSE(rule.Refuses(counts, first + slack));
    }
  }
}

TEST(ThrottleRuleTest, ComparesExactly) {
  // 1 of 4: the draws below 2^30 are refused.
  constexpr ThrottleRule kOne{.k = 10'000, .most = 10'000};
  EXPECT_TRUE(kOne.Refuses({3, 2}, (uint64_t{1} << 30) - 1));
  EXPECT_FALSE(kOne.Refuses({3, 2}, uint64_t{1} << 30));
  constexpr ThrottleRule kHalf{.k = 10'000, .most = 5000};
  EXPECT_TRUE(kHalf.Refuses({1u << 30, 0}, (uint64_t{1} << 31) - 1));
  EXPECT_FALSE(kHalf.Refuses({1u << 30, 0}, uint64_t{1} << 31));
  // The most that cells can hold, and garbage.
  constexpr uint64_t kMost = uint64_t{12} << 30;
  EXPECT_TRUE((ThrottleRule{.k = 10'000'000, .most = 10'000}.Refuses({kMost, 0}, 0)));
  EXPECT_FALSE((ThrottleRule{.k = 10'000'000, .most = 10'000}.Refuses({kMost, kMost}, 0)));
}

// ---- options

void ExpectRefused(const Settings& settings, const std::string& message) {
  Error error;
  EXPECT_EQ(ClientThrottle::Make("", settings, &error), nullptr);
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(error.message).find(message), std::string::npos) << error.message;
  // What cannot be made cannot be changed to, and changes nothing.
  const auto throttle = Make();
  const Settings before = throttle->settings();
  Settings changed = settings;
  changed.seed = 0;
  changed.window_ns = before.window_ns;
  if (settings.window_ns == before.window_ns) {
    EXPECT_FALSE(throttle->Reconfigure(changed, &error));
    EXPECT_EQ(testing::Describe(throttle->settings()), testing::Describe(before));
  }
}

TEST(ClientThrottleTest, RefusesOptionsThatCannotBe) {
  const double bad[] = {0, -1, 0.99, 1000.1, std::nan(""), std::numeric_limits<double>::infinity()};
  for (const double k : bad) {
    ExpectRefused({.k = k}, "k is ");
    ExpectRefused({.critical_k = k}, "critical_k is ");
    ExpectRefused({.sheddable_k = k}, "sheddable_k is ");
  }
  ExpectRefused({.k = 3, .critical_k = 2.5}, "critical_k is 2.5; it must be at least k, 3");
  ExpectRefused({.k = 3, .sheddable_k = 3.5}, "sheddable_k is 3.5; it must be at most k, 3");
  for (const Nanos window : {Nanos{0}, Nanos{-1}, Nanos{11'999'999}, Nanos{86'401} * kSecond})
    ExpectRefused({.window_ns = window}, "window is ");
  for (const int32_t calls : {0, -1, 100'000'001})
    ExpectRefused({.min_calls = calls}, "min_calls is ");
  for (const double share : {-0.1, 1.1, std::nan("")})
    ExpectRefused({.max_rejection = share}, "max_rejection is ");
}

TEST(ClientThrottleTest, TellsItsOptionsAsTheyAreKept) {
  Settings settings{.window_ns = 7 * kSecond,
                    .k = 2.5,
                    .critical_k = 100,
                    .sheddable_k = 1.00004,
                    .min_calls = 7,
                    .max_rejection = 0.12345,
                    .dry_run = true,
                    .seed = 9};
  const auto throttle = Make(settings);
  settings.sheddable_k = 1.0;
  settings.max_rejection = 0.1235;
  EXPECT_EQ(testing::Describe(throttle->settings()), testing::Describe(settings));
  settings.window_ns += 1;
  Error error;
  EXPECT_FALSE(throttle->Reconfigure(settings, &error));
  EXPECT_NE(std::string(error.message).find("window"), std::string::npos) << error.message;
  EXPECT_NE(Make(Settings())->settings().seed, 0u);
}

// ---- throttling

TEST(ClientThrottleTest, RefusesTheShareThatTheRuleSays) {
  const auto throttle = Make();
  Call(*throttle, 50, Outcome::kSuccess, 0);
  Call(*throttle, 50, Outcome::kFailure, 0);
  // From here on every call is asked for and none accepted: 1 - 2 * 50 / n, added up.
  double expected = 0;
  for (int n = 100; n < 1100; ++n) expected += 1 - (n - 100.0) / (n + 1.0);
  EXPECT_NEAR(Call(*throttle, 1000, Outcome::kFailure, 0), expected, 5);
}

TEST(ClientThrottleTest, KeepsWhatMattersLongest) {
  Settings settings = Seeded();
  settings.max_rejection = 1;
  const auto throttle = Make(settings);
  // 3 of 8 are accepted: below k = 2 and above k = 4.
  Call(*throttle, 30'000, Outcome::kSuccess, 0);
  for (int i = 0; i < 50'000; ++i) throttle->TryAcquire(0, Priority::kCritical);
  EXPECT_EQ(Call(*throttle, 1000, Outcome::kIgnored, 0, Priority::kCritical), 1000);
  const int normal = Call(*throttle, 1000, Outcome::kIgnored, 0, Priority::kNormal);
  EXPECT_NEAR(normal, 750, 10);  // 2 * 3 / 8
  EXPECT_NEAR(Call(*throttle, 1000, Outcome::kIgnored, 0, Priority::kSheddable), 469, 15);
  EXPECT_EQ(Call(*throttle, 100, Outcome::kIgnored, 0, static_cast<Priority>(77)) < 100, true)
      << "a priority that is none is a normal one";
  const ClientThrottleSnapshot snapshot = throttle->Snapshot(0);
  EXPECT_EQ(snapshot.total_throttled_critical, 0u);
  EXPECT_GT(snapshot.total_throttled_sheddable, snapshot.total_throttled_normal);
}

// A share of calls always goes on, else nobody would find out that the callee answers again.
TEST(ClientThrottleTest, SparesAShareOfCallsToACalleeThatAcceptsNone) {
  const auto throttle = Make();
  Call(*throttle, 10'000, Outcome::kFailure, 0);
  EXPECT_NEAR(Call(*throttle, 10'000, Outcome::kFailure, 0), 1000, 2);
}

// How long 100 calls a second are throttled once a callee answers again that had not for 10
// minutes.
Nanos TimeToRecover(double max_rejection) {
  Settings settings = Seeded();
  settings.max_rejection = max_rejection;
  const auto throttle = Make(settings);
  constexpr Nanos kStep = kSecond / 100;
  Nanos now = 0;
  for (; now < 600 * kSecond; now += kStep) Call(*throttle, 1, Outcome::kFailure, now);
  const Nanos healed = now;
  do {
    Call(*throttle, 1, Outcome::kSuccess, now);
    now += kStep;
  } while (throttle->Snapshot(now).rejection_rate > 0);
  return now - healed;
}

TEST(ClientThrottleTest, TheShareThatItSparesIsHowItRecovers) {
  EXPECT_LT(TimeToRecover(0.5), 120 * kSecond);
  EXPECT_LT(TimeToRecover(0.9), 220 * kSecond);
  EXPECT_GT(TimeToRecover(1.0), 600 * kSecond) << "as the book has it";
}

TEST(ClientThrottleTest, DrawsFromItsSeed) {
  Settings other = Seeded();
  other.seed = 2;
  const auto one = Make();
  const auto same = Make();
  const auto another = Make(other);
  int differ = 0;
  for (int i = 0; i < 1000; ++i) {
    const bool admitted = static_cast<bool>(one->TryAcquire(0));
    EXPECT_EQ(static_cast<bool>(same->TryAcquire(0)), admitted);
    differ += static_cast<bool>(another->TryAcquire(0)) != admitted;
  }
  EXPECT_GT(differ, 10);
}

TEST(ClientThrottleTest, ReadsTheClockWhereNoTimeIsGiven) {
  const auto throttle = Make();
  Decision decision = throttle->TryAcquire(Priority::kCritical);
  EXPECT_LE(decision.permit.fields().start, SteadyNow());
  EXPECT_GT(decision.permit.fields().start, SteadyNow() - 60 * kSecond);
  EXPECT_EQ(throttle->Settle(std::move(decision.permit), Outcome::kSuccess), Settlement::kCounted);
  EXPECT_EQ(throttle->Snapshot(SteadyNow()).accepts, 1u);
}

// ---- defects of others

// go-zero, zeromicro/go-zero#5011: only finished calls were counted, so a callee that hangs looked
// as if nobody asked it anything until its callers timed out.
TEST(ClientThrottleTest, CallsThatHangCountFromTheirBeginning) {
  const auto throttle = Make();
  Call(*throttle, 100, Outcome::kSuccess, 0);
  int admitted = 0;
  for (int i = 0; i < 10'000; ++i) admitted += static_cast<bool>(throttle->TryAcquire(kSecond));
  EXPECT_EQ(throttle->Snapshot(kSecond).requests, 10'100u);
  EXPECT_LT(admitted, 2000);
}

// failsafe-go counts only the calls it lets through, so what it refuses does not raise what it
// refuses: it settles where the callee still gets ten times what it accepts. Refused calls count.
TEST(ClientThrottleTest, RefusedCallsCountAsAskedFor) {
  const auto throttle = Make();
  Call(*throttle, 1000, Outcome::kFailure, 0);
  const ClientThrottleSnapshot snapshot = throttle->Snapshot(0);
  EXPECT_EQ(snapshot.requests, 1000u);
  EXPECT_GT(snapshot.total_throttled_normal, 0u);
}

// ---- permits

TEST(ClientThrottleTest, OnlyAPermitOfItsOwnSettlesAndOnce) {
  const auto throttle = Make();
  const auto other = Make();
  const auto settle = [&](const PermitFields& permit, int outcome) {
    return throttle->Settle(permit, static_cast<Outcome>(outcome), 0);
  };
  const PermitFields permit = throttle->Decide(0).permit;
  EXPECT_EQ(settle({}, 0), Settlement::kMisused);
  EXPECT_EQ(settle(other->Decide(0).permit, 0), Settlement::kMisused);
  EXPECT_EQ(settle(permit, 3), Settlement::kMisused);
  EXPECT_EQ(settle(permit, -1), Settlement::kMisused);
  PermitFields later = permit;
  later.token += 1000;
  EXPECT_EQ(settle(later, 0), Settlement::kMisused) << "of a bucket that there is not yet";
  EXPECT_EQ(throttle->Snapshot(0).accepts, 0u);
  EXPECT_EQ(throttle->Snapshot(0).total_misused, 5u);
  Decision decision = throttle->TryAcquire(0);
  Permit moved = std::move(decision.permit);
  EXPECT_EQ(throttle->Settle(std::move(moved), Outcome::kSuccess, 0), Settlement::kCounted);
  EXPECT_EQ(throttle->Settle(std::move(moved), Outcome::kSuccess, 0), Settlement::kMisused);
  EXPECT_EQ(throttle->Snapshot(0).accepts, 1u);
}

// More accepts than requests, by copies that only C can make: nothing wraps.
TEST(ClientThrottleTest, CopiesOfAPermitRefuseNobody) {
  const auto throttle = Make();
  const PermitFields permit = throttle->Decide(0).permit;
  for (int i = 0; i < 100; ++i) throttle->Settle(permit, Outcome::kSuccess, 0);
  for (int i = 0; i < 100; ++i) throttle->Settle(permit, Outcome::kIgnored, 0);
  EXPECT_EQ(throttle->Snapshot(0).requests, 0u);
  EXPECT_EQ(Call(*throttle, 200, Outcome::kFailure, 0), 200);
}

// ---- memory

TEST(ClientThrottleTest, SharesItsMemoryAndNothingElse) {
  Memory memory(ClientThrottle::MemoryBytes());
  const auto one = testing::MakePolicy<ClientThrottle>(Seeded(), memory.get(), true);
  const auto other = testing::MakePolicy<ClientThrottle>(Seeded(), memory.get(), true);
  Call(*one, 100, Outcome::kFailure, 0);
  EXPECT_LT(Call(*other, 100, Outcome::kFailure, 0), 50);
  EXPECT_EQ(one->Snapshot(0).requests, 200u);
  EXPECT_EQ(one->Snapshot(0), other->Snapshot(0));
}

TEST(ClientThrottleTest, MemoryThatIsNotAlignedIsRefused) {
  alignas(64) char memory[ClientThrottle::MemoryBytes() + 8];
  Error error;
  EXPECT_EQ(ClientThrottle::Make("", Settings(), &error, memory + 8), nullptr);
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
}

TEST(ClientThrottleTest, GarbageInItsMemoryCostsNoMoreThanADecision) {
  std::mt19937_64 random(1);
  Memory memory(ClientThrottle::MemoryBytes());
  const auto throttle = testing::MakePolicy<ClientThrottle>(Seeded(), memory.get(), true);
  for (int i = 0; i < 2000; ++i) {
    memory.Fill(random);
    const auto now = static_cast<Nanos>(random() >> (random() % 64));
    const DecisionFields decision = throttle->Decide(now);
    EXPECT_TRUE(decision.reason == 0 || decision.reason == kThrottled);
    PermitFields permit{.owner = decision.permit.owner, .start = now, .token = random()};
    throttle->Settle(permit, static_cast<Outcome>(random() % 4), now);
    const double rate = throttle->Snapshot(now).rejection_rate;
    EXPECT_TRUE(0 <= rate && rate <= 1) << rate;
  }
}

}  // namespace
}  // namespace spillway
