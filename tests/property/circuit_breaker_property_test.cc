// Random options and random timed calls: the breaker answers as the sequential reference does.
//
// A failure prints its seed and each step. SPILLWAY_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/breakers.h"
#include "tests/support/circuit_breaker_duel.h"
#include "tests/support/random_settings.h"
#include "tests/support/seeds.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kSeeds = 1500;
constexpr int kSteps = 250;

TEST(CircuitBreakerPropertyTest, AnswersAsTheReferenceDoes) {
  ForEachSeed(kSeeds, [](uint64_t seed) {
    Random random(seed);
    const CircuitBreakerSettings settings = RandomSettings(random);
    const std::unique_ptr<CircuitBreaker> breaker = MakeBreaker(settings);
    CircuitBreakerDuel duel(*breaker, settings, random);
    for (int i = 0; i < kSteps; ++i) {
      ASSERT_TRUE(duel.TakeStep() && duel.Agree()) << "seed " << seed << "\n" << duel.Story();
    }
  });
}

}  // namespace
}  // namespace spillway::testing
