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
// - Emptying the window looks at it first. Calls counted between the look and the change stay if
//   the window was empty when it was looked at.
// - The end of an open time is told in two steps: to 134 ms (later, never earlier), then exactly,
//   before the call that opened returns. When two calls open so close together that both are
//   between these steps, it may stay inexact.
// - Asking for a probe raises the lease's end before it takes the probe, and stays raised when
//   another takes that first. Who is refused a probe looks at the lease after it saw them all
//   taken.
//
// The model leaves out what is told apart by single-threaded tests: slow calls, growing open times,
// ramps. `backoff` must be 1, `jitter`, `slow_call` and `ramp` 0.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_MODEL_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_MODEL_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ostream>

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "spillway/breaker/circuit_breaker_settings.h"
#include "tests/linearizability/breaker_calls.h"
#include "tests/linearizability/checker.h"

namespace spillway::testing {

class BreakerModel {
 public:
  using Operation = BreakerCall;
  using Answer = BreakerAnswer;
  using Phase = CircuitBreakerState;
  using Kind = BreakerCall::Kind;

  struct Window {
    uint64_t failed = 0;
    uint64_t total = 0;
    uint64_t outcomes = 1;  // of a window that forgets: a bit a call behind a leading 1

    friend bool operator==(const Window&, const Window&) = default;
  };

  // 64-bit numbers only: hashed as bytes.
  struct State {
    Phase phase = Phase::kClosed;
    uint32_t generation = 0;
    Window window;
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

  explicit BreakerModel(const CircuitBreakerSettings& settings) : settings_(settings) {}

  State Initial() const { return {}; }

  void Step(const State& state, const BreakerCall& call, Progress progress, Next* next) const {
    switch (call.kind) {
      case Kind::kAcquire:
        return Acquire(state, call, progress, next);
      case Kind::kSettle:
        return Settle(state, call, progress, next);
      case Kind::kForceOpen:
        return SetByHand(state, Phase::kForcedOpen, progress, next);
      case Kind::kDisable:
        return SetByHand(state, Phase::kDisabled, progress, next);
      case Kind::kMetricsOnly:
        return SetByHand(state, Phase::kMetricsOnly, progress, next);
      case Kind::kReset:
        return SetByHand(state, Phase::kClosed, progress, next);
      case Kind::kLook:
        return next->Done(state, Look(state));
      case Kind::kLookInside:
        return next->Done(state, LookInside(state));
    }
  }

 private:
  // How far a call is: what it has done, above the numbers it remembers from then.
  enum Done : Progress {
    kNothing = 0,
    kRaisedLease,  // and may now take a probe
    kSawAllTaken,  // and will now look at the lease
    kSawExpired,   // remembers `ever_issued`
    kSawEmpty,     // the window; remembers the generation
    kSawCurrent,   // its own generation
    kCounted,      // remembers the window
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
    if (DoneIn(progress) == kSawAllTaken) {
      if (call.now >= state.lease_end) return RaiseLease(state, call.now, kRaisedLease, next);
      return next->Done(state, RefusedProbe(state, call.now));
    }
    if (DoneIn(progress) == kSawExpired && state.phase == Phase::kHalfOpen && AllTaken(state) &&
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
    if (DoneIn(progress) != kRaisedLease) return RaiseLease(state, call.now, kRaisedLease, next);
    after.phase = Phase::kHalfOpen;
    ++after.generation;
    after.issued = after.done = after.failed = 0;
    next->Done(Issue(&after), Admitted(after));
  }

  void AcquireHalfOpen(const State& state, const BreakerCall& call, Progress progress,
                       Next* next) const {
    State after = state;
    if (!AllTaken(state)) {
      if (DoneIn(progress) != kRaisedLease) return RaiseLease(state, call.now, kRaisedLease, next);
      return next->Done(Issue(&after), Admitted(after));
    }
    if (call.now >= state.lease_end)
      RaiseLease(state, call.now, With(kSawExpired, state.ever_issued), next);
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
        if (!same) return next->Done(state, Told(Settlement::kStale));
        if (state.phase == Phase::kHalfOpen) return SettleProbe(state, call, raced, next);
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
    if (!same) next->Done(state, Told(Settlement::kCounted));
    if (!state.counts()) return;
    const uint64_t before = state.window.total;
    const bool failed = call.outcome == Outcome::kFailure;
    Add(&state.window, failed);
    const bool need_not_look = !failed && before >= Minimum();
    if (!same || need_not_look) next->Done(state, Told(Settlement::kCounted));
    if (!same || (need_not_look && in_one_word())) return;
    if (!in_one_word()) {
      next->Goes(state, With(kCounted, state.window.failed << 16 | state.window.total));
    } else if (Trips(state.window.failed, state.window.total)) {
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
        Trips(f, f + s) ? trips = true : passes = true;
      }
    }
    if (trips) Trip(state, call, same, (progress & kSawOpening) != 0, next);
    if (passes) done();
  }

  void Trip(State state, const BreakerCall& call, bool same, bool raced, Next* next) const {
    if (!same || !state.counts() || state.exceeded != 0)
      return next->Done(state, Told(Settlement::kCounted));
    if (state.phase == Phase::kClosed) return Open(state, call.now, raced, next);
    state.exceeded = 1;
    ++state.generation;
    next->Done(state, Told(Settlement::kCounted));
  }

  void SettleProbe(State state, const BreakerCall& call, bool raced, Next* next) const {
    if (state.running() == 0) return next->Done(state, Told(Settlement::kMisused));
    if (call.outcome == Outcome::kIgnored) {
      --state.issued;
      return next->Done(state, Told(Settlement::kCounted));
    }
    ++state.done;
    state.failed += call.outcome == Outcome::kFailure;
    const uint64_t whole = std::max(static_cast<uint64_t>(settings_.probes), state.done);
    const double share = by_rate() ? settings_.failure_rate : 0;
    const auto fatal = std::max<uint64_t>(
        1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(whole) - 1e-9)));
    if (state.failed >= fatal) return Open(state, call.now, raced, next);
    if (state.failed + whole - state.done < fatal) Begin(&state, Phase::kClosed);
    next->Done(state, Told(Settlement::kCounted));
  }

  void Open(State state, Nanos now, bool raced, Next* next) const {
    raced = raced || state.opening > 0;
    Begin(&state, Phase::kOpen);
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

  void SetByHand(const State& state, Phase phase, Progress progress, Next* next) const {
    const bool change = state.phase != phase || phase == Phase::kClosed;
    State after = state;
    if (change) Begin(&after, phase);
    next->Done(after, {.code = change});
    if (!change || !after.counts() || !state.counts()) return;
    if (DoneIn(progress) == kNothing && state.window.total == 0)
      return next->Goes(state, With(kSawEmpty, state.generation));
    if (DoneIn(progress) == kSawEmpty && NumberIn(progress) == state.generation) {
      after.window = state.window;
      next->Done(after, {.code = change});
    }
  }

  // ---- the window

  bool by_rate() const {
    return settings_.window_kind == WindowKind::kTime ||
           settings_.window_kind == WindowKind::kCount;
  }
  uint64_t size() const {
    if (settings_.window_kind == WindowKind::kTime) return 0;
    const bool consecutive = settings_.window_kind == WindowKind::kConsecutive;
    return static_cast<uint64_t>(consecutive ? settings_.window_failures : settings_.window_size);
  }
  bool in_one_word() const { return size() != 0 && size() <= 30; }
  uint64_t Minimum() const {
    const auto least = static_cast<uint64_t>(settings_.min_calls);
    return size() == 0 ? least : std::min(least, size());
  }

  void Add(Window* window, bool failed) const {
    window->failed += failed;
    if (in_one_word()) {
      const bool full = window->total == size();
      const uint64_t oldest = full ? window->outcomes >> (size() - 1) & 1 : 0;
      window->failed -= oldest;
      window->outcomes = (window->outcomes << 1 | failed);
      if (!full) {
        ++window->total;
      } else {
        const uint64_t leading = uint64_t{1} << size();
        window->outcomes = leading | (window->outcomes & (leading - 1));
      }
    } else {
      ++window->total;  // bursts are shorter than the windows
    }
  }

  bool Trips(uint64_t failed, uint64_t total) const {
    if (!by_rate()) return failed >= static_cast<uint64_t>(settings_.window_failures);
    return total >= Minimum() &&
           static_cast<double>(failed) >= settings_.failure_rate * static_cast<double>(total);
  }

  static void Begin(State* state, Phase phase) {
    state->phase = phase;
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
  BreakerAnswer RefusedProbe(const State& state, Nanos now) const {
    return {.code = Code(CircuitBreakerRejection::kHalfOpen),
            .retry_after = std::min(state.lease_end - now, settings_.open_for_ns)};
  }
  static BreakerAnswer Look(const State& state) {
    BreakerAnswer answer{.generation = state.generation, .state = state.phase};
    if (state.phase == Phase::kHalfOpen) {
      answer.probes_issued = state.issued;
      answer.probes_done = state.done;
      answer.probes_failed = state.failed;
    }
    return answer;
  }
  static BreakerAnswer LookInside(const State& state) {
    BreakerAnswer answer = Look(state);
    answer.window_failed = state.window.failed;
    answer.window_total = state.window.total;
    return answer;
  }

  CircuitBreakerSettings settings_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_MODEL_H_
