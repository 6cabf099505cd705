// What every policy that gives out permits does alike.
#ifndef SPILLWAY_C_PERMIT_H_
#define SPILLWAY_C_PERMIT_H_

#include <cstdint>

#include "spillway/base/decision.h"
#include "spillway/base/permit.h"
#include "spillway/base/time.h"
#include "spillway/c_api.h"

namespace spillway {

static_assert(SPILLWAY_SETTLEMENT_COUNTED == static_cast<int>(Settlement::kCounted));
static_assert(SPILLWAY_SETTLEMENT_STALE == static_cast<int>(Settlement::kStale));

// Field by field, in words as wide as those that were written: a wider load would have to wait
// until they have reached the cache.
inline PermitFields Contents(const spillway_permit& permit) {
  return {.owner = permit.opaque[0],
          .start = static_cast<Nanos>(permit.opaque[1]),
          .token = permit.opaque[2]};
}

inline void Fill(const PermitFields& fields, spillway_permit* permit) {
  permit->opaque[0] = fields.owner;
  permit->opaque[1] = static_cast<uint64_t>(fields.start);
  permit->opaque[2] = fields.token;
}

inline spillway_decision Answer(const DecisionFields& decision, spillway_acquire_result* out) {
  Fill(decision.permit, &out->permit);
  out->retry_after_ns = decision.retry_after;
  return decision.reason;
}

inline spillway_decision Misuse(spillway_acquire_result* out) {
  if (out != nullptr) *out = {};
  return SPILLWAY_E_MISUSE;
}

inline spillway_settlement Answer(Settlement settlement, spillway_permit* permit) {
  if (settlement == Settlement::kMisused) return SPILLWAY_E_MISUSE;
  *permit = {};
  return static_cast<spillway_settlement>(settlement);
}

}  // namespace spillway

#endif  // SPILLWAY_C_PERMIT_H_
