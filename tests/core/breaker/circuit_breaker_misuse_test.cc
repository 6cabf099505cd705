// Permits that should not be settled here, or not again: each changes nothing but a counter.
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/breakers.h"

namespace spillway {
namespace {

using testing::MakeBreaker;

// One of each way that a breaker keeps its counts.
std::vector<CircuitBreakerSettings> EachWindow() {
  CircuitBreakerSettings time;
  CircuitBreakerSettings striped;
  striped.striped = true;
  CircuitBreakerSettings in_flight;
  in_flight.in_flight = true;
  CircuitBreakerSettings count;
  count.window_kind = WindowKind::kCount;
  CircuitBreakerSettings consecutive;
  consecutive.window_kind = WindowKind::kConsecutive;
  return {time, striped, in_flight, count, consecutive};
}

// A breaker that has seen enough successes for its cheapest paths.
std::unique_ptr<CircuitBreaker> Busy(const CircuitBreakerSettings& settings) {
  std::unique_ptr<CircuitBreaker> breaker = MakeBreaker(settings);
  for (int i = 0; i < 50; ++i) {
    breaker->Settle(breaker->TryAcquire(0).permit, Outcome::kSuccess, 0);
  }
  return breaker;
}

constexpr auto kOutcomes = {Outcome::kSuccess, Outcome::kFailure, Outcome::kIgnored};

TEST(CircuitBreakerMisuseTest, AnEmptyPermit) {
  for (const CircuitBreakerSettings& settings : EachWindow()) {
    SCOPED_TRACE(testing::Describe(settings));
    const std::unique_ptr<CircuitBreaker> breaker = Busy(settings);
    for (const Outcome outcome : kOutcomes) {
      EXPECT_EQ(breaker->Settle(Permit(), outcome, 0), Settlement::kMisused);
    }
    const CircuitBreakerSnapshot snapshot = breaker->Snapshot(0);
    EXPECT_EQ(snapshot.total_successes, 50u);
    EXPECT_EQ(snapshot.total_failures, 0u);
    EXPECT_EQ(snapshot.total_misused, 3u);
  }
}

TEST(CircuitBreakerMisuseTest, APermitOfAnotherBreaker) {
  for (const CircuitBreakerSettings& settings : EachWindow()) {
    SCOPED_TRACE(testing::Describe(settings));
    const std::unique_ptr<CircuitBreaker> breaker = Busy(settings);
    const std::unique_ptr<CircuitBreaker> other = Busy(settings);
    for (const Outcome outcome : kOutcomes) {
      EXPECT_EQ(breaker->Settle(other->TryAcquire(0).permit, outcome, 0), Settlement::kMisused);
    }
    EXPECT_EQ(breaker->Snapshot(0).total_successes, 50u);
    EXPECT_EQ(breaker->Snapshot(0).total_misused, 3u);
    EXPECT_EQ(other->Snapshot(0).total_misused, 0u);
  }
}

TEST(CircuitBreakerMisuseTest, AnOutcomeThatIsNone) {
  for (const CircuitBreakerSettings& settings : EachWindow()) {
    SCOPED_TRACE(testing::Describe(settings));
    const std::unique_ptr<CircuitBreaker> breaker = Busy(settings);
    for (const int32_t outcome : {-1, 3, 1000, std::numeric_limits<int32_t>::min()}) {
      EXPECT_EQ(breaker->Settle(breaker->TryAcquire(0).permit, static_cast<Outcome>(outcome), 0),
                Settlement::kMisused);
    }
    EXPECT_EQ(breaker->Snapshot(0).total_successes, 50u);
    EXPECT_EQ(breaker->Snapshot(0).total_misused, 4u);
  }
}

TEST(CircuitBreakerMisuseTest, ASettledPermitIsEmpty) {
  const std::unique_ptr<CircuitBreaker> breaker = MakeBreaker({});
  Permit permit = breaker->TryAcquire(0).permit;
  EXPECT_TRUE(permit);
  EXPECT_EQ(breaker->Settle(std::move(permit), Outcome::kFailure, 0), Settlement::kCounted);
  EXPECT_FALSE(permit);  // NOLINT(bugprone-use-after-move): that it is empty is what is tested
  EXPECT_EQ(breaker->Settle(std::move(permit), Outcome::kFailure, 0), Settlement::kMisused);
  EXPECT_EQ(breaker->Snapshot(0).total_failures, 1u);
}

// In C a permit can be copied. A copy of a call is a miscount of one; a copy of a probe is not
// taken for a second probe once all that run have settled.
TEST(CircuitBreakerMisuseTest, ACopyOfAPermit) {
  CircuitBreakerSettings settings;
  settings.min_calls = 1;
  settings.probes = 3;
  settings.jitter = 0;
  const std::unique_ptr<CircuitBreaker> breaker = MakeBreaker(settings);
  const PermitFields call = breaker->Decide(0).permit;
  EXPECT_EQ(breaker->Settle(call, Outcome::kSuccess, 0), Settlement::kCounted);
  EXPECT_EQ(breaker->Settle(call, Outcome::kSuccess, 0), Settlement::kCounted);
  EXPECT_EQ(breaker->Snapshot(0).successes, 2u);
  breaker->Settle(breaker->Decide(0).permit, Outcome::kFailure, 0);
  breaker->Settle(breaker->Decide(0).permit, Outcome::kFailure, 0);
  ASSERT_EQ(breaker->state(), CircuitBreakerState::kOpen);
  const Nanos later = settings.open_for_ns;
  const PermitFields probe = breaker->Decide(later).permit;
  EXPECT_EQ(breaker->Settle(probe, Outcome::kSuccess, later), Settlement::kCounted);
  EXPECT_EQ(breaker->Settle(probe, Outcome::kSuccess, later), Settlement::kMisused);
  EXPECT_EQ(breaker->Settle(probe, Outcome::kIgnored, later), Settlement::kMisused);
  EXPECT_EQ(breaker->Snapshot(later).probes_done, 1);
}

// Whatever a permit made up by a caller holds, at most it is a wrong count.
TEST(CircuitBreakerMisuseTest, APermitThatWasMadeUp) {
  for (const CircuitBreakerSettings& settings : EachWindow()) {
    SCOPED_TRACE(testing::Describe(settings));
    const std::unique_ptr<CircuitBreaker> breaker = Busy(settings);
    const PermitFields real = breaker->Decide(0).permit;
    uint64_t settled = 50;
    for (const uint64_t owner : {real.owner, real.owner + 1'000'000, ~uint64_t{0}}) {
      for (const uint64_t token : {uint64_t{0}, real.token, ~uint64_t{0}, uint64_t{1} << 63}) {
        for (const Nanos start : {Nanos{0}, kForever, std::numeric_limits<Nanos>::min()}) {
          for (const Outcome outcome : kOutcomes) {
            breaker->Settle(PermitFields{owner, start, token}, outcome, 0);
            ++settled;
          }
        }
      }
    }
    const CircuitBreakerSnapshot snapshot = breaker->Snapshot(0);
    EXPECT_EQ(testing::SettledCalls(snapshot), settled);
    EXPECT_GE(snapshot.total_misused, 36u);
  }
}

// A state that issues no permits takes none, whatever is written on it.
TEST(CircuitBreakerMisuseTest, APermitOfAStateThatIssuesNone) {
  for (const CircuitBreakerSettings& settings : EachWindow()) {
    SCOPED_TRACE(testing::Describe(settings));
    const std::unique_ptr<CircuitBreaker> breaker = Busy(settings);
    const uint64_t owner = breaker->Decide(0).permit.owner;
    breaker->ForceOpen(0);
    for (const Outcome outcome : kOutcomes) {
      EXPECT_EQ(breaker->Settle(PermitFields{owner, 0, breaker->generation()}, outcome, 0),
                Settlement::kMisused);
    }
    EXPECT_EQ(breaker->Snapshot(0).total_misused, 3u);
    EXPECT_EQ(testing::SettledCalls(breaker->Snapshot(0)), 53u);
  }
}

TEST(CircuitBreakerMisuseTest, PermitsThatNeverSettleCostNothingWhileClosed) {
  const std::unique_ptr<CircuitBreaker> breaker = MakeBreaker({});
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(breaker->TryAcquire(0));
  EXPECT_EQ(breaker->state(), CircuitBreakerState::kClosed);
}

TEST(CircuitBreakerMisuseTest, PermitsMayOutliveTheirBreaker) {
  Permit permit;
  {
    const std::unique_ptr<CircuitBreaker> breaker = MakeBreaker({});
    permit = breaker->TryAcquire(0).permit;
  }
  EXPECT_TRUE(permit);
  const std::unique_ptr<CircuitBreaker> next = MakeBreaker({});
  EXPECT_EQ(next->Settle(std::move(permit), Outcome::kFailure, 0), Settlement::kMisused);
}

}  // namespace
}  // namespace spillway
