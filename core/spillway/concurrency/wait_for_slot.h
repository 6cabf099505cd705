// Waiting for a slot of a bulkhead, in C++.
#ifndef SPILLWAY_CONCURRENCY_WAIT_FOR_SLOT_H_
#define SPILLWAY_CONCURRENCY_WAIT_FOR_SLOT_H_

#include <stop_token>

#include "spillway/base/decision.h"
#include "spillway/base/priority.h"
#include "spillway/base/time.h"
#include "spillway/concurrency/bulkhead.h"

namespace spillway {

// Blocks until there is a slot, for `longest` at most, or until a stop is asked for; the two last
// are refusals for kTimedOut, and leave nothing behind. Refused at once when neither a slot nor a
// place in the queue is free, or `longest` is 0.
Decision WaitForSlot(Bulkhead& bulkhead, Nanos longest, Priority priority = Priority::kNormal,
                     const std::stop_token& stop = {}) noexcept;

// The same for as long as `max_wait` says.
inline Decision WaitForSlot(Bulkhead& bulkhead, Priority priority = Priority::kNormal,
                            const std::stop_token& stop = {}) noexcept {
  return WaitForSlot(bulkhead, bulkhead.max_wait(), priority, stop);
}

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_WAIT_FOR_SLOT_H_
