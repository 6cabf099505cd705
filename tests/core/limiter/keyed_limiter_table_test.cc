// What a keyed limiter does when its table is full, and what it counts.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "spillway/base/cache_line.h"
#include "spillway/limiter/keyed_limiter.h"
#include "tests/support/keyed_limiters.h"

namespace spillway {
namespace {

using testing::KeyedAnswerOf;
using testing::MakeKeyed;
using WhenFull = KeyedLimiterWhenFull;

// One set of cells for all keys.
constexpr int32_t kOneSet = 4;
constexpr int kCells = 8;

TEST(KeyedLimiterTableTest, AFullSetForgetsTheKeyThatHasTakenLeast) {
  const auto limiter = MakeKeyed({.rate = 1, .burst = 10, .max_keys = kOneSet});
  for (uint64_t key = 1; key <= kCells; ++key) {
    ASSERT_TRUE(limiter->TryAcquire(0, key, static_cast<int64_t>(key) + 1));
  }
  EXPECT_TRUE(limiter->TryAcquire(0, uint64_t{100}, 4));
  const KeyedLimiterSnapshot snapshot = limiter->Snapshot(0);
  EXPECT_EQ(snapshot.total_evicted, 1u);
  EXPECT_EQ(snapshot.total_forgiven_tokens, 2u);
  EXPECT_TRUE(limiter->TryAcquire(0, uint64_t{8}, 1));
  EXPECT_FALSE(limiter->TryAcquire(0, uint64_t{8}, 1));
  // Half a token later parts of tokens are forgiven as whole ones.
  EXPECT_TRUE(limiter->TryAcquire(kNanosPerSecond / 2, uint64_t{1}, 10));
  EXPECT_EQ(limiter->Snapshot(0).total_forgiven_tokens, 5u);
  EXPECT_EQ(limiter->CountLiveKeys(kNanosPerSecond / 2), kCells);
}

TEST(KeyedLimiterTableTest, AFullSetRefusesUntilTheFirstCellIsFree) {
  const auto limiter =
      MakeKeyed({.rate = 1, .burst = 10, .max_keys = kOneSet, .when_full = WhenFull::kRefuse});
  for (uint64_t key = 1; key <= kCells; ++key) {
    ASSERT_TRUE(limiter->TryAcquire(0, key, static_cast<int64_t>(key) + 1));
  }
  const LimiterDecision refused = limiter->TryAcquire(0, "late");
  EXPECT_EQ(KeyedAnswerOf(refused), "table_full");
  const LimitStatus status = limiter->Describe(refused, 0, 1);
  EXPECT_EQ(status, (LimitStatus{.remaining = 0,
                                 .limit = 10,
                                 .reset_after = 2 * kNanosPerSecond,
                                 .retry_after = 2 * kNanosPerSecond,
                                 .next_after = 2 * kNanosPerSecond}));
  EXPECT_FALSE(limiter->TryAcquire(status.retry_after - 1, "late"));
  EXPECT_EQ(limiter->Snapshot(0).total_refused_without_cell, 2u);
  EXPECT_EQ(limiter->Snapshot(0).total_refused, 0u);
  EXPECT_TRUE(limiter->TryAcquire(status.retry_after, "late"));
  EXPECT_EQ(limiter->Snapshot(0).total_evicted, 0u);
}

TEST(KeyedLimiterTableTest, AFullSetAdmitsAndRemembersNothing) {
  const auto limiter =
      MakeKeyed({.rate = 1, .burst = 2, .max_keys = kOneSet, .when_full = WhenFull::kAdmit});
  for (uint64_t key = 1; key <= kCells; ++key) ASSERT_TRUE(limiter->TryAcquire(0, key));
  for (int i = 0; i < 5; ++i) {
    const LimiterDecision decision = limiter->TryAcquire(0, "late");
    EXPECT_TRUE(decision);
    EXPECT_EQ(limiter->Describe(decision, 0, 1).remaining, 1);
  }
  EXPECT_EQ(limiter->Snapshot(0).total_admitted_without_cell, 5u);
  EXPECT_EQ(limiter->Snapshot(0).total_admitted, uint64_t{kCells});
  EXPECT_EQ(KeyedAnswerOf(limiter->TryAcquire(0, "late", 3)), "exceeds_burst");
}

// In the last units of a turn of its clock too, where an early time looks as if it had not passed.
TEST(KeyedLimiterTableTest, AResetLeavesRoomForOtherKeysAtAnyTime) {
  const auto limiter =
      MakeKeyed({.rate = 1e6, .burst = 10, .max_keys = kOneSet, .when_full = WhenFull::kRefuse});
  constexpr Nanos kTurn = Nanos{1} << 39;  // of the nanoseconds that are the unit here
  for (const Nanos now : {kTurn, kTurn - 1, kTurn - 5000, Nanos{0}, Nanos{1}}) {
    for (uint64_t key = 1; key <= kCells; ++key) ASSERT_TRUE(limiter->TryAcquire(0, key, 10));
    limiter->Reset();
    for (uint64_t key = 11; key <= 10 + kCells; ++key) {
      EXPECT_TRUE(limiter->TryAcquire(now, key, 10)) << now;
    }
    limiter->Reset();
    EXPECT_EQ(limiter->CountLiveKeys(now), 0);
  }
}

// Or it would go to others while its key is entered.
TEST(KeyedLimiterTableTest, NoClaimIsWhatAResetLeaves) {
  using Word = KeyedLimiterWord;
  const uint64_t last = Word::kTimeMask;
  EXPECT_NE(Word::Claimed(5, 0), Word::LeftByReset(5));
  EXPECT_NE(Word::Claimed(5, last + 1), Word::LeftByReset(5));
  EXPECT_NE(Word::Claimed(5, last).Cancelled(), Word::LeftByReset(5));
  EXPECT_EQ(Word::Claimed(5, last + 2), Word::Claimed(5, 1));
}

// throttled-py keeps 1024 keys, the least recently used of which goes: whoever sprays keys evicts
// its own limit.
TEST(KeyedLimiterTableTest, SprayingKeysDoesNotRenewAKeyThatHasUsedItsTokensUp) {
  const auto limiter = MakeKeyed({.rate = 1e-3, .burst = 100, .max_keys = 512, .seed = 1});
  ASSERT_TRUE(limiter->TryAcquire(0, "greedy", 100));
  for (uint64_t key = 0; key < 100'000; ++key) {
    ASSERT_TRUE(limiter->TryAcquire(0, key));
    ASSERT_FALSE(limiter->TryAcquire(0, "greedy"));
  }
  EXPECT_EQ(limiter->CountLiveKeys(0), 1024);
  EXPECT_EQ(limiter->Snapshot(0).total_evicted, 100'000u + 1 - 1024);
  EXPECT_EQ(limiter->Snapshot(0).total_forgiven_tokens, 100'000u + 1 - 1024);
}

// governor's map grows with each key that ever came, until somebody calls retain_recent().
TEST(KeyedLimiterTableTest, GovernorsLeakCannotBe) {
  // Under one seed: of a million keys, some seeds let two share a limit.
  const KeyedLimiterSettings settings{
      .rate = 1000, .max_keys = 1000, .when_full = WhenFull::kRefuse, .seed = 1};
  const size_t bytes = KeyedLimiter::MemoryBytes(settings);
  const std::unique_ptr<void, PolicyMemoryDelete> memory(
      ::operator new (bytes, std::align_val_t{kStripeAlignment}));
  std::memset(memory.get(), 0, bytes);
  const auto limiter = MakeKeyed(settings, memory.get());
  // A million keys, of which a hundred are live at a time.
  for (uint64_t key = 0; key < 1'000'000; ++key) {
    ASSERT_TRUE(limiter->TryAcquire(static_cast<Nanos>(key) * 10'000, key)) << key;
  }
  EXPECT_EQ(limiter->CountLiveKeys(Nanos{1'000'000} * 10'000), 99);
}

// ---- dry runs and counting

TEST(KeyedLimiterTableTest, ADryRunRefusesNothingAndCounts) {
  const auto limiter =
      MakeKeyed({.rate = 1, .max_keys = kOneSet, .when_full = WhenFull::kRefuse, .dry_run = true});
  for (int i = 0; i < 2; ++i) {
    for (uint64_t key = 0; key <= kCells; ++key) EXPECT_TRUE(limiter->TryAcquire(0, key));
  }
  EXPECT_TRUE(limiter->TryAcquire(0, "a", 2));
  const KeyedLimiterSnapshot snapshot = limiter->Snapshot(0);
  EXPECT_EQ(snapshot.total_admitted, uint64_t{kCells});
  EXPECT_EQ(snapshot.total_dry_run, uint64_t{kCells} + 3);
  EXPECT_EQ(snapshot.total_refused + snapshot.total_refused_without_cell, 0u);
}

TEST(KeyedLimiterTableTest, CountsOnlyWhatMustNotBeLostUnlessCounted) {
  const auto limiter = MakeKeyed({.rate = 1, .max_keys = kOneSet, .counted = false});
  for (uint64_t key = 0; key <= kCells; ++key) limiter->TryAcquire(0, key);
  limiter->TryAcquire(0, uint64_t{kCells});
  EXPECT_EQ(
      limiter->Snapshot(0),
      (KeyedLimiterSnapshot{.cells = kCells, .total_evicted = 1, .total_forgiven_tokens = 1}));
}

}  // namespace
}  // namespace spillway
