// What the vectors cannot say: bad input, the ends of time, memory in any state, callers that died.
#include "spillway/limiter/sliding_window_limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "tests/support/memory.h"
#include "tests/support/policies.h"

namespace spillway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::MakePolicy;
using testing::Memory;
using Limiter = SlidingWindowLimiter;
using Settings = SlidingWindowLimiterSettings;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr Nanos kYear = Nanos{365} * 86'400 * kNanosPerSecond;
constexpr auto kExhausted = static_cast<int32_t>(SlidingWindowLimiterRejection::kExhausted);
constexpr auto kExceedsOne = static_cast<int32_t>(SlidingWindowLimiterRejection::kExceedsOne);
constexpr auto kMisuse = static_cast<int32_t>(StatusCode::kMisuse);

Settings AtMost(int32_t limit, Nanos per) {
  Settings settings;
  settings.limit = limit;
  settings.per_ns = per;
  return settings;
}

int AdmittedOf(Limiter& limiter, int calls, Nanos now) {
  int admitted = 0;
  for (int i = 0; i < calls; ++i) admitted += static_cast<bool>(limiter.TryAcquire(now));
  return admitted;
}

// ---- options

std::string WrongWith(const Settings& settings) {
  Error error;
  if (Limiter::Make("", settings, &error) != nullptr) return "";
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  return error.message;
}

TEST(SlidingWindowLimiterTest, RefusesOptionsThatCannotBe) {
  for (const int32_t limit : {0, -1, 1'048'577}) {
    EXPECT_THAT(WrongWith(AtMost(limit, 1)),
                AllOf(HasSubstr("limit is " + std::to_string(limit)), HasSubstr("1 to 1048576")));
  }
  for (const Nanos per : {Nanos{0}, Nanos{-1}, kLeast, kYear + 1, kMost}) {
    EXPECT_THAT(WrongWith(AtMost(1, per)), HasSubstr("per is ")) << per;
  }
  EXPECT_EQ(WrongWith(AtMost(1, 1)), "");
  EXPECT_EQ(WrongWith(AtMost(1'048'576, kYear)), "");
}

TEST(SlidingWindowLimiterTest, RefusesHalfAWindow) {
  Settings settings = AtMost(1, 1);
  settings.second_per_ns = 5;
  EXPECT_THAT(WrongWith(settings),
              AllOf(HasSubstr("second_limit is 0"), HasSubstr("second_per is 0.000000005 s")));
  settings.second_limit = 2;
  EXPECT_EQ(WrongWith(settings), "");
  settings.third_limit = 7;
  EXPECT_THAT(WrongWith(settings),
              AllOf(HasSubstr("third_limit is 7"), HasSubstr("third_per is 0.")));
  settings.third_per_ns = -1;
  EXPECT_THAT(WrongWith(settings), HasSubstr("third_per"));
}

TEST(SlidingWindowLimiterTest, HasTheNameItWasGiven) {
  Error error;
  const std::string name(kMaxNameBytes, 'x');
  EXPECT_EQ(Limiter::Make(name, AtMost(1, 1), &error)->name(), name);
  EXPECT_EQ(Limiter::Make(name + "x", AtMost(1, 1), &error), nullptr);
}

TEST(SlidingWindowLimiterTest, ChangesWhetherItRefusesAndNothingElse) {
  const auto limiter = MakePolicy<Limiter>(AtMost(1, kNanosPerSecond));
  Settings settings = limiter->settings();
  settings.dry_run = true;
  Error error;
  ASSERT_TRUE(limiter->Reconfigure(settings, &error));
  EXPECT_TRUE(limiter->settings().dry_run);
  EXPECT_EQ(AdmittedOf(*limiter, 3, 0), 3);
  EXPECT_EQ(limiter->Snapshot(0).total_admitted, 1u);
  EXPECT_EQ(limiter->Snapshot(0).total_dry_run, 2u);
  settings.limit = 2;
  EXPECT_FALSE(limiter->Reconfigure(settings, &error));
  EXPECT_THAT(error.message, AllOf(HasSubstr("limit is 1"), HasSubstr("fixed")));
  settings = limiter->settings();
  settings.dry_run = false;
  ASSERT_TRUE(limiter->Reconfigure(settings, &error));
  EXPECT_FALSE(limiter->TryAcquire(0));
}

TEST(SlidingWindowLimiterTest, CountsNoRefusalUnlessAsked) {
  Settings settings = AtMost(1, kNanosPerSecond);
  settings.counted = false;
  Memory memory(Limiter::MemoryBytes(settings));
  const auto limiter = MakePolicy<Limiter>(settings, memory.get());
  EXPECT_EQ(AdmittedOf(*limiter, 1, 0), 1);
  const std::string before = memory.Bytes();
  EXPECT_EQ(AdmittedOf(*limiter, 2, 0), 0);
  EXPECT_EQ(limiter->TryAcquire(0, 2).reason, kExceedsOne);
  EXPECT_EQ(memory.Bytes(), before) << "a refusal writes nothing";
  EXPECT_EQ(limiter->Snapshot(0).total_admitted, 1u);
}

// ---- time

TEST(SlidingWindowLimiterTest, ReadsTheClockWhereNoTimeIsGiven) {
  const auto limiter = MakePolicy<Limiter>(AtMost(1, kYear));
  EXPECT_TRUE(limiter->TryAcquire());
  EXPECT_FALSE(limiter->TryAcquire());
  EXPECT_FALSE(limiter->TryAcquire(SteadyNow()));
}

TEST(SlidingWindowLimiterTest, NoCountOrTimeIsAdmittedTwice) {
  for (const Nanos now : {kLeast, Nanos{-1}, Nanos{0}, Nanos{1}, kForever - 1, kForever}) {
    for (const int64_t n : {kLeast, int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{2}, kMost}) {
      const auto limiter = MakePolicy<Limiter>(AtMost(1, kYear));
      const LimiterDecision first = limiter->TryAcquire(now, n);
      EXPECT_EQ(first.reason, n < 0 ? kMisuse : n > 1 ? kExceedsOne : 0) << n;
      EXPECT_EQ(limiter->Describe(first, now, n, kLeast).remaining, n != 1);
      EXPECT_EQ(AdmittedOf(*limiter, 2, now), n != 1) << n << " at " << now;
      EXPECT_EQ(limiter->Snapshot(now).in_window, 1);
    }
  }
}

TEST(SlidingWindowLimiterTest, WhatIsTakenAtTheEndOfTimeNeverComesBack) {
  const auto limiter = MakePolicy<Limiter>(AtMost(1, kYear));
  const Nanos late = kForever - kYear + 1;
  ASSERT_TRUE(limiter->TryAcquire(late));
  const LimiterDecision refused = limiter->TryAcquire(kForever);
  ASSERT_EQ(refused.reason, kExhausted);
  EXPECT_EQ(limiter->Describe(refused, kForever, 1).retry_after, kForever);
  EXPECT_EQ(limiter->Describe(refused, 0, 1).reset_after, kForever);
  limiter->Reset();
  EXPECT_TRUE(limiter->TryAcquire(kForever));
}

TEST(SlidingWindowLimiterTest, AResetBeginsTimeAgain) {
  const auto limiter = MakePolicy<Limiter>(AtMost(2, kNanosPerSecond));
  EXPECT_EQ(AdmittedOf(*limiter, 2, kYear), 2) << "a clock that ran ahead";
  EXPECT_FALSE(limiter->TryAcquire(0));
  limiter->Reset();
  EXPECT_EQ(limiter->Snapshot(0).in_window, 0);
  EXPECT_EQ(AdmittedOf(*limiter, 3, 5), 2);
  EXPECT_EQ(AdmittedOf(*limiter, 1, kNanosPerSecond + 4), 0);
  EXPECT_EQ(AdmittedOf(*limiter, 3, kNanosPerSecond + 5), 2);
}

// What makes one compare-exchange safe however long its thread was stopped before it.
TEST(SlidingWindowLimiterTest, NoSlotHoldsTheSameWordTwice) {
  std::mt19937_64 random(1);
  for (const int32_t limit : {1, 2, 3, 4}) {
    const Settings settings = AtMost(limit, 100'000);
    Memory memory(Limiter::MemoryBytes(settings));
    auto* const words = static_cast<SlidingWindowLimiterMemory*>(memory.get());
    const auto limiter = MakePolicy<Limiter>(settings, memory.get());
    // Resets may add a nanosecond each, but never as many as the window has.
    const SlidingWindowRing ring(settings);
    std::set<std::pair<uint64_t, uint64_t>> seen;
    Nanos now = 0;
    for (int i = 0; i < 5000; ++i) {
      if (random() % 3 == 0) limiter->Reset();
      now += random() % 8 == 0;
      const uint64_t slot = ring.Index(words->head.load());
      if (!limiter->TryAcquire(now - static_cast<Nanos>(random() % 2))) continue;
      ASSERT_TRUE(seen.emplace(slot, words->slots()[slot].load()).second) << i;
    }
    EXPECT_GT(seen.size(), 1000u);
  }
}

// ---- memory

TEST(SlidingWindowLimiterTest, TakesEightBytesForEachPermit) {
  EXPECT_EQ(Limiter::MemoryBytes(AtMost(1024, 1)), 128u + 8 * 1024);
  EXPECT_EQ(Limiter::MemoryBytes(AtMost(1000, 1)), 128u + 8 * 1000);
  EXPECT_EQ(Limiter::MemoryBytes(AtMost(1, 1)), 192u);
  Settings settings = AtMost(1, 1);
  settings.third_limit = 1'048'576;
  settings.third_per_ns = 2;
  EXPECT_EQ(Limiter::MemoryBytes(settings), 128u + 8 * 1'048'576) << "the largest";
}

// Where each admission is, by a count and a division.
TEST(SlidingWindowLimiterTest, ThePlacesAreThoseOfACount) {
  for (const int32_t limit : {1, 2, 3, 4, 5, 1000, 1024, 1'048'575, 1'048'576}) {
    const SlidingWindowRing ring(AtMost(limit, 1));
    const auto size = static_cast<uint64_t>(limit);
    uint64_t place = 0;
    for (uint64_t number = 0; number < 3 * size + 2; ++number, place = ring.Next(place)) {
      ASSERT_TRUE(ring.Has(place));
      ASSERT_EQ(ring.Number(place), number);
      ASSERT_EQ(ring.Index(place), number % size);
      ASSERT_EQ(ring.Lap(place), number / size);
      ASSERT_EQ(ring.Back(place + ring.lap(), size), place);
      if (number > size) {
        const uint64_t count = number % size + 1;
        ASSERT_EQ(ring.Number(ring.Back(place, count)), number - count);
      }
    }
  }
}

TEST(SlidingWindowLimiterTest, SharedMemoryIsOneLimiter) {
  const Settings settings = AtMost(2, kNanosPerSecond);
  Memory memory(Limiter::MemoryBytes(settings));
  const auto one = MakePolicy<Limiter>(settings, memory.get(), true);
  const auto other = MakePolicy<Limiter>(settings, memory.get(), true);
  EXPECT_TRUE(one->TryAcquire(0));
  EXPECT_TRUE(other->TryAcquire(0));
  EXPECT_FALSE(one->TryAcquire(0));
  EXPECT_EQ(other->Snapshot(0).total_refused, 1u);
  other->Reset();
  EXPECT_TRUE(one->TryAcquire(0));
}

// A caller that was killed between its two compare-exchanges: it has its permit, and the next call
// moves the head for it.
TEST(SlidingWindowLimiterTest, WhoDiedBeforeItMovedTheHeadHasItsPermit) {
  for (const bool reset : {false, true}) {
    const Settings settings = AtMost(2, 10);
    Memory memory(Limiter::MemoryBytes(settings));
    auto* const words = static_cast<SlidingWindowLimiterMemory*>(memory.get());
    const auto limiter = MakePolicy<Limiter>(settings, memory.get());
    words->slots()[0].store(SlidingWindowSlot(5, 0).bits());
    EXPECT_EQ(limiter->Snapshot(5).in_window, 1);
    EXPECT_EQ(limiter->Snapshot(5).total_admitted, 1u);
    if (reset) limiter->Reset();
    EXPECT_EQ(AdmittedOf(*limiter, 3, 5), reset ? 2 : 1);
    EXPECT_EQ(limiter->Snapshot(5).total_admitted, reset ? 3u : 2u);
  }
}

TEST(SlidingWindowLimiterTest, GarbageInMemoryStopsNobody) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    Settings settings = AtMost(static_cast<int32_t>(1 + random() % 9), 10);
    settings.second_limit = static_cast<int32_t>(1 + random() % 9);
    settings.second_per_ns = 20;
    Memory memory(Limiter::MemoryBytes(settings));
    memory.Fill(random);
    const auto limiter = MakePolicy<Limiter>(settings, memory.get(), true);
    for (int call = 0; call < 20; ++call) {
      const auto now = static_cast<Nanos>(random() >> 1 >> random() % 62);
      LimiterDecision decision = limiter->TryAcquire(now);
      if (random() % 4 == 0) decision.detail = random() >> random() % 64;
      const LimitStatus status = limiter->Describe(decision, now, 1);
      ASSERT_GE(status.remaining, 0);
      ASSERT_LE(status.remaining, status.limit);
      const SlidingWindowLimiterSnapshot snapshot = limiter->Snapshot(now);
      ASSERT_GE(snapshot.in_window, 0);
      ASSERT_LE(snapshot.in_window, settings.limit);
      if (random() % 8 == 0) limiter->Reset();
    }
  }
}

}  // namespace
}  // namespace spillway
