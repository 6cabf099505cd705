#include "spillway/base/run.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "absl/status/statusor.h"
#include "tests/support/breakers.h"

namespace spillway {
namespace {

// Opens at the first failure.
std::unique_ptr<CircuitBreaker> Strict() {
  CircuitBreakerSettings settings;
  settings.min_calls = 1;
  return testing::MakeBreaker(settings);
}

template <typename T>
T NotCalled(const Decision&) {
  ADD_FAILURE() << "it was not refused";
  return T();
}

CircuitBreakerSnapshot Now(const CircuitBreaker& breaker) { return breaker.Snapshot(SteadyNow()); }

TEST(RunTest, GivesBackTheResultAndSettlesByIt) {
  const auto breaker = Strict();
  EXPECT_EQ(spillway::Run(
                *breaker, [] { return std::optional<int>(7); }, NotCalled<std::optional<int>>),
            7);
  EXPECT_EQ(Now(*breaker).total_successes, 1u);
  EXPECT_EQ(spillway::Run(
                *breaker, [] { return std::optional<int>(); }, NotCalled<std::optional<int>>),
            std::nullopt);
  EXPECT_EQ(Now(*breaker).total_failures, 1u);
}

TEST(RunTest, ResultsMayBeMoveOnly) {
  const auto breaker = Strict();
  const std::unique_ptr<int> result = spillway::Run(
      *breaker, [] { return std::make_unique<int>(7); }, NotCalled<std::unique_ptr<int>>);
  EXPECT_EQ(*result, 7);
  using Reply = absl::StatusOr<std::unique_ptr<int>>;
  const Reply reply = spillway::Run(
      *breaker, [] { return Reply(std::make_unique<int>(8)); },
      [](const Decision&) { return Reply(absl::UnavailableError("")); });
  EXPECT_EQ(**reply, 8);
  EXPECT_EQ(Now(*breaker).total_successes, 2u);
}

TEST(RunTest, ACallThatReturnsNothingSucceeded) {
  const auto breaker = Strict();
  int calls = 0;
  spillway::Run(
      *breaker, [&] { ++calls; }, [](const Decision&) {});
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(Now(*breaker).total_successes, 1u);
}

TEST(RunTest, ACallThatThrowsFailed) {
  const auto breaker = Strict();
  EXPECT_THROW(spillway::Run(
                   *breaker, []() -> int { throw std::runtime_error("no"); }, NotCalled<int>),
               std::runtime_error);
  EXPECT_EQ(breaker->state(), CircuitBreakerState::kOpen);
}

TEST(RunTest, ARefusedCallIsNotMade) {
  const auto breaker = Strict();
  breaker->ForceOpen(SteadyNow());
  int calls = 0;
  const int result = spillway::Run(
      *breaker,
      [&] {
        ++calls;
        return 1;
      },
      [](const Decision& refused) {
        EXPECT_EQ(refused.reason, static_cast<int32_t>(CircuitBreakerRejection::kForcedOpen));
        EXPECT_EQ(refused.retry_after, 5 * kNanosPerSecond);
        return -1;
      });
  EXPECT_EQ(result, -1);
  EXPECT_EQ(calls, 0);
}

TEST(SettleOnExitTest, IsAFailureUnlessTold) {
  const auto breaker = testing::MakeBreaker({});
  { const SettleOnExit settle(*breaker, breaker->TryAcquire().permit); }
  {
    SettleOnExit settle(*breaker, breaker->TryAcquire().permit);
    settle.set_outcome(Outcome::kIgnored);
  }
  EXPECT_EQ(Now(*breaker).total_failures, 1u);
  EXPECT_EQ(Now(*breaker).total_ignored, 1u);
}

}  // namespace
}  // namespace spillway
