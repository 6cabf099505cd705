// Random windows and random times: the limiter answers as a list of times does, and admits no more
// than its limits in any interval.
//
// A failure prints its seed and each step. SPILLWAY_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "spillway/limiter/sliding_window_limiter.h"
#include "tests/support/policies.h"
#include "tests/support/random.h"
#include "tests/support/seeds.h"
#include "tests/support/sliding_window_duel.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kSeeds = 1000;

SlidingWindowLimiterSettings RandomSettings(Random& random) {
  constexpr int32_t kMost = TimesOfWindows::kMostLimit;
  const Nanos scale = random.Of({Nanos{1}, Nanos{1000}, kNanosPerSecond});
  SlidingWindowLimiterSettings settings;
  settings.limit = 1 + random.Below(kMost);
  settings.per_ns = (1 + random.Below<Nanos>(30)) * scale;
  if (random.OneIn(2)) {
    settings.second_limit = 1 + random.Below(kMost);
    settings.second_per_ns = (1 + random.Below<Nanos>(90)) * scale;
  }
  if (random.OneIn(3)) {
    settings.third_limit = 1 + random.Below(kMost);
    settings.third_per_ns = (1 + random.Below<Nanos>(200)) * scale;
  }
  settings.counted = random.OneIn(2);
  return settings;
}

TEST(SlidingWindowLimiterPropertyTest, AnswersAsAListOfTimesDoes) {
  ForEachSeed(kSeeds, [](uint64_t seed) {
    Random random(seed);
    const SlidingWindowLimiterSettings settings = RandomSettings(random);
    const Nanos begin = random.OneIn(2) ? 0 : random.Below(Nanos{1} << 62);
    SlidingWindowDuel duel(settings, begin, random);
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(duel.TakeStep()) << duel.Story();
    }
  });
}

// Callers whose clocks have nothing to do with each other. An interval is half open.
TEST(SlidingWindowLimiterPropertyTest, NoIntervalOfTheCallersTimesHoldsMoreThanALimit) {
  uint64_t admitted_in_all = 0;
  uint64_t runs = 0;
  ForEachSeed(kSeeds, [&](uint64_t seed) {
    ++runs;
    Random random(seed);
    const SlidingWindowLimiterSettings settings = RandomSettings(random);
    const auto limiter = MakePolicy<SlidingWindowLimiter>(settings);
    std::vector<Nanos> admitted;
    Nanos clocks[4] = {};
    for (int i = 0; i < 400; ++i) {
      Nanos& clock = clocks[random.Below(4)];
      clock += random.Below(settings.per_ns) - settings.per_ns / 4;
      if (limiter->TryAcquire(clock)) admitted.push_back(std::max<Nanos>(clock, 0));
    }
    std::sort(admitted.begin(), admitted.end());
    admitted_in_all += admitted.size();
    for (const auto& [limit, per] : {std::pair{settings.limit, settings.per_ns},
                                     {settings.second_limit, settings.second_per_ns},
                                     {settings.third_limit, settings.third_per_ns}}) {
      const auto size = static_cast<size_t>(limit);
      for (size_t last = size; size != 0 && last < admitted.size(); ++last) {
        ASSERT_GE(admitted[last] - admitted[last - size], per) << Describe(settings);
      }
    }
  });
  EXPECT_GT(admitted_in_all, runs * 20);
}

}  // namespace
}  // namespace spillway::testing
