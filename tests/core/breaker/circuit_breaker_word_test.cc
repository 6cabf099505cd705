#include "spillway/breaker/circuit_breaker_word.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <vector>

namespace spillway {
namespace {

constexpr Phase kPhases[] = {Phase::kClosed,     Phase::kOpen,     Phase::kHalfOpen,
                             Phase::kForcedOpen, Phase::kDisabled, Phase::kMetricsOnly,
                             Phase::kRecovering};
constexpr uint32_t kGenerationsToTry[] = {0, 1, 12345, kGenerations - 1};

TEST(BreakerWordTest, ZeroIsFreshAndClosed) {
  const BreakerWord word(0);
  EXPECT_EQ(word.phase(), Phase::kClosed);
  EXPECT_EQ(word.generation(), 0u);
  EXPECT_EQ(word.period(), 0u);
  EXPECT_EQ(word.step(), 0u);
}

TEST(BreakerWordTest, KeepsPhaseAndGeneration) {
  for (const Phase phase : kPhases) {
    for (const uint32_t generation : kGenerationsToTry) {
      const BreakerWord word = BreakerWord::Idle(phase, generation);
      EXPECT_EQ(word.phase(), phase);
      EXPECT_EQ(word.generation(), generation);
      EXPECT_EQ(word.next_generation(), (generation + 1) % kGenerations);
    }
  }
}

TEST(BreakerWordTest, KeepsWhatACountingPhaseNeeds) {
  for (const uint32_t generation : kGenerationsToTry) {
    for (const uint64_t period : {uint64_t{0}, uint64_t{1}, BreakerWord::kMaxPeriod}) {
      for (const uint32_t step : {0u, 1u, BreakerWord::kMaxStep}) {
        const BreakerWord word =
            BreakerWord::Counting(Phase::kRecovering, generation, period, step);
        EXPECT_EQ(word.phase(), Phase::kRecovering);
        EXPECT_EQ(word.generation(), generation);
        EXPECT_EQ(word.period(), period);
        EXPECT_EQ(word.step(), step);
      }
    }
  }
}

TEST(BreakerWordTest, PeriodsSaturate) {
  const BreakerWord word = BreakerWord::Counting(Phase::kClosed, 1, BreakerWord::kMaxPeriod + 1, 0);
  EXPECT_EQ(word.period(), BreakerWord::kMaxPeriod);
  EXPECT_EQ(word.generation(), 1u);
}

TEST(BreakerWordTest, KnowsTheEndOfTheOpenTimeToASeventhOfASecondAndNeverTooEarly) {
  constexpr Nanos kUnit = Nanos{1} << 27;
  for (const Nanos until :
       {Nanos{0}, Nanos{1}, kUnit - 1, kUnit, Nanos{1} << 62, kForever - kUnit, kForever}) {
    const BreakerWord word = BreakerWord::Open(7, until, 31);
    EXPECT_GE(word.latest_open_until(), until);
    EXPECT_LT(static_cast<uint64_t>(word.latest_open_until()) - static_cast<uint64_t>(until),
              static_cast<uint64_t>(kUnit));
    EXPECT_EQ(word.phase(), Phase::kOpen);
    EXPECT_EQ(word.generation(), 7u);
    EXPECT_EQ(word.step(), 31u);
  }
}

TEST(BreakerWordTest, KeepsProbes) {
  for (const BreakerWord::Probes probes :
       {BreakerWord::Probes{}, BreakerWord::Probes{1, 0, 0, 0, 1},
        BreakerWord::Probes{63, 62, 61, 60, 4094}, BreakerWord::Probes{63, 63, 63, 63, 4095}}) {
    const BreakerWord word = BreakerWord::HalfOpen(kGenerations - 1, probes, 31);
    EXPECT_EQ(word.probes().issued, probes.issued);
    EXPECT_EQ(word.probes().done, probes.done);
    EXPECT_EQ(word.probes().failed, probes.failed);
    EXPECT_EQ(word.probes().slow, probes.slow);
    EXPECT_EQ(word.probes().ignored, probes.ignored);
    EXPECT_EQ(word.probes().running(), probes.issued - probes.done);
    EXPECT_EQ(word.generation(), kGenerations - 1);
    EXPECT_EQ(word.step(), 31u);
  }
}

TEST(BreakerWordTest, CountsIgnoredProbesFromZeroAgainAndTouchesNothingElse) {
  const BreakerWord::Probes probes{.issued = 3, .done = 2, .failed = 1, .slow = 1, .ignored = 4096};
  const BreakerWord word = BreakerWord::HalfOpen(7, probes, 31);
  EXPECT_EQ(word.probes().ignored, 0u);
  EXPECT_EQ(word.probes().slow, 1u);
  EXPECT_EQ(word.step(), 31u);
}

TEST(BreakerWordTest, StampsDifferByPhaseAndGeneration) {
  std::set<uint64_t> stamps;
  for (const Phase phase : kPhases) {
    for (const uint32_t generation : kGenerationsToTry) {
      stamps.insert(BreakerWord::Counting(phase, generation, 5, 6).stamp());
      EXPECT_EQ(BreakerWord::Counting(phase, generation, 5, 6).stamp(),
                BreakerWord::Idle(phase, generation).stamp());
    }
  }
  EXPECT_EQ(stamps.size(), std::size(kPhases) * std::size(kGenerationsToTry));
}

// ---- thresholds

OutcomeCounts CountsOf(uint64_t failed, uint64_t slow, uint64_t total) {
  OutcomeCounts counts;
  counts.by_class[kFailed] = failed;
  counts.by_class[kSlowOk] = slow;
  counts.by_class[kOk] = total - failed - slow;
  return counts;
}

TEST(TripRuleTest, EveryPercentIsExact) {
  for (uint64_t percent = 1; percent <= 100; ++percent) {
    const TripRule failures{
        .failure_rate = percent * 100, .slow_rate = 0, .min_calls = 1, .failures = 0};
    const TripRule slow{
        .failure_rate = 10'000, .slow_rate = percent * 100, .min_calls = 1, .failures = 0};
    for (uint64_t total = 1; total <= 300; ++total) {
      for (uint64_t part = 0; part < total; ++part) {
        const bool reached = part * 100 >= percent * total;
        ASSERT_EQ(failures.Judge(CountsOf(part, 0, total)) == Verdict::kFailures, reached);
        ASSERT_EQ(slow.Judge(CountsOf(0, part, total)) == Verdict::kSlow, reached);
        ASSERT_EQ(slow.JudgeInFlight(part, total) == Verdict::kSlow, reached);
      }
    }
  }
}

TEST(TripRuleTest, TheLargestCountsDoNotOverflow) {
  const TripRule rule{.failure_rate = 10'000, .slow_rate = 10'000, .min_calls = 1, .failures = 0};
  // More calls of a class than a window can tell apart.
  constexpr uint64_t kMost = uint64_t{1} << 48;
  EXPECT_EQ(rule.Judge(CountsOf(kMost, 0, kMost)), Verdict::kFailures);
  EXPECT_EQ(rule.Judge(CountsOf(kMost - 1, 0, kMost)), Verdict::kNone);
}

TEST(TripRuleTest, NothingTripsBelowTheMinimum) {
  const TripRule rule{.failure_rate = 1, .slow_rate = 1, .min_calls = 10, .failures = 0};
  EXPECT_EQ(rule.Judge(CountsOf(9, 0, 9)), Verdict::kNone);
  EXPECT_EQ(rule.Judge(CountsOf(0, 9, 9)), Verdict::kNone);
  EXPECT_EQ(rule.JudgeInFlight(9, 9), Verdict::kNone);
  EXPECT_EQ(rule.Judge(CountsOf(10, 0, 10)), Verdict::kFailures);
  EXPECT_EQ(rule.JudgeInFlight(10, 10), Verdict::kSlow);
}

TEST(TripRuleTest, FailuresInANumberNeedNoMinimum) {
  const TripRule rule{.failure_rate = 10'000, .slow_rate = 10'000, .min_calls = 10, .failures = 3};
  EXPECT_EQ(rule.Judge(CountsOf(2, 2, 4)), Verdict::kNone);
  EXPECT_EQ(rule.Judge(CountsOf(3, 3, 6)), Verdict::kFailures);
  EXPECT_EQ(rule.Judge(CountsOf(0, 3, 3)), Verdict::kSlow);
}

// What `budget` probes come to if the first `done` went as they did and the rest all went well, or
// all badly. When both agree, and not before, the verdict stands.
Verdict WhenAllAreDone(const TripRule& rule, BreakerWord::Probes probes, uint32_t budget,
                       bool rest_fails) {
  const uint32_t left = budget - probes.done;
  if (rest_fails) probes.failed += left;
  const bool fails =
      rule.failures != 0 ? probes.failed > 0 : Reaches(probes.failed, budget, rule.failure_rate);
  return fails ? Verdict::kFailures : Verdict::kPassed;
}

TEST(TripRuleTest, ProbesAreJudgedAsSoonAsTheRestCannotChangeTheVerdict) {
  for (const uint64_t failures : {0u, 3u}) {
    for (uint64_t rate = 1; rate <= 10'000; rate += 111) {
      const TripRule rule{
          .failure_rate = rate, .slow_rate = 0, .min_calls = 1, .failures = failures};
      for (uint32_t budget = 1; budget <= 12; ++budget) {
        for (uint32_t done = 0; done <= budget; ++done) {
          for (uint32_t failed = 0; failed <= done; ++failed) {
            const BreakerWord::Probes probes{budget, done, failed, 0};
            const Verdict best = WhenAllAreDone(rule, probes, budget, false);
            const Verdict worst = WhenAllAreDone(rule, probes, budget, true);
            ASSERT_EQ(rule.JudgeProbes(probes, budget), best == worst ? best : Verdict::kNone)
                << failed << " of " << done << " of " << budget << " at " << rate;
          }
        }
      }
    }
  }
}

TEST(TripRuleTest, SlowProbesAreJudgedLikeFailedOnes) {
  const TripRule rule{.failure_rate = 10'000, .slow_rate = 5'000, .min_calls = 1, .failures = 0};
  EXPECT_EQ(rule.JudgeProbes({4, 2, 0, 1}, 4), Verdict::kNone);
  EXPECT_EQ(rule.JudgeProbes({4, 2, 0, 2}, 4), Verdict::kSlow);
  EXPECT_EQ(rule.JudgeProbes({4, 3, 0, 0}, 4), Verdict::kPassed);
  const TripRule no_slow{.failure_rate = 10'000, .slow_rate = 0, .min_calls = 1, .failures = 0};
  EXPECT_EQ(no_slow.JudgeProbes({1, 1, 0, 1}, 1), Verdict::kPassed);
  const TripRule in_a_row{.failure_rate = 1, .slow_rate = 1, .min_calls = 1, .failures = 5};
  EXPECT_EQ(in_a_row.JudgeProbes({2, 1, 0, 1}, 2), Verdict::kSlow) << "every probe must pass";
}

TEST(TripRuleTest, MoreProbesThanTheBudgetAreJudgedTogether) {
  const TripRule rule{.failure_rate = 5'000, .slow_rate = 0, .min_calls = 1, .failures = 0};
  EXPECT_EQ(rule.JudgeProbes({5, 5, 2, 0}, 1), Verdict::kPassed);
  EXPECT_EQ(rule.JudgeProbes({4, 4, 2, 0}, 1), Verdict::kFailures);
}

// ---- open time

OpenTime Growing() {
  return {.base = 5 * kNanosPerSecond,
          .backoff = 2,
          .longest = 60 * kNanosPerSecond,
          .jitter = 0,
          .seed = 1};
}

TEST(OpenTimeTest, GrowsUpToTheLongest) {
  std::vector<Nanos> seconds;
  for (uint32_t step = 0; step < 6; ++step) {
    seconds.push_back(Growing().Length(step, 1) / kNanosPerSecond);
  }
  EXPECT_EQ(seconds, (std::vector<Nanos>{5, 10, 20, 40, 60, 60}));
}

TEST(OpenTimeTest, TheLongestOfAllFits) {
  OpenTime time = Growing();
  time.base = 86'400 * kNanosPerSecond;
  time.backoff = 100;
  time.longest = 2'592'000 * kNanosPerSecond;
  time.jitter = 1;
  for (uint32_t step = 0; step <= BreakerWord::kMaxStep; ++step) {
    for (uint32_t generation = 0; generation < 1000; ++generation) {
      const Nanos length = time.Length(step, generation);
      ASSERT_GE(length, time.base);
      ASSERT_LE(length, 2 * time.longest);
    }
  }
}

TEST(OpenTimeTest, JitterLengthensBySomeShareUpToItself) {
  OpenTime time = Growing();
  time.jitter = 0.5;
  const Nanos base = time.base;
  Nanos shortest = kForever;
  Nanos longest = 0;
  double sum = 0;
  constexpr uint32_t kSamples = 10'000;
  for (uint32_t generation = 0; generation < kSamples; ++generation) {
    const Nanos length = time.Length(0, generation);
    EXPECT_EQ(length, time.Length(0, generation)) << "whoever asks gets the same";
    shortest = std::min(shortest, length);
    longest = std::max(longest, length);
    sum += static_cast<double>(length);
  }
  EXPECT_GE(shortest, base);
  EXPECT_LT(shortest, base + base / 100);
  EXPECT_LE(longest, base + base / 2);
  EXPECT_GT(longest, base + base / 2 - base / 100);
  EXPECT_NEAR(sum / kSamples / static_cast<double>(base), 1.25, 0.01);
}

TEST(OpenTimeTest, SeedsDiffer) {
  OpenTime one = Growing();
  one.jitter = 1;
  OpenTime other = one;
  other.seed = 2;
  int same = 0;
  for (uint32_t generation = 0; generation < 100; ++generation) {
    same += one.Length(0, generation) == other.Length(0, generation);
  }
  EXPECT_EQ(same, 0);
}

TEST(OpenTimeTest, HealthTakesStepsBack) {
  const OpenTime time = Growing();
  EXPECT_EQ(time.StepAfter(3, 0), 3u);
  EXPECT_EQ(time.StepAfter(3, 5 * kNanosPerSecond - 1), 3u);
  EXPECT_EQ(time.StepAfter(3, 5 * kNanosPerSecond), 2u);
  EXPECT_EQ(time.StepAfter(3, 15 * kNanosPerSecond), 0u);
  EXPECT_EQ(time.StepAfter(3, std::numeric_limits<uint64_t>::max()), 0u);
  EXPECT_EQ(time.StepAfter(0, 0), 0u);
}

TEST(OpenTimeTest, StepsSaturate) {
  EXPECT_EQ(OpenTime::Grown(0), 1u);
  EXPECT_EQ(OpenTime::Grown(BreakerWord::kMaxStep), BreakerWord::kMaxStep);
}

// ---- ramp

TEST(RampTest, AdmitsTheShareOfTheTimeThatHasPassed) {
  constexpr Nanos kRamp = 100 * kNanosPerSecond;
  for (uint64_t percent = 0; percent <= 100; ++percent) {
    const uint64_t elapsed = percent * kNanosPerSecond;
    // From any number of calls on, because the count outlives a ramp.
    for (const uint64_t first : {uint64_t{0}, uint64_t{12'345}, uint64_t{1} << 63}) {
      uint64_t admitted = 0;
      for (uint64_t n = 0; n < 1000; ++n) admitted += Ramp::Admits(first + n, elapsed, kRamp);
      const uint64_t expected = 10 * std::max<uint64_t>(percent, 10);
      ASSERT_NEAR(static_cast<double>(admitted), static_cast<double>(expected), 5) << percent;
    }
  }
}

TEST(RampTest, ARefusedCallIsToldWhenItsTurnComes) {
  for (const Nanos ramp : {Nanos{1'000'000}, 7 * kNanosPerSecond, 3600 * kNanosPerSecond}) {
    for (uint64_t n = 0; n < 1000; ++n) {
      if (Ramp::Admits(n, 0, ramp)) continue;
      const Nanos wait = Ramp::Wait(n, 0, ramp);
      ASSERT_GT(wait, 0);
      ASSERT_LE(wait, ramp);
      ASSERT_TRUE(Ramp::Admits(n, static_cast<uint64_t>(wait), ramp)) << n;
      ASSERT_FALSE(Ramp::Admits(n, static_cast<uint64_t>(wait) - 2, ramp)) << n;
    }
  }
}

}  // namespace
}  // namespace spillway
