// Replays the steps of one vector on a keyed limiter.
#ifndef SPILLWAY_TESTS_SUPPORT_KEYED_LIMITER_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_KEYED_LIMITER_REPLAY_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "spillway/limiter/keyed_limiter.h"
#include "tests/support/bucket_replay.h"
#include "tests/support/keyed_limiters.h"
#include "tests/support/replay.h"
#include "tests/support/vectors.h"

namespace spillway::testing {

class KeyedLimiterReplay : public Replay {
 public:
  KeyedLimiterReplay(const Json& options, Nanos origin) : Replay(origin) {
    KeyedLimiterSettings settings;
    DecodeOptions(options, &settings);
    limiter_ = MakeKeyed(settings);
  }

 private:
  void RunStep(Fields& step, Nanos shift) override {
    if (step.Has("forget")) return limiter_->Forget(step.Take<std::string>("forget"));
    if (step.Has("change")) return Change(step);
    const Nanos at = origin() + shift + step.Take<Nanos>("at");
    if (step.Has("take")) return Take(step, at);
    if (step.Has("refund")) {
      const auto n = step.Take<int64_t>("refund");
      return limiter_->Refund(at, step.Take<std::string>("key"), n);
    }
    if (step.Has("live")) {
      EXPECT_EQ(limiter_->CountLiveKeys(at), step.Take<int64_t>("live"));
      return;
    }
    CheckSnapshot(step.Take("snapshot"), limiter_->Snapshot(at));
  }

  void Take(Fields& step, Nanos at) {
    const auto n = step.Take<int64_t>("take");
    const auto key = step.Take<std::string>("key");
    const auto expected = step.Take<std::string>("expect");
    const Nanos every = step.Take<Nanos>("every", 0);
    LimiterDecision decision;
    for (int times = step.Take("times", 1); times > 0; --times, at += every) {
      decision = limiter_->TryAcquire(at, key, n);
      ASSERT_EQ(KeyedAnswerOf(decision), expected) << "at " << at - origin();
    }
    CheckStatus(step, limiter_->Describe(decision, at - every, n));
  }

  void Change(Fields& step) {
    KeyedLimiterSettings settings = limiter_->settings();
    DecodeOptions(step.Take("change"), &settings);
    Error error;
    ASSERT_TRUE(limiter_->Reconfigure(settings, &error)) << error.message;
  }

  std::unique_ptr<KeyedLimiter> limiter_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_KEYED_LIMITER_REPLAY_H_
