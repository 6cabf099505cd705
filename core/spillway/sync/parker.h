// Waiting: the only place of the core that blocks. No policy calls it; it is for the faces and for
// callers.
#ifndef SPILLWAY_SYNC_PARKER_H_
#define SPILLWAY_SYNC_PARKER_H_

#include <cstdint>
#include <stop_token>

#include "spillway/base/time.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Blocks until the steady clock shows `until`, or until a stop is asked for. False: a stop was. At
// once when the time has come; a stop that was asked for before goes first.
bool ParkUntil(Nanos until, const std::stop_token& stop = {}) noexcept;

// Blocks while the low half of `word` is `value`, until the steady clock shows `until` at the
// latest. May come back early: for a wake-up, a signal, or no reason.
void ParkWhile(const Word& word, uint32_t value, Nanos until) noexcept;

// Wakes all who sleep in ParkWhile on the word. After the change of it that they are to see.
void WakeAll(const Word& word) noexcept;

}  // namespace spillway

#endif  // SPILLWAY_SYNC_PARKER_H_
