// What the vectors cannot say: the calls that read a clock, bad input, times far apart, memory in
// any state.
#include "spillway/limiter/token_bucket.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "tests/support/buckets.h"

namespace spillway {
namespace {

using testing::AnswerOf;
using testing::MakeBucket;
using Settings = TokenBucketSettings;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr Nanos kPeriod = 100'000'000;
constexpr Nanos kYear = Nanos{365} * 86'400 * kNanosPerSecond;
constexpr Settings kTenASecond{.rate = 10, .burst = 2};

TEST(TokenBucketTest, HasTheNameItWasGiven) {
  Error error;
  const std::string name(kMaxNameBytes, 'x');
  EXPECT_EQ(TokenBucket::Make(name, kTenASecond, &error)->name(), name);
  EXPECT_EQ(TokenBucket::Make(name + "x", kTenASecond, &error), nullptr);
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
}

bool CanBe(const Settings& settings) {
  Error error;
  const bool made = TokenBucket::Make("", settings, &error) != nullptr;
  EXPECT_TRUE(made || error.code == StatusCode::kInvalidArgument);
  // What cannot be made cannot be changed to, and changes nothing.
  const auto bucket = MakeBucket(kTenASecond);
  Settings changed = bucket->settings();
  changed.rate = settings.rate;
  changed.burst = settings.burst;
  const bool can_change = bucket->Reconfigure(changed, Inheritance::kKeep, 0, &error);
  EXPECT_EQ(bucket->settings().rate, can_change ? settings.rate : kTenASecond.rate);
  EXPECT_EQ(bucket->settings().burst, can_change ? settings.burst : kTenASecond.burst);
  EXPECT_EQ(can_change, made || settings.initial_tokens < 0);
  return made;
}

TEST(TokenBucketTest, RefusesRatesThatCannotBe) {
  for (const double rate : {0.0, -0.0, -1.0, 5e-324, 9.9e-11, 1.0000001e9, 1e18,
                            std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_FALSE(CanBe({.rate = rate})) << rate;
  }
  EXPECT_TRUE(CanBe({.rate = 1e-10}));
  EXPECT_TRUE(CanBe({.rate = 1e9}));
}

TEST(TokenBucketTest, RefusesCountsThatCannotBe) {
  for (const int32_t burst : {0, -1, 1'000'000'001}) {
    EXPECT_FALSE(CanBe({.rate = 1, .burst = burst})) << burst;
  }
  EXPECT_TRUE(CanBe({.rate = 1, .burst = 1'000'000'000}));
  EXPECT_FALSE(CanBe({.rate = 1, .initial_tokens = -1}));
}

TEST(TokenBucketTest, ReadsTheClockWhereNoTimeIsGiven) {
  const auto bucket = MakeBucket({.rate = 1e-10});
  EXPECT_TRUE(bucket->TryAcquire());
  EXPECT_FALSE(bucket->TryAcquire());
  EXPECT_FALSE(bucket->TryAcquire(SteadyNow()));
}

// ---- exact

// A lone caller who was refused and waits as long as it was told is admitted, and no sooner.
TEST(TokenBucketTest, WhoWaitsAsLongAsItWasToldIsAdmittedAndNoSooner) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    const double rates[] = {1e9, 1e6, 1000, 10, 3, 7.0 / 60, 0.1, 1.0 / 3, 6e8, 12345.678};
    const Settings settings{.rate = rates[random() % std::size(rates)],
                            .burst = static_cast<int32_t>(1 + random() % 20)};
    const auto bucket = MakeBucket(settings);
    Nanos now = static_cast<Nanos>(random() >> 2);
    bucket->ForceAcquire(now, static_cast<int64_t>(random() % 40));
    now += static_cast<Nanos>(random() % 1000);
    const auto n = static_cast<int64_t>(1 + random() % static_cast<uint64_t>(settings.burst));
    const LimiterDecision refused = bucket->TryAcquire(now, n);
    if (refused) continue;
    const Nanos wait = bucket->Describe(refused, now, n).retry_after;
    ASSERT_GT(wait, 0);
    ASSERT_FALSE(bucket->TryAcquire(now + wait - 1, n)) << settings.rate << " after " << wait;
    ASSERT_TRUE(bucket->TryAcquire(now + wait, n)) << settings.rate << " after " << wait;
  }
}

TEST(TokenBucketTest, APollAtEachPeriodIsAlwaysAdmitted) {
  const auto bucket = MakeBucket({.rate = 10});
  for (Nanos k = 1; k <= 1'000'000; ++k) {
    ASSERT_TRUE(bucket->TryAcquire(k * kPeriod)) << k;
    ASSERT_FALSE(bucket->TryAcquire(k * kPeriod + kPeriod - 1)) << k;
  }
}

TEST(TokenBucketTest, ClocksThatDisagreeMintNothing) {
  const auto bucket = MakeBucket({.rate = 1, .burst = 2});
  int admitted = 0;
  for (int i = 0; i < 1000; ++i) {
    admitted += static_cast<bool>(bucket->TryAcquire(i % 2 == 0 ? 10 * kNanosPerSecond : 0));
  }
  EXPECT_EQ(admitted, 2);
}

TEST(TokenBucketTest, ADebtIsNotForgottenWhenTimeStepsBack) {
  for (const double rate : {1e9, 10.0, 1e-10}) {
    const auto bucket = MakeBucket({.rate = rate, .burst = 1000});
    const Nanos now = 100 * kYear;
    int64_t n = int64_t{1} << 61;
    while (n > 0 && !bucket->ForceAcquire(now, n)) n /= 2;
    for (; n > 0; n /= 2) bucket->ForceAcquire(now, n);
    const Nanos steps[] = {0, 1, kNanosPerSecond, kYear, 4 * kYear};
    for (const Nanos back : steps) {
      EXPECT_LT(bucket->Snapshot(now - back).tokens, 0) << rate << " " << back;
      EXPECT_FALSE(bucket->TryAcquire(now - back)) << rate << " " << back;
      EXPECT_FALSE(bucket->Reserve(now - back, 1, 0)) << rate << " " << back;
      EXPECT_EQ(bucket->AcquireUpTo(now - back, 1), 0) << rate << " " << back;
      EXPECT_FALSE(bucket->ForceAcquire(now - back, kMost / 8)) << rate << " " << back;
    }
  }
}

TEST(TokenBucketTest, ATokenIsThereAfterAnyNumberOfYears) {
  for (const double rate : {1e9, 10.0, 3.0, 1e-3}) {
    const auto bucket = MakeBucket({.rate = rate, .burst = 5});
    ASSERT_TRUE(bucket->TryAcquire(0, 5));
    for (const Nanos years : {36, 37, 73, 74, 100}) {
      EXPECT_EQ(bucket->Snapshot(years * kYear).tokens, 5) << rate << " " << years;
    }
    EXPECT_TRUE(bucket->TryAcquire(100 * kYear, 5)) << rate;
    EXPECT_FALSE(bucket->TryAcquire(100 * kYear)) << rate;
  }
}

// ---- what is given back

TEST(TokenBucketTest, ACancelBeforeItsTimeGivesAllBackHoweverLongTheBucketWouldFill) {
  for (const double rate : {2.5e-5, 1e-10}) {
    const auto bucket = MakeBucket({.rate = rate, .burst = 1'000'000'000});
    const LimiterReservation all = bucket->Reserve(kYear, 900'000'000, 0);
    ASSERT_TRUE(all);
    bucket->Cancel(all, kYear);
    EXPECT_EQ(bucket->Snapshot(kYear).tokens, 1'000'000'000) << rate;
  }
}

TEST(TokenBucketTest, ChangesWithOldTimesMintNothing) {
  const auto bucket = MakeBucket({.rate = 1, .burst = 2});
  const Nanos now = 10 * kNanosPerSecond;
  ASSERT_TRUE(bucket->TryAcquire(now, 2));
  for (int i = 0; i < 100; ++i) {
    Settings settings = bucket->settings();
    settings.rate = i % 2 == 0 ? 1.5 : 1;
    ASSERT_TRUE(bucket->Reconfigure(settings, Inheritance::kKeep, i % 2 == 0 ? now : 0, nullptr));
  }
  EXPECT_FALSE(bucket->TryAcquire(now));
  EXPECT_EQ(bucket->Snapshot(now).tokens, 0);
}

// ---- bad input

TEST(TokenBucketTest, NoCountOrTimeMintsTokens) {
  const int64_t counts[] = {kLeast, -3, -1, 0, 1, 2, 3, int64_t{1} << 32, kMost - 1, kMost};
  const Nanos times[] = {kLeast, -1, 0, 1, kPeriod, kForever - 1, kForever};
  for (const double rate : {10.0, 3.0, 1e9, 1e-10}) {
    for (const Nanos now : times) {
      for (const int64_t n : counts) {
        const auto bucket = MakeBucket({.rate = rate, .burst = 2});
        EXPECT_EQ(AnswerOf(bucket->TryAcquire(now, n)), n < 0   ? "misuse"
                                                        : n > 2 ? "exceeds_burst"
                                                                : "admitted");
        EXPECT_LE(bucket->AcquireUpTo(now, n), 2);
        EXPECT_EQ(bucket->AcquireUpTo(now, n) < 0, n < 0);
        const LimiterReservation made = bucket->Reserve(now, n, 0);
        EXPECT_EQ(made.decision.reason < 0, n < 0);
        bucket->Describe(made.decision, now, n, kLeast);
        bucket->ForceAcquire(now, n);
        bucket->Cancel(made, now);
        bucket->Refund(now, n);
        EXPECT_LE(bucket->Snapshot(now).tokens, 2);
        EXPECT_LE(bucket->AcquireUpTo(now, kMost), 2);
        EXPECT_EQ(bucket->AcquireUpTo(now, kMost), 0);
      }
    }
  }
}

TEST(TokenBucketTest, GarbageInMemoryAdmitsNoMoreThanAFullBucket) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    BucketMemory memory{};
    const uint64_t bits = i < 64 ? uint64_t{1} << i : random();
    memory.word.store(bits, std::memory_order_relaxed);
    const auto bucket = MakeBucket({.rate = 10, .burst = 5}, &memory, true);
    const auto now = static_cast<Nanos>(random() >> 1 >> random() % 62);
    const TokenBucketSnapshot snapshot = bucket->Snapshot(now);
    ASSERT_LE(snapshot.tokens, 5) << bits;
    ASSERT_GE(snapshot.time_to_full_ns, 0) << bits;
    ASSERT_LE(bucket->AcquireUpTo(now, 100), 5) << bits;
    ASSERT_EQ(bucket->AcquireUpTo(now, 100), 0) << bits;
    ASSERT_FALSE(bucket->TryAcquire(now)) << bits;
    ASSERT_FALSE(bucket->Reserve(now, 1, 0)) << bits;
  }
}

TEST(TokenBucketTest, AGarbageReservationGivesBackNoMoreThanABurst) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20'000; ++i) {
    const auto bucket = MakeBucket({.rate = 10, .burst = 5});
    bucket->ForceAcquire(0, 1000);
    LimiterReservation garbage{.act_at = static_cast<Nanos>(random() >> random() % 64),
                               .worthless_at = static_cast<Nanos>(random() >> random() % 64),
                               .n = static_cast<int64_t>(random() >> random() % 64),
                               .decision = {.change = static_cast<uint32_t>(random() % 3)}};
    bucket->Cancel(garbage, static_cast<Nanos>(random() >> 1 >> random() % 62));
    ASSERT_LE(bucket->Snapshot(0).tokens, 5 - 1000 + 5);
  }
}

// ---- several owners

TEST(TokenBucketTest, SharedMemoryIsOneBucketWhoseRateStays) {
  BucketMemory memory{};
  const auto one = MakeBucket(kTenASecond, &memory, true);
  const auto other = MakeBucket(kTenASecond, &memory, true);
  EXPECT_TRUE(one->TryAcquire(0));
  EXPECT_TRUE(other->TryAcquire(0));
  EXPECT_FALSE(one->TryAcquire(0));
  EXPECT_EQ(other->Snapshot(0).total_refused, 1u);
  Settings settings = one->settings();
  settings.rate = 20;
  Error error;
  EXPECT_FALSE(one->Reconfigure(settings, Inheritance::kKeep, 0, &error));
  EXPECT_EQ(error.code, StatusCode::kUnsupported);
  settings.rate = 10;
  settings.dry_run = true;
  EXPECT_TRUE(one->Reconfigure(settings, Inheritance::kKeep, 0, &error));
  EXPECT_TRUE(one->TryAcquire(0));
  EXPECT_FALSE(other->TryAcquire(0));
}

TEST(TokenBucketTest, WhatIsFixedStays) {
  const auto bucket = MakeBucket(kTenASecond);
  Error error;
  Settings settings = bucket->settings();
  settings.initial_tokens = 1;
  EXPECT_FALSE(bucket->Reconfigure(settings, Inheritance::kKeep, 0, &error));
  settings = bucket->settings();
  settings.counted = false;
  EXPECT_FALSE(bucket->Reconfigure(settings, Inheritance::kKeep, 0, &error));
  EXPECT_NE(std::string(error.message).find("counted"), std::string::npos);
}

// Each change succeeds or says that another is under way, and the last that succeeded holds.
TEST(TokenBucketTest, ChangesFromTwoThreadsWaitForNobody) {
  const auto bucket = MakeBucket(kTenASecond);
  std::atomic<int> wrong{0};
  const auto change = [&](double rate) {
    for (int i = 0; i < 2000; ++i) {
      Settings settings = kTenASecond;
      settings.rate = rate + i % 2;
      Error error;
      if (!bucket->Reconfigure(settings, Inheritance::kKeep, 0, &error))
        wrong += error.code != StatusCode::kBusy;
    }
  };
  std::thread other(change, 100);
  change(200);
  other.join();
  EXPECT_EQ(wrong, 0);
  const double rate = bucket->settings().rate;
  EXPECT_TRUE(rate == 100 || rate == 101 || rate == 200 || rate == 201) << rate;
}

}  // namespace
}  // namespace spillway
