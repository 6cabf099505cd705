// What the replays of policies that give out permits share.
#ifndef SPILLWAY_TESTS_SUPPORT_PERMIT_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_PERMIT_REPLAY_H_

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "tests/support/policies.h"
#include "tests/support/replay.h"
#include "tests/support/vectors.h"

namespace spillway::testing {

// `Rejection`: the reasons for which the policy refuses.
template <class Policy, class Rejection>
class PermitReplay : public Replay {
 public:
  PermitReplay(const Json& options, Nanos origin) : Replay(origin) {
    DecodeOptions(options, &settings_);
    policy_ = MakePolicy<Policy>(settings_);
  }

 protected:
  // Asks `policy` as the step says.
  virtual Decision Ask(Policy& policy, Fields&, Nanos at) { return policy.TryAcquire(at); }

  void RunStep(Fields& step, Nanos shift) override {
    if (step.Has("reconfigure")) return Reconfigure(step);
    if (step.Has("repeat")) return Repeat(step, shift);
    const Nanos at = origin() + shift + step.Take<Nanos>("at");
    if (step.Has("acquire")) return Acquire(step, at);
    if (step.Has("settle")) return Settle(step, at);
    if (step.Has("foreign")) return Foreign(step, at);
    if (step.Has("tries")) return Try(step, at);
    if (step.Has("hold")) return Hold(step, at);
    if (step.Has("end")) return End(step, at);
    CheckSnapshot(step.Take("snapshot"), policy_->Snapshot(at));
  }

  static std::string AnswerOf(const Decision& decision) {
    if (decision) return "admitted";
    return NameOf(static_cast<Rejection>(decision.reason));
  }

  static std::string SettlementName(Settlement settlement) {
    constexpr const char* kNames[] = {"counted", "stale", "misused"};
    return kNames[static_cast<int32_t>(settlement)];
  }

  static Outcome OutcomeFrom(const std::string& name) {
    if (name == "S" || name == "success") return Outcome::kSuccess;
    if (name == "F" || name == "failure") return Outcome::kFailure;
    if (name == "I" || name == "ignored") return Outcome::kIgnored;
    throw std::runtime_error("unknown outcome " + name);
  }

  Policy& policy() { return *policy_; }

 private:
  void Acquire(Fields& step, Nanos at) {
    const auto name = step.Take<std::string>("acquire");
    const auto expected = step.Take<std::string>("expect");
    const Nanos retry_after = step.Take<Nanos>("retry_after_ns", 0);
    for (int times = step.Take("times", 1); times > 0; --times) {
      Decision decision = Ask(*policy_, step, at);
      ASSERT_EQ(AnswerOf(decision), expected);
      ASSERT_EQ(decision.retry_after, retry_after);
      permits_[name] = std::move(decision.permit);
    }
  }

  void Settle(Fields& step, Nanos at) {
    Permit& permit = permits_.at(step.Take<std::string>("settle"));
    const Outcome outcome = OutcomeFrom(step.Take<std::string>("outcome"));
    const Settlement settlement = policy_->Settle(std::move(permit), outcome, at);
    EXPECT_EQ(SettlementName(settlement), step.Take<std::string>("expect"));
  }

  void Foreign(Fields& step, Nanos at) {
    others_.push_back(MakePolicy<Policy>(settings_));
    permits_[step.Take<std::string>("foreign")] = Ask(*others_.back(), step, at).permit;
  }

  void Try(Fields& step, Nanos at) {
    const auto letters = step.Take<std::string>("tries");
    const Outcome outcome = OutcomeFrom(step.Take<std::string>("outcome"));
    const Nanos every = step.Take<Nanos>("every_ns", 0);
    std::string answers;
    for (size_t i = 0; i < letters.size(); ++i, at += every) {
      Decision decision = Ask(*policy_, step, at);
      answers += decision ? 'A' : 'R';
      if (decision) policy_->Settle(std::move(decision.permit), outcome, at);
    }
    EXPECT_EQ(answers, letters);
  }

  void Hold(Fields& step, Nanos at) {
    for (int calls = step.Take<int>("hold"); calls > 0; --calls) {
      Decision decision = Ask(*policy_, step, at);
      ASSERT_EQ(AnswerOf(decision), "admitted");
      held_.push_back(std::move(decision.permit));
    }
  }

  void End(Fields& step, Nanos at) {
    const Outcome outcome = OutcomeFrom(step.Take<std::string>("outcome"));
    for (int calls = step.Take<int>("end"); calls > 0; --calls) {
      ASSERT_FALSE(held_.empty());
      ASSERT_EQ(SettlementName(policy_->Settle(std::move(held_.front()), outcome, at)), "counted");
      held_.pop_front();
    }
  }

  void Reconfigure(Fields& step) {
    auto settings = policy_->settings();
    DecodeOptions(step.Take("reconfigure"), &settings);
    Error error;
    const bool ok = policy_->Reconfigure(settings, &error);
    EXPECT_EQ(ok ? "ok" : "error", step.Take<std::string>("expect")) << error.message;
  }

  void Repeat(Fields& step, Nanos shift) {
    const Nanos every = step.Take<Nanos>("every_ns");
    const Json& steps = step.Take("steps");
    const int times = step.Take<int>("repeat");
    for (int i = 0; i < times && !::testing::Test::HasFailure(); ++i) Run(steps, shift + i * every);
  }

  typename Policy::Settings settings_;
  std::unique_ptr<Policy> policy_;
  std::vector<std::unique_ptr<Policy>> others_;
  std::map<std::string, Permit> permits_;
  std::deque<Permit> held_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_PERMIT_REPLAY_H_
