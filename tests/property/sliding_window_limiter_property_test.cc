// Random windows and random times: the limiter answers as a list of times does, and admits no more
// than its limits in any interval.
//
// A failure prints its seed and each step.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "spillway/limiter/sliding_window_limiter.h"
#include "tests/support/policies.h"
#include "tests/support/random.h"
#include "tests/support/sliding_window_duel.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kSeeds = 1000;

TEST(SlidingWindowLimiterPropertyTest, AnswersAsAListOfTimesDoes) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Random random(seed);
    const SlidingWindowLimiterSettings settings = RandomWindows(random);
    const Nanos begin = random.OneIn(2) ? 0 : random.Below(Nanos{1} << 62);
    SlidingWindowDuel duel(settings, begin, random);
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(duel.TakeStep()) << "seed " << seed << "\n" << duel.Story();
    }
  }
}

// Callers whose clocks have nothing to do with each other. An interval is half open.
TEST(SlidingWindowLimiterPropertyTest, NoIntervalOfTheCallersTimesHoldsMoreThanALimit) {
  uint64_t admitted_in_all = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Random random(seed);
    const SlidingWindowLimiterSettings settings = RandomWindows(random);
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
        ASSERT_GE(admitted[last] - admitted[last - size], per) << Describe(settings) << seed;
      }
    }
  }
  EXPECT_GT(admitted_in_all, kSeeds * 20);
}

}  // namespace
}  // namespace spillway::testing
