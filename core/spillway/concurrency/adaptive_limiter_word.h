// The words of an adaptive limiter. Pure functions: no atomics, no clock.
#ifndef SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_WORD_H_
#define SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_WORD_H_

#include <algorithm>
#include <cstdint>

#include "spillway/base/time.h"

namespace spillway {

// How much of its limit a limiter admits: all of it, or less while it looks for the time that calls
// take without a queue.
enum class Probe : uint32_t { kNone = 0, kHalf = 1, kQuarter = 2 };

// limit:30 | probe:2 | in flight:32, the limit in units of 1/4096. The limit and what it limits are
// one word, so a call is admitted below the limit of that moment or not at all. A limit of 0 is the
// initial one: all-zero memory is a fresh limiter.
class LimitWord {
 public:
  static constexpr uint64_t kUnit = 4096;

  constexpr explicit LimitWord(uint64_t bits) : bits_(bits) {}

  constexpr uint64_t bits() const { return bits_; }
  constexpr uint32_t in_flight() const { return static_cast<uint32_t>(bits_); }
  constexpr uint64_t limit() const { return bits_ >> kLimitShift; }  // in units
  constexpr Probe probe() const { return static_cast<Probe>(bits_ >> kProbeShift & 3); }

  constexpr LimitWord WithOneMore() const { return LimitWord(bits_ + 1); }
  constexpr LimitWord WithOneLess() const { return LimitWord(bits_ - 1); }
  constexpr LimitWord WithLimit(uint64_t units, Probe probe) const {
    return LimitWord(units << kLimitShift | static_cast<uint64_t>(probe) << kProbeShift |
                     in_flight());
  }

 private:
  static constexpr uint32_t kProbeShift = 32;
  static constexpr uint32_t kLimitShift = 34;

  uint64_t bits_;
};

// How many whole calls a limit admits. A probe admits a half or a quarter, less one: few enough
// that none of them waits for another, if the limit is no more than twice, or four times, what the
// callee works on at a time.
constexpr uint64_t AdmittedBy(uint64_t units, Probe probe) {
  const uint64_t whole = units / LimitWord::kUnit;
  if (probe == Probe::kNone) return whole;
  return std::max<uint64_t>(whole / (probe == Probe::kHalf ? 2 : 4), 2) - 1;
}

// What a window is for. Now and then a probe follows: with fewer calls in flight, one window lets
// the queue drain and the next one measures.
enum class WindowPhase : uint32_t { kNormal = 0, kDrain = 1, kMeasure = 2 };

// begin:53 | age:9 | phase:2, the beginning in units of 1024 ns, rounded down. Whoever moves it on
// judges the window that is over, alone. age: windows since the last probe, or kSoonAge more when
// another is to follow soon, a deeper one. All-zero memory has no window yet, so one that would be
// all zero, of age 0 where time begins, begins one unit later.
class WindowWord {
 public:
  static constexpr uint32_t kProbeAge = 30;
  static constexpr uint32_t kSoonAge = 60;
  static constexpr uint32_t kDeepProbeAge = kSoonAge + 4;

  constexpr explicit WindowWord(uint64_t bits) : bits_(bits) {}
  constexpr WindowWord(Nanos begin, uint32_t age, WindowPhase phase)
      : bits_(((static_cast<uint64_t>(begin) >> kTimeUnitBits) << kTimeShift) |
              uint64_t{age % kAges} << kAgeShift | static_cast<uint64_t>(phase)) {
    // Or it would read as no window.
    if (bits_ == 0) bits_ = uint64_t{1} << kTimeShift;
  }

  constexpr uint64_t bits() const { return bits_; }
  constexpr bool begun() const { return bits_ != 0; }
  constexpr Nanos begin() const { return static_cast<Nanos>(bits_ >> kTimeShift << kTimeUnitBits); }
  constexpr uint32_t age() const { return static_cast<uint32_t>(bits_ >> kAgeShift) % kAges; }
  constexpr WindowPhase phase() const { return static_cast<WindowPhase>(bits_ & 3); }
  constexpr Probe probe() const {
    if (phase() == WindowPhase::kNormal) return Probe::kNone;
    return age() == kDeepProbeAge ? Probe::kQuarter : Probe::kHalf;
  }

 private:
  static constexpr uint32_t kAges = 512;
  static constexpr uint32_t kAgeShift = 2;
  static constexpr uint32_t kTimeShift = 11;
  static constexpr uint32_t kTimeUnitBits = 10;

  uint64_t bits_;
};

// Times of calls, added up without end: time:44 | busy:10 | calls:10, the time in units of 16 ns.
// What came between two readings is their difference as one number: what one field carried into the
// next is in both. Exact for up to 1023 calls of up to 274 s.
struct CallTimes {
  static constexpr Nanos kUnit = 16;
  static constexpr uint64_t kLongest = (uint64_t{1} << 34) - 1;

  uint64_t time = 0;  // in units
  uint64_t busy = 0;  // calls that ended with half of the limit in flight, or more
  uint64_t calls = 0;

  static constexpr uint64_t One(uint64_t nanos, bool busy) {
    return std::min(nanos / kUnit, kLongest) << 20 | uint64_t{busy} << 10 | 1;
  }
  static constexpr CallTimes Between(uint64_t from, uint64_t to) {
    const uint64_t bits = to - from;
    return {.time = bits >> 20, .busy = bits >> 10 & 1023, .calls = bits & 1023};
  }
  constexpr double average() const {  // in nanoseconds
    return static_cast<double>(time * kUnit) / static_cast<double>(calls);
  }
};

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_WORD_H_
