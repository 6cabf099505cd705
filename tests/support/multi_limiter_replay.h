// Replays the steps of one vector on a multi limiter and its members.
#ifndef SPILLWAY_TESTS_SUPPORT_MULTI_LIMITER_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_MULTI_LIMITER_REPLAY_H_

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "spillway/limiter/multi_limiter.h"
#include "tests/support/bucket_replay.h"
#include "tests/support/buckets.h"
#include "tests/support/replay.h"
#include "tests/support/vectors.h"

namespace spillway::testing {

class MultiLimiterReplay : public Replay {
 public:
  MultiLimiterReplay(const Json& options, Nanos origin) : Replay(origin) {
    std::vector<MultiLimiterMember> members;
    for (const Json& member : options.at("members")) {
      const std::string& noun = member.begin().key();
      const Json& of_member = member.begin().value();
      if (noun == "token_bucket") {
        members.push_back(Add<TokenBucketReplay>(of_member));
      } else if (noun == "leaky_bucket") {
        members.push_back(Add<LeakyBucketReplay>(of_member));
      } else {
        throw std::runtime_error("no member: " + noun);
      }
    }
    Json own = options;
    own.erase("members");
    MultiLimiterSettings settings;
    DecodeOptions(own, &settings);
    limiter_ = MakeMultiLimiter(members, settings);
  }

 private:
  template <class BucketReplay>
  MultiLimiterMember Add(const Json& options) {
    auto member = std::make_unique<BucketReplay>(options, origin());
    auto& bucket = member->bucket();
    members_.push_back(std::move(member));
    return bucket;
  }

  void RunStep(Fields& step, Nanos shift) override {
    if (step.Has("member"))
      return members_.at(step.Take<size_t>("member"))->Run(step.Take("steps"), shift);
    const Nanos at = origin() + shift + step.Take<Nanos>("at");
    if (step.Has("take")) return Take(step, at);
    if (step.Has("change")) return Change(step);
    CheckSnapshot(step.Take("snapshot"), limiter_->Snapshot(at));
  }

  void Take(Fields& step, Nanos at) {
    const auto n = step.Take<int64_t>("take");
    const auto expected = step.Take<std::string>("expect");
    const Nanos every = step.Take<Nanos>("every", 0);
    LimiterDecision decision;
    for (int times = step.Take("times", 1); times > 0; --times, at += every) {
      decision = limiter_->TryAcquire(at, n);
      ASSERT_EQ(AnswerOf<MultiLimiterRejection>(decision), expected) << "at " << at - origin();
    }
    const size_t refuser = decision ? 0 : MultiLimiter::Refuser(decision);
    EXPECT_EQ(refuser, step.Take<size_t>("refuser", 0));
    CheckStatus(step, limiter_->Describe(decision, at - every, n));
  }

  void Change(Fields& step) {
    MultiLimiterSettings settings = limiter_->settings();
    DecodeOptions(step.Take("change"), &settings);
    Error error;
    ASSERT_TRUE(limiter_->Reconfigure(settings, &error)) << error.message;
  }

  std::vector<std::unique_ptr<Replay>> members_;
  std::unique_ptr<MultiLimiter> limiter_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_MULTI_LIMITER_REPLAY_H_
