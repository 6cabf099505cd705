// A token bucket that warms up: what the vectors cannot say.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>

#include "spillway/limiter/multi_limiter.h"
#include "spillway/limiter/token_bucket.h"
#include "spillway/limiter/warm_up_word.h"
#include "tests/support/buckets.h"
#include "tests/support/exact.h"

namespace spillway {
namespace {

using testing::MakeBucket;
using testing::SignedWide;
using Settings = TokenBucketSettings;
using State = WarmUp::State;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr Nanos kSecond = kNanosPerSecond;
constexpr Nanos kMs = 1'000'000;

// Guava's example: a cold token takes 1.375 s, a warm one 0.5 s.
constexpr Settings kTwoASecond{.rate = 2, .burst = 8, .warm_up_ns = 4 * kSecond};

// ---- options

std::string WhyNot(const Settings& settings) {
  Error error;
  if (TokenBucket::Make("", settings, &error) != nullptr) return "";
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  return error.message;
}

TEST(TokenBucketWarmUpTest, RefusesOptionsThatCannotBeTogether) {
  EXPECT_EQ(WhyNot({.rate = 2, .warm_up_ns = kSecond}), "");
  EXPECT_EQ(WhyNot({.rate = 2, .warm_up_ns = kSecond - 1}),
            "warm_up = 1 s at rate = 2 is 2 tokens; accepted: 2 to 1e+07, and times burst times "
            "cold_factor at most 1e+14");
  EXPECT_EQ(WhyNot({.rate = 1e9, .warm_up_ns = 10 * kMs}), "");
  EXPECT_NE(WhyNot({.rate = 1e9, .warm_up_ns = 10 * kMs + 1000}), "");
  EXPECT_EQ(WhyNot({.rate = 1000, .burst = 1'000'000'000, .warm_up_ns = kSecond}), "");
  EXPECT_NE(
      WhyNot({.rate = 1001, .burst = 1'000'000'000, .warm_up_ns = kSecond, .cold_factor = 100}),
      "");
  EXPECT_NE(WhyNot({.rate = 2, .warm_up_ns = -1}), "");
  for (const double factor : {0.0, 0.999, 100.001, -1.0, std::nan(""), HUGE_VAL}) {
    EXPECT_NE(WhyNot({.rate = 2, .warm_up_ns = 4 * kSecond, .cold_factor = factor}), "") << factor;
  }
  EXPECT_NE(WhyNot({.rate = 2, .burst = 4, .initial_tokens = 3, .warm_up_ns = 4 * kSecond})
                .find("initial_tokens = 3"),
            std::string::npos);
}

TEST(TokenBucketWarmUpTest, OnlyDryRunChanges) {
  const auto bucket = MakeBucket(kTwoASecond);
  const auto change = [&](auto&& edit) {
    Settings settings = bucket->settings();
    edit(settings);
    Error error;
    bucket->Reconfigure(settings, Inheritance::kAdditive, 0, &error);
    return error.code;
  };
  EXPECT_EQ(change([](Settings& all) { all.rate = 3; }), StatusCode::kUnsupported);
  EXPECT_EQ(change([](Settings& all) { all.burst = 9; }), StatusCode::kUnsupported);
  EXPECT_EQ(change([](Settings& all) { all.warm_up_ns = 0; }), StatusCode::kInvalidArgument);
  EXPECT_EQ(change([](Settings& all) { all.cold_factor = 2; }), StatusCode::kInvalidArgument);
  EXPECT_EQ(bucket->settings().rate, 2);
  EXPECT_TRUE(bucket->TryAcquire(0));
  EXPECT_FALSE(bucket->TryAcquire(0));
  EXPECT_EQ(change([](Settings& all) { all.dry_run = true; }), StatusCode::kOk);
  EXPECT_TRUE(bucket->TryAcquire(0));
  EXPECT_EQ(bucket->AcquireUpTo(0, 100), 100);
  EXPECT_EQ(bucket->Snapshot(0).total_dry_run, 2u);
  EXPECT_EQ(bucket->Snapshot(0).time_to_full_ns, 1375 * kMs);
}

TEST(TokenBucketWarmUpTest, IsNoMemberOfAMultiLimiter) {
  const auto warms = MakeBucket(kTwoASecond);
  const auto plain = MakeBucket({.rate = 2});
  const MultiLimiterMember members[] = {*plain, *warms};
  Error error;
  EXPECT_EQ(MultiLimiter::Make("", members, {}, &error), nullptr);
  EXPECT_EQ(error.code, StatusCode::kUnsupported);
  EXPECT_EQ(std::string(error.message), "member 1 warms up: its calls pay later");
}

// ---- the word

WarmUp RandomWarmUp(std::mt19937_64& random, uint64_t* units) {
  const double rates[] = {1e9, 1e6, 1000, 10, 3, 7.0 / 60, 0.1, 1e-5, 6e8, 12345.678};
  const double factors[] = {1, 1.1, 2, 3, 7, 10, 99.9, 100};
  for (;;) {
    const double rate = rates[random() % std::size(rates)];
    const double factor = factors[random() % std::size(factors)];
    const auto burst = static_cast<int32_t>(1 + random() % (uint64_t{1} << random() % 30));
    const auto warm_up = static_cast<Nanos>(
        std::min(2e9 / rate * std::ldexp(1.0, static_cast<int>(random() % 24)), 9e18));
    const uint64_t most = WarmUp::MostUnits(rate, burst, warm_up, factor);
    if (most == 0) continue;
    const TokenClock clock(rate, burst, burst, most);
    *units = clock.token_units();
    const WarmUp result(clock.Units(warm_up), factor);
    // What the options promise.
    EXPECT_LE(clock.Units(warm_up), result.most_owed());
    EXPECT_LE(result.Cost(0, clock.burst() * *units), result.most_wait());
    EXPECT_GT(result.most_warmth(), 0u);
    return result;
  }
}

TEST(TokenBucketWarmUpTest, AWordIsReadAsItWasWritten) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    uint64_t units = 0;
    const WarmUp warm_up = RandomWarmUp(random, &units);
    const uint64_t half = warm_up.most_owed() * 2;
    const State state{1 + random() % warm_up.most_warmth(), half + (random() >> 2)};
    const uint64_t word = warm_up.Word(state);
    ASSERT_EQ(word % WarmUp::kScales, WarmUp::kCold);
    for (const uint64_t near : {state.next + half, state.next, state.next - half / 2}) {
      ASSERT_EQ(warm_up.Read(word, near), state);
    }
    ASSERT_EQ(warm_up.Read(word, state.next - half / 2 - 1), (State{0, 0}));
  }
}

// Token by token, or in one call: a bucket that warms up owes the same, to the unit.
TEST(TokenBucketWarmUpTest, WhatCallsCostAddsUpToWhatTheirTokensCost) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20'000; ++i) {
    uint64_t units = 0;
    const WarmUp warm_up = RandomWarmUp(random, &units);
    State state{0, 0};
    uint64_t sum = 0;
    for (int call = 0; call < 20; ++call) {
      const uint64_t tokens = (1 + random() % 3) * units;
      const State next = warm_up.Take(state, 0, tokens);
      ASSERT_GE(next.next - state.next, tokens);
      sum += tokens;
      state = next;
    }
    ASSERT_EQ(state.next, warm_up.Cost(0, sum));
    ASSERT_EQ(state.warmth, std::min(sum, warm_up.most_warmth()));
    // From cold to warm it takes as long as it was told.
    ASSERT_LE(warm_up.Cost(0, uint64_t{1} << 60) - (uint64_t{1} << 60), warm_up.most_owed());
  }
}

// The line of the costs, where all its numbers are whole: no more than a unit off, at any warmth.
TEST(TokenBucketWarmUpTest, ACostIsTheAreaBelowTheLine) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto factor = static_cast<int64_t>(1 + random() % 100);
    const auto half_ramp = static_cast<int64_t>(1 + random() % 1'000'000);
    const int64_t warm_up_units = half_ramp * (1 + factor);
    const SignedWide ramp = SignedWide{half_ramp} * 2;
    const WarmUp warm_up(static_cast<uint64_t>(warm_up_units), static_cast<double>(factor));
    const SignedWide from = static_cast<int64_t>(random() % static_cast<uint64_t>(ramp + 9));
    const SignedWide to = from + static_cast<int64_t>(random() % static_cast<uint64_t>(ramp));
    // Twice the area, times the ramp: the line falls from `factor` to 1.
    const SignedWide first = std::min(from, ramp);
    const SignedWide last = std::min(to, ramp);
    const SignedWide heights = (ramp - first) * (factor - 1) + (ramp - last) * (factor - 1);
    const SignedWide area = heights * (last - first) + 2 * ramp * (to - from);
    const SignedWide cost = static_cast<SignedWide>(warm_up.Cost(
                                static_cast<uint64_t>(from), static_cast<uint64_t>(to - from))) *
                            2 * ramp;
    ASSERT_LT(cost - area, 2 * ramp) << factor << " " << half_ramp;
    ASSERT_LT(area - cost, 2 * ramp) << factor << " " << half_ramp;
  }
}

// ---- time

TEST(TokenBucketWarmUpTest, TimeThatStepsBackOpensNothing) {
  const auto bucket = MakeBucket(kTwoASecond);
  const Nanos start = 1000 * kSecond;
  EXPECT_TRUE(bucket->TryAcquire(start));
  for (const Nanos now : {start, start - 1, start - 100 * kSecond, Nanos{0}, kLeast}) {
    EXPECT_FALSE(bucket->TryAcquire(now));
    const LimiterReservation refused = bucket->Reserve(now, 1, 0);
    EXPECT_EQ(bucket->Describe(refused.decision, now, 1).retry_after,
              start + 1375 * kMs - std::max<Nanos>(now, 0));
  }
  EXPECT_FALSE(bucket->TryAcquire(start + 1375 * kMs - 1));
  EXPECT_TRUE(bucket->TryAcquire(start + 1375 * kMs));
}

// `next` comes by many laps later, and some bursts are owed when that is long.
TEST(TokenBucketWarmUpTest, ABucketThatWasIdleForAnyTimeIsColdAndOpen) {
  std::mt19937_64 random(4);
  for (const double rate : {1e9, 1e6, 2.0, 1e-5}) {
    const auto warm_up = static_cast<Nanos>(std::min(64e9 / rate, 7e15));
    const auto bucket = MakeBucket({.rate = rate, .burst = 8, .warm_up_ns = warm_up});
    const LimiterDecision first = bucket->TryAcquire(0);
    const Nanos cost = bucket->Describe(first, 0, 1).reset_after;
    Nanos now = 0;
    for (int i = 0; i < 2000; ++i) {
      const Nanos due = bucket->Snapshot(now).time_to_full_ns;
      const Nanos left = kForever / 2 - now - due - warm_up;
      if (left <= 0) break;
      now += due + warm_up +
             static_cast<Nanos>(random() % static_cast<uint64_t>(left) >> random() % 60);
      const LimiterDecision decision = bucket->TryAcquire(now);
      ASSERT_TRUE(decision) << now;
      // Where a time is no whole number of units, both ends are rounded down.
      const Nanos took = bucket->Describe(decision, now, 1).reset_after;
      ASSERT_LE(std::abs(took - cost), std::max<Nanos>(cost / 1000, 1)) << now;
      if (i % 3 == 0) bucket->ForceAcquire(now, 1000);
    }
  }
}

TEST(TokenBucketWarmUpTest, OwesNoMoreThanItCanTell) {
  const auto bucket = MakeBucket(kTwoASecond);
  int admitted = 0;
  while (bucket->ForceAcquire(0, 1'000'000)) ++admitted;
  EXPECT_GT(admitted, 1);
  const Nanos owed = bucket->Snapshot(0).time_to_full_ns;
  // As many can still be told apart from none when time steps back and forth.
  EXPECT_EQ(bucket->Snapshot(owed).tokens, 8);
  EXPECT_EQ(bucket->Snapshot(owed - 1).tokens, 0);
  // Nobody waits for so long, however long he would.
  const LimiterReservation refused = bucket->Reserve(0, 1, kForever);
  EXPECT_EQ(refused.decision.reason, static_cast<int32_t>(TokenBucketRejection::kExceedsWait));
  const Nanos retry = bucket->Describe(refused.decision, 0, 1, kForever).retry_after;
  EXPECT_GT(retry, 0);
  EXPECT_LT(retry, owed);
  EXPECT_FALSE(bucket->Reserve(retry - 1, 1, kForever));
  EXPECT_TRUE(bucket->Reserve(retry, 1, kForever));
}

TEST(TokenBucketWarmUpTest, WaitsPastTheEndOfTimeNeverEnd) {
  const auto bucket = MakeBucket(kTwoASecond);
  EXPECT_TRUE(bucket->TryAcquire(kForever));
  const LimiterDecision refused = bucket->TryAcquire(kForever);
  EXPECT_FALSE(refused);
  EXPECT_EQ(bucket->Describe(refused, kForever, 1).retry_after, kForever);
  const LimiterReservation late = bucket->Reserve(kForever, 1, kForever);
  EXPECT_TRUE(late);
  EXPECT_EQ(late.act_at, kForever);
  bucket->Cancel(late, kForever - 1);
}

// ---- counts

TEST(TokenBucketWarmUpTest, CountsThatCannotBe) {
  const auto bucket = MakeBucket(kTwoASecond);
  const auto misuse = static_cast<int32_t>(StatusCode::kMisuse);
  const auto exceeds = static_cast<int32_t>(TokenBucketRejection::kExceedsBurst);
  for (const int64_t n : {int64_t{-1}, kLeast}) {
    EXPECT_EQ(bucket->TryAcquire(0, n).reason, misuse);
    EXPECT_EQ(bucket->Reserve(0, n, 1).decision.reason, misuse);
    EXPECT_EQ(bucket->ForceAcquire(0, n).reason, misuse);
    EXPECT_EQ(bucket->AcquireUpTo(0, n), -1);
    bucket->Refund(0, n);
  }
  for (const int64_t n : {int64_t{9}, int64_t{1} << 40, kMost}) {
    const LimiterReservation refused = bucket->Reserve(0, n, kForever);
    EXPECT_EQ(bucket->TryAcquire(0, n).reason, exceeds);
    EXPECT_EQ(refused.decision.reason, exceeds);
    EXPECT_EQ(bucket->Describe(refused.decision, 0, n, kForever).retry_after, kForever);
  }
  EXPECT_EQ(bucket->ForceAcquire(0, kMost).reason, exceeds);
  EXPECT_TRUE(bucket->TryAcquire(0, 0));
  EXPECT_TRUE(bucket->Reserve(0, 0, 0));
  EXPECT_EQ(bucket->AcquireUpTo(0, 0), 0);
  EXPECT_EQ(bucket->Snapshot(0).tokens, 8);
  EXPECT_EQ(bucket->AcquireUpTo(0, kMost), 8);
  EXPECT_EQ(bucket->AcquireUpTo(0, kMost), 0);
  EXPECT_TRUE(bucket->TryAcquire(0, 0));
  EXPECT_FALSE(bucket->Reserve(0, 0, 0));
  EXPECT_EQ(bucket->AcquireUpTo(0, 0), 0);
  EXPECT_EQ(bucket->Snapshot(0).tokens, 0);
  bucket->Refund(0, kMost);
  EXPECT_EQ(bucket->Snapshot(0).tokens, 8);
}

// ---- memory in any state

TEST(TokenBucketWarmUpTest, GarbageInMemoryIsAWrongDecisionAndNoMore) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    BucketMemory memory{};
    memory.word.store((random() << 2) + random() % 4 / 2 * 3, std::memory_order_relaxed);
    memory.touched.store(random() >> random() % 64, std::memory_order_relaxed);
    const auto bucket = MakeBucket(kTwoASecond, &memory, true);
    const auto now = static_cast<Nanos>(random() >> 1 >> random() % 62);
    ASSERT_GE(bucket->Snapshot(now).time_to_full_ns, 0);
    const LimiterDecision decision = bucket->TryAcquire(now, 8);
    ASSERT_GE(bucket->Describe(decision, now, 8).retry_after, 0);
    if (decision) {
      ASSERT_FALSE(bucket->TryAcquire(now));
    }
    const LimiterReservation made = bucket->Reserve(now, 1, kForever);
    ASSERT_GE(made.act_at, now);
    bucket->Cancel(made, now);
    bucket->Refund(now, 5);
    bucket->ForceAcquire(now, 5);
    ASSERT_FALSE(bucket->TryAcquire(now));
  }
}

// Killed between the two words: what is left behind is read as what it is, up to the longest time
// that a caller leaves between the two.
TEST(TokenBucketWarmUpTest, ATimeWithoutItsWordChangesNothing) {
  const Nanos due = 2002 * kSecond;
  for (const Nanos later : {kSecond, due - 1, due, due + 8'000'000 * kSecond}) {
    BucketMemory memory{};
    const auto bucket = MakeBucket(kTwoASecond, &memory, true);
    bucket->ForceAcquire(0, 4000);
    memory.touched.store(static_cast<uint64_t>(later), std::memory_order_relaxed);
    for (const Nanos now : {later - kSecond, later, later + kSecond}) {
      const Nanos seen = std::max(now, later);  // time does not step back
      EXPECT_EQ(bucket->Snapshot(now).time_to_full_ns, seen < due ? due - now : 0);
    }
    EXPECT_EQ(static_cast<bool>(bucket->TryAcquire(later)), later >= due);
    EXPECT_FALSE(bucket->TryAcquire(later));
  }
}

// ---- giving back

TEST(TokenBucketWarmUpTest, AGarbageReservationFreesNothingOfThePast) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 20'000; ++i) {
    const auto bucket = MakeBucket(kTwoASecond);
    bucket->ForceAcquire(0, 1000);
    const LimiterReservation garbage{.act_at = static_cast<Nanos>(random() >> random() % 64),
                                     .worthless_at = static_cast<Nanos>(random() >> random() % 64),
                                     .n = static_cast<int64_t>(random() >> random() % 64),
                                     .decision = {.detail = random() >> random() % 64,
                                                  .change = static_cast<uint32_t>(random() % 3)}};
    const auto now = static_cast<Nanos>(random() % (600 * kSecond));
    bucket->Cancel(garbage, now);
    ASSERT_EQ(bucket->TryAcquire(now, 8) && bucket->TryAcquire(now, 8), false);
  }
}

TEST(TokenBucketWarmUpTest, AResetIsColdAndFreeAndForgetsReservations) {
  const auto bucket = MakeBucket(kTwoASecond);
  for (int i = 0; i < 5; ++i) bucket->Reserve(0, 2, kForever);
  const LimiterReservation before = bucket->Reserve(0, 2, kForever);
  Error error;
  ASSERT_TRUE(bucket->Reconfigure(bucket->settings(), Inheritance::kReset, 0, &error));
  EXPECT_EQ(bucket->Snapshot(0).tokens, 8);
  EXPECT_TRUE(bucket->TryAcquire(0));
  bucket->Cancel(before, 0);
  EXPECT_EQ(bucket->Snapshot(0).time_to_full_ns, 1375 * kMs);
  ASSERT_TRUE(bucket->Reconfigure(bucket->settings(), Inheritance::kKeep, 0, &error));
  EXPECT_EQ(bucket->Snapshot(0).time_to_full_ns, 1375 * kMs);
}

}  // namespace
}  // namespace spillway
