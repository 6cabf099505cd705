// The time of a call that brings none.
#ifndef SPILLWAY_PYTHON_CLOCK_H_
#define SPILLWAY_PYTHON_CLOCK_H_

#include <atomic>

#include "spillway/base/time.h"
#include "spillway/sync/atomic.h"

namespace spillway::python {

// What spillway.testing.virtual_time has set the clock of this process to; negative: the real one.
inline constinit Atomic<Nanos> virtual_now{-1};

inline Nanos PreciseNow() noexcept {
  const Nanos set = virtual_now.load(std::memory_order_relaxed);
  return set < 0 ? SteadyNow() : set;
}

// Up to one tick of the kernel behind, for a fifth of the price.
inline Nanos NearNow() noexcept {
  const Nanos set = virtual_now.load(std::memory_order_relaxed);
  return set < 0 ? CoarseNow() : set;
}

// Whether a tick hardly matters for a span of time. 0 stands for a span that is not used.
inline bool OutlastsTicks(Nanos span) noexcept {
  static const Nanos tick = CoarseResolution();
  return span == 0 || span / 16 >= tick;
}

}  // namespace spillway::python

#endif  // SPILLWAY_PYTHON_CLOCK_H_
