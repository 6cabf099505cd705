#include "tests/kill/adaptive_limiter_subject.h"

#include <array>
#include <memory>
#include <vector>

#include "spillway/concurrency/adaptive_limiter.h"
#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

using Settings = AdaptiveLimiterSettings;

constexpr Nanos kWindow = 1024 * 1'000'000;
constexpr Nanos kCall = kWindow / 16;

// A limiter of one process on memory that it shares with others, and the books of its calls:
// `taken` is how many are in flight. Who is killed with a permit keeps the place for good.
class Limiter : public ScriptedAttachment<Limiter> {
 public:
  Limiter(const Settings& settings, const Script<Limiter>& script, void* memory)
      : ScriptedAttachment(script),
        settings_(settings),
        limiter_(MakePolicy<AdaptiveLimiter>(settings, memory, true)) {}

  // For the scripts.
  AdaptiveLimiter& limiter() { return *limiter_; }
  PermitFields Ask() {
    const DecisionFields decision = limiter_->Decide(now);
    const bool admitted = decision.reason == 0;
    books().Add({.refused = !admitted, .admitted = admitted, .taken = admitted});
    return decision.permit;
  }
  void Tell(const PermitFields& of, Outcome outcome) {
    if (of.owner == 0) return;  // it was refused
    const Settlement settlement = limiter_->Settle(of, outcome, now);
    books().Add({.settled = 1, .taken = settlement == Settlement::kCounted ? -1 : 0});
  }
  // One after the other.
  void Calls(int count, Outcome outcome) {
    for (int i = 0; i < count; ++i) {
      const PermitFields got = Ask();
      now += kCall;
      Tell(got, outcome);
    }
  }
  void Fill() {
    while (Look().in_flight < Look().limit) permit = Ask();
  }
  AdaptiveLimiterSnapshot Look() const { return limiter_->Snapshot(now); }

  PermitFields permit;

 private:
  void CheckAll() override;
  void CallAny(Random& random) override;
  void CheckTotals(const char* admitted, const char* refused, const char* settled);
  void CheckPlaces();
  void CheckWindows();

  Settings settings_;
  std::unique_ptr<AdaptiveLimiter> limiter_;
};

void Limiter::CheckTotals(const char* admitted, const char* refused, const char* settled) {
  const AdaptiveLimiterSnapshot snapshot = Look();
  Expect(books().admitted.Hold(snapshot.total_admitted), admitted);
  Expect(books().refused.Hold(snapshot.total_refused), refused);
  Expect(books().settled.Hold(snapshot.total_succeeded + snapshot.total_failed +
                              snapshot.total_ignored + snapshot.total_misused),
         settled);
}

// Each place that is free is given, and none other. Who is refused may end a probe, which frees
// more.
void Limiter::CheckPlaces() {
  std::array<PermitFields, 40> permits;
  const int32_t before = Look().in_flight;
  int32_t admitted = 0;
  for (PermitFields& got : permits) {
    got = Ask();
    admitted += got.owner != 0;
  }
  const int32_t limit = Look().limit;
  Expect(Look().in_flight == before + admitted, "who is admitted has a place");
  Expect(admitted == static_cast<int32_t>(permits.size()) || before + admitted >= limit,
         "each place that is free is given");
  Expect(admitted == 0 || before + admitted <= limit, "and no other");
  for (const PermitFields& got : permits) Tell(got, Outcome::kIgnored);
  Expect(Look().in_flight == before, "and each comes back");
}

// Whoever was killed or stopped in the middle of one.
void Limiter::CheckWindows() {
  const uint64_t before = Look().total_windows;
  Calls(16 * 8, Outcome::kSuccess);
  Expect(Look().total_windows >= before + 3, "windows go on to be judged");
  Expect(Look().call_time_ns == kCall, "by the calls that they had");
  Expect(Look().limit <= settings_.max_limit, "the limit keeps to its bounds");
}

void Limiter::CheckAll() {
  CheckTotals("admissions before were counted once, the one cut off at most once",
              "refusals before were counted once, the one cut off at most once",
              "outcomes before were counted once, the one cut off at most once");
  Expect(books().taken.Hold(Look().in_flight), "no place was lost but those cut off");
  CheckPlaces();
  // A place for the calls below: those that were cut off have theirs for good.
  if (Look().in_flight < Look().limit - 1) CheckWindows();
  // Full, or as it is: who is late would be one too many, or one too few.
  if (books().rest != 0 && Look().limit < 1000) Fill();
  CheckTotals("each admission was counted once", "each refusal was counted once",
              "each outcome was counted once");
  books().taken = {Look().in_flight, Look().in_flight};
}

void Limiter::CallAny(Random& random) {
  const PermitFields got = Ask();
  now += random.Below(kCall);
  Tell(got, random.OneIn(20)  ? Outcome::kIgnored
            : random.OneIn(9) ? Outcome::kFailure
                              : Outcome::kSuccess);
}

// ---- what comes before

void Nothing(Limiter&) {}
void APermit(Limiter& on) {
  on.Calls(3, Outcome::kSuccess);
  on.permit = on.Ask();
  on.now += kCall;
}
void NotItsTurn(Limiter& on) {
  APermit(on);
  on.Tell(on.Ask(), Outcome::kSuccess);  // at that time
}
void Full(Limiter& on) { on.Fill(); }
void OnePlace(Limiter& on) {
  on.Fill();
  on.Tell(on.permit, Outcome::kIgnored);
}
// So many windows are over, and the last call of another, with so many more in flight: 10 are half
// of the limit, 3 leave a place while a probe admits a quarter.
template <int windows, int held>
void LastOfWindow(Limiter& on) {
  for (int i = 0; i < held; ++i) on.Ask();
  const uint64_t before = on.Look().total_windows;
  while (on.Look().total_windows < before + windows) on.Calls(1, Outcome::kSuccess);
  on.Calls(14, Outcome::kSuccess);
  on.permit = on.Ask();
  on.now += 3 * kCall;
}
void LastOfDrops(Limiter& on) {
  on.Calls(1, Outcome::kSuccess);
  on.Calls(14, Outcome::kFailure);
  on.permit = on.Ask();
  on.now += 3 * kCall;
}
void ForeignPermit(Limiter& on) {
  APermit(on);
  on.permit.owner = ~on.permit.owner;
}
void ByTheClock(Limiter& on) {
  on.now = SteadyNow();
  APermit(on);
}

// ---- the operations

Done Asked(int32_t reason) {
  return {.refused = reason != 0, .admitted = reason == 0, .taken = reason == 0};
}
Done Ask(Limiter& on) { return Asked(on.limiter().Decide(on.now).reason); }
Done AskByTheClock(Limiter& on) { return Asked(on.limiter().TryAcquire().reason); }
template <Outcome outcome>
Done Settle(Limiter& on) {
  const Settlement settlement = on.limiter().Settle(on.permit, outcome, on.now);
  return {.settled = 1, .taken = settlement == Settlement::kCounted ? -1 : 0};
}
Done Snapshot(Limiter& on) {
  on.limiter().Snapshot(on.now);
  return {};
}
void ReadClock() { SteadyNow(); }

constexpr Done kAdmitted = {.admitted = 1, .taken = 1};
constexpr Done kRefused = {.refused = 1};
constexpr Done kSettled = {.settled = 1, .taken = -1};
constexpr auto kSucceed = Settle<Outcome::kSuccess>;
constexpr auto kFail = Settle<Outcome::kFailure>;

Operation Make(const char* name, const Settings& settings, void (*prepare)(Limiter&),
               Done (*run)(Limiter&), const Done& whole, void (*asks)() = nullptr) {
  return MakeOperation<Limiter>(name, AdaptiveLimiter::MemoryBytes(), settings, {prepare, run},
                                whole, asks);
}

std::vector<Operation> Operations() {
  Settings gradient;
  gradient.window_ns = kWindow;
  gradient.max_limit = 30;
  Settings aimd = gradient;
  aimd.algorithm = LimitAlgorithm::kAimd;
  return {
      Make("admit", gradient, APermit, Ask, kAdmitted),
      Make("admit, first call", gradient, Nothing, Ask, kAdmitted),
      Make("admit, the last place", gradient, OnePlace, Ask, kAdmitted),
      Make("admit by the clock", gradient, ByTheClock, AskByTheClock, kAdmitted, ReadClock),
      Make("refuse", gradient, Full, Ask, kRefused),
      Make("success that is looked at", gradient, APermit, kSucceed, kSettled),
      Make("success that is not", gradient, NotItsTurn, kSucceed, kSettled),
      Make("success of the first call", gradient, Full, kSucceed, kSettled),
      Make("failure", gradient, APermit, kFail, kSettled),
      Make("ignored", gradient, APermit, Settle<Outcome::kIgnored>, kSettled),
      Make("foreign permit", gradient, ForeignPermit, kSucceed, {.settled = 1}),
      Make("judge the window before a probe", gradient, LastOfWindow<3, 10>, kSucceed, kSettled),
      Make("judge the drain", gradient, LastOfWindow<4, 3>, kSucceed, kSettled),
      Make("judge a probe", gradient, LastOfWindow<5, 3>, kSucceed, kSettled),
      Make("judge a window of drops", aimd, LastOfDrops, kFail, kSettled),
      Make("snapshot", gradient, APermit, Snapshot, {}),
  };
}

// So many places that those who are killed with one leave enough.
Settings Wide() {
  Settings settings;
  settings.window_ns = 1'000'000;
  settings.initial_limit = settings.min_limit = 50'000;
  settings.max_limit = 100'000;
  return settings;
}

}  // namespace

Subject AdaptiveLimiterSubject() {
  return {.name = "adaptive limiter",
          .operations = Operations(),
          .storm = Make("storm", Wide(), Nothing, Ask,
                        {.refused = 1, .admitted = 1, .settled = 1, .taken = 1})};
}

}  // namespace spillway::testing
