// Recorded histories of threads that share one circuit breaker, held against breaker_model.h, which
// says exactly what is promised.
//
// A failure prints the seed of the burst. The schedule is the machine's, so a seed repeats what the
// threads call, not how they interleave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/linearizability/breaker_calls.h"
#include "tests/linearizability/breaker_model.h"
#include "tests/linearizability/checker.h"
#include "tests/linearizability/recorder.h"
#include "tests/linearizability/refutation.h"

namespace spillway::testing {
namespace {

using ::testing::HasSubstr;
using Kind = BreakerCall::Kind;
using BreakerHistory = HistoryOf<BreakerModel>;

constexpr size_t kThreads = 4;
constexpr size_t kCalls = 120;

// Half way between two ends of open times that the first step of opening can tell.
constexpr Nanos kStart = (Nanos{1} << 40) + (1 << 26);

struct Scenario {
  std::string name;
  CircuitBreakerSettings settings;
  BreakerUse use;
  bool opens_first = false;  // the burst begins when the open time is over

  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

CircuitBreakerSettings Settings(WindowKind kind, int32_t size = 20) {
  CircuitBreakerSettings settings;
  settings.window_kind = kind;
  settings.window_size = size;
  settings.window_ns = 1000 * kNanosPerSecond * 3;  // of which kStart is well inside one
  settings.buckets = 1;
  settings.window_failures = 3;
  settings.min_calls = 3;
  settings.slow_call_ns = 0;
  settings.backoff = 1;
  settings.jitter = 0;
  return settings;
}

CircuitBreakerSettings WithProbes(int32_t probes, int32_t in_flight) {
  CircuitBreakerSettings settings = Settings(WindowKind::kTime);
  settings.probes = probes;
  settings.probes_in_flight = in_flight;
  return settings;
}

std::vector<Scenario> TripRaces() {
  CircuitBreakerSettings striped = Settings(WindowKind::kTime);
  striped.striped = true;
  const BreakerUse use{.failures_of_ten = 7, .by_hand_of_hundred = 4};
  return {
      {"TripInTimeWindow", Settings(WindowKind::kTime), use},
      {"TripInStripedWindow", striped, use},
      {"TripInCountWindowOfOneWord", Settings(WindowKind::kCount), use},
      {"TripInCountWindowOfManyWords", Settings(WindowKind::kCount, 1000), use},
      {"TripInConsecutiveWindow", Settings(WindowKind::kConsecutive), use},
      {"TripInKOfNWindow", Settings(WindowKind::kKOfN, 5), use},
      {"TripInKOfNWindowOfManyWords", Settings(WindowKind::kKOfN, 1000), use},
  };
}

std::vector<Scenario> Scenarios() {
  std::vector<Scenario> all = TripRaces();
  const BreakerUse probing{.failures_of_ten = 3, .ignored_of_ten = 3};
  all.push_back({"OneProbe", WithProbes(1, 1), probing, true});
  all.push_back({"TwoProbesOneAtATime", WithProbes(2, 1), probing, true});
  all.push_back({"ThreeProbesTogether", WithProbes(3, 3), probing, true});

  // Probes that are given up, and open times that end, while others ask and tell.
  CircuitBreakerSettings leased = WithProbes(2, 2);
  leased.probe_lease_ns = leased.open_for_ns = leased.max_open_ns = 1'000'000;
  const BreakerUse passing{.failures_of_ten = 2, .ignored_of_ten = 4, .step = 400'000};
  all.push_back({"LeasesThatEnd", leased, passing, true});
  leased.open_for_ns = leased.max_open_ns = Nanos{1} << 27;
  leased.min_calls = 1;
  all.push_back({"OpenTimesThatEnd",
                 leased,
                 {.failures_of_ten = 8, .by_hand_of_hundred = 5, .step = 30'000'000}});

  const BreakerUse by_hand{.failures_of_ten = 6, .ignored_of_ten = 1, .by_hand_of_hundred = 30};
  all.push_back({"StatesSetByHand", Settings(WindowKind::kTime), by_hand});
  all.push_back({"StatesSetByHandInRegister", Settings(WindowKind::kCount), by_hand});
  all.push_back({"StatesSetByHandInRing", Settings(WindowKind::kCount, 1000), by_hand});

  // A window of one word can be read as one: the last five calls at one instant.
  CircuitBreakerSettings sliding = Settings(WindowKind::kCount, 5);
  sliding.initial_state = CircuitBreakerState::kMetricsOnly;
  all.push_back({"WindowOfOneWordReadWhole", sliding, {.looks_inside = true}});
  return all;
}

// What is counted beside the state agrees with the answers once all have returned.
void ExpectTotals(const BreakerHistory& history, const CircuitBreakerSnapshot& snapshot) {
  CircuitBreakerSnapshot expected;
  for (const auto& thread : history) {
    for (const auto& [call, answer, invoked, returned] : thread) {
      if (call.kind == Kind::kAcquire) expected.total_rejected += answer->code != 0;
      if (call.kind != Kind::kSettle) continue;
      const auto settled = static_cast<Settlement>(answer->code);
      if (settled == Settlement::kStale) ++expected.total_stale;
      if (settled == Settlement::kMisused) ++expected.total_misused;
      if (settled != Settlement::kCounted || call.phase() == Phase::kDisabled) continue;
      if (call.outcome == Outcome::kIgnored) {
        ++expected.total_ignored;
      } else if (call.phase() == Phase::kHalfOpen) {
        ++expected.total_probes;
      } else {
        ++(call.outcome == Outcome::kFailure ? expected.total_failures : expected.total_successes);
      }
    }
  }
  EXPECT_EQ(snapshot.total_successes, expected.total_successes);
  EXPECT_EQ(snapshot.total_failures, expected.total_failures);
  EXPECT_EQ(snapshot.total_probes, expected.total_probes);
  EXPECT_EQ(snapshot.total_ignored, expected.total_ignored);
  EXPECT_EQ(snapshot.total_rejected, expected.total_rejected);
  EXPECT_EQ(snapshot.total_stale, expected.total_stale);
  EXPECT_EQ(snapshot.total_misused, expected.total_misused);
}

// Records one burst: a thread that prepares and, when the others are done, looks at what is left;
// and the others.
BreakerHistory Record(const Scenario& scenario, BreakerSubject* subject, uint64_t seed) {
  Stamper stamper(seed % 2 == 0 ? Stamps::kTickets : Stamps::kClock);
  std::atomic<Nanos> clock{kStart};
  BreakerClient first(subject, scenario.use, &clock);
  std::vector<Call<BreakerCall, BreakerAnswer>> calls;
  const auto record = [&](const BreakerCall& call) { stamper.Record(&first, call, &calls); };

  if (scenario.settings.initial_state == CircuitBreakerState::kMetricsOnly)
    record({.kind = Kind::kMetricsOnly, .now = kStart});
  // A permit for each thread, from before whatever happens next.
  std::vector<BreakerClient> clients;
  for (size_t i = 0; i < kThreads; ++i) {
    record({.kind = Kind::kAcquire, .now = kStart});
    clients.emplace_back(subject, scenario.use, &clock, std::vector{first.Take()});
  }
  for (int i = 0; scenario.opens_first && i < scenario.settings.min_calls; ++i) {
    record({.kind = Kind::kAcquire, .now = kStart});
    record({.kind = Kind::kSettle,
            .now = kStart,
            .permit = first.Take(),
            .outcome = Outcome::kFailure});
  }
  if (scenario.opens_first) clock += scenario.settings.open_for_ns;
  BreakerHistory history = Burst<BreakerClient>(&stamper, seed).Run(&clients, kCalls);
  record({.kind = Kind::kLookInside, .now = clock});
  history.push_back(calls);
  return history;
}

template <typename Subject>
std::string FirstRefutedBurst(const Scenario& scenario, uint64_t bursts) {
  CircuitBreakerSettings settings = scenario.settings;
  settings.initial_state = CircuitBreakerState::kClosed;  // set by a recorded call instead
  return FirstRefuted(scenario.name, BreakerModel(settings), bursts, [&](uint64_t seed) {
    Subject subject(settings);
    BreakerHistory history = Record(scenario, &subject, seed);
    if constexpr (std::is_same_v<Subject, BreakerSubject>)
      ExpectTotals(history, subject.Snapshot(kStart));
    return history;
  });
}

class CircuitBreakerLinearizabilityTest : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(All, CircuitBreakerLinearizabilityTest, ::testing::ValuesIn(Scenarios()),
                         [](const auto& test) { return test.param.name; });

TEST_P(CircuitBreakerLinearizabilityTest, AnswersAsTheModelMay) {
  EXPECT_EQ(FirstRefutedBurst<BreakerSubject>(GetParam(), Bursts(100)), "");
}

// ---- breakers with a mistake, each of which must be found

struct SettlesTwice : BreakerSubject {
  using BreakerSubject::BreakerSubject;
  Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) override {
    BreakerSubject::Settle(permit, outcome, now);
    return BreakerSubject::Settle(permit, outcome, now);
  }
};

struct LosesOneFailureInFour : BreakerSubject {
  using BreakerSubject::BreakerSubject;
  std::atomic<uint32_t> failures{0};
  Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) override {
    const bool current = permit.token % kGenerations == breaker().generation();
    if (current && outcome == Outcome::kFailure && ++failures % 4 == 0) return Settlement::kCounted;
    return BreakerSubject::Settle(permit, outcome, now);
  }
};

struct AdmitsOneProbeMore : BreakerSubject {
  using BreakerSubject::BreakerSubject;
  DecisionFields Decide(Nanos now) override {
    DecisionFields decision = BreakerSubject::Decide(now);
    if (decision.reason == static_cast<int32_t>(CircuitBreakerRejection::kHalfOpen))
      return {
          .permit = {.start = now,
                     .token = uint64_t{static_cast<uint32_t>(Phase::kHalfOpen)} << kGenerationBits |
                              breaker().generation()}};
    return decision;
  }
};

struct TakesStalePermits : BreakerSubject {
  using BreakerSubject::BreakerSubject;
  Settlement Settle(const PermitFields& permit, Outcome outcome, Nanos now) override {
    PermitFields fresh = permit;
    fresh.token = permit.token / kGenerations * kGenerations | breaker().generation();
    return BreakerSubject::Settle(fresh, outcome, now);
  }
};

struct ForgetsToReset : BreakerSubject {
  using BreakerSubject::BreakerSubject;
  std::atomic<uint32_t> resets{0};
  void Reset(Nanos now) override {
    if (++resets % 4 != 0) BreakerSubject::Reset(now);
  }
};

// Looks at the state and asks afterwards: what it answers was true, but before it was asked last.
struct AnswersFromMemory : BreakerSubject {
  using BreakerSubject::BreakerSubject;
  std::atomic<uint32_t> looks{0};
  std::atomic<uint32_t> seen{0};
  CircuitBreakerSnapshot Snapshot(Nanos now) override {
    CircuitBreakerSnapshot snapshot = BreakerSubject::Snapshot(now);
    const uint32_t before = seen.exchange(snapshot.generation);
    if (++looks % 2 == 0) snapshot.generation = before;
    return snapshot;
  }
};

struct SaysTooSoon : BreakerSubject {
  using BreakerSubject::BreakerSubject;
  DecisionFields Decide(Nanos now) override {
    DecisionFields decision = BreakerSubject::Decide(now);
    if (decision.retry_after > 1) --decision.retry_after;
    return decision;
  }
};

template <typename Mistake>
void ExpectRefuted(const std::string& scenario) {
  EXPECT_THAT(FirstRefutedBurst<Mistake>(Named(Scenarios(), scenario), 200),
              HasSubstr("not linearizable"))
      << scenario;
}

TEST(MistakenBreakerTest, CountingAnOutcomeTwiceIsFound) {
  for (const Scenario& scenario : TripRaces()) ExpectRefuted<SettlesTwice>(scenario.name);
  ExpectRefuted<SettlesTwice>("ThreeProbesTogether");
}

TEST(MistakenBreakerTest, LosingAFailureIsFound) {
  for (const Scenario& scenario : TripRaces()) ExpectRefuted<LosesOneFailureInFour>(scenario.name);
  ExpectRefuted<LosesOneFailureInFour>("ThreeProbesTogether");
}

TEST(MistakenBreakerTest, AdmittingOneProbeMoreIsFound) {
  ExpectRefuted<AdmitsOneProbeMore>("OneProbe");
  ExpectRefuted<AdmitsOneProbeMore>("TwoProbesOneAtATime");
  ExpectRefuted<AdmitsOneProbeMore>("ThreeProbesTogether");
}

TEST(MistakenBreakerTest, TakingStalePermitsIsFound) {
  ExpectRefuted<TakesStalePermits>("OneProbe");
  ExpectRefuted<TakesStalePermits>("StatesSetByHand");
}

TEST(MistakenBreakerTest, AResetThatDoesNothingIsFound) {
  ExpectRefuted<ForgetsToReset>("StatesSetByHand");
}

TEST(MistakenBreakerTest, AStateRememberedFromBeforeIsFound) {
  ExpectRefuted<AnswersFromMemory>("StatesSetByHand");
}

TEST(MistakenBreakerTest, AnOpenTimeToldTooShortIsFound) {
  ExpectRefuted<SaysTooSoon>("TripInTimeWindow");
  ExpectRefuted<SaysTooSoon>("LeasesThatEnd");
}

}  // namespace
}  // namespace spillway::testing
