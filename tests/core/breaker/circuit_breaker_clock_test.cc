// Clocks that go back, jump ahead by years and begin anywhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/breakers.h"

namespace spillway {
namespace {

using testing::MakeBreaker;
using Rejection = CircuitBreakerRejection;
using State = CircuitBreakerState;

constexpr Nanos kSecond = kNanosPerSecond;
constexpr Nanos kDay = 86'400 * kSecond;
constexpr Nanos kYear = 365 * kDay;
constexpr Nanos kFirst = std::numeric_limits<Nanos>::min();

// Opens at the second failure, so that there is a window to look at.
CircuitBreakerSettings Strict() {
  CircuitBreakerSettings settings;
  settings.min_calls = 2;
  settings.jitter = 0;
  return settings;
}

// One of each way that a breaker keeps its counts, none of which trips.
std::vector<CircuitBreakerSettings> EachWindow() {
  std::vector<CircuitBreakerSettings> all(6, Strict());
  for (CircuitBreakerSettings& settings : all) settings.initial_state = State::kMetricsOnly;
  all[1].striped = true;
  all[2].in_flight = true;
  all[3].window_kind = WindowKind::kCount;
  all[4].window_kind = WindowKind::kConsecutive;
  all[5].window_kind = WindowKind::kKOfN;
  all[5].window_size = 31;
  return all;
}

Settlement Call(CircuitBreaker& breaker, Outcome outcome, Nanos now) {
  return breaker.Settle(breaker.TryAcquire(now).permit, outcome, now);
}

void Trip(CircuitBreaker& breaker, Nanos now) {
  for (int i = 0; i < 2; ++i) Call(breaker, Outcome::kFailure, now);
  ASSERT_EQ(breaker.state(), State::kOpen);
}

// Times before `now`, by a bit and by as much as there is.
std::vector<Nanos> Before(Nanos now) {
  std::vector<Nanos> times = {now - 1};
  for (const Nanos back : {kSecond, 10 * kSecond, kDay, kYear, 200 * kYear}) {
    times.push_back(SaturatingAdd(now, -back));
  }
  times.insert(times.end(), {1, 0, -1, kFirst + 1, kFirst});
  return times;
}

constexpr Nanos kOrigins[] = {kDay, 10 * kYear, Nanos{1} << 62, kForever - kDay};

// ---- back

TEST(CircuitBreakerClockTest, ALateAskerNeverClosesOrHalfOpens) {
  for (const Nanos origin : kOrigins) {
    const auto breaker = MakeBreaker(Strict());
    Trip(*breaker, origin);
    const uint32_t generation = breaker->generation();
    for (const Nanos now : Before(origin)) {
      const Decision decision = breaker->TryAcquire(now);
      EXPECT_EQ(decision.reason, static_cast<int32_t>(Rejection::kOpen));
      EXPECT_EQ(decision.retry_after, origin + 5 * kSecond - std::max<Nanos>(now, 0));
      EXPECT_EQ(breaker->Snapshot(now).time_to_half_open_ns, decision.retry_after);
    }
    EXPECT_EQ(breaker->generation(), generation);
    EXPECT_TRUE(breaker->TryAcquire(origin + 5 * kSecond));
  }
}

TEST(CircuitBreakerClockTest, ALateCallNeverClearsAWindow) {
  for (const CircuitBreakerSettings& settings : EachWindow()) {
    SCOPED_TRACE(testing::Describe(settings));
    for (const Nanos origin : kOrigins) {
      const auto breaker = MakeBreaker(settings);
      for (int i = 0; i < 4; ++i) Call(*breaker, Outcome::kFailure, origin);
      uint64_t failures = breaker->Snapshot(origin).failures;
      EXPECT_EQ(failures, 4u);
      for (const Nanos now : Before(origin)) {
        EXPECT_EQ(breaker->Snapshot(now).failures, failures) << "a look into the past";
        EXPECT_EQ(Call(*breaker, Outcome::kFailure, now), Settlement::kCounted);
        // Those of the last calls are pushed out by calls, not by time.
        const bool full = settings.window_kind == WindowKind::kConsecutive;
        failures = std::min<uint64_t>(failures + 1, full ? 5 : 100);
        EXPECT_EQ(breaker->Snapshot(origin).failures, failures);
      }
    }
  }
}

TEST(CircuitBreakerClockTest, ALateCallBringsNothingBackThatHasLeftTheWindow) {
  for (const bool striped : {false, true}) {
    CircuitBreakerSettings settings = Strict();
    settings.striped = striped;
    const auto breaker = MakeBreaker(settings);
    Call(*breaker, Outcome::kFailure, kDay);
    const Nanos later = kDay + settings.window_ns * 3 / 2;
    Call(*breaker, Outcome::kSuccess, later);
    for (const Nanos now : Before(kDay + kSecond)) {
      EXPECT_EQ(breaker->Snapshot(now).failures, 0u);
      Call(*breaker, Outcome::kSuccess, now);
      EXPECT_EQ(breaker->state(), State::kClosed);
    }
  }
}

TEST(CircuitBreakerClockTest, ALateCallTripsWithWhatTheWindowHolds) {
  for (const Nanos late : Before(kDay)) {
    const auto breaker = MakeBreaker(Strict());
    Call(*breaker, Outcome::kFailure, kDay);
    Call(*breaker, Outcome::kFailure, late);
    EXPECT_EQ(breaker->state(), State::kOpen) << late;
  }
}

TEST(CircuitBreakerClockTest, ALateCallSeesTheBeginningOfARamp) {
  CircuitBreakerSettings settings = Strict();
  settings.ramp_ns = 10 * kSecond;
  const auto breaker = MakeBreaker(settings);
  Trip(*breaker, kYear);
  const Nanos closed = kYear + 5 * kSecond;
  Call(*breaker, Outcome::kSuccess, closed);
  ASSERT_EQ(breaker->state(), State::kClosed);
  for (const Nanos now : Before(closed)) {
    int admitted = 0;
    for (int call = 0; call < 100; ++call) admitted += bool{breaker->TryAcquire(now)};
    EXPECT_NEAR(admitted, 10, 3) << now;
  }
}

TEST(CircuitBreakerClockTest, CallsThatEndBeforeTheyBeginAreNotSlow) {
  CircuitBreakerSettings settings = Strict();
  settings.slow_call_ns = 1;
  settings.initial_state = State::kMetricsOnly;
  for (const Nanos origin : kOrigins) {
    const auto breaker = MakeBreaker(settings);
    for (const Nanos now : Before(origin)) {
      breaker->Settle(breaker->TryAcquire(origin).permit, Outcome::kSuccess, now);
    }
    EXPECT_EQ(breaker->Snapshot(origin).total_slow_successes, 0u);
    EXPECT_EQ(breaker->Snapshot(origin).total_successes, Before(origin).size());
  }
}

// ---- ahead

constexpr Nanos kJumps[] = {kYear, 10 * kYear, 100 * kYear, 290 * kYear};

TEST(CircuitBreakerClockTest, AJumpEmptiesWindowsOfTimeAndKeepsThoseOfCalls) {
  for (const CircuitBreakerSettings& settings : EachWindow()) {
    SCOPED_TRACE(testing::Describe(settings));
    const bool by_time = settings.window_kind == WindowKind::kTime;
    for (const Nanos jump : kJumps) {
      const auto breaker = MakeBreaker(settings);
      for (int i = 0; i < 3; ++i) Call(*breaker, Outcome::kFailure, 7);
      EXPECT_EQ(breaker->Snapshot(jump).failures, by_time ? 0u : 3u);
      Call(*breaker, Outcome::kFailure, jump);
      EXPECT_EQ(breaker->Snapshot(jump).failures, by_time ? 1u : 4u);
      EXPECT_EQ(breaker->Snapshot(jump).total_failures, 4u);
    }
  }
}

TEST(CircuitBreakerClockTest, AJumpEndsOpeningsLeasesAndRamps) {
  CircuitBreakerSettings settings = Strict();
  settings.ramp_ns = 3600 * kSecond;
  for (const Nanos jump : kJumps) {
    const auto breaker = MakeBreaker(settings);
    Trip(*breaker, 0);
    EXPECT_EQ(breaker->Snapshot(jump).time_to_half_open_ns, 0);
    ASSERT_TRUE(breaker->TryAcquire(5 * kSecond)) << "a probe that is lost";
    EXPECT_FALSE(breaker->TryAcquire(5 * kSecond));
    Permit probe = breaker->TryAcquire(jump).permit;
    ASSERT_TRUE(probe);
    breaker->Settle(std::move(probe), Outcome::kSuccess, jump);
    EXPECT_EQ(breaker->state(), State::kClosed);
    int admitted = 0;
    for (int call = 0; call < 100; ++call) admitted += bool{breaker->TryAcquire(jump + kYear)};
    EXPECT_EQ(admitted, 100);
  }
}

// Years of health undo all growth of the open time.
TEST(CircuitBreakerClockTest, AJumpTakesAllStepsBack) {
  for (const Nanos jump : kJumps) {
    const auto breaker = MakeBreaker(Strict());
    Trip(*breaker, 0);
    Nanos now = 0;
    for (int step = 1; step <= 4; ++step) {
      now += breaker->Snapshot(now).time_to_half_open_ns;
      Call(*breaker, Outcome::kFailure, now);
      EXPECT_EQ(breaker->Snapshot(now).open_step, step);
    }
    now += breaker->Snapshot(now).time_to_half_open_ns;
    Call(*breaker, Outcome::kSuccess, now);
    ASSERT_EQ(breaker->state(), State::kClosed);
    Trip(*breaker, now + jump);
    EXPECT_EQ(breaker->Snapshot(now + jump).open_step, 0);
  }
}

// ---- from anywhere

// Below zero a clock stands still, as it is documented; from there on it runs.
TEST(CircuitBreakerClockTest, AClockBelowZeroStandsStillUntilZero) {
  for (const Nanos origin : {kFirst, -kYear, -7 * kSecond}) {
    const auto breaker = MakeBreaker(Strict());
    Trip(*breaker, origin);
    for (const Nanos now : {origin, origin + 5 * kSecond, Nanos{-1}, Nanos{0}}) {
      EXPECT_EQ(breaker->TryAcquire(now).retry_after, 5 * kSecond);
    }
    EXPECT_EQ(breaker->Snapshot(origin).since_ns, 0);
    EXPECT_EQ(breaker->TryAcquire(5 * kSecond - 1).retry_after, 1);
    EXPECT_TRUE(breaker->TryAcquire(5 * kSecond));
  }
}

// Windows of each length, from each origin: a call leaves with its bucket, to the nanosecond.
TEST(CircuitBreakerClockTest, ACallLeavesAWindowOfAnyLengthToTheNanosecond) {
  for (const Nanos window : {Nanos{1'000'000}, Nanos{1'234'567}, kSecond, 10 * kSecond, kDay}) {
    for (const int32_t buckets : {1, 3, 10, 128}) {
      if (window / buckets < 1'000'000) continue;
      CircuitBreakerSettings settings = Strict();
      settings.min_calls = 1000;
      settings.window_ns = window;
      settings.buckets = buckets;
      SCOPED_TRACE(testing::Describe(settings));
      const Nanos bucket = (window + buckets - 1) / buckets;
      const Nanos laps = (Nanos{1} << 62) / (bucket * buckets) * (bucket * buckets);
      for (const Nanos origin : {Nanos{0}, Nanos{1}, bucket - 1, bucket, bucket * buckets - 1,
                                 10 * kYear, laps - 1, laps, kForever - 2 * bucket * buckets}) {
        const auto breaker = MakeBreaker(settings);
        Call(*breaker, Outcome::kFailure, origin);
        const Nanos leaves = (origin / bucket + buckets) * bucket;
        EXPECT_EQ(breaker->Snapshot(leaves - 1).failures, 1u) << origin;
        EXPECT_EQ(breaker->Snapshot(leaves).failures, 0u) << origin;
      }
    }
  }
}

}  // namespace
}  // namespace spillway
