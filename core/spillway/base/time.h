// Time as every policy sees it: int64 nanoseconds of a monotonic clock, given by the caller.
//
// Only the overloads that take no time read a clock, and they read it through this header. Times
// given to one object are compared only with each other, so a clock may start anywhere. A time
// before zero reads as zero.
#ifndef SPILLWAY_BASE_TIME_H_
#define SPILLWAY_BASE_TIME_H_

#include <time.h>

#include <cstdint>
#include <limits>

namespace spillway {

using Nanos = int64_t;

inline constexpr Nanos kNanosPerSecond = 1'000'000'000;
inline constexpr Nanos kForever = std::numeric_limits<Nanos>::max();

// Deadlines saturate: one that lies past the end of time never comes, it does not wrap into the
// past.
constexpr Nanos SaturatingAdd(Nanos time, Nanos span) {
  Nanos sum = 0;
  if (!__builtin_add_overflow(time, span, &sum)) return sum;
  return span < 0 ? std::numeric_limits<Nanos>::min() : kForever;
}

// How long after `start` the time `now` lies; 0 when it lies before, whatever the two are.
constexpr uint64_t Elapsed(Nanos start, Nanos now) {
  return now > start ? static_cast<uint64_t>(now) - static_cast<uint64_t>(start) : 0;
}

inline Nanos ReadClock(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<Nanos>(time.tv_sec) * kNanosPerSecond + time.tv_nsec;
}

// Time since boot without suspend, in steps of a few nanoseconds.
inline Nanos SteadyNow() { return ReadClock(CLOCK_MONOTONIC); }

// The same clock as it stood at the kernel's last tick: several times cheaper to read and up to one
// tick behind.
inline Nanos CoarseNow() { return ReadClock(CLOCK_MONOTONIC_COARSE); }

// The length of that tick, typically 1 to 10 ms.
inline Nanos CoarseResolution() {
  timespec tick;
  if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0) return kForever;
  return static_cast<Nanos>(tick.tv_sec) * kNanosPerSecond + tick.tv_nsec;
}

}  // namespace spillway

#endif  // SPILLWAY_BASE_TIME_H_
