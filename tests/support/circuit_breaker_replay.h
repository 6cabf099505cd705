// Replays the steps of one vector on a circuit breaker.
#ifndef SPILLWAY_TESTS_SUPPORT_CIRCUIT_BREAKER_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_CIRCUIT_BREAKER_REPLAY_H_

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/breakers.h"
#include "tests/support/replay.h"
#include "tests/support/vectors.h"

namespace spillway::testing {

class CircuitBreakerReplay : public Replay {
 public:
  CircuitBreakerReplay(const Json& options, Nanos origin) : Replay(origin) {
    DecodeOptions(options, &settings_);
    breaker_ = MakeBreaker(settings_);
  }

 private:
  void RunStep(Fields& step, Nanos shift) override {
    if (step.Has("reconfigure")) return Reconfigure(step);
    if (step.Has("events")) return Events(step);
    if (step.Has("repeat")) return Repeat(step, shift);
    const Nanos at = origin() + shift + step.Take<Nanos>("at");
    if (step.Has("acquire")) return Acquire(step, at);
    if (step.Has("settle")) return Settle(step, at);
    if (step.Has("calls")) return Calls(step, at);
    if (step.Has("foreign")) return Foreign(step, at);
    if (step.Has("manual")) return Manual(step, at);
    Look(step, at);
  }

  void Acquire(Fields& step, Nanos at) {
    const auto name = step.Take<std::string>("acquire");
    const auto expected = step.Take<std::string>("expect");
    const Nanos retry_after = step.Take<Nanos>("retry_after_ns", 0);
    for (int times = step.Take("times", 1); times > 0; --times) {
      Decision decision = breaker_->TryAcquire(at);
      ASSERT_EQ(AnswerOf(decision), expected);
      ASSERT_EQ(decision.retry_after, retry_after);
      permits_[name] = std::move(decision.permit);
    }
  }

  void Settle(Fields& step, Nanos at) {
    Permit& permit = permits_.at(step.Take<std::string>("settle"));
    const Outcome outcome = OutcomeFrom(step.Take<std::string>("outcome"));
    const Settlement settlement = breaker_->Settle(std::move(permit), outcome, at);
    EXPECT_EQ(SettlementName(settlement), step.Take<std::string>("expect"));
  }

  void Calls(Fields& step, Nanos at) {
    const auto letters = step.Take<std::string>("calls");
    const Nanos took = step.Take<Nanos>("took_ns", 0);
    const Nanos every = step.Take<Nanos>("every_ns", 0);
    for (int times = step.Take("times", 1); times > 0; --times) {
      for (const char letter : letters) {
        Decision decision = breaker_->TryAcquire(at);
        ASSERT_EQ(AnswerOf(decision), "admitted");
        const Settlement settlement =
            breaker_->Settle(std::move(decision.permit), OutcomeFrom({letter}), at + took);
        ASSERT_EQ(SettlementName(settlement), "counted");
        at += every;
      }
    }
  }

  void Foreign(Fields& step, Nanos at) {
    others_.push_back(MakeBreaker(settings_));
    permits_[step.Take<std::string>("foreign")] = others_.back()->TryAcquire(at).permit;
  }

  void Manual(Fields& step, Nanos at) {
    const auto change = step.Take<std::string>("manual");
    const auto expected = step.Take<std::string>("expect");
    for (int times = step.Take("times", 1); times > 0; --times) {
      ASSERT_EQ(Change(change, at) ? "changed" : "unchanged", expected);
    }
  }

  bool Change(const std::string& change, Nanos at) {
    if (change == "force_open") return breaker_->ForceOpen(at);
    if (change == "disable") return breaker_->Disable(at);
    if (change == "metrics_only") return breaker_->MetricsOnly(at);
    if (change != "reset") throw std::runtime_error("unknown change " + change);
    breaker_->Reset(at);
    return true;
  }

  void Reconfigure(Fields& step) {
    CircuitBreakerSettings settings = breaker_->settings();
    DecodeOptions(step.Take("reconfigure"), &settings);
    Error error;
    const bool ok = breaker_->Reconfigure(settings, &error);
    EXPECT_EQ(ok ? "ok" : "error", step.Take<std::string>("expect")) << error.message;
  }

  void Look(Fields& step, Nanos at) {
    CircuitBreakerSnapshot got = breaker_->Snapshot(at);
    got.since_ns -= origin();
    CheckSnapshot(step.Take("snapshot"), got);
  }

  void Events(Fields& step) {
    std::array<Event, 16> buffer;
    const EventBatch batch = breaker_->Events(step.Take<uint32_t>("since"), buffer);
    EXPECT_EQ(batch.lost, step.Take<uint64_t>("lost", 0));
    const Json& list = step.Take("events");
    ASSERT_EQ(batch.count, list.size());
    for (size_t i = 0; i < batch.count; ++i) {
      Fields expected(list[i]);
      CheckEvent(expected, buffer[i]);
      expected.Done();
    }
  }

  void CheckEvent(Fields& expected, const Event& got) {
    using State = CircuitBreakerState;
    using Reason = CircuitBreakerEventReason;
    EXPECT_EQ(got.generation, expected.Take<uint32_t>("generation", got.generation));
    const std::string from = NameOf(static_cast<State>(got.from));
    const std::string to = NameOf(static_cast<State>(got.to));
    const std::string reason = NameOf(static_cast<Reason>(got.reason));
    EXPECT_EQ(from, expected.Take("from", from));
    EXPECT_EQ(to, expected.Take("to", to));
    EXPECT_EQ(reason, expected.Take("reason", reason));
    EXPECT_EQ(got.rate, expected.Take("rate", got.rate));
    EXPECT_EQ(got.time - origin(), expected.Take("at", got.time - origin()));
  }

  void Repeat(Fields& step, Nanos shift) {
    const Nanos every = step.Take<Nanos>("every_ns");
    const Json& steps = step.Take("steps");
    const int times = step.Take<int>("repeat");
    for (int i = 0; i < times && !::testing::Test::HasFailure(); ++i) Run(steps, shift + i * every);
  }

  static std::string AnswerOf(const Decision& decision) {
    if (decision) return "admitted";
    return NameOf(static_cast<CircuitBreakerRejection>(decision.reason));
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

  CircuitBreakerSettings settings_;
  std::unique_ptr<CircuitBreaker> breaker_;
  std::vector<std::unique_ptr<CircuitBreaker>> others_;
  std::map<std::string, Permit> permits_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_CIRCUIT_BREAKER_REPLAY_H_
