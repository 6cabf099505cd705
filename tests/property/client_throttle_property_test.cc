// Random options and random timed calls: the throttle answers as a list of calls does.
//
// A failure prints its seed. SPILLWAY_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "spillway/concurrency/client_throttle.h"
#include "tests/support/list_of_calls.h"
#include "tests/support/policies.h"
#include "tests/support/random.h"
#include "tests/support/seeds.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kSeeds = 2000;
constexpr int kSteps = 300;

TEST(ClientThrottlePropertyTest, AnswersAsAListOfCallsDoes) {
  ForEachSeed(kSeeds, [](uint64_t seed) {
    Random random(seed);
    ClientThrottleSettings settings;
    settings.seed = seed;
    settings.window_ns =
        random.Of<Nanos>({12'000'000, 12'000'001, 120'000'000'000, 77'777'777, 86'400'000'000'000});
    Tune(random, &settings);
    const auto real = MakePolicy<ClientThrottle>(settings);
    ListOfCalls model(settings);
    const Nanos bucket = settings.window_ns / ListOfCalls::kBuckets;
    Nanos now = random.Of<Nanos>({0, 1, Nanos{1} << 62, random.Below(Nanos{1} << 61)});
    for (int step = 0; step < kSteps; ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " step " + std::to_string(step));
      if (random.OneIn(4)) now += random.Below(random.OneIn(8) ? bucket * 20 : bucket / 2 + 1);
      const Nanos at = random.OneIn(8) ? now - random.Below(bucket * 20) : now;
      if (random.OneIn(40)) {
        Tune(random, &settings);
        ASSERT_TRUE(real->Reconfigure(settings, nullptr));
        model.Change(settings);
      } else if (model.size() == 0 || random.OneIn(2)) {
        const auto priority = static_cast<Priority>(random.Below(kPriorities));
        const bool refused = model.Ask(at, priority);
        const DecisionFields decision = real->Decide(at, priority);
        ASSERT_EQ(decision.reason != 0, refused);
        model.call(model.size() - 1).permit = decision.permit;
        model.call(model.size() - 1).settled = refused;
      } else {
        const size_t i = model.size() - 1 - random.Below(std::min<size_t>(model.size(), 40));
        if (model.call(i).settled) continue;
        const auto outcome = static_cast<Outcome>(random.Below(3));
        ASSERT_EQ(real->Settle(model.call(i).permit, outcome, at), model.Settle(i, outcome, at));
      }
      if (!random.OneIn(4)) continue;
      const ClientThrottleSnapshot got = real->Snapshot(at);
      ASSERT_EQ(got.requests, model.Counts(at).requests);
      ASSERT_EQ(got.accepts, model.Counts(at).accepts);
    }
  });
}

}  // namespace
}  // namespace spillway::testing
