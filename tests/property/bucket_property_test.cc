// Random options and random timed calls: a bucket answers as exact arithmetic does, and gives what
// its rate says.
//
// A failure prints its seed and each step. SPILLWAY_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "spillway/base/rate.h"
#include "spillway/limiter/token_bucket.h"
#include "spillway/limiter/token_clock.h"
#include "tests/support/bucket_duel.h"
#include "tests/support/buckets.h"
#include "tests/support/random.h"
#include "tests/support/random_buckets.h"
#include "tests/support/seeds.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kSeeds = 6000;
constexpr int kSteps = 200;

TokenBucketSettings RandomSettings(Random& random) {
  TokenBucketSettings settings;
  settings.rate = RandomRate(random);
  settings.burst = RandomBurst(random);
  if (random.OneIn(2)) settings.initial_tokens = random.Below(settings.burst + 1);
  settings.counted = random.OneIn(2);
  return settings;
}

LeakyBucketSettings RandomLeakySettings(Random& random) {
  LeakyBucketSettings settings;
  settings.rate = RandomRate(random);
  settings.capacity = RandomBurst(random);
  if (random.OneIn(2)) settings.free = RandomBurst(random);
  settings.counted = random.OneIn(2);
  return settings;
}

template <class Bucket, class MakeSettings>
void Duel(const MakeSettings& make_settings) {
  ForEachSeed(kSeeds, [&](uint64_t seed) {
    Random random(seed);
    const typename Bucket::Settings settings = make_settings(random);
    const std::unique_ptr<Bucket> bucket = MakePolicy<Bucket>(settings);
    BucketDuel<Bucket> duel(*bucket, settings, random);
    for (int i = 0; i < kSteps; ++i) {
      ASSERT_TRUE(duel.TakeStep() && duel.Agree()) << "seed " << seed << "\n" << duel.Story();
    }
  });
}

TEST(TokenBucketPropertyTest, AnswersAsExactArithmeticDoes) { Duel<TokenBucket>(RandomSettings); }
TEST(LeakyBucketPropertyTest, AnswersAsExactArithmeticDoes) {
  Duel<LeakyBucket>(RandomLeakySettings);
}

// Somebody who takes all there is, before the bucket is full again, gets burst + rate * t to the
// last token, through any number of calls; refusals in between and late calls change nothing.
TEST(TokenBucketPropertyTest, GivesWhatTheRateSaysAndNoMore) {
  ForEachSeed(kSeeds, [](uint64_t seed) {
    Random random(seed);
    const double per_second = RandomRate(random);
    const int32_t burst = 2 + random.Below(50);
    const std::unique_ptr<TokenBucket> bucket = MakeBucket({.rate = per_second, .burst = burst});
    const Rate rate = RateOf(per_second);
    const auto period =
        static_cast<Nanos>(std::min(rate.nanos / rate.events, Wide{1} << 62));  // rounded down
    const uint64_t units = TokenClock(per_second, burst).token() / 4;
    const bool is_nanos = rate.nanos == Wide{rate.events} * units;
    const Wide slack = is_nanos ? 0 : rate.nanos / units * 2 + 2;
    const Nanos start = random.Below(Nanos{1} << 61);
    Nanos now = start;
    Wide taken = 0;
    for (int i = 0; i < kSteps && now < start + (Nanos{1} << 61); ++i) {
      taken += static_cast<Wide>(bucket->AcquireUpTo(now, kForever));
      const Wide flowed =
          static_cast<Wide>(now - start) * rate.events + static_cast<Wide>(burst) * rate.nanos;
      ASSERT_TRUE(taken <= (flowed + slack) / rate.nanos) << "seed " << seed << " step " << i;
      ASSERT_TRUE(taken >= (flowed - std::min(flowed, slack)) / rate.nanos)
          << "seed " << seed << " step " << i;
      ASSERT_FALSE(bucket->TryAcquire(now)) << "seed " << seed << " step " << i;
      ASSERT_FALSE(bucket->TryAcquire(now - random.Below(std::min(now, Nanos{1} << 57) + 1)));
      now += random.Below(std::min(period / 2, (Nanos{1} << 61) / burst) * burst + 1);
    }
  });
}

}  // namespace
}  // namespace spillway::testing
