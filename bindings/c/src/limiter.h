// What the limiters of the C interface do alike: telling what was decided.
#ifndef SPILLWAY_C_LIMITER_H_
#define SPILLWAY_C_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <new>

#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/limiter_decision.h"

namespace spillway {

// The two are one, so that what is told can be written where it belongs: a copy, of more words at a
// time than were written, would have to wait until they have reached the cache.
static_assert(sizeof(LimitStatus) == sizeof(spillway_limit_status));
static_assert(offsetof(LimitStatus, remaining) == offsetof(spillway_limit_status, remaining));
static_assert(offsetof(LimitStatus, limit) == offsetof(spillway_limit_status, limit));
static_assert(offsetof(LimitStatus, reset_after) ==
              offsetof(spillway_limit_status, reset_after_ns));
static_assert(offsetof(LimitStatus, retry_after) ==
              offsetof(spillway_limit_status, retry_after_ns));
static_assert(offsetof(LimitStatus, next_after) == offsetof(spillway_limit_status, next_after_ns));

inline spillway_decision Misuse(spillway_limit_status* out) {
  if (out != nullptr) *out = {};
  return SPILLWAY_E_MISUSE;
}

template <class Limiter>
spillway_decision Answer(const Limiter& limiter, const LimiterDecision& decision, Nanos now,
                         int64_t n, Nanos max_wait, spillway_limit_status* out) {
  if (out != nullptr) {
    if (decision.reason < 0) return Misuse(out);
    new (static_cast<void*>(out)) LimitStatus(limiter.Describe(decision, now, n, max_wait));
  }
  return decision.reason;
}

// Of the decision, only what a cancel needs.
inline LimiterReservation Contents(const spillway_reservation& reservation) {
  return {.act_at = reservation.act_at_ns,
          .worthless_at = reservation.worthless_at_ns,
          .n = reservation.n,
          .decision = {.change = static_cast<uint32_t>(reservation.opaque)}};
}

inline void Hand(const LimiterReservation& from, spillway_reservation* to) {
  *to = {.act_at_ns = from.act_at,
         .worthless_at_ns = from.worthless_at,
         .n = from.n,
         .opaque = from.decision.change};
}

}  // namespace spillway

#endif  // SPILLWAY_C_LIMITER_H_
