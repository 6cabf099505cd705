// Replays the steps of one vector on a sliding window limiter.
#ifndef SPILLWAY_TESTS_SUPPORT_SLIDING_WINDOW_LIMITER_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_SLIDING_WINDOW_LIMITER_REPLAY_H_

#include <memory>

#include "spillway/limiter/sliding_window_limiter.h"
#include "tests/support/bucket_replay.h"
#include "tests/support/policies.h"
#include "tests/support/replay.h"
#include "tests/support/vectors.h"

namespace spillway::testing {

class SlidingWindowLimiterReplay : public Replay {
 public:
  SlidingWindowLimiterReplay(const Json& options, Nanos origin) : Replay(origin) {
    SlidingWindowLimiterSettings settings;
    DecodeOptions(options, &settings);
    limiter_ = MakePolicy<SlidingWindowLimiter>(settings);
  }

 private:
  void RunStep(Fields& step, Nanos shift) override {
    const Nanos at = origin() + shift + step.Take<Nanos>("at");
    if (step.Has("take")) return ReplayTake(*limiter_, step, at);
    if (step.Has("reset")) {
      ASSERT_TRUE(step.Take<bool>("reset"));
      return limiter_->Reset();
    }
    CheckSnapshot(step.Take("snapshot"), limiter_->Snapshot(at));
  }

  std::unique_ptr<SlidingWindowLimiter> limiter_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_SLIDING_WINDOW_LIMITER_REPLAY_H_
