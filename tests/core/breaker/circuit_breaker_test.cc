// What the vectors cannot say: the calls that read a clock, jitter, other threads and the ends of
// time.
#include "spillway/breaker/circuit_breaker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/breakers.h"

namespace spillway {
namespace {

using testing::MakeBreaker;
using State = CircuitBreakerState;

CircuitBreakerSettings Strict() {
  CircuitBreakerSettings settings;
  settings.min_calls = 1;
  return settings;
}

TEST(CircuitBreakerTest, HasTheNameItWasGiven) {
  Error error;
  const std::string name(kMaxNameBytes, 'x');
  EXPECT_EQ(CircuitBreaker::Make(name, {}, &error)->name(), name);
  EXPECT_EQ(CircuitBreaker::Make("", {}, &error)->name(), "");
  EXPECT_EQ(CircuitBreaker::Make(name + "x", {}, &error), nullptr);
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
}

TEST(CircuitBreakerTest, ReadsTheClockWhereNoTimeIsGiven) {
  const auto breaker = MakeBreaker(Strict());
  const Nanos before = SteadyNow();
  Decision decision = breaker->TryAcquire();
  EXPECT_GE(decision.permit.fields().start, before);
  EXPECT_LE(decision.permit.fields().start, SteadyNow());
  EXPECT_EQ(breaker->Settle(std::move(decision.permit), Outcome::kFailure), Settlement::kCounted);
  const CircuitBreakerSnapshot snapshot = breaker->Snapshot(SteadyNow());
  EXPECT_EQ(snapshot.state, State::kOpen);
  EXPECT_GE(snapshot.since_ns, before);
  const Decision refused = breaker->TryAcquire();
  EXPECT_FALSE(refused);
  EXPECT_GT(refused.retry_after, 0);
  EXPECT_LE(refused.retry_after, SteadyNow() - before + snapshot.time_to_half_open_ns);
}

TEST(CircuitBreakerTest, ACallWhoseStartNobodyAskedForIsNotSlow) {
  CircuitBreakerSettings settings;
  settings.slow_call_ns = 0;
  const auto breaker = MakeBreaker(settings);
  Permit permit = breaker->TryAcquire().permit;
  settings = breaker->settings();
  settings.slow_call_ns = 1;
  ASSERT_TRUE(breaker->Reconfigure(settings, nullptr));
  EXPECT_EQ(breaker->Settle(std::move(permit), Outcome::kSuccess), Settlement::kCounted);
  EXPECT_EQ(breaker->Snapshot(SteadyNow()).total_successes, 1u);
}

TEST(CircuitBreakerTest, APermitMaySettleOnAnotherThread) {
  const auto breaker = MakeBreaker(Strict());
  Permit permit = breaker->TryAcquire(0).permit;
  std::thread([&breaker, permit = std::move(permit)]() mutable {
    EXPECT_EQ(breaker->Settle(std::move(permit), Outcome::kFailure, 0), Settlement::kCounted);
  }).join();
  EXPECT_EQ(breaker->state(), State::kOpen);
}

Nanos LengthOfAnOpening(const CircuitBreakerSettings& settings) {
  const auto breaker = MakeBreaker(settings);
  breaker->Settle(breaker->TryAcquire(0).permit, Outcome::kFailure, 0);
  return breaker->Snapshot(0).time_to_half_open_ns;
}

TEST(CircuitBreakerTest, JitterLengthensOpeningsByItsSeed) {
  CircuitBreakerSettings settings = Strict();
  settings.jitter = 0.5;
  std::set<Nanos> lengths;
  for (settings.seed = 1; settings.seed <= 50; ++settings.seed) {
    const Nanos length = LengthOfAnOpening(settings);
    EXPECT_EQ(LengthOfAnOpening(settings), length);
    EXPECT_GE(length, settings.open_for_ns);
    EXPECT_LE(length, settings.open_for_ns * 3 / 2);
    lengths.insert(length);
  }
  EXPECT_GT(lengths.size(), 40u);
  settings.jitter = 0;
  EXPECT_EQ(LengthOfAnOpening(settings), settings.open_for_ns);
}

TEST(CircuitBreakerTest, NoSeedIsARandomOne) {
  std::set<uint64_t> seeds;
  for (int i = 0; i < 10; ++i) seeds.insert(MakeBreaker({})->settings().seed);
  EXPECT_EQ(seeds.count(0), 0u);
  EXPECT_GT(seeds.size(), 5u);
}

// Every call at every end of time, in every order of two: it answers, and no clock however wrong
// makes it lose a count.
TEST(CircuitBreakerTest, AnyTimeGoes) {
  constexpr Nanos kFirst = std::numeric_limits<Nanos>::min();
  constexpr Nanos kTimes[] = {kFirst, kFirst + 1, -1, 0, 1, Nanos{1} << 62, kForever - 1, kForever};
  for (const bool in_flight : {false, true}) {
    for (const int32_t min_calls : {1, 1000}) {
      CircuitBreakerSettings settings;
      settings.in_flight = in_flight;
      settings.min_calls = min_calls;
      settings.ramp_ns = 1'000'000;
      const auto breaker = MakeBreaker(settings);
      uint64_t admitted = 0;
      for (const Nanos asked : kTimes) {
        for (const Nanos told : kTimes) {
          for (const Outcome outcome : {Outcome::kSuccess, Outcome::kFailure, Outcome::kIgnored}) {
            Decision decision = breaker->TryAcquire(asked);
            EXPECT_GE(decision.retry_after, 0);
            if (!decision) continue;
            ++admitted;
            breaker->Settle(std::move(decision.permit), outcome, told);
            EXPECT_GE(breaker->Snapshot(asked).since_ns, 0);
          }
        }
        breaker->Reset(asked);
      }
      EXPECT_EQ(testing::SettledCalls(breaker->Snapshot(0)), admitted);
    }
  }
}

TEST(CircuitBreakerTest, ACloseAtTheEndOfTimeStaysPossible) {
  CircuitBreakerSettings settings = Strict();
  const auto breaker = MakeBreaker(settings);
  breaker->Settle(breaker->TryAcquire(kForever).permit, Outcome::kFailure, kForever);
  EXPECT_EQ(breaker->state(), State::kOpen);
  Decision probe = breaker->TryAcquire(kForever);
  ASSERT_TRUE(probe) << "the open time saturates at the end of time";
  breaker->Settle(std::move(probe.permit), Outcome::kSuccess, kForever);
  EXPECT_EQ(breaker->state(), State::kClosed);
  EXPECT_EQ(breaker->Snapshot(kForever).failures, 0u);
}

TEST(CircuitBreakerTest, TheStepStaysAtItsLast) {
  CircuitBreakerSettings settings = Strict();
  settings.jitter = 0;
  settings.backoff = 1;
  const auto breaker = MakeBreaker(settings);
  Nanos now = 0;
  for (int32_t step = 0; step < 70; ++step) {
    breaker->Settle(breaker->TryAcquire(now).permit, Outcome::kFailure, now);
    ASSERT_EQ(breaker->state(), State::kOpen);
    EXPECT_EQ(breaker->Snapshot(now).open_step, std::min(step, 31));
    EXPECT_EQ(breaker->Snapshot(now).time_to_half_open_ns, settings.open_for_ns);
    now += settings.open_for_ns;
  }
}

// A close empties the window however many there are within one length of it.
TEST(CircuitBreakerTest, EachCloseEmptiesTheWindowEvenWithoutTimePassing) {
  for (const WindowKind kind : {WindowKind::kTime, WindowKind::kCount, WindowKind::kConsecutive}) {
    CircuitBreakerSettings settings;
    settings.window_kind = kind;
    const auto breaker = MakeBreaker(settings);
    for (int i = 0; i < 20'000; ++i) {
      breaker->Settle(breaker->TryAcquire(0).permit, Outcome::kFailure, 0);
      ASSERT_EQ(breaker->Snapshot(0).failures, 1u) << i;
      breaker->Reset(0);
    }
    EXPECT_EQ(breaker->Snapshot(0).total_failures, 20'000u);
  }
}

TEST(CircuitBreakerTest, EventsAreReadInPartsAndLostOnesCounted) {
  const auto breaker = MakeBreaker({});
  for (int i = 0; i < 100; ++i) breaker->Reset(i);
  std::array<Event, 3> buffer;
  uint32_t since = 0;
  uint64_t lost = 0;
  uint64_t read = 0;
  for (EventBatch batch; (batch = breaker->Events(since, buffer)).count > 0;) {
    lost += batch.lost;
    read += batch.count;
    since = batch.generation;
  }
  EXPECT_EQ(lost, 92u);
  EXPECT_EQ(read, 8u);
  EXPECT_EQ(since, breaker->generation());
}

TEST(CircuitBreakerTest, NoSeedMeansTheOneThatWasDrawn) {
  Error error;
  const auto breaker = CircuitBreaker::Make("test", {}, &error);
  const uint64_t drawn = breaker->settings().seed;
  EXPECT_NE(drawn, 0u);
  EXPECT_TRUE(breaker->Reconfigure({.min_calls = 7}, &error)) << error.message;
  EXPECT_EQ(breaker->settings().seed, drawn);
  EXPECT_EQ(breaker->settings().min_calls, 7);
  EXPECT_FALSE(breaker->Reconfigure({.seed = drawn + 1}, &error));
}

}  // namespace
}  // namespace spillway
