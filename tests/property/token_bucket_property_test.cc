// Random options and random timed calls: the bucket answers as exact arithmetic does.
//
// A failure prints its seed and each step. SPILLWAY_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "spillway/limiter/token_bucket.h"
#include "tests/support/buckets.h"
#include "tests/support/random.h"
#include "tests/support/token_bucket_duel.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kSeeds = 6000;
constexpr int kSteps = 200;

template <class Body>
void ForEachSeed(const Body& body) {
  const char* only = std::getenv("SPILLWAY_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? kSeeds : first;
  for (uint64_t seed = first; seed <= last && !::testing::Test::HasFailure(); ++seed) body(seed);
}

TokenBucketSettings RandomSettings(Random& random) {
  TokenBucketSettings settings;
  settings.rate = TokenBucketDuel::RandomRate(random);
  settings.burst = TokenBucketDuel::RandomBurst(random);
  if (random.OneIn(2)) settings.initial_tokens = random.Below(settings.burst + 1);
  settings.counted = random.OneIn(2);
  return settings;
}

TEST(TokenBucketPropertyTest, AnswersAsExactArithmeticDoes) {
  ForEachSeed([](uint64_t seed) {
    Random random(seed);
    const TokenBucketSettings settings = RandomSettings(random);
    const std::unique_ptr<TokenBucket> bucket = MakeBucket(settings);
    TokenBucketDuel duel(*bucket, settings, random);
    for (int i = 0; i < kSteps; ++i) {
      ASSERT_TRUE(duel.TakeStep() && duel.Agree()) << "seed " << seed << "\n" << duel.Story();
    }
  });
}

}  // namespace
}  // namespace spillway::testing
