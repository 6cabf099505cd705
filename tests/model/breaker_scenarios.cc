// The circuit breaker: the real one, in memory of the scenario, as processes would share it.
#include <array>
#include <memory>

#include "spillway/breaker/circuit_breaker.h"
#include "spillway/sync/thread_slot.h"
#include "spillway/telemetry/event_ring.h"
#include "tests/model/scenarios.h"
#include "tests/support/breakers.h"

namespace spillway::model {
namespace {

using State = CircuitBreakerState;

constexpr Nanos kOpenFor = 1'000'000'000;
constexpr Nanos kLease = 2'000'000'000;

// Two buckets, trips at the first failure, one probe.
CircuitBreakerSettings Small() {
  CircuitBreakerSettings settings;
  settings.window_ns = 2'000'000;
  settings.buckets = 2;
  settings.min_calls = 1;
  settings.slow_call_ns = 0;
  settings.open_for_ns = kOpenFor;
  settings.probe_lease_ns = kLease;
  settings.jitter = 0;
  settings.seed = 1;
  return settings;
}

struct BreakerBase : Scenario {
  explicit BreakerBase(const CircuitBreakerSettings& settings) {
    internal::thread_slot = internal::kNoThreadSlot;
    KeepForEachThread(&internal::thread_slot);
    breaker = testing::MakeBreaker(settings, memory, /*shared=*/true);
  }

  PermitFields Ask(Nanos now) { return breaker->Decide(now).permit; }
  bool Admits(Nanos now) { return breaker->Decide(now).reason == 0; }
  bool Settle(const PermitFields& permit, Outcome outcome, Nanos now) {
    return breaker->Settle(permit, outcome, now) == Settlement::kCounted;
  }
  void Trip() { Settle(Ask(0), Outcome::kFailure, 0); }
  CircuitBreakerSnapshot At(Nanos now) const { return breaker->Snapshot(now); }

  alignas(kCacheLine) std::array<Word, 512> memory_words;
  void* memory = memory_words.data();
  std::unique_ptr<CircuitBreaker> breaker;
};

// Two failures that together reach the threshold, and a success beside them.
struct Trips final : BreakerBase {
  static CircuitBreakerSettings Settings() {
    CircuitBreakerSettings settings = Small();
    settings.min_calls = 2;
    return settings;
  }
  Trips() : BreakerBase(Settings()) {
    for (PermitFields& permit : permits) permit = Ask(0);
  }
  void Run(int thread) override {
    Settle(permits[thread], thread == 2 ? Outcome::kSuccess : Outcome::kFailure, 0);
  }
  void Check() override {
    const CircuitBreakerSnapshot snapshot = At(0);
    Require(snapshot.state == State::kOpen, "the breaker is open");
    Require(snapshot.generation == 1, "it opened once");
    Require(testing::SettledCalls(snapshot) == 3, "each outcome is counted once");
    Require(!Admits(kOpenFor - 1) && Admits(kOpenFor), "it opens for the time it says");
  }
  PermitFields permits[3];
};
const Registered<Trips> trips("breaker: calls that reach a threshold together open it once", 3,
                              {.preemptions = 2, .surprises = 1});

// However many ask when the open time is over.
struct Probes final : BreakerBase {
  static CircuitBreakerSettings Settings(int32_t budget, int32_t most) {
    CircuitBreakerSettings settings = Small();
    settings.probes = budget;
    settings.probes_in_flight = most;
    return settings;
  }
  Probes(int32_t budget, int32_t most) : BreakerBase(Settings(budget, most)), may_run(most) {
    Trip();
  }
  void Run(int) override { admitted += Admits(kOpenFor); }
  void Check() override {
    Require(admitted == may_run, "as many probes run as may");
    Require(At(0).total_rejected == static_cast<uint64_t>(3 - may_run), "the others are counted");
  }
  int32_t may_run;
  int32_t admitted = 0;
};
const Registered<Probes> one_probe("breaker: one probe when one may run", 3,
                                   {.preemptions = 3, .surprises = 1}, 1, 1);
const Registered<Probes> one_of_two("breaker: one probe of two when one may run", 3,
                                    {.preemptions = 2, .surprises = 1}, 2, 1);
const Registered<Probes> two_probes("breaker: two probes when two may run", 3,
                                    {.preemptions = 3, .surprises = 1}, 2, 2);

// Two probes are out, their outcomes race.
struct Verdicts final : BreakerBase {
  explicit Verdicts(Outcome of_second) : BreakerBase(Probes::Settings(2, 2)), second(of_second) {
    Trip();
    for (PermitFields& permit : permits) permit = Ask(kOpenFor);
  }
  void Run(int thread) override {
    if (thread == 2) {
      Admits(kOpenFor);
    } else {
      Settle(permits[thread], thread == 0 ? Outcome::kSuccess : second, kOpenFor);
    }
  }
  void Check() override {
    const bool passed = second == Outcome::kSuccess;
    Require(breaker->state() == (passed ? State::kClosed : State::kOpen), "the verdict is right");
    Require(breaker->generation() == 3, "there is one verdict");
    const CircuitBreakerSnapshot snapshot = At(kOpenFor);
    Require(snapshot.total_probes + snapshot.total_stale == 2, "each outcome is counted once");
  }
  Outcome second;
  PermitFields permits[2];
};
const Registered<Verdicts> verdict_passed("breaker: probes that pass together close it once", 3,
                                          {.preemptions = 2, .surprises = 1}, Outcome::kSuccess);
const Registered<Verdicts> verdict_failed("breaker: a probe that fails beside one that passes", 3,
                                          {.preemptions = 2, .surprises = 1}, Outcome::kFailure);

// A failure of the time before a reset opens nothing after it.
struct StaleFailure final : BreakerBase {
  StaleFailure() : BreakerBase(Small()), permit(Ask(0)) {}
  void Run(int thread) override {
    if (thread == 0) {
      Settle(permit, Outcome::kFailure, 0);
    } else {
      breaker->Reset(0);
    }
  }
  void Check() override {
    Require(breaker->state() == State::kClosed, "what was reset is closed");
    Require(testing::SettledCalls(At(0)) == 1, "the outcome is counted once");
  }
  PermitFields permit;
};
const Registered<StaleFailure> stale_failure("breaker: a stale failure opens nothing", 2,
                                             {.preemptions = 3, .surprises = 2});

// A probe that comes back when its lease is over and its slot may be another's.
struct StaleProbe final : BreakerBase {
  StaleProbe() : BreakerBase(Small()) {
    Trip();
    lost = Ask(kOpenFor);
  }
  void Run(int thread) override {
    const Nanos now = kOpenFor + kLease;
    if (thread == 0) {
      counted[0] = Settle(lost, Outcome::kFailure, now);
    } else if (const PermitFields permit = Ask(now); permit.owner != 0) {
      given_up = true;
      counted[1] = Settle(permit, Outcome::kSuccess, now);
    }
  }
  void Check() override {
    Require(counted[0] != counted[1], "one of the two decides");
    Require(counted[1] == given_up, "not the one whose slot was given to the other");
    const State decided = counted[0] ? State::kOpen : State::kClosed;
    Require(breaker->state() == decided, "the state is what it decided");
  }
  PermitFields lost;
  bool given_up = false;
  bool counted[2] = {};
};
const Registered<StaleProbe> stale_probe("breaker: a probe given up decides nothing", 2,
                                         {.preemptions = 3, .surprises = 2});

// A probe that never comes back, and all who ask when its lease is over.
struct LeaseHeals final : BreakerBase {
  LeaseHeals() : BreakerBase(Small()) {
    Trip();
    Ask(kOpenFor);
  }
  void Run(int) override { admitted += Admits(kOpenFor + kLease); }
  void Check() override {
    Require(admitted == 1, "the slot is given to one other");
    Require(breaker->generation() == 3, "in a new generation");
  }
  int admitted = 0;
};
const Registered<LeaseHeals> lease_heals("breaker: the lease of a lost probe heals", 3,
                                         {.preemptions = 3, .surprises = 1});

// One asks when the lease of the probe that runs is over. Meanwhile that probe comes back, ignored,
// and its slot is given to another: the same numbers of probes, but a lease that has just begun.
struct IgnoredProbe final : BreakerBase {
  IgnoredProbe() : BreakerBase(Small()) {
    Trip();
    probe = Ask(kOpenFor);
  }
  void Run(int thread) override {
    const Nanos now = kOpenFor + kLease;
    if (thread == 1) Settle(probe, Outcome::kIgnored, now);
    admitted[thread] = Admits(now);
  }
  void Check() override {
    Require(admitted[0] != admitted[1], "the probe that was given since keeps its slot");
  }
  PermitFields probe;
  bool admitted[2] = {};
};
const Registered<IgnoredProbe> ignored_probe(
    "breaker: a young probe is not given up for an old one", 2, {.preemptions = 3, .surprises = 1});

// Two who ask while it reopens, the one with a `now` of before. Whatever end he is told belongs to
// the opening that he was refused by.
struct RefusedMeanwhile final : BreakerBase {
  RefusedMeanwhile() : BreakerBase(Small()) { Trip(); }
  void Run(int thread) override {
    if (thread == 0) {
      Settle(Ask(kOpenFor), Outcome::kFailure, kOpenFor);
      return;
    }
    const DecisionFields decision = breaker->Decide(kOpenFor - 1);
    if (decision.reason != static_cast<int32_t>(CircuitBreakerRejection::kOpen)) return;
    const Nanos until = kOpenFor - 1 + decision.retry_after;
    const Nanos rough = BreakerWord::Open(0, kReopened, 0).latest_open_until();
    Require(until == kOpenFor || until == kReopened || until == rough,
            "the end is that of one of the two openings");
  }
  static constexpr Nanos kReopened = 3 * kOpenFor;
};
const Registered<RefusedMeanwhile> refused_meanwhile(
    "breaker: a refusal tells the end of an opening of its time", 2,
    {.preemptions = 3, .surprises = 2});

// While it reopens: nobody takes the old end of the open time for the new one.
struct Reopens final : BreakerBase {
  Reopens() : BreakerBase(Small()) {
    Trip();
    probe = Ask(kOpenFor);
  }
  void Run(int thread) override {
    if (thread == 0) {
      Settle(probe, Outcome::kFailure, kOpenFor);
      return;
    }
    const DecisionFields decision = breaker->Decide(2 * kOpenFor);
    Require(decision.reason != 0, "it is open or its probe runs");
    const bool open = decision.reason == static_cast<int32_t>(CircuitBreakerRejection::kOpen);
    Require(!open || decision.retry_after >= kOpenFor, "the wait ends no sooner than the opening");
  }
  void Check() override { Require(Admits(3 * kOpenFor), "it asks again in time, to the ns"); }
  PermitFields probe;
};
const Registered<Reopens> reopens("breaker: a reopening is never mistaken for the opening before",
                                  3, {.preemptions = 2, .surprises = 2});

// The opening before was longer. Nobody who asks during the new one takes its end for the new
// one's.
struct OpensShorter final : BreakerBase {
  OpensShorter() : BreakerBase(Small()) {
    Trip();
    Settle(Ask(kOpenFor), Outcome::kFailure, kOpenFor);  // until 3 s
    breaker->Reset(kOpenFor);
    last = Ask(kOpenFor);
  }
  void Run(int thread) override {
    if (thread == 0) {
      Settle(last, Outcome::kFailure, kOpenFor);  // until 2 s
      return;
    }
    const DecisionFields decision = breaker->Decide(kOpenFor);
    Require(decision.retry_after <= kOpenFor + kGrain, "the wait is that of this opening");
  }
  static constexpr Nanos kGrain = Nanos{1} << 27;  // of the word alone, see BreakerWord
  PermitFields last;
};
const Registered<OpensShorter> opens_shorter("breaker: an opening does not inherit a longer end", 2,
                                             {.preemptions = 3, .surprises = 2});

// Whoever opens it is stopped before it has said until when, while it opens again meanwhile.
struct OpensAgain final : BreakerBase {
  OpensAgain() : BreakerBase(Small()), first(Ask(0)) {}
  void Run(int thread) override {
    if (thread == 0) {
      Settle(first, Outcome::kFailure, 0);
    } else if (const PermitFields probe = Ask(kLate); probe.owner != 0) {
      if (Settle(probe, Outcome::kFailure, kLate)) reopened = breaker->generation() == 3;
    }
  }
  void Check() override {
    if (reopened) Require(!Admits(kLate + 2 * kOpenFor - 1), "the end of the new opening stands");
  }
  static constexpr Nanos kLate = 2 * kOpenFor;
  PermitFields first;
  bool reopened = false;
};
const Registered<OpensAgain> opens_again("breaker: a late writer brings no old end back", 2,
                                         {.preemptions = 3, .surprises = 1});

// Two who ask at different times race for the probe: its lease is the later one's, if he has it.
struct Leases final : BreakerBase {
  Leases() : BreakerBase(Small()) { Trip(); }
  void Run(int thread) override { admitted[thread] = Admits(Time(thread)); }
  void Check() override {
    Require(admitted[0] != admitted[1], "one of them has the probe");
    Require(!Admits(Time(admitted[1]) + kLease - 1), "its lease is not cut short");
  }
  static Nanos Time(int thread) { return kOpenFor + thread * kOpenFor / 2; }
  bool admitted[2] = {};
};
const Registered<Leases> leases("breaker: a probe keeps its whole lease", 2,
                                {.preemptions = 3, .surprises = 1});

// The share of calls that a ramp admits is exact.
struct RampShare final : BreakerBase {
  static CircuitBreakerSettings Settings() {
    CircuitBreakerSettings settings = Small();
    settings.ramp_ns = kOpenFor;
    return settings;
  }
  RampShare() : BreakerBase(Settings()) {
    Trip();
    Settle(Ask(kOpenFor), Outcome::kSuccess, kOpenFor);
  }
  void Run(int) override { admitted += Admits(kOpenFor); }
  void Check() override { Require(admitted == 1, "the first of two calls is admitted"); }
  int admitted = 0;
};
const Registered<RampShare> ramp_share("breaker: a ramp counts each call once", 2,
                                       {.preemptions = 3, .surprises = 1});

// What is not a plain outcome is counted too.
struct OtherCounts final : BreakerBase {
  OtherCounts() : BreakerBase(Small()), old(Ask(0)) {
    breaker->Reset(0);
    for (PermitFields& permit : permits) permit = Ask(0);
  }
  void Run(int thread) override {
    Settle(permits[thread], Outcome::kIgnored, 0);
    Settle(old, Outcome::kSuccess, 0);
    Settle({}, Outcome::kSuccess, 0);
  }
  void Check() override {
    const CircuitBreakerSnapshot snapshot = At(0);
    Require(snapshot.total_ignored == 2, "each ignored outcome");
    Require(snapshot.total_stale == 2, "each stale one");
    Require(snapshot.total_misused == 2, "each misuse");
  }
  PermitFields old;
  PermitFields permits[2];
};
const Registered<OtherCounts> other_counts("breaker: ignored, stale and misused are counted", 2,
                                           {.preemptions = 2, .surprises = 0});

// ---- events

constexpr Event EventOf(uint32_t generation) {
  return {.generation = generation, .to = 1, .reason = 1, .time = 100 * Nanos{generation}};
}

// Two publishers on one slot of the ring, one a lap late, and a reader.
struct Publishers final : Scenario {
  explicit Publishers(uint32_t of_second) : second(of_second) { ring.Publish(EventOf(1)); }
  void Run(int thread) override {
    if (thread < 2) {
      ring.Publish(EventOf(thread == 0 ? 9 : second));
    } else {
      Look();
    }
  }
  void Check() override {
    Look();
    if (second == 9) Require(ring.Find(9).has_value(), "what both publish is there");
  }
  void Look() {
    for (const uint32_t generation : {1u, 9u, 17u}) {
      const std::optional<Event> event = ring.Find(generation);
      Require(!event || event->time == EventOf(generation).time, "an event has its own time");
    }
  }
  uint32_t second;
  EventRing ring;
};
const Registered<Publishers> publishers_apart("events: a late publisher spoils nothing", 3,
                                              {.preemptions = 3, .surprises = 1}, 17u);
const Registered<Publishers> publishers_same("events: two who publish the same event", 3,
                                             {.preemptions = 3, .surprises = 1}, 9u);

}  // namespace
}  // namespace spillway::model
