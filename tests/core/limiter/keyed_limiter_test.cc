// What the vectors cannot say: keys of all kinds, bad input, times far apart, memory in any state.
#include "spillway/limiter/keyed_limiter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "spillway/base/cache_line.h"
#include "tests/support/keyed_limiters.h"

namespace spillway {
namespace {

using testing::KeyedAnswerOf;
using testing::MakeKeyed;
using Settings = KeyedLimiterSettings;
using WhenFull = KeyedLimiterWhenFull;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr Nanos kPeriod = 100'000'000;
constexpr Nanos kYear = Nanos{365} * 86'400 * kNanosPerSecond;
constexpr Settings kTenASecond{.rate = 10, .burst = 2};
// One set of cells for all keys.
constexpr int32_t kOneSet = 4;
constexpr int kCells = 8;

// ---- making

std::string ProblemOf(const Settings& settings, bool shared = false) {
  Error error;
  const auto limiter = KeyedLimiter::Make("", settings, &error, nullptr, shared);
  EXPECT_EQ(limiter == nullptr, error.code == StatusCode::kInvalidArgument);
  return error.message;
}

TEST(KeyedLimiterTest, SaysWhichOptionCannotBe) {
  EXPECT_EQ(ProblemOf({.rate = 1e9, .burst = 16'777'216, .max_keys = 1}), "");
  EXPECT_EQ(ProblemOf({.rate = 1e-10, .burst = 1, .max_keys = 1}), "");
  EXPECT_NE(ProblemOf({.rate = 0}).find("rate"), std::string::npos);
  EXPECT_NE(ProblemOf({.rate = std::numeric_limits<double>::quiet_NaN()}).find("rate"),
            std::string::npos);
  for (const int32_t burst : {0, -1, 16'777'217}) {
    const std::string problem = ProblemOf({.rate = 1, .burst = burst});
    EXPECT_NE(problem.find("burst"), std::string::npos) << burst;
    EXPECT_NE(problem.find("16777216"), std::string::npos) << problem;
  }
  for (const int32_t keys : {0, -1, (1 << 26) + 1}) {
    EXPECT_NE(ProblemOf({.rate = 1, .max_keys = keys}).find("max_keys"), std::string::npos);
  }
}

TEST(KeyedLimiterTest, ProcessesThatShareMemoryMustKnowTheSeed) {
  EXPECT_NE(ProblemOf({.rate = 1, .seed = 0}, true).find("seed"), std::string::npos);
  EXPECT_EQ(ProblemOf({.rate = 1, .seed = 1}, true), "");
}

TEST(KeyedLimiterTest, HasTwoCellsForEachKeyInWholeSets) {
  for (const int32_t keys : {1, 4, 5, 8, 1000, 65'536, 1 << 26}) {
    const Settings settings{.rate = 1, .max_keys = keys};
    const size_t sets = (static_cast<size_t>(keys) * 2 + 7) / 8;
    EXPECT_EQ(KeyedLimiter::MemoryBytes(settings), sizeof(KeyedLimiterMemory) + sets * 64);
    if (keys < 1 << 26) {
      EXPECT_EQ(MakeKeyed(settings)->Snapshot(0).cells, static_cast<int32_t>(sets * 8));
    }
  }
}

TEST(KeyedLimiterTest, ChangesOnlyWhatDoesNotGiveTheCellsTheirMeaning) {
  const auto limiter = MakeKeyed({.rate = 10, .seed = 7});
  Settings settings = limiter->settings();
  EXPECT_EQ(settings.seed, 7u);
  settings.dry_run = true;
  settings.when_full = WhenFull::kAdmit;
  EXPECT_TRUE(limiter->Reconfigure(settings, nullptr));
  EXPECT_TRUE(limiter->settings().dry_run);
  EXPECT_EQ(limiter->settings().when_full, WhenFull::kAdmit);
  Error error;
  for (const auto change : {+[](Settings& s) { s.rate = 11; }, +[](Settings& s) { s.burst = 2; },
                            +[](Settings& s) { s.max_keys = 1; }, +[](Settings& s) { s.seed = 8; },
                            +[](Settings& s) { s.counted = false; }}) {
    Settings changed = settings;
    change(changed);
    EXPECT_FALSE(limiter->Reconfigure(changed, &error));
    EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  }
}

// ---- keys

TEST(KeyedLimiterTest, EachKeyHasTokensOfItsOwn) {
  const auto limiter = MakeKeyed({.rate = 10});
  const std::string long_key(1 << 20, 'x');
  const std::string keys[] = {"",       std::string(1, '\0'), std::string(2, '\0'), "a", "aa", "b",
                              long_key, long_key + "x"};
  for (const std::string& key : keys) EXPECT_TRUE(limiter->TryAcquire(0, key)) << key.size();
  for (const std::string& key : keys) EXPECT_FALSE(limiter->TryAcquire(0, key)) << key.size();
  for (const uint64_t key : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32, ~uint64_t{0}}) {
    EXPECT_TRUE(limiter->TryAcquire(0, key)) << key;
    EXPECT_FALSE(limiter->TryAcquire(0, limiter->HashOf(key))) << key;
  }
}

TEST(KeyedLimiterTest, OnlyTheSameSeedGivesTheSameHash) {
  const auto one = MakeKeyed({.rate = 10, .max_keys = 1, .seed = 1});
  const auto again = MakeKeyed({.rate = 10, .max_keys = 1, .seed = 1});
  const auto two = MakeKeyed({.rate = 10, .max_keys = 1, .seed = 2});
  const auto secret = MakeKeyed({.rate = 10, .max_keys = 1});
  const auto another = MakeKeyed({.rate = 10, .max_keys = 1});
  EXPECT_EQ(secret->settings().seed, 0u);
  const auto check = [&](const auto& key) {
    const uint64_t hash = one->HashOf(key).bits;
    EXPECT_EQ(again->HashOf(key).bits, hash);
    EXPECT_NE(two->HashOf(key).bits, hash);
    EXPECT_NE(secret->HashOf(key).bits, another->HashOf(key).bits);
  };
  check(uint64_t{42});
  check(std::string_view("a key"));
}

// Numbers in a row, or with the same low bits, spread over the sets as random ones do: as many are
// alone in their set as should be, within six standard deviations.
TEST(KeyedLimiterTest, NumbersThatLookAlikeSpreadAsRandomOnesDo) {
  constexpr uint64_t kKeys = 1 << 14;
  constexpr double kAlone = 0.36789 * kKeys;  // e^-1 of as many sets
  for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u}) {
    const auto limiter = MakeKeyed({.rate = 10, .max_keys = 1, .seed = seed});
    for (const uint64_t step : {uint64_t{1}, uint64_t{1} << 20, uint64_t{1} << 50}) {
      std::vector<int> sets(kKeys);
      for (uint64_t i = 0; i < kKeys; ++i) ++sets[limiter->HashOf(i * step).bits >> 50];
      double alone = 0;
      for (const int keys : sets) alone += keys == 1;
      EXPECT_NEAR(alone, kAlone, 6 * 100) << seed << " " << step;
    }
  }
}

TEST(KeyedLimiterTest, KeysOfOneTagInOneSetShareALimit) {
  const auto limiter = MakeKeyed({.rate = 10, .max_keys = 1});
  EXPECT_TRUE(limiter->TryAcquire(0, KeyHash{0x1234'5678'0000'0007}));
  EXPECT_FALSE(limiter->TryAcquire(0, KeyHash{0x9234'5678'0000'0007}));
  // A tag of 0 would be that of an empty cell.
  EXPECT_TRUE(limiter->TryAcquire(0, KeyHash{0}));
  EXPECT_FALSE(limiter->TryAcquire(0, KeyHash{0}));
}

// ---- exact

TEST(KeyedLimiterTest, WhoWaitsAsLongAsItWasToldIsAdmittedAndNoSooner) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    const double rates[] = {1e9, 1e6, 1000, 10, 3, 7.0 / 60, 0.1, 1.0 / 3, 6e8, 12345.678};
    const Settings settings{.rate = rates[random() % std::size(rates)],
                            .burst = static_cast<int32_t>(1 + random() % 20),
                            .max_keys = 1};
    const auto limiter = MakeKeyed(settings);
    const auto now = static_cast<Nanos>(random() >> 2);
    const auto n = static_cast<int64_t>(1 + random() % static_cast<uint64_t>(settings.burst));
    while (limiter->TryAcquire(now, "a")) {
    }
    // At an earlier time too, as far as the latest has moved.
    const Nanos at = now - static_cast<Nanos>(random() % 1000);
    const LimiterDecision refused = limiter->TryAcquire(at, "a", n);
    const Nanos wait = limiter->Describe(refused, at, n).retry_after;
    ASSERT_GT(wait, 0);
    ASSERT_FALSE(limiter->TryAcquire(at + wait - 1, "a", n)) << settings.rate << " after " << wait;
    ASSERT_TRUE(limiter->TryAcquire(at + wait, "a", n)) << settings.rate << " after " << wait;
  }
}

TEST(KeyedLimiterTest, APollAtEachPeriodIsAlwaysAdmitted) {
  const auto ten = MakeKeyed({.rate = 10, .max_keys = 1});
  const auto three = MakeKeyed({.rate = 3, .max_keys = 1});
  for (Nanos k = 1; k <= 1'000'000; ++k) {
    ASSERT_TRUE(ten->TryAcquire(k * kPeriod, "a")) << k;
    ASSERT_FALSE(ten->TryAcquire(k * kPeriod + kPeriod - kPeriod / 4096 - 1, "a")) << k;
    ASSERT_TRUE(three->TryAcquire(k * 333'333'334, "a")) << k;
  }
}

TEST(KeyedLimiterTest, ABurstOfAnySizeIsThereToTheLastToken) {
  for (const int32_t burst : {1, 2, 3, 4096, 4097, 100'000, 16'777'215, 16'777'216}) {
    for (const double rate : {1e-10, 0.1, 10.0, 3.0, 1e6, 1e9}) {
      const auto limiter = MakeKeyed({.rate = rate, .burst = burst, .max_keys = 1});
      ASSERT_TRUE(limiter->TryAcquire(kYear, "a", burst)) << burst << " " << rate;
      ASSERT_EQ(KeyedAnswerOf(limiter->TryAcquire(kYear, "a")), "exhausted") << burst;
      ASSERT_TRUE(limiter->TryAcquire(kYear, "b", burst - burst / 2)) << burst;
      ASSERT_EQ(limiter->TryAcquire(kYear, "b", burst / 2).reason, 0) << burst;
      ASSERT_EQ(KeyedAnswerOf(limiter->TryAcquire(kYear, "b")), "exhausted") << burst;
    }
  }
}

// governor's keyed_dashmap.rs has a call that removes keys, one interval after they are as good as
// new; here they go by themselves, when they are.
TEST(KeyedLimiterTest, AKeyGoesExactlyWhenItIsAsGoodAsNew) {
  const auto limiter = MakeKeyed({.rate = 1});
  constexpr Nanos kMs = 1'000'000;
  ASSERT_TRUE(limiter->TryAcquire(0, "foo"));
  ASSERT_TRUE(limiter->TryAcquire(200 * kMs, "bar"));
  ASSERT_TRUE(limiter->TryAcquire(800 * kMs, "baz"));
  EXPECT_EQ(limiter->CountLiveKeys(800 * kMs), 3);
  EXPECT_EQ(limiter->CountLiveKeys(1000 * kMs - 1), 3);
  EXPECT_EQ(limiter->CountLiveKeys(1000 * kMs), 2);
  EXPECT_EQ(limiter->CountLiveKeys(1200 * kMs), 1);
  EXPECT_EQ(limiter->CountLiveKeys(1800 * kMs), 0);
}

TEST(KeyedLimiterTest, GivesBackWhatWasNotUsedAndNoMore) {
  const auto limiter = MakeKeyed({.rate = 10, .burst = 5});
  limiter->Refund(0, "nobody", 3);
  EXPECT_EQ(limiter->CountLiveKeys(0), 0);
  ASSERT_TRUE(limiter->TryAcquire(0, "a", 5));
  limiter->Refund(0, "a", 2);
  EXPECT_FALSE(limiter->TryAcquire(0, "a", 3));
  EXPECT_TRUE(limiter->TryAcquire(0, "a", 2));
  for (const int64_t n : {kLeast, int64_t{-1}, int64_t{0}}) limiter->Refund(0, "a", n);
  EXPECT_FALSE(limiter->TryAcquire(0, "a"));
  limiter->Refund(0, "a", kMost);
  EXPECT_EQ(limiter->CountLiveKeys(0), 0);
  EXPECT_TRUE(limiter->TryAcquire(0, "a", 5));
  EXPECT_FALSE(limiter->TryAcquire(0, "a"));
}

TEST(KeyedLimiterTest, AForgottenKeyIsAsGoodAsNew) {
  const auto limiter = MakeKeyed(kTenASecond);
  limiter->Forget("nobody");
  ASSERT_TRUE(limiter->TryAcquire(0, "a", 2));
  ASSERT_TRUE(limiter->TryAcquire(0, uint64_t{1}, 2));
  limiter->Forget("a");
  EXPECT_EQ(limiter->CountLiveKeys(0), 1);
  EXPECT_TRUE(limiter->TryAcquire(0, "a", 2));
  EXPECT_FALSE(limiter->TryAcquire(0, uint64_t{1}));
  limiter->Forget(uint64_t{1});
  EXPECT_TRUE(limiter->TryAcquire(0, uint64_t{1}));
}

TEST(KeyedLimiterTest, AResetForgetsAllKeysAndLetsTimeBeginAgain) {
  const auto limiter = MakeKeyed(kTenASecond);
  for (uint64_t key = 0; key < 100; ++key) ASSERT_TRUE(limiter->TryAcquire(kYear, key, 2));
  limiter->Reset();
  EXPECT_EQ(limiter->CountLiveKeys(kYear), 0);
  ASSERT_TRUE(limiter->TryAcquire(0, uint64_t{1}, 2));
  EXPECT_FALSE(limiter->TryAcquire(kPeriod - 1, uint64_t{1}));
  EXPECT_TRUE(limiter->TryAcquire(kPeriod, uint64_t{1}));
  EXPECT_EQ(limiter->Snapshot(0).total_admitted, 102U);
}

// ---- times

// x/time/rate stores the older time and pays the gap once more.
TEST(KeyedLimiterTest, ClocksThatDisagreeMintNothing) {
  const auto limiter = MakeKeyed({.rate = 1, .burst = 2});
  int admitted = 0;
  for (int i = 0; i < 1000; ++i) {
    admitted += static_cast<bool>(limiter->TryAcquire(i % 2 == 0 ? 10 * kNanosPerSecond : 0, "a"));
  }
  EXPECT_EQ(admitted, 2);
}

// The cell of a key is another's once its time has passed for that one. If it had not for the key,
// whose clock is behind, the key would be new each time.
TEST(KeyedLimiterTest, ClocksThatDisagreeMintNothingWhereKeysTakeEachOthersCells) {
  for (const Nanos behind : {Nanos{1000}, Nanos{20'000}, Nanos{60'000}, kYear}) {
    const auto limiter = MakeKeyed({.rate = 1e6, .burst = 2, .max_keys = 1});
    const Nanos now = 2 * kYear;
    uint64_t key = 1;
    int admitted = 0;
    for (int i = 0; i < 1000; ++i) {
      admitted += static_cast<bool>(limiter->TryAcquire(now - behind, "a"));
      for (int j = 0; j < 2 * kCells; ++j) limiter->TryAcquire(now, key++);
      if (limiter->Snapshot(0).total_evicted > 0) break;  // then "a" may begin anew
    }
    EXPECT_LE(admitted, 4) << behind;
  }
}

TEST(KeyedLimiterTest, AClockThatJumpsByYearsMintsNothing) {
  const auto limiter = MakeKeyed({.rate = 1e6, .burst = 2});
  ASSERT_TRUE(limiter->TryAcquire(kYear, "a", 2));
  ASSERT_TRUE(limiter->TryAcquire(100 * kYear, "b"));
  // "a" was full again at a time that somebody has seen. After that nothing flows until time
  // catches up.
  EXPECT_TRUE(limiter->TryAcquire(kYear, "a", 2));
  const Nanos times[] = {kLeast, -1, 0, 1, kYear, 50 * kYear, 100 * kYear};
  for (const Nanos now : times) {
    EXPECT_FALSE(limiter->TryAcquire(now, "a")) << now;
    const Nanos told = limiter->Describe(limiter->TryAcquire(now, "a"), now, 1).retry_after;
    EXPECT_EQ(told, 100 * kYear + 1000 - std::max<Nanos>(now, 0)) << now;
  }
  EXPECT_TRUE(limiter->TryAcquire(100 * kYear + 1000, "a"));
}

// The time of a cell begins again at 0 when its clock ends a turn.
TEST(KeyedLimiterTest, ABurstAcrossTheEndOfATurnIsNoMoreThanOne) {
  const auto limiter = MakeKeyed({.rate = 1e6, .burst = 3, .max_keys = 1});
  const Nanos now = (Nanos{1} << 39) - 1500;  // of the nanoseconds that are the unit here
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter->TryAcquire(now, "a"));
  EXPECT_FALSE(limiter->TryAcquire(now, "a"));
  EXPECT_FALSE(limiter->TryAcquire(now + 2999, "a", 3));
  EXPECT_TRUE(limiter->TryAcquire(now + 3000, "a", 3));
}

// After a whole turn of its clock a cell may look as if it had just been used up: then its key
// waits once for what a burst takes, and the time by which calls may be late.
TEST(KeyedLimiterTest, AKeyThatComesBackAfterAWholeTurnWaitsForABurstAtMost) {
  constexpr Nanos kTurn = Nanos{1} << 39;  // of the nanoseconds that are the unit here
  const auto limiter = MakeKeyed({.rate = 1e6, .burst = 3, .max_keys = 1});
  for (const Nanos turns : {1, 2, 1000}) {
    const Nanos now = turns * (kTurn * 5 + kNanosPerSecond);
    ASSERT_TRUE(limiter->TryAcquire(now, "a", 3));
    EXPECT_TRUE(limiter->TryAcquire(now + kTurn - 100'000, "b"));
    const LimiterDecision back = limiter->TryAcquire(now + kTurn, "a", 0);
    EXPECT_EQ(limiter->Describe(back, now + kTurn, 0).reset_after, 3000);
    EXPECT_TRUE(limiter->TryAcquire(now + kTurn + 3000, "a", 3));
  }
}

// nginx keeps 1 request a minute as 16 thousandths a second: 0.96 a minute.
TEST(KeyedLimiterTest, NginxOneAMinuteIsOneAMinute) {
  const auto limiter = MakeKeyed({.rate = 1.0 / 60, .max_keys = 1});
  constexpr Nanos kMinute = 60 * kNanosPerSecond;
  for (Nanos i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(limiter->TryAcquire(i * kMinute, "a")) << i;
    ASSERT_FALSE(limiter->TryAcquire((i + 1) * kMinute - 15'000'000, "a")) << i;
  }
}

// ---- bad input

TEST(KeyedLimiterTest, NoCountOrTimeMintsTokens) {
  const int64_t counts[] = {kLeast, -3, -1, 0, 1, 2, 3, int64_t{1} << 32, kMost - 1, kMost};
  const Nanos times[] = {kLeast, -1, 0, 1, kPeriod, kForever - 1, kForever};
  for (const double rate : {10.0, 3.0, 1e9, 1e-10}) {
    for (const Nanos now : times) {
      for (const int64_t n : counts) {
        const auto limiter = MakeKeyed({.rate = rate, .burst = 2, .max_keys = 1});
        const LimiterDecision decision = limiter->TryAcquire(now, "a", n);
        EXPECT_EQ(KeyedAnswerOf(decision), n < 0 ? "misuse" : n > 2 ? "exceeds_burst" : "admitted");
        const LimitStatus status = limiter->Describe(decision, now, n);
        EXPECT_EQ(status.retry_after == kForever, n > 2);
        limiter->Refund(now, "a", n);
        int taken = 0;
        while (limiter->TryAcquire(now, "a")) ++taken;
        EXPECT_LE(taken, 2);
      }
    }
  }
}

TEST(KeyedLimiterTest, AnswersWhateverTheMemoryHolds) {
  std::mt19937_64 random(1);
  const Settings settings{.rate = 1000, .burst = 3, .max_keys = kOneSet};
  const size_t bytes = KeyedLimiter::MemoryBytes(settings);
  const std::unique_ptr<void, PolicyMemoryDelete> memory(
      ::operator new (bytes, std::align_val_t{kStripeAlignment}));
  auto* words = static_cast<uint64_t*>(memory.get());
  for (int i = 0; i < 3000; ++i) {
    for (size_t j = 0; j < bytes / 8; ++j) words[j] = random() >> random() % 64;
    const auto limiter = MakeKeyed(settings, memory.get());
    // Claims and cells of the very keys among them, several of one.
    const uint64_t tag = KeyedLimiterWord::TagOf(limiter->HashOf("a"));
    for (int j = 0; j < kCells; ++j) {
      if (random() % 2 == 0)
        words[bytes / 8 - 1 - static_cast<size_t>(j)] = tag << 40 | random() >> 24;
    }
    for (int step = 0; step < 20; ++step) {
      const auto now = static_cast<Nanos>(random());
      const LimiterDecision decision = limiter->TryAcquire(now, random() % 2 ? "a" : "b");
      EXPECT_GE(limiter->Describe(decision, now, 1).remaining, 0);
      limiter->Refund(now, "a", 1);
      limiter->Forget("b");
      limiter->CountLiveKeys(now);
    }
  }
}

}  // namespace
}  // namespace spillway
