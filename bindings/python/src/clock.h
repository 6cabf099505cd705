// The time of a call that brings none.
#ifndef SPILLWAY_PYTHON_CLOCK_H_
#define SPILLWAY_PYTHON_CLOCK_H_

#include <atomic>
#include <limits>

#include "spillway/base/time.h"
#include "spillway/sync/atomic.h"

namespace spillway::python {

// As a `now`: the policy reads the clock, a cheap one where that is good enough.
inline constexpr Nanos kReadClock = std::numeric_limits<Nanos>::min();

// What spillway.testing.virtual_time has set the clock of this process to; kReadClock: the real
// one.
inline constinit Atomic<Nanos> virtual_now{kReadClock};

inline Nanos PreciseNow() noexcept {
  const Nanos set = virtual_now.load(std::memory_order_relaxed);
  return set == kReadClock ? SteadyNow() : set;
}

// Up to one tick of the kernel behind, for a fifth of the price.
inline Nanos NearNow() noexcept {
  const Nanos set = virtual_now.load(std::memory_order_relaxed);
  return set == kReadClock ? CoarseNow() : set;
}

// Whether a tick hardly matters for a span of time. 0 stands for a span that is not used.
inline bool OutlastsTicks(Nanos span) noexcept {
  static const Nanos tick = CoarseResolution();
  return span == 0 || span / 16 >= tick;
}

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_CLOCK_H_
