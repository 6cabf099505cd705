// A multi limiter against buckets that are asked one by one: it admits what each of them would, and
// then takes from each, whatever their rates and whatever was changed meanwhile.
#include "spillway/limiter/multi_limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

#include "tests/support/buckets.h"
#include "tests/support/random.h"
#include "tests/support/random_buckets.h"
#include "tests/support/seeds.h"

namespace spillway::testing {
namespace {

// A member, and a bucket that is made, changed and asked as it is, by itself.
struct Twins {
  explicit Twins(const TokenBucketSettings& settings)
      : member(MakeBucket(settings)), alone(MakeBucket(settings)) {}

  std::unique_ptr<TokenBucket> member;
  std::unique_ptr<TokenBucket> alone;
};

TokenBucketSettings Settings(Random& random) {
  return {.rate = random.OneIn(3) ? RandomRate(random) : std::exp2(random.Below(30)),
          .burst = 1 + random.Below(20),
          .initial_tokens = random.Below(30),
          .dry_run = random.OneIn(10)};
}

TEST(MultiLimiterPropertyTest, AdmitsWhatEachMemberWouldByItself) {
  int admitted = 0;
  int refused = 0;
  ForEachSeed(300, [&](uint64_t seed) {
    Random random(seed);
    std::vector<Twins> twins;
    std::vector<MultiLimiterMember> members;
    for (size_t i = 1 + random.Below(MultiLimiter::kMostMembers); i > 0; --i) {
      twins.emplace_back(Settings(random));
      members.emplace_back(*twins.back().member);
    }
    const auto limiter = MakeMultiLimiter(members);
    Nanos now = random.Below(Nanos{1} << 60);
    for (int step = 0; step < 300; ++step) {
      now += random.OneIn(10) ? -std::min(now, random.Below(kNanosPerSecond))
                              : random.Below(Nanos{1} << random.Below(40));
      const int64_t n = random.OneIn(3) ? 1 + random.Below(5) : 1;
      // It asks them in order, and those behind one that refuses are not asked.
      const auto refuser = std::find_if(twins.begin(), twins.end(), [&](const Twins& twin) {
        const bool lets_pass = twin.alone->settings().dry_run;
        const TokenBucketSnapshot seen = twin.alone->Snapshot(now);
        return !lets_pass && seen.tokens < n;
      });
      const LimiterDecision decision = limiter->TryAcquire(now, n);
      ASSERT_EQ(static_cast<bool>(decision), refuser == twins.end()) << "step " << step;
      (decision ? admitted : refused) += 1;
      if (!decision) {
        ASSERT_EQ(static_cast<ptrdiff_t>(MultiLimiter::Refuser(decision)), refuser - twins.begin());
      }
      for (const Twins& twin : twins) {
        twin.alone->TryAcquire(now, decision ? n : 0);
        ASSERT_EQ(twin.member->Snapshot(now).tokens, twin.alone->Snapshot(now).tokens)
            << "step " << step;
      }
      if (!random.OneIn(50)) continue;
      Twins& changed = twins[random.Below(twins.size())];
      TokenBucketSettings settings = Settings(random);
      settings.initial_tokens = changed.member->settings().initial_tokens;
      for (TokenBucket* bucket : {changed.member.get(), changed.alone.get()})
        ASSERT_TRUE(bucket->Reconfigure(settings, Inheritance::kProportional, now, nullptr));
    }
  });
  EXPECT_GT(admitted, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace spillway::testing
