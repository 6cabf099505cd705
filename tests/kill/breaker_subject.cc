#include "tests/kill/breaker_subject.h"

#include <sched.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/kill/breaker_attachment.h"

namespace spillway::testing {
namespace {

using Breaker = BreakerAttachment;
using Settings = CircuitBreakerSettings;

// A window of few buckets and calls: all paths, in few instructions.
Settings TimeWindowed() {
  Settings settings;
  settings.window_ns = 2 * kNanosPerSecond;
  settings.buckets = 2;
  settings.min_calls = 4;
  settings.failure_rate = 0.5;
  settings.slow_call_ns = kNanosPerSecond;
  settings.open_for_ns = settings.max_open_ns = 2 * kNanosPerSecond;
  settings.jitter = 0;
  settings.probes = settings.probes_in_flight = 2;
  settings.probe_lease_ns = 4 * kNanosPerSecond;
  settings.seed = 1;
  return settings;
}

Settings With(Settings settings, void (*change)(Settings& settings)) {
  change(settings);
  return settings;
}

Settings Counted(int32_t size) {
  Settings settings = TimeWindowed();
  settings.window_kind = WindowKind::kCount;
  settings.window_size = size;
  return settings;
}

// ---- what comes before

void Nothing(Breaker&) {}
void APermit(Breaker& on) { on.permit = on.Ask(); }
void Warm(Breaker& on) {
  on.Calls(8, Outcome::kSuccess);
  APermit(on);
}
void FirstOfBucket(Breaker& on) {
  APermit(on);
  on.now += kNanosPerSecond / 2;
  on.Calls(8, Outcome::kSuccess);
  on.now += kNanosPerSecond / 2;
}
void FirstOfLap(Breaker& on) {
  on.Calls(8, Outcome::kSuccess);
  on.now += 2 * kNanosPerSecond;
  APermit(on);
}
void NearlyTripped(Breaker& on) {
  on.Calls(3, Outcome::kFailure);
  APermit(on);
}
void NearlyTooSlow(Breaker& on) {
  std::vector<PermitFields> permits;
  for (int i = 0; i < 4; ++i) permits.push_back(on.Ask());
  on.now += kNanosPerSecond + 1;
  for (int i = 0; i < 3; ++i) on.Tell(permits[static_cast<size_t>(i)], Outcome::kSuccess);
  on.permit = permits[3];
}
void OldPermit(Breaker& on) {
  APermit(on);
  on.Trip();
}
void ForeignPermit(Breaker& on) {
  APermit(on);
  on.permit.owner = ~on.permit.owner;
}
void Open(Breaker& on) { on.Trip(); }
void OpenTimeOver(Breaker& on) {
  on.Trip();
  on.now += 2 * kNanosPerSecond;
}
void OneProbe(Breaker& on) {
  on.Trip();
  on.AskForProbe();
}
void AllProbes(Breaker& on) {
  OneProbe(on);
  on.Ask();
}
void LeaseOver(Breaker& on) {
  OneProbe(on);
  on.LoseAllProbes();
}
void LastProbe(Breaker& on) {
  OneProbe(on);
  on.Call(Outcome::kSuccess);
}
void InRamp(Breaker& on) {
  LastProbe(on);
  on.Tell(on.permit, Outcome::kSuccess);
}
void InRampUsedUp(Breaker& on) {
  InRamp(on);
  on.Ask();
}
void RampOver(Breaker& on) {
  InRamp(on);
  on.now += kNanosPerSecond;
}
void HungCalls(Breaker& on) {
  for (int i = 0; i < 4; ++i) on.Ask();
  on.now += 2 * kNanosPerSecond + 1;
}
void RingRoundOnce(Breaker& on) {
  on.Calls(80, Outcome::kSuccess);
  APermit(on);
}
void MetricsNearlyExceeded(Breaker& on) {
  on.breaker().MetricsOnly(on.now);
  NearlyTripped(on);
}
void ByTheClock(Breaker& on) {
  on.now = SteadyNow();
  Warm(on);
}

// ---- the operations

constexpr Done kAdmitted = {};
constexpr Done kRefused = {.refused = 1};
constexpr Done kSettled = {.settled = 1};
constexpr Done kChanged = {.changes = 1};
constexpr Done kRefusedAndChanged = {.refused = 1, .changes = 1};
constexpr Done kSettledAndChanged = {.settled = 1, .changes = 1};

Done Ask(Breaker& on) { return {.refused = on.breaker().Decide(on.now).reason != 0}; }
Done AskByTheClock(Breaker& on) { return {.refused = on.breaker().Decide().reason != 0}; }
template <Outcome outcome>
Done Settle(Breaker& on) {
  on.breaker().Settle(on.permit, outcome, on.now);
  return {.settled = 1};
}
Done SettleByTheClock(Breaker& on) {
  on.breaker().Settle(Permit(on.permit), Outcome::kSuccess);
  return {.settled = 1};
}
Done Reset(Breaker& on) {
  on.breaker().Reset(on.now);
  return kChanged;
}
Done ForceOpen(Breaker& on) {
  on.breaker().ForceOpen(on.now);
  return kChanged;
}
Done Disable(Breaker& on) {
  on.breaker().Disable(on.now);
  return kChanged;
}
Done MetricsOnly(Breaker& on) {
  on.breaker().MetricsOnly(on.now);
  return kChanged;
}
Done Snapshot(Breaker& on) {
  on.breaker().Snapshot(on.now);
  return {};
}
Done ReadEvents(Breaker& on) {
  on.breaker().Events(0, on.events);
  return {};
}

constexpr auto kSucceed = Settle<Outcome::kSuccess>;
constexpr auto kFail = Settle<Outcome::kFailure>;
constexpr auto kIgnore = Settle<Outcome::kIgnored>;

void ReadClock() { SteadyNow(); }
void ReadCpu() { sched_getcpu(); }

Operation Make(const char* name, const Settings& settings, void (*prepare)(Breaker&),
               Done (*run)(Breaker&), const Done& whole, void (*asks)() = nullptr) {
  return MakeOperation<Breaker>(name, CircuitBreaker::MemoryBytes(settings), settings,
                                {prepare, run}, whole, asks);
}

std::vector<Operation> Operations() {
  const Settings time = TimeWindowed();
  const Settings patient = With(time, [](Settings& s) { s.slow_call_ns = 3600 * kNanosPerSecond; });
  const Settings lenient = With(time, [](Settings& s) { s.failure_rate = 1.0; });
  const Settings one_probe = With(time, [](Settings& s) { s.probes_in_flight = 1; });
  const Settings ramp = With(time, [](Settings& s) { s.ramp_ns = kNanosPerSecond; });
  const Settings in_flight = With(time, [](Settings& s) { s.in_flight = true; });
  const Settings striped = With(time, [](Settings& s) { s.striped = true; });
  const Settings reg = Counted(20);
  const Settings ring = Counted(31);
  const Settings k_of_n = With(ring, [](Settings& s) {
    s.window_kind = WindowKind::kKOfN;
    s.window_failures = 4;
  });
  return {
      Make("closed, ask", time, Nothing, Ask, kAdmitted),
      Make("closed, ask by the clock", patient, ByTheClock, AskByTheClock, kAdmitted, ReadClock),
      Make("success", time, Warm, kSucceed, kSettled),
      Make("success by the clock", patient, ByTheClock, SettleByTheClock, kSettled, ReadClock),
      Make("success, first of its bucket", time, FirstOfBucket, kSucceed, kSettled),
      Make("success, bucket of the last lap", time, FirstOfLap, kSucceed, kSettled),
      Make("success, striped", striped, Warm, kSucceed, kSettled, ReadCpu),
      Make("failure", time, Warm, kFail, kSettled),
      Make("failure that trips", time, NearlyTripped, kFail, kSettledAndChanged),
      Make("failure that trips, striped", striped, NearlyTripped, kFail, kSettledAndChanged,
           ReadCpu),
      Make("slow call that trips", time, NearlyTooSlow, kSucceed, kSettledAndChanged),
      Make("ignored", time, Warm, kIgnore, kSettled),
      Make("stale permit", time, OldPermit, kFail, kSettled),
      Make("foreign permit", time, ForeignPermit, kFail, kSettled),
      Make("open, refusal", time, Open, Ask, kRefused),
      Make("open time over, first probe", time, OpenTimeOver, Ask, kChanged),
      Make("open time over, the only probe", one_probe, OpenTimeOver, Ask, kChanged),
      Make("half open, second probe", time, OneProbe, Ask, kAdmitted),
      Make("half open, refusal", time, AllProbes, Ask, kRefused),
      Make("half open, lease over", time, LeaseOver, Ask, kChanged),
      Make("probe succeeds", time, OneProbe, kSucceed, kSettled),
      Make("probe succeeds and closes", time, LastProbe, kSucceed, kSettledAndChanged),
      Make("probe fails", lenient, OneProbe, kFail, kSettled),
      Make("probe fails and reopens", time, OneProbe, kFail, kSettledAndChanged),
      Make("probe ignored", time, OneProbe, kIgnore, kSettled),
      Make("probe begins a ramp", ramp, LastProbe, kSucceed, kSettledAndChanged),
      Make("ramp, ask", ramp, InRamp, Ask, kAdmitted),
      Make("ramp, refusal", ramp, InRampUsedUp, Ask, kRefused),
      Make("ramp over", ramp, RampOver, Ask, kAdmitted),
      Make("in flight, first of its bucket", in_flight, Nothing, Ask, kAdmitted),
      Make("in flight, ask", in_flight, Warm, Ask, kAdmitted),
      Make("in flight, success", in_flight, Warm, kSucceed, kSettled),
      Make("in flight, failure that trips", in_flight, NearlyTripped, kFail, kSettledAndChanged),
      Make("in flight, hung calls trip", in_flight, HungCalls, Ask, kRefusedAndChanged),
      Make("count window of one word, success", reg, Warm, kSucceed, kSettled),
      Make("count window of one word, trips", reg, NearlyTripped, kFail, kSettledAndChanged),
      Make("count window, success", ring, RingRoundOnce, kSucceed, kSettled),
      Make("count window, trips", ring, NearlyTripped, kFail, kSettledAndChanged),
      Make("k of n, trips", k_of_n, NearlyTripped, kFail, kSettledAndChanged),
      Make("metrics only, threshold", time, MetricsNearlyExceeded, kFail, kSettledAndChanged),
      Make("reset", time, Open, Reset, kChanged),
      Make("reset of a count window", ring, Open, Reset, kChanged),
      Make("force open", time, Warm, ForceOpen, kChanged),
      Make("disable", time, Warm, Disable, kChanged),
      Make("metrics only", time, Warm, MetricsOnly, kChanged),
      Make("snapshot", time, OneProbe, Snapshot, {}),
      Make("events", time, OneProbe, ReadEvents, {}),
  };
}

// All quick to open and to close, so that a storm meets all states.
Settings Quick() {
  Settings settings;
  settings.window_ns = 10'000'000;
  settings.min_calls = 5;
  settings.slow_call_ns = 500'000;
  settings.open_for_ns = 1'000'000;
  settings.max_open_ns = 1'000'000;
  settings.jitter = 0;
  settings.probes = 4;
  settings.probes_in_flight = 2;
  settings.probe_lease_ns = 2'000'000;
  settings.ramp_ns = 3'000'000;
  return settings;
}

}  // namespace

Subject CircuitBreakerSubject() {
  return {.name = "circuit breaker",
          .operations = Operations(),
          .storm = Make("storm", Quick(), Nothing, Ask, {.refused = 1, .settled = 1})};
}

}  // namespace spillway::testing
