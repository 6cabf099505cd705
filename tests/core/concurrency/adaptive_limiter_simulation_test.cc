// The limit finds itself: callers who would make more calls than a callee can work on, for long,
// on a clock that is set by hand. docs/adaptive_limiter.md tells what the peers do here.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "spillway/concurrency/adaptive_limiter.h"
#include "tests/support/policies.h"
#include "tests/support/simulated_callee.h"

namespace spillway::testing {
namespace {

using Load = SimulatedCallee::Load;
using Result = SimulatedCallee::Result;

constexpr Nanos kSecond = kNanosPerSecond;
constexpr Nanos kMs = 1'000'000;

// `load`: of what the workers can do.
Load Overload(double load, size_t workers, Nanos work = 20 * kMs) {
  return {.a_second = load * static_cast<double>(workers) * 1e9 / static_cast<double>(work),
          .work = work,
          .workers = workers};
}

struct Simulation {
  explicit Simulation(const AdaptiveLimiterSettings& settings)
      : limiter(MakePolicy<AdaptiveLimiter>(settings)), callee(*limiter) {}

  double Baseline(const Load& load) const {  // in multiples of the work
    return static_cast<double>(limiter->Snapshot(callee.now()).baseline_ns) /
           static_cast<double>(load.work);
  }

  std::unique_ptr<AdaptiveLimiter> limiter;
  SimulatedCallee callee;
};

AdaptiveLimiterSettings Vegas() {
  AdaptiveLimiterSettings settings;
  settings.algorithm = LimitAlgorithm::kVegas;
  settings.smoothing = 1;
  return settings;
}

// Half and three times as much again as can be done: the limit stays near the workers, the workers
// are busy, and none of that changes with time.
void ExpectBounded(const AdaptiveLimiterSettings& settings, double most, double idle) {
  for (const double load : {1.5, 3.0}) {
    for (const size_t workers : {size_t{4}, size_t{40}}) {
      SCOPED_TRACE(std::to_string(load) + " of " + std::to_string(workers));
      const Load overload = Overload(load, workers, 50 * kMs);
      Simulation simulation(settings);
      simulation.callee.Run(120 * kSecond, overload);
      const Result early = simulation.callee.Run(100 * kSecond, overload);
      simulation.callee.Run(400 * kSecond, overload);
      const Result late = simulation.callee.Run(100 * kSecond, overload);
      for (const Result& result : {early, late}) {
        EXPECT_GE(result.limit, static_cast<double>(workers));
        EXPECT_LE(result.limit, most * static_cast<double>(workers) + 4);
        EXPECT_GE(result.of_capacity, 1 - idle);
      }
      EXPECT_NEAR(late.limit / early.limit, 1, 0.25) << "no drift";
      EXPECT_NEAR(simulation.Baseline(overload), 1, 0.5);
    }
  }
}

TEST(AdaptiveLimiterSimulation, TheGradientHoldsThroughLongOverload) {
  ExpectBounded({}, 1.6, 0.05);
}

TEST(AdaptiveLimiterSimulation, VegasHoldsThroughLongOverload) {
  ExpectBounded(Vegas(), 1.5, 0.08);
}

// Netflix, concurrency-limits#165: a probe under load learned the time with a queue, and the limit
// grew from there. Here the very first baseline is twenty times too long, because the limit begins
// at twenty times the workers.
TEST(AdaptiveLimiterSimulation, ABaselineThatWasLearnedUnderLoadIsUnlearned) {
  for (const auto& settings : {AdaptiveLimiterSettings(), Vegas()}) {
    const Load overload = Overload(3, 1);
    Simulation simulation(settings);
    const Result first = simulation.callee.Run(10 * kSecond, overload);
    EXPECT_LE(first.most, 60);
    simulation.callee.Run(110 * kSecond, overload);
    const Result later = simulation.callee.Run(200 * kSecond, overload);
    EXPECT_LE(later.limit, 8);
    EXPECT_GE(later.of_capacity, 0.85);
    EXPECT_LE(simulation.Baseline(overload), 3.5);
  }
}

// Envoy, envoyproxy/envoy#11579: calls that had begun before a probe counted in it. With half of a
// second in the queue, all calls of the first half of a probe would have.
TEST(AdaptiveLimiterSimulation, CallsFromBeforeAProbeAreNoPartOfIt) {
  const Load overload = Overload(3, 4, 100 * kMs);
  Simulation simulation({});
  simulation.callee.Run(300 * kSecond, overload);
  double worst = 0;
  for (int i = 0; i < 200; ++i) {
    simulation.callee.Run(kSecond, overload);
    worst = std::max(worst, simulation.Baseline(overload));
  }
  EXPECT_LE(worst, 1.7);
}

TEST(AdaptiveLimiterSimulation, CallsThatTakeLongerForAWhileCostOnlyAWhile) {
  for (const auto& settings : {AdaptiveLimiterSettings(), Vegas()}) {
    Simulation simulation(settings);
    const Load fast = Overload(1.5, 40);
    Load slow = fast;
    slow.work *= 3;
    simulation.callee.Run(120 * kSecond, fast);
    const Result before = simulation.callee.Run(60 * kSecond, fast);
    simulation.callee.Run(60 * kSecond, slow);
    const Result during = simulation.callee.Run(60 * kSecond, slow);
    simulation.callee.Run(60 * kSecond, fast);
    const Result after = simulation.callee.Run(60 * kSecond, fast);
    EXPECT_GE(before.of_capacity, 0.92);
    EXPECT_GE(during.of_capacity, 0.9);
    EXPECT_GE(after.of_capacity, 0.92);
    EXPECT_LE(during.most, 100);
    EXPECT_LE(after.most, 100);
  }
}

// The callee refuses what it has no worker for: times say nothing, drops do.
TEST(AdaptiveLimiterSimulation, DropsAloneAreEnough) {
  for (const LimitAlgorithm algorithm :
       {LimitAlgorithm::kGradient, LimitAlgorithm::kVegas, LimitAlgorithm::kAimd}) {
    SCOPED_TRACE(NameOf(algorithm));
    AdaptiveLimiterSettings settings;
    settings.algorithm = algorithm;
    Simulation simulation(settings);
    Load overload = Overload(3, 40, 50 * kMs);
    overload.queue = 0;
    simulation.callee.Run(120 * kSecond, overload);
    const Result result = simulation.callee.Run(300 * kSecond, overload);
    EXPECT_LE(result.most, 80);
    EXPECT_GE(result.of_capacity, 0.8);
  }
}

TEST(AdaptiveLimiterSimulation, VeryFastCalleesAreNotIgnored) {
  AdaptiveLimiterSettings settings;
  settings.window_ns = 50 * kMs;
  const Load overload = Overload(2, 4, 20'000);  // 20 us
  Simulation simulation(settings);
  simulation.callee.Run(3 * kSecond, overload);
  const Result result = simulation.callee.Run(2 * kSecond, overload);
  EXPECT_LE(result.limit, 12);
  EXPECT_GE(result.of_capacity, 0.92);
}

}  // namespace
}  // namespace spillway::testing
