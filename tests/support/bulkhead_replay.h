// Replays the steps of one vector on a bulkhead.
#ifndef SPILLWAY_TESTS_SUPPORT_BULKHEAD_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_BULKHEAD_REPLAY_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "spillway/concurrency/bulkhead.h"
#include "tests/support/policies.h"
#include "tests/support/replay.h"
#include "tests/support/vectors.h"

namespace spillway::testing {

class BulkheadReplay : public Replay {
 public:
  BulkheadReplay(const Json& options, Nanos origin) : Replay(origin) {
    BulkheadSettings settings;
    DecodeOptions(options, &settings);
    bulkhead_ = MakePolicy<Bulkhead>(settings);
    other_ = MakePolicy<Bulkhead>(settings);
  }

 private:
  void RunStep(Fields& step, Nanos shift) override {
    if (step.Has("reconfigure")) return Change(step);
    const Nanos at = origin() + shift + step.Take<Nanos>("at");
    if (step.Has("acquire")) return Ask(step, at, "acquire", /*may_wait=*/false);
    if (step.Has("enqueue")) return Ask(step, at, "enqueue", /*may_wait=*/true);
    if (step.Has("poll")) return Poll(step, at);
    if (step.Has("settle")) return Settle(step, at);
    if (step.Has("foreign")) {
      permits_[step.Take<std::string>("foreign")] = other_->TryAcquire(at).permit;
      return;
    }
    CheckSnapshot(step.Take("snapshot"), bulkhead_->Snapshot(at));
  }

  void Ask(Fields& step, Nanos at, const char* kind, bool may_wait) {
    Permit& permit = permits_[step.Take<std::string>(kind)];
    const auto priority = PriorityOf(step.Take<std::string>("priority", "normal"));
    const auto expected = step.Take<std::string>("expect");
    for (int times = step.Take("times", 1); times > 0; --times) {
      Decision decision =
          may_wait ? bulkhead_->Enqueue(at, priority) : bulkhead_->TryAcquire(at, priority);
      const char* reason = NameOf(static_cast<BulkheadRejection>(decision.reason));
      ASSERT_EQ(decision ? "admitted" : reason, expected);
      ASSERT_EQ(static_cast<bool>(decision.permit), decision || expected == "queued");
      ASSERT_EQ(decision.retry_after, 0);
      permit = std::move(decision.permit);
    }
  }

  void Poll(Fields& step, Nanos at) {
    Permit& permit = permits_.at(step.Take<std::string>("poll"));
    PermitFields fields = std::move(permit).Release();
    BulkheadGrants granted;
    const BulkheadPoll answer = bulkhead_->Poll(&fields, at, &granted);
    permit = Permit(fields);
    constexpr const char* kHolds[] = {"slot", "place", "nothing"};
    EXPECT_EQ(kHolds[static_cast<int>(answer)], step.Take<std::string>("expect"));
    EXPECT_TRUE(granted.empty()) << "nothing is left for who comes by";
  }

  void Settle(Fields& step, Nanos at) {
    Permit& permit = permits_.at(step.Take<std::string>("settle"));
    const std::map<std::string, Outcome> outcomes = {{"success", Outcome::kSuccess},
                                                     {"failure", Outcome::kFailure},
                                                     {"ignored", Outcome::kIgnored}};
    const Outcome outcome = outcomes.at(step.Take<std::string>("outcome", "success"));
    const bool counted = bulkhead_->Settle(std::move(permit), outcome, at) == Settlement::kCounted;
    EXPECT_EQ(counted ? "counted" : "misused", step.Take<std::string>("expect"));
  }

  void Change(Fields& step) {
    BulkheadSettings settings = bulkhead_->settings();
    DecodeOptions(step.Take("reconfigure"), &settings);
    EXPECT_EQ(bulkhead_->Reconfigure(settings, nullptr) ? "ok" : "error",
              step.Take<std::string>("expect"));
  }

  static Priority PriorityOf(const std::string& name) {
    const std::map<std::string, Priority> priorities = {{"normal", Priority::kNormal},
                                                        {"critical", Priority::kCritical},
                                                        {"sheddable", Priority::kSheddable}};
    return priorities.at(name);
  }

  std::unique_ptr<Bulkhead> bulkhead_;
  std::unique_ptr<Bulkhead> other_;
  std::map<std::string, Permit> permits_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_BULKHEAD_REPLAY_H_
