// Four breakers at a moment when their metrics show most of what they can:
// tests/support/metrics.txt holds the text, which the C, the C++ and the Python tests get for the
// same calls.
#ifndef SPILLWAY_TESTS_SUPPORT_METRICS_SCENARIO_H_
#define SPILLWAY_TESTS_SUPPORT_METRICS_SCENARIO_H_

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spillway/base/permit.h"
#include "spillway/base/time.h"
#include "spillway/breaker/circuit_breaker.h"
#include "spillway/export/metric_set.h"

namespace spillway::testing {

inline std::unique_ptr<CircuitBreaker> MakeNamed(std::string_view name,
                                                 const CircuitBreakerSettings& settings = {}) {
  Error error;
  std::unique_ptr<CircuitBreaker> breaker = CircuitBreaker::Make(name, settings, &error);
  if (breaker == nullptr) throw std::runtime_error(error.message);
  return breaker;
}

inline Permit Acquire(CircuitBreaker& breaker, Nanos now) {
  Decision decision = breaker.TryAcquire(now);
  EXPECT_TRUE(decision) << breaker.name();
  return std::move(decision.permit);
}

struct MetricsScenario {
  static constexpr Nanos kSecond = kNanosPerSecond;
  static constexpr Nanos kNow = 13 * kSecond / 4;

  // Closed: 10 calls in the window, 3 of them failed and 4 slow; 5 that have left it; 1 ignored.
  std::unique_ptr<CircuitBreaker> closed = MakeNamed(
      "payments",
      {.window_ns = 2 * kSecond, .min_calls = 3, .slow_call_ns = kSecond / 2, .jitter = 0});
  // Opened at 1 s for 5 s, refused a call and was told 2 outcomes of none. Its name needs every
  // escape.
  std::unique_ptr<CircuitBreaker> open =
      MakeNamed("a \"b\" \\ c\nd \xC3\xA9",
                {.window_kind = WindowKind::kConsecutive, .window_failures = 1, .jitter = 0});
  std::unique_ptr<CircuitBreaker> forced_open = MakeNamed("search");
  // Half-open: 5 probes, 4 came back, 1 of them failed and 2 slow. 3 permits of the time before.
  std::unique_ptr<CircuitBreaker> half_open = MakeNamed("stock", {.failure_rate = 0.4,
                                                                  .min_calls = 1,
                                                                  .open_for_ns = kSecond,
                                                                  .jitter = 0,
                                                                  .probes = 5,
                                                                  .probes_in_flight = 5});

  MetricsScenario() {
    Calls(*closed, 5, Outcome::kSuccess, 0, 0);
    Calls(*closed, 4, Outcome::kSuccess, 3 * kSecond, 3 * kSecond);
    Calls(*closed, 3, Outcome::kSuccess, 2 * kSecond, 3 * kSecond);
    Calls(*closed, 2, Outcome::kFailure, 3 * kSecond, 3 * kSecond);
    Calls(*closed, 1, Outcome::kFailure, 2 * kSecond, 3 * kSecond);
    Calls(*closed, 1, Outcome::kIgnored, 3 * kSecond, 3 * kSecond);
    Calls(*open, 1, Outcome::kFailure, kSecond, kSecond);
    EXPECT_FALSE(open->TryAcquire(kSecond));
    for (int i = 0; i < 2; ++i) open->Settle(Permit(), Outcome::kSuccess, kSecond);
    forced_open->ForceOpen(0);

    std::vector<Permit> late;
    for (int i = 0; i < 3; ++i) late.push_back(Acquire(*half_open, 0));
    Calls(*half_open, 1, Outcome::kFailure, 0, 0);
    for (Permit& permit : late) half_open->Settle(std::move(permit), Outcome::kSuccess, 0);
    Acquire(*half_open, kSecond);  // stays out
    Calls(*half_open, 1, Outcome::kSuccess, kSecond, kSecond);
    Calls(*half_open, 1, Outcome::kFailure, kSecond, kSecond);
    Calls(*half_open, 2, Outcome::kSuccess, kSecond, kNow);
  }

  static void Calls(CircuitBreaker& breaker, int count, Outcome outcome, Nanos start, Nanos end) {
    for (int i = 0; i < count; ++i) breaker.Settle(Acquire(breaker, start), outcome, end);
  }

  // To a MetricSet or a Collector.
  template <class Set>
  void AddTo(Set& set) const {
    Error error;
    for (const auto* breaker : {&closed, &open, &forced_open, &half_open}) {
      EXPECT_TRUE(set.Add(**breaker, &error)) << error.message;
    }
  }

  static std::string Text() {
    std::ifstream file(SPILLWAY_TEST_METRICS);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_METRICS_SCENARIO_H_
