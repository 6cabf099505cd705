// Random options and random timed calls: the throttle answers as a list of calls does.
//
// A failure prints its seed. SPILLWAY_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "spillway/base/hash.h"
#include "spillway/concurrency/client_throttle.h"
#include "tests/support/policies.h"
#include "tests/support/random.h"
#include "tests/support/seeds.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kSeeds = 2000;
constexpr int kSteps = 300;
constexpr int64_t kBuckets = 12;

struct Call {
  int64_t bucket;
  PermitFields permit;
  bool accepted = false;
  bool ignored = false;
  bool settled = false;
};

// Each call by itself; nothing is ever forgotten.
class ListOfCalls {
 public:
  explicit ListOfCalls(const ClientThrottleSettings& settings) : settings_(settings) {}

  void Change(const ClientThrottleSettings& settings) { settings_ = settings; }
  Call& call(size_t i) { return calls_[i]; }
  size_t size() const { return calls_.size(); }

  int64_t Newest(Nanos now) const {
    const Nanos bucket = (settings_.window_ns + kBuckets - 1) / kBuckets;
    return std::max(newest_, std::max<Nanos>(now, 0) / bucket);
  }
  ThrottleCounts Counts(Nanos now) const {
    ThrottleCounts counts;
    for (const Call& call : calls_) {
      if (call.bucket + kBuckets <= Newest(now) || call.ignored) continue;
      ++counts.requests;
      counts.accepts += call.accepted;
    }
    return counts;
  }

  // Whether it is refused.
  bool Ask(Nanos now, Priority priority) {
    newest_ = Newest(now);
    const ThrottleCounts counts = Counts(now);
    calls_.push_back({.bucket = newest_, .permit = {}});
    const ThrottleRule rule = RuleFor(priority);
    if (counts.requests < static_cast<uint64_t>(settings_.min_calls) || rule.Excess(counts) == 0)
      return false;
    const uint64_t draw = Mix(settings_.seed) + EvenlySpread(draws_++);
    return rule.Refuses(counts, draw >> 32) && !settings_.dry_run;
  }

  Settlement Settle(size_t i, Outcome outcome, Nanos now) {
    Call& call = calls_[i];
    call.settled = true;
    if (call.bucket + kBuckets <= Newest(now)) return Settlement::kStale;
    call.accepted = outcome == Outcome::kSuccess;
    call.ignored = outcome == Outcome::kIgnored;
    return Settlement::kCounted;
  }

 private:
  ThrottleRule RuleFor(Priority priority) const {
    const double k = priority == Priority::kNormal     ? settings_.k
                     : priority == Priority::kCritical ? settings_.critical_k
                                                       : settings_.sheddable_k;
    return {.k = static_cast<uint64_t>(std::lround(k * 10'000)),
            .most = static_cast<uint64_t>(std::lround(settings_.max_rejection * 10'000))};
  }

  ClientThrottleSettings settings_;
  std::vector<Call> calls_;
  int64_t newest_ = 0;
  uint64_t draws_ = 0;
};

void Tune(Random& random, ClientThrottleSettings* settings) {
  settings->sheddable_k = random.Of({1.0, 1.25, 1.5});
  settings->k = random.Of({1.5, 2.0, 3.3333});
  settings->critical_k = random.Of({3.5, 4.0, 1000.0});
  settings->min_calls = random.Of({1, 5, 20});
  settings->max_rejection = random.Of({0.0, 0.5, 0.9, 1.0});
  settings->dry_run = random.OneIn(8);
}

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
    const Nanos bucket = settings.window_ns / kBuckets;
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
