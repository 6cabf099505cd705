// Replays the steps of one vector on a circuit breaker.
#ifndef SPILLWAY_TESTS_SUPPORT_CIRCUIT_BREAKER_REPLAY_H_
#define SPILLWAY_TESTS_SUPPORT_CIRCUIT_BREAKER_REPLAY_H_

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/permit_replay.h"
#include "tests/support/vectors.h"

namespace spillway::testing {

class CircuitBreakerReplay : public PermitReplay<CircuitBreaker, CircuitBreakerRejection> {
 public:
  using PermitReplay::PermitReplay;

 private:
  void RunStep(Fields& step, Nanos shift) override {
    if (step.Has("events")) return Events(step);
    const bool own = step.Has("calls") || step.Has("manual") || step.Has("snapshot");
    if (!own) return PermitReplay::RunStep(step, shift);
    const Nanos at = origin() + shift + step.Take<Nanos>("at");
    if (step.Has("calls")) return Calls(step, at);
    if (step.Has("manual")) return Manual(step, at);
    Look(step, at);
  }

  void Calls(Fields& step, Nanos at) {
    const auto letters = step.Take<std::string>("calls");
    const Nanos took = step.Take<Nanos>("took_ns", 0);
    const Nanos every = step.Take<Nanos>("every_ns", 0);
    for (int times = step.Take("times", 1); times > 0; --times) {
      for (const char letter : letters) {
        Decision decision = policy().TryAcquire(at);
        ASSERT_EQ(AnswerOf(decision), "admitted");
        const Settlement settlement =
            policy().Settle(std::move(decision.permit), OutcomeFrom({letter}), at + took);
        ASSERT_EQ(SettlementName(settlement), "counted");
        at += every;
      }
    }
  }

  void Manual(Fields& step, Nanos at) {
    const auto change = step.Take<std::string>("manual");
    const auto expected = step.Take<std::string>("expect");
    for (int times = step.Take("times", 1); times > 0; --times) {
      ASSERT_EQ(Change(change, at) ? "changed" : "unchanged", expected);
    }
  }

  bool Change(const std::string& change, Nanos at) {
    if (change == "force_open") return policy().ForceOpen(at);
    if (change == "disable") return policy().Disable(at);
    if (change == "metrics_only") return policy().MetricsOnly(at);
    if (change != "reset") throw std::runtime_error("unknown change " + change);
    policy().Reset(at);
    return true;
  }

  void Look(Fields& step, Nanos at) {
    CircuitBreakerSnapshot got = policy().Snapshot(at);
    got.since_ns -= origin();
    CheckSnapshot(step.Take("snapshot"), got);
  }

  void Events(Fields& step) {
    std::array<Event, 16> buffer;
    const EventBatch batch = policy().Events(step.Take<uint32_t>("since"), buffer);
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
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_CIRCUIT_BREAKER_REPLAY_H_
