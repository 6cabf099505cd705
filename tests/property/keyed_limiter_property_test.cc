// Random options and random timed calls of many keys: each key is answered as exact arithmetic
// does while the table has room, and what differs when it is full is counted.
//
// A failure prints its seed. SPILLWAY_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "spillway/limiter/keyed_limiter.h"
#include "tests/support/exact_keys.h"
#include "tests/support/keyed_limiters.h"
#include "tests/support/random.h"
#include "tests/support/random_buckets.h"
#include "tests/support/seeds.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kSeeds = 1500;
constexpr int kSteps = 400;

// Times that pass by periods and parts of them, and step back now and then: a little, or far.
class Clock {
 public:
  Clock(Random& random, const KeyedLimiterSettings& settings) : random_(random) {
    const double period = 1e9 / settings.rate;
    period_ = static_cast<Nanos>(std::clamp(period, 1.0, 1e15));
    // From the units of the coarsest clock on, so that its rounding has no part in it.
    now_ = random_.Of<Nanos>({0, 1, random_.Below(Nanos{1} << 50), Nanos{1} << 60});
  }
  Nanos Next() {
    if (random_.OneIn(3)) now_ += random_.Below(period_ * 3 + 1);
    if (random_.OneIn(50)) now_ += random_.Below(Nanos{1} << random_.Below(50));
    if (!random_.OneIn(5)) return now_;
    const Nanos back = random_.OneIn(3) ? Nanos{1} << 55 : period_ * 4;
    return now_ - random_.Below(back);
  }

 private:
  Random& random_;
  Nanos period_;
  Nanos now_ = 0;
};

KeyedLimiterSettings RandomSettings(Random& random, int32_t max_keys) {
  KeyedLimiterSettings settings;
  settings.rate = RandomRate(random);
  settings.burst = std::min(RandomBurst(random), 16'777'216);
  settings.max_keys = max_keys;
  settings.seed = random.Below<uint64_t>(1000);
  return settings;
}

int64_t RandomCount(Random& random, int32_t burst) {
  if (random.OneIn(20)) return random.Of<int64_t>({0, burst + int64_t{1}, int64_t{1} << 62});
  return 1 + random.Below<int64_t>(random.OneIn(3) ? burst : std::min(burst, 3));
}

// What is told of a decision follows from how long the key takes to have all its tokens.
void CheckStatus(const KeyedLimiter& limiter, const ExactKeys& exact, const LimiterDecision& got,
                 Nanos at, int64_t n, int64_t ahead) {
  const LimitStatus status = limiter.Describe(got, at, n);
  const int64_t burst = limiter.settings().burst;
  ASSERT_EQ(status.remaining,
            (exact.capacity() - std::min(ahead, exact.capacity())) / exact.token());
  ASSERT_EQ(status.limit, burst);
  ASSERT_EQ(status.retry_after == kForever && n > burst, n > burst);
  // Waits end when the clock shows so much more, and no nanosecond before.
  const auto check = [&](Nanos wait, int64_t units) {
    const Nanos from = std::max<Nanos>(at, 0);
    ASSERT_EQ(wait == 0, units <= 0);
    if (units <= 0 || wait == kForever) return;
    ASSERT_GE(exact.Units(from + wait), exact.TimeOf(at) + units);
    ASSERT_LT(exact.Units(from + wait - 1), exact.TimeOf(at) + units);
  };
  check(status.reset_after, ahead);
  if (n <= burst && !got) check(status.retry_after, ahead + n * exact.token() - exact.capacity());
}

TEST(KeyedLimiterPropertyTest, AnswersAsExactArithmeticDoesForEachKey) {
  ForEachSeed(kSeeds, [](uint64_t seed) {
    Random random(seed);
    const KeyedLimiterSettings settings = RandomSettings(random, 1024);
    const auto limiter = MakeKeyed(settings);
    ExactKeys exact(settings);
    Clock clock(random, settings);
    const uint64_t keys = 1 + random.Below<uint64_t>(20);
    for (int i = 0; i < kSteps; ++i) {
      const uint64_t key = random.Below(keys);
      const Nanos at = clock.Next();
      const int64_t n = RandomCount(random, settings.burst);
      if (random.OneIn(16)) {
        limiter->Refund(at, key, n);
        exact.Refund(key, at, std::min(n, int64_t{1} << 40));
        continue;
      }
      if (random.OneIn(64)) {
        limiter->Forget(key);
        exact.Forget(key);
        continue;
      }
      const LimiterDecision got = limiter->TryAcquire(at, key, n);
      const bool fits = n == 0 || (n <= settings.burst && exact.Has(key, at, n));
      ASSERT_EQ(KeyedAnswerOf(got), n > settings.burst ? "exceeds_burst"
                                    : fits             ? "admitted"
                                                       : "exhausted")
          << "step " << i << " at " << at << " of " << key << " " << n;
      if (fits && n > 0) exact.Take(key, at, n);
      CheckStatus(*limiter, exact, got, at, n, exact.Ahead(key, at));
      ASSERT_EQ(limiter->CountLiveKeys(at), exact.Live(at)) << "step " << i;
      if (::testing::Test::HasFatalFailure()) return;
    }
    ASSERT_EQ(limiter->Snapshot(0).total_evicted, 0u);
  });
}

// More keys than cells. A key may take more than its due only after it was evicted, and then as
// much as was forgiven; or without a cell.
TEST(KeyedLimiterPropertyTest, WhatAFullTableGivesBesideIsCounted) {
  ForEachSeed(kSeeds, [](uint64_t seed) {
    Random random(seed);
    KeyedLimiterSettings settings = RandomSettings(random, 4);
    settings.when_full = static_cast<KeyedLimiterWhenFull>(random.Below(3));
    const auto limiter = MakeKeyed(settings);
    // The forgiveness is counted in tokens, so all keys call at one time.
    const Nanos at = random.Below(Nanos{1} << 50);
    ExactKeys exact(settings);
    const uint64_t keys = 4 + random.Below<uint64_t>(20);
    int64_t taken = 0;
    for (int i = 0; i < kSteps; ++i) {
      const uint64_t key = random.Below(keys);
      const int64_t n = 1 + random.Below<int64_t>(std::min(settings.burst, 3));
      const auto before = limiter->Snapshot(0);
      const LimiterDecision got = limiter->TryAcquire(at, key, n);
      const auto after = limiter->Snapshot(0);
      const bool has = exact.Has(key, at, n);
      if (settings.when_full != KeyedLimiterWhenFull::kEvict) {
        // Whoever has a cell is answered as ever.
        const bool without = after.total_admitted_without_cell + after.total_refused_without_cell !=
                             before.total_admitted_without_cell + before.total_refused_without_cell;
        ASSERT_EQ(static_cast<bool>(got),
                  without ? settings.when_full == KeyedLimiterWhenFull::kAdmit : has);
        if (got && !without) exact.Take(key, at, n);
        ASSERT_EQ(after.total_evicted, 0u);
      } else if (got) {
        taken += n;
      } else {
        ASSERT_EQ(KeyedAnswerOf(got), "exhausted");
      }
    }
    if (settings.when_full == KeyedLimiterWhenFull::kEvict) {
      for (uint64_t key = 0; key < keys; ++key) {
        taken -= static_cast<int64_t>(limiter->TryAcquire(at, key, 0).detail) / exact.token();
      }
      ASSERT_EQ(taken, static_cast<int64_t>(limiter->Snapshot(0).total_forgiven_tokens))
          << "what was taken is in the cells, or was forgiven";
    }
  });
}

}  // namespace
}  // namespace spillway::testing
