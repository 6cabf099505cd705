// Waiting: the only place of the core that blocks. No policy calls it; it is for the faces and for
// callers.
#ifndef SPILLWAY_SYNC_PARKER_H_
#define SPILLWAY_SYNC_PARKER_H_

#include <stop_token>

#include "spillway/base/time.h"

namespace spillway {

// Blocks until the steady clock shows `until`, or until a stop is asked for. False: a stop was. At
// once when the time has come; a stop that was asked for before goes first.
bool ParkUntil(Nanos until, const std::stop_token& stop = {}) noexcept;

}  // namespace spillway

#endif  // SPILLWAY_SYNC_PARKER_H_
