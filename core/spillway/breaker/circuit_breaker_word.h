// The state word of a circuit breaker and everything that is decided from it. Pure functions: no
// atomics, no clock.
#ifndef SPILLWAY_BREAKER_CIRCUIT_BREAKER_WORD_H_
#define SPILLWAY_BREAKER_CIRCUIT_BREAKER_WORD_H_

#include <algorithm>
#include <cstdint>

#include "spillway/base/hash.h"
#include "spillway/base/time.h"
#include "spillway/stats/outcome_counts.h"
#include "spillway/telemetry/event.h"

namespace spillway {

// What a state word can say: the public states, in their order, and one that is closed to the
// outside.
enum class Phase : uint32_t {
  kClosed = 0,
  kOpen = 1,
  kHalfOpen = 2,
  kForcedOpen = 3,
  kDisabled = 4,
  kMetricsOnly = 5,
  kRecovering = 6,  // closed, and still ramping up
};

// phase:3 | generation:20 | payload:41. Each change is one compare-exchange of the whole word, so
// phase, generation and payload always belong together. Each new generation makes the permits of
// the old one stale.
//
//   closed, recovering, metrics only | period:36                                  | step:5
//   open                             | end of open time:36                        | step:5
//   half open                        | issued:6 done:6 failed:6 slow:6 ignored:12 | step:5
//   forced open, disabled            | 0
//
// period: which laps of the window count (BucketRing); a new one empties the window. end of open
// time: in units of 2^27 ns (134 ms), rounded down. issued: without those that came back ignored;
// these are counted too, so that the word after a probe came back and another was issued is not the
// one before, and nobody who looked before takes the young probe for the old. step: how often the
// open time has grown. In metrics only, step is 1 once a threshold was exceeded. All-zero memory is
// a closed, fresh breaker.
class BreakerWord {
 public:
  struct Probes {
    uint32_t issued = 0;
    uint32_t done = 0;
    uint32_t failed = 0;
    uint32_t slow = 0;
    uint32_t ignored = 0;  // modulo kIgnoredWrap
    constexpr uint32_t running() const { return issued - done; }
  };

  static constexpr uint32_t kMaxStep = 31;
  static constexpr uint32_t kIgnoredWrap = 1 << 12;
  static constexpr uint64_t kMaxPeriod = (uint64_t{1} << 36) - 1;

  constexpr explicit BreakerWord(uint64_t bits) : bits_(bits) {}

  static constexpr BreakerWord Counting(Phase phase, uint32_t generation, uint64_t period,
                                        uint32_t step) {
    return BreakerWord(Head(phase, generation) | std::min(period, kMaxPeriod) << kStepBits | step);
  }
  static constexpr BreakerWord Open(uint32_t generation, Nanos until, uint32_t step) {
    return BreakerWord(Head(Phase::kOpen, generation) |
                       static_cast<uint64_t>(until) >> kUntilUnitBits << kStepBits | step);
  }
  static constexpr BreakerWord HalfOpen(uint32_t generation, const Probes& probes, uint32_t step) {
    return BreakerWord(Head(Phase::kHalfOpen, generation) | uint64_t{probes.issued} << 35 |
                       uint64_t{probes.done} << 29 | uint64_t{probes.failed} << 23 |
                       uint64_t{probes.slow} << 17 |
                       uint64_t{probes.ignored % kIgnoredWrap} << kStepBits | step);
  }
  static constexpr BreakerWord Idle(Phase phase, uint32_t generation) {
    return BreakerWord(Head(phase, generation));
  }

  constexpr uint64_t bits() const { return bits_; }
  constexpr Phase phase() const { return static_cast<Phase>(bits_ >> kPhaseShift); }
  constexpr uint32_t generation() const {
    return static_cast<uint32_t>(bits_ >> kPayloadBits) % kGenerations;
  }
  constexpr uint32_t next_generation() const { return (generation() + 1) % kGenerations; }
  // Phase and generation: what a permit is stamped with.
  constexpr uint64_t stamp() const { return bits_ >> kPayloadBits; }

  constexpr uint32_t step() const { return static_cast<uint32_t>(bits_ & kMaxStep); }
  constexpr uint64_t period() const { return bits_ >> kStepBits & kMaxPeriod; }
  constexpr Probes probes() const {
    return {.issued = Field(35),
            .done = Field(29),
            .failed = Field(23),
            .slow = Field(17),
            .ignored = static_cast<uint32_t>(bits_ >> kStepBits) % kIgnoredWrap};
  }

  // The last moment that the end of the open time can be, as far as the word tells.
  constexpr Nanos latest_open_until() const {
    return static_cast<Nanos>(((period() + 1) << kUntilUnitBits) - 1);
  }

  // Closed and recovering count calls alike; so does metrics only, which never trips.
  constexpr bool counts() const {
    return phase() == Phase::kClosed || phase() == Phase::kRecovering ||
           phase() == Phase::kMetricsOnly;
  }

 private:
  static constexpr uint32_t kStepBits = 5;
  static constexpr uint32_t kUntilUnitBits = 27;
  static constexpr uint32_t kPayloadBits = 41;
  static constexpr uint32_t kPhaseShift = kPayloadBits + kGenerationBits;

  static constexpr uint64_t Head(Phase phase, uint32_t generation) {
    return static_cast<uint64_t>(phase) << kPhaseShift | uint64_t{generation % kGenerations}
                                                             << kPayloadBits;
  }
  constexpr uint32_t Field(uint32_t shift) const {
    return static_cast<uint32_t>(bits_ >> shift) & 63;
  }

  uint64_t bits_;
};

// A share in units of 0.01 %, so that thresholds compare exactly.
inline constexpr uint64_t kWholeRate = 10'000;
constexpr bool Reaches(uint64_t part, uint64_t whole, uint64_t rate) {
  return part * kWholeRate >= rate * whole;
}

// The same as a number for people; -1 of nothing.
constexpr double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? -1.0 : static_cast<double>(part) / static_cast<double>(whole);
}

enum class Verdict { kNone, kFailures, kSlow, kPassed };

// When a window trips, and when probes pass.
struct TripRule {
  uint64_t failure_rate;  // 0.01 %
  uint64_t slow_rate;     // 0.01 %; 0 when no call is slow
  uint64_t min_calls;
  uint64_t failures;  // k-of-n and consecutive windows: trips at so many, and rates only inform. 0
                      // for rates

  constexpr Verdict Judge(const OutcomeCounts& window) const {
    if (failures != 0) {
      if (window.failed() >= failures) return Verdict::kFailures;
      return window.slow() >= failures ? Verdict::kSlow : Verdict::kNone;
    }
    if (window.total() < min_calls) return Verdict::kNone;
    if (Reaches(window.failed(), window.total(), failure_rate)) return Verdict::kFailures;
    return IsTooSlow(window.slow(), window.total()) ? Verdict::kSlow : Verdict::kNone;
  }

  // Calls judged by their age: they have their own minimum, because they are not those that
  // settled.
  constexpr Verdict JudgeInFlight(uint64_t slow, uint64_t calls) const {
    return calls >= min_calls && IsTooSlow(slow, calls) ? Verdict::kSlow : Verdict::kNone;
  }

  // As soon as the outstanding probes cannot change the answer. Without rates, every probe must
  // pass.
  constexpr Verdict JudgeProbes(const BreakerWord::Probes& probes, uint32_t budget) const {
    const uint64_t whole = std::max(budget, probes.done);
    const uint64_t left = whole - probes.done;
    const uint64_t fatal_failures = failures != 0 ? 1 : Needed(failure_rate, whole);
    const uint64_t fatal_slow = slow_rate == 0  ? whole + 1
                                : failures != 0 ? 1
                                                : Needed(slow_rate, whole);
    if (probes.failed >= fatal_failures) return Verdict::kFailures;
    if (probes.slow >= fatal_slow) return Verdict::kSlow;
    const bool safe = probes.failed + left < fatal_failures && probes.slow + left < fatal_slow;
    return safe ? Verdict::kPassed : Verdict::kNone;
  }

 private:
  // The smallest part of `whole` that reaches the rate.
  static constexpr uint64_t Needed(uint64_t rate, uint64_t whole) {
    return (rate * whole + kWholeRate - 1) / kWholeRate;
  }
  constexpr bool IsTooSlow(uint64_t slow, uint64_t whole) const {
    return slow_rate != 0 && Reaches(slow, whole, slow_rate);
  }
};

// How long openings last.
struct OpenTime {
  Nanos base;
  double backoff;
  Nanos longest;
  double jitter;
  uint64_t seed;

  // Grows with each step up to `longest`; the jitter is a function of the generation, so it needs
  // no state and whoever decides the same opening decides the same time.
  constexpr Nanos Length(uint32_t step, uint32_t generation) const {
    double length = static_cast<double>(base);
    for (uint32_t i = 0; i < step && length < static_cast<double>(longest); ++i) length *= backoff;
    length = std::min(length, static_cast<double>(longest));
    return static_cast<Nanos>(length * (1.0 + jitter * UnitInterval(Mix(seed ^ generation))));
  }

  // Health undoes growth: a step for each base open time that was spent closed.
  constexpr uint32_t StepAfter(uint32_t step, uint64_t closed_for) const {
    const uint64_t healthy = closed_for / static_cast<uint64_t>(base);
    return healthy >= step ? 0 : step - static_cast<uint32_t>(healthy);
  }

  static constexpr uint32_t Grown(uint32_t step) {
    return std::min(step + 1, BreakerWord::kMaxStep);
  }
};

// Gradual return after a close: a growing share of the calls is admitted.
struct Ramp {
  static constexpr double kFirstShare = 0.1;

  // How far into the ramp, as a share of it, the ramp's n-th call is admitted: evenly spread, so at
  // each moment the admitted share is that of the elapsed time.
  static constexpr double Threshold(uint64_t n) { return UnitInterval(EvenlySpread(n)); }

  static constexpr bool Admits(uint64_t n, uint64_t elapsed, Nanos ramp) {
    const double share = static_cast<double>(elapsed) / static_cast<double>(ramp);
    return Threshold(n) < std::max(share, kFirstShare);
  }

  // How long after `elapsed` the n-th call would be admitted.
  static constexpr Nanos Wait(uint64_t n, uint64_t elapsed, Nanos ramp) {
    const double at = Threshold(n) * static_cast<double>(ramp);
    return static_cast<Nanos>(at) + 1 - static_cast<Nanos>(elapsed);
  }
};

}  // namespace spillway

#endif  // SPILLWAY_BREAKER_CIRCUIT_BREAKER_WORD_H_
