// Random options and random timed calls: the limiter answers as plain variables do.
//
// A failure prints its seed. SPILLWAY_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "spillway/concurrency/adaptive_limiter.h"
#include "tests/support/plain_adaptive_limiter.h"
#include "tests/support/policies.h"
#include "tests/support/random.h"
#include "tests/support/seeds.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kSeeds = 300;
constexpr int kRounds = 3000;
constexpr Nanos kMs = 1'000'000;

struct Held {
  PermitFields permit;
  Nanos start;
};

class Duel {
 public:
  Duel(Random& random, const AdaptiveLimiterSettings& settings)
      : random_(random),
        settings_(settings),
        real_(MakePolicy<AdaptiveLimiter>(settings)),
        model_(settings) {
    now_ = random_.Of<Nanos>({0, 1, Nanos{1} << 62, random_.Below(Nanos{1} << 61)});
  }

  // A few calls begin, some end, as in a callee whose calls take about `work_`.
  void TakeRound() {
    if (random_.OneIn(200)) work_ = 1 + random_.Below<Nanos>(Nanos{1} << random_.Below(24));
    if (random_.OneIn(200)) fails_ = random_.Of<uint32_t>({1, 2, 10, 1000});
    if (random_.OneIn(300)) {
      Tune(random_, &settings_);
      ASSERT_TRUE(real_->Reconfigure(settings_, nullptr));
      model_.Change(settings_);
    }
    now_ += random_.Below(work_ + 1);
    // Some clocks lag, and now and then one has jumped and stays there.
    if (random_.OneIn(2000)) now_ = random_.Below(Nanos{1} << 62);
    for (int calls = random_.Below(6); calls > 0; --calls) Ask(Lag(now_));
    for (int calls = random_.Below(6); calls > 0 && !held_.empty(); --calls) Settle(Lag(now_));
    const AdaptiveLimiterSnapshot got = real_->Snapshot(now_);
    ASSERT_EQ(got.limit, model_.admitted());
    ASSERT_EQ(got.in_flight, model_.in_flight());
    ASSERT_EQ(got.baseline_ns, model_.baseline());
    ASSERT_EQ(got.call_time_ns, model_.call_time());
    ASSERT_EQ(got.total_windows, model_.windows());
  }

 private:
  Nanos Lag(Nanos now) { return random_.OneIn(16) ? now - random_.Below(work_ * 2 + 1) : now; }

  void Ask(Nanos at) {
    const DecisionFields decision = real_->Decide(at);
    ASSERT_EQ(decision.reason == 0, model_.Ask(at));
    if (decision.reason == 0) held_.push_back({decision.permit, at});
  }

  void Settle(Nanos at) {
    const Outcome outcome = random_.OneIn(fails_) ? Outcome::kFailure
                            : random_.OneIn(20)   ? Outcome::kIgnored
                                                  : Outcome::kSuccess;
    ASSERT_EQ(real_->Settle(held_.front().permit, outcome, at), Settlement::kCounted);
    model_.Settle(held_.front().start, outcome, at);
    held_.pop_front();
  }

  Random& random_;
  AdaptiveLimiterSettings settings_;
  std::unique_ptr<AdaptiveLimiter> real_;
  PlainAdaptiveLimiter model_;
  std::deque<Held> held_;
  Nanos now_ = 0;
  Nanos work_ = kMs;
  uint32_t fails_ = 1000;
};

TEST(AdaptiveLimiterPropertyTest, AnswersAsPlainVariablesDo) {
  ForEachSeed(kSeeds, [](uint64_t seed) {
    Random random(seed);
    AdaptiveLimiterSettings settings;
    settings.algorithm = static_cast<LimitAlgorithm>(random.Below(3));
    Tune(random, &settings);
    settings.initial_limit = settings.min_limit + random.Below(15);
    Duel duel(random, settings);
    for (int round = 0; round < kRounds; ++round) {
      SCOPED_TRACE("round " + std::to_string(round));
      ASSERT_NO_FATAL_FAILURE(duel.TakeRound());
    }
  });
}

}  // namespace
}  // namespace spillway::testing
