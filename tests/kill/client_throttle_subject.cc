#include "tests/kill/client_throttle_subject.h"

#include <memory>
#include <vector>

#include "spillway/concurrency/client_throttle.h"
#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

using Settings = ClientThrottleSettings;

constexpr Nanos kBucket = kNanosPerSecond;

// A throttle of one process on memory that it shares with others, and the books of its calls:
// `taken` is how many the window holds.
class Throttle : public ScriptedAttachment<Throttle> {
 public:
  Throttle(const Settings& settings, const Script<Throttle>& script, void* memory)
      : ScriptedAttachment(script),
        settings_(settings),
        throttle_(MakePolicy<ClientThrottle>(settings, memory, true)) {}

  // For the scripts.
  ClientThrottle& throttle() { return *throttle_; }
  PermitFields Ask() {
    const DecisionFields decision = throttle_->Decide(now);
    const bool refused = decision.reason != 0;
    books().Add({.refused = refused, .admitted = !refused, .taken = 1});
    return decision.permit;
  }
  void Tell(const PermitFields& of, Outcome outcome) {
    if (of.owner == 0) return;  // it was refused
    const Settlement settlement = throttle_->Settle(of, outcome, now);
    const bool back = settlement == Settlement::kCounted && outcome == Outcome::kIgnored;
    books().Add({.settled = 1, .taken = back ? -1 : 0});
  }
  int Calls(int count, Outcome outcome) {
    int admitted = 0;
    for (int i = 0; i < count; ++i) {
      const PermitFields got = Ask();
      admitted += got.owner != 0;
      Tell(got, outcome);
    }
    return admitted;
  }
  // So long that all calls leave the window.
  void Forget() {
    now += settings_.window_ns + kBucket;
    books().taken = {};
  }

  PermitFields permit;

 private:
  void CheckAll() override;
  void CallAny(Random& random) override;
  void CheckTotals(const char* admitted, const char* refused, const char* settled);

  Settings settings_;
  std::unique_ptr<ClientThrottle> throttle_;
};

void Throttle::CheckTotals(const char* admitted, const char* refused, const char* settled) {
  const ClientThrottleSnapshot snapshot = throttle_->Snapshot(now);
  Expect(books().admitted.Hold(snapshot.total_admitted), admitted);
  Expect(books().refused.Hold(snapshot.total_throttled_normal), refused);
  Expect(
      books().settled.Hold(snapshot.total_accepted + snapshot.total_failed +
                           snapshot.total_ignored + snapshot.total_stale + snapshot.total_misused),
      settled);
}

void Throttle::CheckAll() {
  CheckTotals("admissions before were counted once, the one cut off at most once",
              "refusals before were counted once, the one cut off at most once",
              "outcomes before were counted once, the one cut off at most once");
  const ClientThrottleSnapshot before = throttle_->Snapshot(now);
  Expect(books().taken.Hold(before.requests), "each call is in the window once, or was cut off");
  Expect(before.accepts <= before.requests + 1, "no more were accepted than were asked for");
  Forget();
  Expect(throttle_->Snapshot(now).requests == 0, "an outage is forgotten with its window");
  Expect(Calls(40, Outcome::kSuccess) == 40, "nobody is refused while all are accepted");
  Expect(throttle_->Snapshot(now).accepts == 40, "each acceptance is in the window once");
  Expect(Calls(10, Outcome::kIgnored) == 10, "nor by calls that were ignored");
  Expect(throttle_->Snapshot(now).requests == 40, "which are taken back");
  Expect(Calls(40, Outcome::kFailure) == 40, "nor while half is");
  const int admitted = Calls(200, Outcome::kFailure);
  const bool refuses = settings_.max_rejection > 0;
  Expect(refuses ? 80 < admitted && admitted < 140 : admitted == 200,
         "a share is refused when fewer are");
  // Refusing, or with an empty window: who is late counts where most would come of it.
  if (books().rest != 0) Forget();
  CheckTotals("each admission was counted once", "each refusal was counted once",
              "each outcome was counted once");
  const auto requests = static_cast<int64_t>(throttle_->Snapshot(now).requests);
  books().taken = {requests, requests};
}

void Throttle::CallAny(Random& random) {
  const uint32_t failures = (now >> 23) % 2 == 0 ? 1 : 50;
  const PermitFields got = Ask();
  Tell(got, random.OneIn(20)         ? Outcome::kIgnored
            : random.OneIn(failures) ? Outcome::kFailure
                                     : Outcome::kSuccess);
}

// ---- what comes before

void APermit(Throttle& on) {
  on.Calls(30, Outcome::kSuccess);
  on.permit = on.Ask();
}
void Nothing(Throttle&) {}
void AFreshBucket(Throttle& on) {
  APermit(on);
  on.now += kBucket;
}
void FirstAccepted(Throttle& on) {
  on.Calls(3, Outcome::kFailure);
  on.permit = on.Ask();
}
void FewAccepted(Throttle& on) { on.Calls(60, Outcome::kFailure); }
void OldPermit(Throttle& on) {
  APermit(on);
  on.Forget();
}
void ForeignPermit(Throttle& on) {
  APermit(on);
  on.permit.owner = ~on.permit.owner;
}
void ByTheClock(Throttle& on) {
  on.now = SteadyNow();
  APermit(on);
}

// ---- the operations

Done Asked(int32_t reason) { return {.refused = reason != 0, .admitted = reason == 0, .taken = 1}; }
Done Ask(Throttle& on) { return Asked(on.throttle().Decide(on.now).reason); }
Done AskByTheClock(Throttle& on) { return Asked(on.throttle().TryAcquire().reason); }
template <Outcome outcome>
Done Settle(Throttle& on) {
  const Settlement settlement = on.throttle().Settle(on.permit, outcome, on.now);
  const bool back = outcome == Outcome::kIgnored && settlement == Settlement::kCounted;
  return {.settled = 1, .taken = back ? -1 : 0};
}
void ReadClock() { SteadyNow(); }

constexpr Done kAdmitted = {.admitted = 1, .taken = 1};
constexpr Done kRefused = {.refused = 1, .taken = 1};
constexpr Done kSettled = {.settled = 1};

Operation Make(const char* name, const Settings& settings, void (*prepare)(Throttle&),
               Done (*run)(Throttle&), const Done& whole, void (*asks)() = nullptr) {
  return MakeOperation<Throttle>(name, ClientThrottle::MemoryBytes(), settings, {prepare, run},
                                 whole, asks);
}

Settings Seconds() {
  Settings settings;
  settings.window_ns = ClientThrottleMemory::kBuckets * kBucket;
  settings.seed = 1;
  return settings;
}

std::vector<Operation> Operations() {
  const Settings seconds = Seconds();
  Settings day = seconds;
  day.window_ns = 86'400 * kNanosPerSecond;
  Settings strict = seconds;
  strict.max_rejection = 1;
  Settings lenient = seconds;
  lenient.max_rejection = 0;
  return {
      Make("admit", seconds, APermit, Ask, kAdmitted),
      Make("admit, first call", seconds, Nothing, Ask, kAdmitted),
      Make("admit, first of its bucket", seconds, AFreshBucket, Ask, kAdmitted),
      Make("admit by the clock", day, ByTheClock, AskByTheClock, kAdmitted, ReadClock),
      Make("refuse by a draw", strict, FewAccepted, Ask, kRefused),
      Make("admit by a draw", lenient, FewAccepted, Ask, kAdmitted),
      Make("success", seconds, APermit, Settle<Outcome::kSuccess>, kSettled),
      Make("success, first of its bucket", seconds, FirstAccepted, Settle<Outcome::kSuccess>,
           kSettled),
      Make("failure", seconds, APermit, Settle<Outcome::kFailure>, kSettled),
      Make("ignored", seconds, APermit, Settle<Outcome::kIgnored>, {.settled = 1, .taken = -1}),
      Make("stale permit", seconds, OldPermit, Settle<Outcome::kSuccess>, kSettled),
      Make("foreign permit", seconds, ForeignPermit, Settle<Outcome::kSuccess>, kSettled),
  };
}

}  // namespace

Subject ClientThrottleSubject() {
  Settings day = Seconds();
  day.window_ns = 86'400 * kNanosPerSecond;
  return {.name = "client throttle",
          .operations = Operations(),
          .storm = Make("storm", day, Nothing, Ask,
                        {.refused = 1, .admitted = 1, .settled = 1, .taken = 1})};
}

}  // namespace spillway::testing
