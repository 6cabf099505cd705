// What the limiters of the C interface do alike: asking, and telling what was decided. A noun's own
// functions call these with their handle.
#ifndef SPILLWAY_C_LIMITER_H_
#define SPILLWAY_C_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <new>

#include "noun.h"
#include "spillway/base/option.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/limiter_decision.h"
#include "spillway/limiter/token_bucket_settings.h"

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

// `describe()` tells the rest, where it is asked for.
template <class Describe>
spillway_decision Answer(const LimiterDecision& decision, spillway_limit_status* out,
                         Describe describe) {
  if (out != nullptr) {
    if (decision.reason < 0) return Misuse(out);
    new (static_cast<void*>(out)) LimitStatus(describe());
  }
  return decision.reason;
}

template <class Limiter>
spillway_decision Answer(const Limiter& limiter, const LimiterDecision& decision, Nanos now,
                         int64_t n, Nanos max_wait, spillway_limit_status* out) {
  return Answer(decision, out, [&] { return limiter.Describe(decision, now, n, max_wait); });
}

// Of the decision, only what a cancel needs.
inline LimiterReservation Contents(const spillway_reservation& reservation) {
  return {.act_at = reservation.act_at_ns,
          .worthless_at = reservation.worthless_at_ns,
          .n = reservation.n,
          .decision = {.detail = reservation.opaque[1],
                       .change = static_cast<uint32_t>(reservation.opaque[0])}};
}

inline void Hand(const LimiterReservation& from, spillway_reservation* to) {
  *to = {.act_at_ns = from.act_at,
         .worthless_at_ns = from.worthless_at,
         .n = from.n,
         .opaque = {from.decision.change, from.decision.detail}};
}

template <class Handle>
spillway_decision TryAcquire(Handle* handle, int64_t n, Nanos now, spillway_limit_status* out) {
  if (handle == nullptr) [[unlikely]]
    return Misuse(out);
  auto& object = *handle->object;
  return Answer(object, object.TryAcquire(now, n), now, n, 0, out);
}

template <class Handle>
spillway_decision Reserve(Handle* handle, int64_t n, Nanos max_wait, Nanos now,
                          spillway_reservation* reservation, spillway_limit_status* out) {
  if (reservation != nullptr) *reservation = {};
  if (handle == nullptr || reservation == nullptr) [[unlikely]]
    return Misuse(out);
  auto& object = *handle->object;
  const LimiterReservation reserved = object.Reserve(now, n, max_wait);
  if (reserved) Hand(reserved, reservation);
  return Answer(object, reserved.decision, now, n, max_wait, out);
}

template <class Handle>
spillway_status Cancel(Handle* handle, spillway_reservation* reservation, Nanos now) {
  if (handle == nullptr || reservation == nullptr || reservation->n < 0) return SPILLWAY_E_MISUSE;
  handle->object->Cancel(Contents(*reservation), now);
  *reservation = {};
  return SPILLWAY_OK;
}

template <class Handle>
spillway_status Refund(Handle* handle, int64_t n, Nanos now) {
  if (handle == nullptr || n < 0) return SPILLWAY_E_MISUSE;
  handle->object->Refund(now, n);
  return SPILLWAY_OK;
}

// What a caller may pass for an Inheritance, which is no option but is judged as one.
inline constexpr OptionSpec kInheritance[] = {
    {.name = "inheritance",
     .kind = OptionKind::kChoice,
     .offset = 0,
     .choices = kInheritanceChoices},
};

template <class Handle>
spillway_status Reconfigure(Handle* handle, const OptionsOf<Handle>* options, int32_t inheritance,
                            Nanos now, spillway_error* error) {
  return Reconfigure(
      handle, options, error,
      [=](ObjectOf<Handle>& object, const SettingsOf<Handle>& settings, Error* problem) {
        return CheckOptions(kInheritance, &inheritance, problem) &&
               object.Reconfigure(settings, static_cast<Inheritance>(inheritance), now, problem);
      });
}

}  // namespace spillway

#endif  // SPILLWAY_C_LIMITER_H_
