// What the vectors cannot say: the call that reads a clock, bad input, rates that do not divide a
// second, memory in any state.
#include "spillway/limiter/leaky_bucket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>

#include "spillway/limiter/wait_for.h"
#include "tests/support/buckets.h"

namespace spillway {
namespace {

using testing::AnswerOf;
using testing::MakeLeakyBucket;
using Settings = LeakyBucketSettings;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr Nanos kPeriod = 100'000'000;
constexpr Settings kShaper{.rate = 10, .capacity = 6, .free = 1};

TEST(LeakyBucketTest, HasTheNameItWasGiven) {
  Error error;
  const std::string name(kMaxNameBytes, 'x');
  EXPECT_EQ(LeakyBucket::Make(name, kShaper, &error)->name(), name);
  EXPECT_EQ(LeakyBucket::Make(name + "x", kShaper, &error), nullptr);
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
}

bool CanBe(const Settings& settings) {
  Error error;
  const bool made = LeakyBucket::Make("", settings, &error) != nullptr;
  EXPECT_TRUE(made || error.code == StatusCode::kInvalidArgument);
  // What cannot be made cannot be changed to, and changes nothing.
  const auto bucket = MakeLeakyBucket(kShaper);
  EXPECT_EQ(bucket->Reconfigure(settings, Inheritance::kKeep, 0, &error), made);
  EXPECT_EQ(bucket->settings().rate, made ? settings.rate : kShaper.rate);
  EXPECT_EQ(bucket->settings().capacity, made ? settings.capacity : kShaper.capacity);
  EXPECT_EQ(bucket->settings().free, made ? settings.free : kShaper.free);
  return made;
}

TEST(LeakyBucketTest, RefusesOptionsThatCannotBe) {
  for (const double rate : {0.0, -1.0, 9.9e-11, 1.0000001e9, std::nan("")})
    EXPECT_FALSE(CanBe({.rate = rate})) << rate;
  for (const int32_t count : {0, -1, 1'000'000'001}) {
    EXPECT_FALSE(CanBe({.rate = 1, .capacity = count})) << count;
    EXPECT_FALSE(CanBe({.rate = 1, .free = count})) << count;
  }
  EXPECT_TRUE(CanBe({.rate = 1e-10, .capacity = 1'000'000'000, .free = 1}));
  EXPECT_TRUE(CanBe({.rate = 1e9, .capacity = 1, .free = 1'000'000'000}));
}

TEST(LeakyBucketTest, ReadsTheClockWhereNoTimeIsGiven) {
  const auto bucket = MakeLeakyBucket({.rate = 1e-10});
  EXPECT_TRUE(bucket->TryAcquire());
  EXPECT_FALSE(bucket->TryAcquire());
  EXPECT_FALSE(bucket->TryAcquire(SteadyNow()));
}

TEST(LeakyBucketTest, AStopTakesOutWhatWasReserved) {
  const auto bucket = MakeLeakyBucket({.rate = 1e-3, .capacity = 2, .free = 1});
  ASSERT_TRUE(bucket->TryAcquire());
  std::stop_source source;
  source.request_stop();
  const Nanos before = SteadyNow();
  EXPECT_FALSE(WaitFor(*bucket, bucket->Reserve(before, 1, kForever), source.get_token()));
  EXPECT_EQ(bucket->Snapshot(before).level, 1);
}

// A lone caller who was refused and waits as long as it was told is admitted, and no sooner,
// whether it may wait for its turn or not.
TEST(LeakyBucketTest, WhoWaitsAsLongAsItWasToldIsAdmittedAndNoSooner) {
  std::mt19937_64 random(1);
  int waited = 0;
  for (int i = 0; i < 3000; ++i) {
    const double rates[] = {1e9, 1e6, 1000, 10, 3, 7.0 / 60, 0.1, 1.0 / 3, 6e8, 12345.678};
    const auto below = [&](uint64_t most) { return static_cast<int64_t>(random() % most); };
    const Settings settings{.rate = rates[random() % std::size(rates)],
                            .capacity = static_cast<int32_t>(1 + below(20)),
                            .free = static_cast<int32_t>(1 + below(20))};
    const auto bucket = MakeLeakyBucket(settings);
    Nanos now = static_cast<Nanos>(random() >> 3);
    for (int filling = 0; filling < 3; ++filling)
      bucket->Reserve(now, below(static_cast<uint64_t>(settings.capacity) + 1), kForever);
    now += below(1000);
    const Nanos period = static_cast<Nanos>(1e9 / settings.rate);
    const Nanos max_wait = random() % 3 == 0 ? 0 : below(static_cast<uint64_t>(period) * 20 + 1);
    // What needs no waiting when the bucket is empty.
    const int64_t n = 1 + below(static_cast<uint64_t>(std::min(settings.free, settings.capacity)));
    const LimiterReservation refused = bucket->Reserve(now, n, max_wait);
    if (refused) continue;
    const Nanos wait = bucket->Describe(refused.decision, now, n, max_wait).retry_after;
    ASSERT_GT(wait, 0);
    ASSERT_FALSE(bucket->Reserve(now + wait - 1, n, max_wait)) << settings.rate << " " << wait;
    ASSERT_TRUE(bucket->Reserve(now + wait, n, max_wait)) << settings.rate << " " << wait;
    ++waited;
  }
  EXPECT_GT(waited, 500);
}

TEST(LeakyBucketTest, WhatNeverFitsIsToldSo) {
  const auto bucket = MakeLeakyBucket({.rate = 10, .capacity = 6, .free = 2});
  const LimiterDecision at_once = bucket->TryAcquire(0, 3);
  EXPECT_EQ(AnswerOf<LeakyBucketRejection>(at_once), "exceeds_capacity");
  EXPECT_EQ(bucket->Describe(at_once, 0, 3).retry_after, kForever);
  // Three wait for one of them to leak out: 100 ms.
  const LimiterReservation soon = bucket->Reserve(0, 3, kPeriod - 1);
  EXPECT_EQ(AnswerOf<LeakyBucketRejection>(soon.decision), "exceeds_wait");
  EXPECT_EQ(bucket->Describe(soon.decision, 0, 3, kPeriod - 1).retry_after, kForever);
  const LimiterReservation all = bucket->Reserve(0, 7, kForever);
  EXPECT_EQ(AnswerOf<LeakyBucketRejection>(all.decision), "exceeds_capacity");
  EXPECT_EQ(bucket->Describe(all.decision, 0, 7, kForever).retry_after, kForever);
  const LimiterReservation made = bucket->Reserve(0, 3, kPeriod);
  ASSERT_TRUE(made);
  EXPECT_EQ(made.act_at, kPeriod);
}

// Somebody who reserves whatever is admitted, and cancels some of it at any time, never has more
// than capacity + rate * t.
TEST(LeakyBucketTest, CancelsNeverLetInMoreThanCapacityAndRate) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    const Settings settings{.rate = 1e6,  // 1000 ns apart
                            .capacity = static_cast<int32_t>(1 + random() % 8),
                            .free = static_cast<int32_t>(1 + random() % 8)};
    const auto bucket = MakeLeakyBucket(settings);
    int64_t admitted = 0;
    Nanos now = 0;
    for (int i = 0; i < 200; ++i, now += static_cast<Nanos>(random() % 1500)) {
      const auto n = static_cast<int64_t>(1 + random() % 3);
      const LimiterReservation made = bucket->Reserve(now, n, kForever);
      admitted += made ? n : 0;
      // Cancelled at once, as long as all of it is worth something, it was not used.
      if (made && random() % 4 == 0) {
        bucket->Cancel(made, now);
        admitted -= n;
      }
      ASSERT_LE(admitted * 1000, settings.capacity * 1000 + now) << "round " << round;
      ASSERT_LE(bucket->Snapshot(now).level, settings.capacity);
    }
  }
}

TEST(LeakyBucketTest, FreeAboveTheCapacityFollowsIt) {
  const auto bucket = MakeLeakyBucket({.rate = 10, .capacity = 2});
  EXPECT_TRUE(bucket->TryAcquire(0, 2));
  Settings settings = bucket->settings();
  EXPECT_EQ(settings.free, Settings{}.free) << "as it was given";
  settings.capacity = 5;
  ASSERT_TRUE(bucket->Reconfigure(settings, Inheritance::kKeep, 0, nullptr));
  EXPECT_EQ(bucket->Snapshot(0).level, 2);
  EXPECT_TRUE(bucket->TryAcquire(0, 3)) << "still a meter";
  EXPECT_EQ(AnswerOf<LeakyBucketRejection>(bucket->TryAcquire(0)), "full");
}

TEST(LeakyBucketTest, ALevelAboveTheNewCapacityIsCutToIt) {
  for (const Inheritance inheritance : {Inheritance::kKeep, Inheritance::kAdditive}) {
    const auto bucket = MakeLeakyBucket(kShaper);
    ASSERT_TRUE(bucket->Reserve(0, 5, kForever));
    ASSERT_TRUE(
        bucket->Reconfigure({.rate = 3, .capacity = 2, .free = 1}, inheritance, 0, nullptr));
    EXPECT_EQ(bucket->Snapshot(0).level, 2);
    EXPECT_FALSE(bucket->Reserve(0, 1, kForever));
    EXPECT_EQ(bucket->Snapshot(0).time_to_empty_ns, 666'666'667);
  }
}

// ---- bad input

TEST(LeakyBucketTest, NoCountOrTimeMakesRoom) {
  const int64_t counts[] = {kLeast, -3, -1, 0, 1, 2, 3, 4, int64_t{1} << 32, kMost};
  const Nanos times[] = {kLeast, -1, 0, 1, kPeriod, kForever - 1, kForever};
  for (const double rate : {10.0, 3.0, 1e9, 1e-10}) {
    for (const Nanos now : times) {
      for (const int64_t n : counts) {
        const auto bucket = MakeLeakyBucket({.rate = rate, .capacity = 3, .free = 2});
        EXPECT_EQ(AnswerOf<LeakyBucketRejection>(bucket->TryAcquire(now, n)),
                  n < 0   ? "misuse"
                  : n > 2 ? "exceeds_capacity"
                          : "admitted");
        const LimiterReservation made = bucket->Reserve(now, n, n % 2 == 0 ? kForever : kLeast);
        EXPECT_EQ(made.decision.reason < 0, n < 0);
        bucket->Describe(made.decision, now, n, kLeast);
        bucket->Cancel(made, now);
        bucket->Refund(now, n);
        int64_t room = 0;
        while (room < 9 && bucket->Reserve(now, 1, kForever)) ++room;
        EXPECT_LE(room, 3) << rate << " " << now << " " << n;
        EXPECT_EQ(bucket->Snapshot(now).level, 3);
        EXPECT_EQ(AnswerOf<LeakyBucketRejection>(bucket->Reserve(now, 1, kForever).decision),
                  "full");
      }
    }
  }
}

TEST(LeakyBucketTest, ClocksThatDisagreeMakeNoRoom) {
  const auto bucket = MakeLeakyBucket({.rate = 1, .capacity = 3, .free = 1});
  int admitted = 0;
  for (int i = 0; i < 1000; ++i) {
    const Nanos now = i % 2 == 0 ? 10 * kNanosPerSecond : 0;
    admitted += static_cast<bool>(bucket->Reserve(now, 1, kForever));
  }
  EXPECT_EQ(admitted, 3);
}

TEST(LeakyBucketTest, GarbageInMemoryAdmitsNoMoreThanTheCapacity) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    BucketMemory memory{};
    const uint64_t bits = i < 64 ? uint64_t{1} << i : random();
    memory.word.store(bits, std::memory_order_relaxed);
    const auto bucket = MakeLeakyBucket({.rate = 10, .capacity = 5, .free = 2}, &memory, true);
    const auto now = static_cast<Nanos>(random() >> 1 >> random() % 62);
    ASSERT_GE(bucket->Snapshot(now).level, 0) << bits;
    ASSERT_GE(bucket->Snapshot(now).time_to_empty_ns, 0) << bits;
    int admitted = 0;
    while (admitted < 9 && bucket->Reserve(now, 1, kForever)) ++admitted;
    ASSERT_LE(admitted, 5) << bits;
    ASSERT_FALSE(bucket->TryAcquire(now)) << bits;
  }
}

TEST(LeakyBucketTest, SharedMemoryIsOneBucketWhoseRateStays) {
  BucketMemory memory{};
  const auto one = MakeLeakyBucket(kShaper, &memory, true);
  const auto other = MakeLeakyBucket(kShaper, &memory, true);
  EXPECT_TRUE(one->TryAcquire(0));
  EXPECT_EQ(other->Reserve(0, 1, kForever).act_at, kPeriod);
  EXPECT_EQ(one->Snapshot(0).total_admitted, 2u);
  Settings settings = one->settings();
  settings.capacity = 7;
  Error error;
  EXPECT_FALSE(one->Reconfigure(settings, Inheritance::kKeep, 0, &error));
  EXPECT_EQ(error.code, StatusCode::kUnsupported);
  settings.capacity = 6;
  settings.counted = false;
  EXPECT_FALSE(one->Reconfigure(settings, Inheritance::kKeep, 0, &error));
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spillway
