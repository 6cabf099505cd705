// Replays the steps of one vector on a token bucket or a leaky bucket.
#ifndef SPILLWAY_TESTS_SUPPORT_BUCKET_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_BUCKET_REPLAY_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <type_traits>

#include "spillway/limiter/leaky_bucket.h"
#include "spillway/limiter/token_bucket.h"
#include "tests/support/buckets.h"
#include "tests/support/replay.h"
#include "tests/support/vectors.h"

namespace spillway::testing {

// What is said of a decision, where the step says it; "never" is kForever.
inline void CheckStatus(Fields& step, const LimitStatus& got) {
  const auto check = [&](const char* name, int64_t field) {
    if (!step.Has(name)) return;
    const Json& said = step.Take(name);
    EXPECT_EQ(field, said == "never" ? kForever : said.get<int64_t>()) << name;
  };
  check("remaining", got.remaining);
  check("limit", got.limit);
  check("reset_after_ns", got.reset_after);
  check("retry_after_ns", got.retry_after);
  check("next_after_ns", got.next_after);
}

// Takes so many times, with the same answer each time.
template <class Limiter>
void ReplayTake(Limiter& limiter, Fields& step, Nanos at) {
  const auto answer_of = AnswerOf<typename Limiter::Rejection>;
  const auto n = step.Take<int64_t>("take");
  const auto expected = step.Take<std::string>("expect");
  const Nanos every = step.Take<Nanos>("every", 0);
  LimiterDecision decision;
  for (int times = step.Take("times", 1); times > 0; --times) {
    decision = limiter.TryAcquire(at, n);
    if (answer_of(decision) != expected) break;  // a million assertions would take seconds
    at += every;
  }
  ASSERT_EQ(answer_of(decision), expected) << "at " << at;
  CheckStatus(step, limiter.Describe(decision, at - every, n));
}

template <class Bucket>
class BucketReplay : public Replay {
 public:
  BucketReplay(const Json& options, Nanos origin) : Replay(origin) {
    Settings settings;
    DecodeOptions(options, &settings);
    bucket_ = MakePolicy<Bucket>(settings);
  }

  Bucket& bucket() { return *bucket_; }

 private:
  using Settings = typename Bucket::Settings;

  static std::string AnswerOf(const LimiterDecision& decision) {
    return testing::AnswerOf<typename Bucket::Rejection>(decision);
  }

  void RunStep(Fields& step, Nanos shift) override {
    const Nanos at = origin() + shift + step.Take<Nanos>("at");
    if (step.Has("take")) return ReplayTake(*bucket_, step, at);
    if constexpr (std::is_same_v<Bucket, TokenBucket>) {
      if (step.Has("up_to")) return TakeUpTo(step, at);
      if (step.Has("force")) return Force(step, at);
    }
    if (step.Has("reserve")) return Reserve(step, at);
    if (step.Has("cancel")) return Cancel(step, at);
    if (step.Has("refund")) return bucket_->Refund(at, step.Take<int64_t>("refund"));
    if (step.Has("change")) return Change(step, at);
    CheckSnapshot(step.Take("snapshot"), bucket_->Snapshot(at));
  }

  void Force(Fields& step, Nanos at) {
    const auto n = step.Take<int64_t>("force");
    const LimiterDecision decision = bucket_->ForceAcquire(at, n);
    ASSERT_EQ(AnswerOf(decision), step.Take<std::string>("expect"));
    CheckStatus(step, bucket_->Describe(decision, at, n));
  }

  void TakeUpTo(Fields& step, Nanos at) {
    EXPECT_EQ(bucket_->AcquireUpTo(at, step.Take<int64_t>("up_to")), step.Take<int64_t>("expect"));
  }

  void Reserve(Fields& step, Nanos at) {
    const auto n = step.Take<int64_t>("n");
    const Nanos max_wait = step.Take<Nanos>("max_wait_ns", kForever);
    const LimiterReservation made = bucket_->Reserve(at, n, max_wait);
    ASSERT_EQ(AnswerOf(made.decision), step.Take<std::string>("expect"));
    const Nanos delay_ns = made.decision.reason < 0 ? 0 : made.act_at - at;
    EXPECT_EQ(delay_ns, step.Take<Nanos>("delay_ns"));
    reservations_[step.Take<std::string>("reserve")] = made;
  }

  void Cancel(Fields& step, Nanos at) {
    const auto name = step.Take<std::string>("cancel");
    bucket_->Cancel(reservations_.at(name), at);
    reservations_.erase(name);
  }

  void Change(Fields& step, Nanos at) {
    Settings settings = bucket_->settings();
    DecodeOptions(step.Take("change"), &settings);
    const auto inheritance = ChoiceOf<Inheritance>(step.Take<std::string>("inheritance"));
    Error error;
    ASSERT_TRUE(bucket_->Reconfigure(settings, inheritance, at, &error)) << error.message;
  }

  std::unique_ptr<Bucket> bucket_;
  std::map<std::string, LimiterReservation> reservations_;
};

using TokenBucketReplay = BucketReplay<TokenBucket>;
using LeakyBucketReplay = BucketReplay<LeakyBucket>;

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_BUCKET_REPLAY_H_
