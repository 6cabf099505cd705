// Waiting for what was reserved, in C++.
#ifndef SPILLWAY_LIMITER_WAIT_FOR_H_
#define SPILLWAY_LIMITER_WAIT_FOR_H_

#include <stop_token>

#include "spillway/base/time.h"
#include "spillway/limiter/limiter_decision.h"
#include "spillway/sync/parker.h"

namespace spillway {

// Blocks until what was reserved may be used, on SteadyNow(). False: a stop was asked for, and the
// reservation was cancelled; or there was none.
template <class Limiter>
bool WaitFor(Limiter& limiter, const LimiterReservation& reservation,
             const std::stop_token& stop = {}) noexcept {
  if (!reservation) return false;
  if (ParkUntil(reservation.act_at, stop)) return true;
  limiter.Cancel(reservation, SteadyNow());
  return false;
}

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_WAIT_FOR_H_
