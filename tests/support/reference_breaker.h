// What the circuit breaker does, in the plainest sequential code: lists of records, no words. The
// property tests drive it beside the real one. `jitter` must be 0. It says the same as
// reference.py.
#ifndef SPILLWAY_TESTS_SUPPORT_REFERENCE_BREAKER_H_
#define SPILLWAY_TESTS_SUPPORT_REFERENCE_BREAKER_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "spillway/base/decision.h"
#include "spillway/base/outcome.h"
#include "spillway/breaker/circuit_breaker_settings.h"
#include "spillway/telemetry/event.h"
#include "tests/support/reference_window.h"

namespace spillway::testing {

class ReferenceBreaker {
 public:
  using State = CircuitBreakerState;
  using Reason = CircuitBreakerEventReason;
  using Rejection = CircuitBreakerRejection;

  struct Permit {
    uint32_t generation;
    Nanos start;
  };
  struct Answer {
    std::optional<Permit> permit;
    Rejection reason{};
    Nanos retry_after = 0;
  };

  explicit ReferenceBreaker(const CircuitBreakerSettings& settings)
      : settings_(settings), period_(settings_) {
    if (settings.initial_state != State::kClosed) {
      SetByHand(settings.initial_state, Reason::kManual, 0);
    }
  }

  Answer Acquire(Nanos now) {
    const Answer answer = Decide(std::max<Nanos>(now, 0));
    if (!answer.permit) ++totals_.total_rejected;
    return answer;
  }

  // A success need not be judged where it cannot raise a rate: that is what makes a busy, healthy
  // breaker cheap. It makes a difference only to what else may have happened since the last look,
  // hung calls or new thresholds, and there `looked` says whether the real breaker has changed its
  // state by this call.
  Settlement Settle(const Permit& permit, Outcome outcome, Nanos now, bool looked) {
    now = std::max<Nanos>(now, 0);
    if (permit.generation != generation_) {
      ++totals_.total_stale;
      return Settlement::kStale;
    }
    const bool slow = settings_.slow_call_ns != 0 && now - permit.start > settings_.slow_call_ns;
    if (state_ == State::kHalfOpen) return SettleProbe(outcome, slow, now);
    if (!Counting()) return Settlement::kCounted;
    if (settings_.in_flight) {
      period_.RecordEnd(permit.start, outcome == Outcome::kIgnored, slow);
    }
    if (outcome == Outcome::kIgnored) {
      ++totals_.total_ignored;
    } else {
      Record(outcome == Outcome::kFailure, slow && !settings_.in_flight, now, looked);
    }
    return Settlement::kCounted;
  }

  // An empty, foreign or repeated permit, or an outcome that is none.
  Settlement Misuse() {
    ++totals_.total_misused;
    return Settlement::kMisused;
  }

  bool SetManually(State state, Nanos now) {
    if (state_ == state) return false;
    SetByHand(state, Reason::kManual, std::max<Nanos>(now, 0));
    return true;
  }
  void Reset(Nanos now) { SetByHand(State::kClosed, Reason::kReset, std::max<Nanos>(now, 0)); }

  // Options that are not fixed, in range.
  void Reconfigure(const CircuitBreakerSettings& settings) {
    settings_ = settings;
    thresholds_are_new_ = true;
  }

  // The last ones, oldest first.
  const std::deque<Event>& events() const { return events_; }
  State state() const { return state_; }
  uint32_t generation() const { return generation_; }

  CircuitBreakerSnapshot Snapshot(Nanos now) const {
    now = std::max<Nanos>(now, 0);
    CircuitBreakerSnapshot shot = totals_;
    shot.state = state_;
    shot.generation = generation_;
    shot.since_ns = since_;
    shot.open_step = static_cast<int32_t>(step_);
    if (state_ == State::kOpen) shot.time_to_half_open_ns = std::max<Nanos>(open_until_ - now, 0);
    if (state_ == State::kHalfOpen) {
      shot.probes_issued = probes_.issued;
      shot.probes_done = probes_.done;
      shot.probes_failed = probes_.failed;
      shot.probes_slow = probes_.slow;
    }
    if (Counting()) FillWindow(std::max(now, since_), &shot);
    return shot;
  }

 private:
  struct Probes {
    int issued = 0;
    int done = 0;
    int failed = 0;
    int slow = 0;
    int running() const { return issued - done; }
  };

  // ---- asking

  Answer Decide(Nanos now) {
    if (state_ == State::kForcedOpen) return {{}, Rejection::kForcedOpen, settings_.open_for_ns};
    if (state_ == State::kOpen && now < open_until_) return RefusedOpen(now);
    if (state_ == State::kOpen || state_ == State::kHalfOpen) return DecideProbe(now);
    if (recovering_) {
      const Nanos wait = RampWait(now);
      if (wait > 0) return {{}, Rejection::kRamp, wait};
    }
    if (settings_.in_flight && Counting() && period_.RecordStart(now)) {
      Evaluate(std::max(now, since_), true);
      if (state_ == State::kOpen) return RefusedOpen(now);
    }
    return Admitted(now);
  }

  Answer Admitted(Nanos now) const { return {Permit{generation_, now}, {}, 0}; }
  Answer RefusedOpen(Nanos now) const { return {{}, Rejection::kOpen, open_until_ - now}; }

  // 0 when the call is admitted.
  Nanos RampWait(Nanos now) {
    const Nanos elapsed = std::max<Nanos>(now - since_, 0);
    if (elapsed >= settings_.ramp_ns) {
      recovering_ = false;
      return 0;
    }
    const double ramp = static_cast<double>(settings_.ramp_ns);
    const double threshold =
        static_cast<double>((ramp_calls_++ * 0x9e3779b97f4a7c15) >> 11) / std::pow(2, 53);
    if (threshold < std::max(static_cast<double>(elapsed) / ramp, 0.1)) return 0;
    return static_cast<Nanos>(threshold * ramp) + 1 - elapsed;
  }

  Answer DecideProbe(Nanos now) {
    if (state_ == State::kOpen) {
      probes_ = {};
      Begin(State::kHalfOpen, Reason::kOpenElapsed, -1, now);
    } else {
      const int running = probes_.running();
      const bool all_issued = probes_.issued >= settings_.probes && running > 0;
      if (running >= settings_.probes_in_flight || all_issued) {
        if (now < lease_end_) {
          return {{}, Rejection::kHalfOpen, std::min(lease_end_ - now, settings_.open_for_ns)};
        }
        probes_.issued = probes_.done;
        Begin(State::kHalfOpen, Reason::kLeaseExpired, -1, now);
      }
    }
    ++probes_.issued;
    lease_end_ = std::max(lease_end_, Later(now, settings_.probe_lease_ns));
    return Admitted(now);
  }

  // ---- telling

  void Record(bool failed, bool slow, Nanos now, bool looked) {
    ++*(failed ? (slow ? &totals_.total_slow_failures : &totals_.total_failures)
               : (slow ? &totals_.total_slow_successes : &totals_.total_successes));
    now = std::max(now, since_);  // nothing happens in a state before it began
    const uint64_t alike = period_.Record(failed, slow, now);
    if (failed || slow) thresholds_are_new_ = false;
    if (thresholds_are_new_ && !looked) return;
    Evaluate(now, failed || alike < Minimum() || looked);
  }

  Settlement SettleProbe(Outcome outcome, bool slow, Nanos now) {
    if (probes_.running() == 0) return Misuse();  // a copy of a permit that was settled already
    if (outcome == Outcome::kIgnored) {
      --probes_.issued;
      ++totals_.total_ignored;
      return Settlement::kCounted;
    }
    ++totals_.total_probes;
    ++probes_.done;
    probes_.failed += outcome == Outcome::kFailure;
    probes_.slow += slow;
    const int whole = std::max(settings_.probes, probes_.done);
    const int left = whole - probes_.done;
    const int fatal_failed = ByRates() ? Needed(settings_.failure_rate, whole) : 1;
    int fatal_slow = ByRates() ? Needed(settings_.slow_rate, whole) : 1;
    if (settings_.slow_call_ns == 0) fatal_slow = whole + 1;
    const uint32_t grown = std::min(step_ + 1, 31u);
    if (probes_.failed >= fatal_failed) {
      Open(grown, Reason::kProbesFailed, Share(probes_.failed, probes_.done), now);
    } else if (probes_.slow >= fatal_slow) {
      Open(grown, Reason::kProbesSlow, Share(probes_.slow, probes_.done), now);
    } else if (probes_.failed + left < fatal_failed && probes_.slow + left < fatal_slow) {
      step_ = grown;
      period_ = ReferencePeriod(settings_);
      Begin(State::kClosed, Reason::kProbesPassed, -1, now);
      recovering_ = settings_.ramp_ns != 0;
    }
    return Settlement::kCounted;
  }

  // ---- judging

  void Evaluate(Nanos now, bool judge_ages) {
    const ReferencePeriod::Counts window = period_.Window(now);
    const uint64_t total = window.total();
    if (!ByRates()) {
      const auto fatal = static_cast<uint64_t>(settings_.window_failures);
      if (window.failed() >= fatal) {
        Trip(Reason::kFailureRate, Share(window.failed(), total), now);
      } else if (window.slow() >= fatal) {
        Trip(Reason::kSlowRate, Share(window.slow(), total), now);
      }
      return;
    }
    if (total >= Minimum()) {
      if (Reaches(window.failed(), total, settings_.failure_rate)) {
        return Trip(Reason::kFailureRate, Share(window.failed(), total), now);
      }
      if (settings_.slow_call_ns != 0 && Reaches(window.slow(), total, settings_.slow_rate)) {
        return Trip(Reason::kSlowRate, Share(window.slow(), total), now);
      }
    }
    if (!settings_.in_flight || !judge_ages) return;
    const auto [calls, hung] = period_.Judged(now);
    if (calls >= Minimum() && Reaches(hung, calls, settings_.slow_rate)) {
      Trip(Reason::kSlowRate, Share(hung, calls), now);
    }
  }

  void Trip(Reason reason, double rate, Nanos now) {
    if (state_ != State::kMetricsOnly) {
      const Nanos healthy = std::max<Nanos>(now - since_, 0) / settings_.open_for_ns;
      Open(static_cast<uint32_t>(std::max<Nanos>(step_ - healthy, 0)), reason, rate, now);
    } else if (!exceeded_) {
      exceeded_ = true;
      Begin(State::kMetricsOnly, reason, rate, now);
    }
  }

  // ---- changing state

  void Open(uint32_t step, Reason reason, double rate, Nanos now) {
    double length = static_cast<double>(settings_.open_for_ns);
    const double longest = static_cast<double>(settings_.max_open_ns);
    for (uint32_t i = 0; i < step && length < longest; ++i) length *= settings_.backoff;
    step_ = step;
    open_until_ = Later(now, static_cast<Nanos>(std::min(length, longest)));
    Begin(State::kOpen, reason, rate, now);
  }

  void SetByHand(State state, Reason reason, Nanos now) {
    step_ = 0;
    exceeded_ = false;
    period_ = ReferencePeriod(settings_);
    Begin(state, reason, -1, now);
  }

  void Begin(State state, Reason reason, double rate, Nanos now) {
    generation_ = (generation_ + 1) % (1 << 20);
    since_ = now;
    recovering_ = false;
    events_.push_back({.generation = generation_,
                       .from = static_cast<int32_t>(state_),
                       .to = static_cast<int32_t>(state),
                       .reason = static_cast<int32_t>(reason),
                       .rate = rate < 0 ? -1 : static_cast<double>(Units(rate)) / 10'000,
                       .time = now});
    if (events_.size() > 8) events_.pop_front();
    state_ = state;
  }

  // ---- looking

  void FillWindow(Nanos now, CircuitBreakerSnapshot* shot) const {
    const ReferencePeriod::Counts window = period_.Window(now);
    shot->successes = window.by_class[0][0];
    shot->failures = window.by_class[1][0];
    shot->slow_successes = window.by_class[0][1];
    shot->slow_failures = window.by_class[1][1];
    uint64_t slow = window.slow();
    uint64_t of_calls = window.total();
    if (settings_.in_flight) {
      const auto [calls, hung] = period_.Judged(now);
      shot->judged = of_calls = calls;
      shot->judged_slow = slow = hung;
    }
    if (window.total() >= Minimum()) shot->failure_rate = Share(window.failed(), window.total());
    if (settings_.slow_call_ns != 0 && of_calls >= Minimum()) {
      shot->slow_rate = Share(slow, of_calls);
    }
  }

  // ---- arithmetic

  bool Counting() const { return state_ == State::kClosed || state_ == State::kMetricsOnly; }
  bool ByRates() const {
    return settings_.window_kind == WindowKind::kTime ||
           settings_.window_kind == WindowKind::kCount;
  }
  uint64_t Minimum() const {
    const auto least = static_cast<uint64_t>(settings_.min_calls);
    const uint64_t most = period_.calls_in_window();
    return most == 0 ? least : std::min(least, most);
  }

  // Rates are kept in units of 0.01 %.
  static int64_t Units(double rate) {
    return static_cast<int64_t>(std::floor(rate * 10'000 + 0.5));
  }
  static bool Reaches(uint64_t part, uint64_t whole, double rate) {
    return part * 10'000 >= static_cast<uint64_t>(Units(rate)) * whole;
  }
  static int Needed(double rate, int whole) {
    return static_cast<int>((Units(rate) * whole + 9'999) / 10'000);
  }
  template <typename Number>
  static double Share(Number part, Number whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  }
  static Nanos Later(Nanos time, Nanos span) {
    return time > kForever - span ? kForever : time + span;
  }

  CircuitBreakerSettings settings_;
  ReferencePeriod period_;
  State state_ = State::kClosed;
  bool recovering_ = false;
  bool exceeded_ = false;            // metrics only: said so already
  bool thresholds_are_new_ = false;  // no failure or slow call has met them yet
  uint32_t generation_ = 0;
  Nanos since_ = 0;
  uint32_t step_ = 0;
  Nanos open_until_ = 0;
  Nanos lease_end_ = 0;
  uint64_t ramp_calls_ = 0;
  Probes probes_;
  CircuitBreakerSnapshot totals_;
  std::deque<Event> events_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_REFERENCE_BREAKER_H_
