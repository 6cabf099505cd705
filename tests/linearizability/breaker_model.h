// What the circuit breaker promises to threads that use it at the same time, as a sequential model
// of small steps. docs/guarantees.md says the same in prose.
//
// One instant, one word: TryAcquire decides, a probe settles, a state is set by hand and state,
// generation and probes are read, each in one step. The rest is weaker, by exactly this much:
//
// - Settling a call of a closed breaker is up to four steps: its generation is looked at; the
//   outcome is counted, once; the window is judged; the breaker trips. A change of state that comes
//   between the first two leaves the outcome in the old window, which nobody sees, or in the new
//   one, where it counts but trips nothing by itself.
// - What a window of one word (up to 30 calls) is judged by is what it held when the outcome was
//   counted. In a larger one each count lies between its values at the counting and at the
//   verdict. Of those who count the calls that make a verdict, the last sees them all: when they
//   have returned, the breaker has tripped.
// - A success is judged only while fewer than `min_calls` calls are in the window. In one of many
//   words a place that a call of an older generation took in between counts as a call there, so the
//   success that completes the minimum may leave the verdict to the next failure.
// - Emptying the window looks at it first. If it was empty, calls counted between the look and the
//   change stay. A window of time looks empty until a call of its own generation is counted, though
//   outcomes of older ones may have come in since such a call began: these stay, too.
// - The end of an open time is told in two steps: to 134 ms (later, never earlier), then exactly,
//   before the call that opened returns. When two calls open so close together that both are
//   between these, it may stay inexact. One by an outcome of before the state began lasts from
//   either time.
// - Asking for a probe raises the lease's end before it takes the probe, and stays raised when
//   another takes that first. Who is refused a probe looks at the lease after it saw them all
//   taken.
//
// The model leaves out what is told apart by single-threaded tests: slow calls, growing open times,
// ramps. `backoff` must be 1, `jitter`, `slow_call` and `ramp` 0.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_MODEL_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_MODEL_H_

#include <algorithm>
#include <cstdint>
#include <ostream>

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "spillway/breaker/circuit_breaker_settings.h"
#include "tests/linearizability/breaker_calls.h"
#include "tests/linearizability/breaker_model_window.h"
#include "tests/linearizability/checker.h"

namespace spillway::testing {

class BreakerModel {
 public:
  using Operation = BreakerCall;
  using Answer = BreakerAnswer;
  using Phase = CircuitBreakerState;
  using Kind = BreakerCall::Kind;

  // 64-bit numbers only: hashed as bytes.
  struct State {
    Phase phase = Phase::kClosed;
    uint32_t generation = 0;
    Nanos began = 0;
    ModelWindow window;
    uint64_t exceeded = 0;  // metrics only: said so already
    Nanos open_until = 0;
    uint64_t open_is_exact = 0;
    uint64_t opening = 0;  // calls that have opened it and not yet told the exact end
    Nanos lease_end = 0;
    uint64_t issued = 0;
    uint64_t done = 0;
    uint64_t failed = 0;
    uint64_t ever_issued = 0;

    uint64_t running() const { return issued - done; }
    bool counts() const { return phase == Phase::kClosed || phase == Phase::kMetricsOnly; }
    friend bool operator==(const State&, const State&) = default;
    friend std::ostream& operator<<(std::ostream& out, const State& state) {
      return out << NameOf(state.phase) << " g" << state.generation << ", window "
                 << state.window.failed << " failed of " << state.window.total << ", probes "
                 << state.issued << " issued " << state.done << " done " << state.failed
                 << " failed, open until " << state.open_until
                 << (state.open_is_exact ? "" : " or a little later") << ", lease until "
                 << state.lease_end;
    }
  };
  using Next = NextOf<BreakerModel>;

  explicit BreakerModel(const CircuitBreakerSettings& settings)
      : settings_(settings), rule_(settings) {}

  State Initial() const { return {}; }

  void Step(const State& state, const BreakerCall& call, Progress progress, Next* next) const {
    switch (call.kind) {
      case Kind::kAcquire:
        return Acquire(state, call, progress, next);
      case Kind::kSettle:
        return Settle(state, call, progress, next);
      case Kind::kLook:
        return next->Done(state, Look(state));
      case Kind::kLookInside:
        return LookInside(state, progress, next);
      default:
        return SetByHand(state, call, progress, next);
    }
  }

 private:
  // How far a call is: what it has done, above the numbers it remembers from then.
  enum Done : Progress {
    kNothing = 0,
    kSawFree,        // a probe to take, and will now raise the lease's end
    kRaisedLease,    // and may now take a probe
    kSawAllTaken,    // and will now look at the lease
    kSawExpired,     // the lease, and will now raise its end; remembers `ever_issued`
    kRaisedExpired,  // and may now give up all that run; remembers the same
    kSawEmpty,       // the window; remembers the generation
    kSawCurrent,     // its own generation
    kCounted,        // remembers the window
    kMustTrip,
    kOpened,  // and has the exact end still to tell; remembers the generation
  };
  static constexpr uint32_t kDoneBits = 4;
  static constexpr Progress kSawOpening = 1 << kDoneBits;  // another call's, between its two steps
  static constexpr uint32_t kNumberShift = kDoneBits + 1;
  static constexpr Progress With(Done done, uint64_t number) {
    return number << kNumberShift | done;
  }
  static constexpr Done DoneIn(Progress progress) {
    return static_cast<Done>(progress & ((1u << kDoneBits) - 1));
  }
  static constexpr uint64_t NumberIn(Progress progress) { return progress >> kNumberShift; }

  // ---- asking

  void Acquire(const State& state, const BreakerCall& call, Progress progress, Next* next) const {
    const Done done = DoneIn(progress);
    if (done == kSawAllTaken) {
      if (call.now >= state.lease_end) return next->Goes(state, kSawFree);
      return next->Done(
          state, {.code = Code(CircuitBreakerRejection::kHalfOpen),
                  .retry_after = std::min(state.lease_end - call.now, settings_.open_for_ns)});
    }
    if (done == kSawFree) return RaiseLease(state, call.now, kRaisedLease, next);
    if (done == kSawExpired)
      return RaiseLease(state, call.now, With(kRaisedExpired, NumberIn(progress)), next);
    if (done == kRaisedExpired && state.phase == Phase::kHalfOpen && AllTaken(state) &&
        NumberIn(progress) == state.ever_issued) {
      State after = state;  // gives up all that run
      ++after.generation;
      after.issued = after.done;
      next->Done(Issue(&after), Admitted(after));
    }
    switch (state.phase) {
      case Phase::kClosed:
      case Phase::kMetricsOnly:
      case Phase::kDisabled:
        return next->Done(state, Admitted(state));
      case Phase::kForcedOpen:
        return next->Done(state, {.code = Code(CircuitBreakerRejection::kForcedOpen),
                                  .retry_after = settings_.open_for_ns});
      case Phase::kOpen:
        return AcquireOpen(state, call, progress, next);
      case Phase::kHalfOpen:
        return AcquireHalfOpen(state, call, progress, next);
    }
  }

  void AcquireOpen(const State& state, const BreakerCall& call, Progress progress,
                   Next* next) const {
    const Nanos latest = (state.open_until >> 27 << 27) + (1 << 27) - 1;
    bool over = false;
    for (const Nanos until : {state.open_until, state.open_is_exact ? state.open_until : latest}) {
      if (call.now >= until) {
        over = true;
      } else {
        next->Done(state,
                   {.code = Code(CircuitBreakerRejection::kOpen), .retry_after = until - call.now});
      }
    }
    if (!over) return;
    State after = state;
    if (progress == kNothing) return next->Goes(state, kSawFree);
    after.phase = Phase::kHalfOpen;
    ++after.generation;
    after.issued = after.done = after.failed = 0;
    next->Done(Issue(&after), Admitted(after));
  }

  void AcquireHalfOpen(const State& state, const BreakerCall& call, Progress progress,
                       Next* next) const {
    State after = state;
    if (!AllTaken(state)) {
      if (progress == kNothing) return next->Goes(state, kSawFree);
      return next->Done(Issue(&after), Admitted(after));
    }
    if (call.now >= state.lease_end) next->Goes(state, With(kSawExpired, state.ever_issued));
    next->Goes(state, kSawAllTaken);
  }

  bool AllTaken(const State& state) const {
    return (state.issued >= static_cast<uint64_t>(settings_.probes) && state.running() > 0) ||
           state.running() >= static_cast<uint64_t>(settings_.probes_in_flight);
  }

  void RaiseLease(State state, Nanos now, Progress progress, Next* next) const {
    state.lease_end = std::max(state.lease_end, now + settings_.probe_lease_ns);
    next->Goes(state, progress);
  }

  static const State& Issue(State* state) {
    ++state->issued;
    ++state->ever_issued;
    return *state;
  }

  // ---- telling

  void Settle(const State& state, const BreakerCall& call, Progress progress, Next* next) const {
    const bool same = call.generation() == state.generation;
    const uint64_t mine = DoneIn(progress) == kOpened;
    const bool raced = (progress & kSawOpening) != 0 || state.opening > mine;
    if (raced && (progress & kSawOpening) == 0) next->Goes(state, progress | kSawOpening);
    switch (DoneIn(progress)) {
      case kNothing:
      case kSawEmpty:
        if (!same) return next->Done(state, Told(Settlement::kStale));
        if (state.phase == Phase::kHalfOpen) return SettleProbe(state, call, raced, progress, next);
        if (!state.counts() || call.outcome == Outcome::kIgnored)
          return next->Done(state, Told(Settlement::kCounted));
        return next->Goes(state, kSawCurrent);
      case kSawCurrent:
        return Count(state, call, same, next);
      case kCounted:
        return Judge(state, call, same, progress, next);
      case kMustTrip:
        return Trip(state, call, same, raced, next);
      default:
        return TellExactEnd(state, raced, NumberIn(progress), next);
    }
  }

  void Count(State state, const BreakerCall& call, bool same, Next* next) const {
    if (!same) {
      State after = state;
      after.window.strays += rule_.in_many_words();
      next->Done(after, Told(Settlement::kCounted));
    }
    const uint64_t before = state.window.total + state.window.strays;
    const bool failed = call.outcome == Outcome::kFailure;
    rule_.Add(&state.window, failed);
    state.window.opened |= same;
    const bool need_not_look = !failed && before >= rule_.Minimum();
    if (!same || need_not_look) next->Done(state, Told(Settlement::kCounted));
    if (!same || (need_not_look && rule_.in_one_word())) return;
    if (!rule_.in_one_word()) {
      next->Goes(state, With(kCounted, state.window.failed << 16 | state.window.total));
    } else if (rule_.Trips(state.window.failed, state.window.total)) {
      next->Goes(state, kMustTrip);
    } else {
      next->Done(state, Told(Settlement::kCounted));
    }
  }

  // Each of the two counts has some value between `counted` and now.
  void Judge(const State& state, const BreakerCall& call, bool same, Progress progress,
             Next* next) const {
    const auto done = [&] { next->Done(state, Told(Settlement::kCounted)); };
    if (!same) return done();  // whatever the verdict: it is about a window that is gone
    const uint64_t failed = NumberIn(progress) >> 16;
    const uint64_t fine = (NumberIn(progress) & 0xffff) - failed;
    bool trips = false;
    bool passes = false;
    for (uint64_t f = failed; f <= state.window.failed; ++f) {
      for (uint64_t s = fine; s <= state.window.total - state.window.failed; ++s) {
        rule_.Trips(f, f + s) ? trips = true : passes = true;
      }
    }
    if (trips) Trip(state, call, same, (progress & kSawOpening) != 0, next);
    if (passes) done();
  }

  void Trip(State state, const BreakerCall& call, bool same, bool raced, Next* next) const {
    if (!same || !state.counts() || state.exceeded != 0)
      return next->Done(state, Told(Settlement::kCounted));
    if (state.phase == Phase::kClosed) {
      if (call.now < state.began) Open(state, state.began, raced, next);
      return Open(state, call.now, raced, next);
    }
    state.exceeded = 1;
    ++state.generation;
    next->Done(state, Told(Settlement::kCounted));
  }

  void SettleProbe(const State& before, const BreakerCall& call, bool raced, Progress progress,
                   Next* next) const {
    State state = before;
    if (state.running() == 0) return next->Done(state, Told(Settlement::kMisused));
    if (call.outcome == Outcome::kIgnored) {
      --state.issued;
      return next->Done(state, Told(Settlement::kCounted));
    }
    ++state.done;
    state.failed += call.outcome == Outcome::kFailure;
    const uint64_t whole = std::max(static_cast<uint64_t>(settings_.probes), state.done);
    const uint64_t fatal = rule_.FatalProbes(whole);
    if (state.failed >= fatal) return Open(state, call.now, raced, next);
    if (state.failed + whole - state.done < fatal) {
      const ModelWindow window = state.window;
      Begin(&state, Phase::kClosed, call.now);
      if (KeepsWindow(before, progress)) state.window = window;
      if (rule_.LooksEmpty(window) && DoneIn(progress) == kNothing)
        next->Goes(before, With(kSawEmpty, before.generation));
    }
    next->Done(state, Told(Settlement::kCounted));
  }

  void Open(State state, Nanos now, bool raced, Next* next) const {
    raced = raced || state.opening > 0;
    Begin(&state, Phase::kOpen, now);
    state.open_until = now + settings_.open_for_ns;
    state.open_is_exact = 0;
    ++state.opening;
    next->Goes(state, With(kOpened, state.generation) | (raced ? kSawOpening : 0));
  }

  void TellExactEnd(State state, bool raced, uint64_t generation, Next* next) const {
    --state.opening;
    const bool current = state.phase == Phase::kOpen && state.generation == generation;
    if (raced || !current) next->Done(state, Told(Settlement::kCounted));
    if (!current) return;
    state.open_is_exact = 1;
    next->Done(state, Told(Settlement::kCounted));
  }

  // ---- by hand

  void SetByHand(const State& state, const BreakerCall& call, Progress progress, Next* next) const {
    const Phase phase = call.wanted();
    const bool change = state.phase != phase || phase == Phase::kClosed;
    State after = state;
    if (change) Begin(&after, phase, call.now);
    if (!after.counts()) after.window = state.window;  // nobody looks at it before the next change
    next->Done(after, {.code = change});
    if (!change || !after.counts()) return;
    if (rule_.LooksEmpty(state.window)) next->Goes(state, With(kSawEmpty, state.generation));
    if (KeepsWindow(state, progress)) {
      after.window = state.window;
      next->Done(after, {.code = change});
    }
  }

  // Whether the window was empty when this call looked at it, in the generation that it ends.
  static bool KeepsWindow(const State& state, Progress progress) {
    return DoneIn(progress) == kSawEmpty && NumberIn(progress) == state.generation;
  }

  static void Begin(State* state, Phase phase, Nanos now) {
    state->phase = phase;
    state->began = now;
    ++state->generation;
    state->window = {};
    state->exceeded = 0;
    state->issued = state->done = state->failed = 0;
  }

  // ---- answers

  template <typename Reason>
  static int32_t Code(Reason reason) {
    return static_cast<int32_t>(reason);
  }
  static BreakerAnswer Told(Settlement settlement) { return {.code = Code(settlement)}; }
  static BreakerAnswer Admitted(const State& state) { return {.generation = state.generation}; }
  static BreakerAnswer Look(const State& state) {
    BreakerAnswer answer{.generation = state.generation, .state = state.phase};
    if (state.phase == Phase::kHalfOpen) {
      answer.probes_issued = state.issued;
      answer.probes_done = state.done;
      answer.probes_failed = state.failed;
    }
    return answer;
  }
  // The state, then the window: of another generation, if the breaker counts on in that.
  static void LookInside(const State& state, Progress progress, Next* next) {
    if (progress == kNothing) {
      if (state.counts()) return next->Goes(state, With(kSawCurrent, state.generation));
      return next->Done(state, Look(state));
    }
    BreakerAnswer answer = Look(state);
    answer.generation = static_cast<uint32_t>(NumberIn(progress));
    answer.window_failed = state.window.failed;
    answer.window_total = state.window.total;
    next->Done(state, answer);
  }

  CircuitBreakerSettings settings_;
  ModelWindowRule rule_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_MODEL_H_
