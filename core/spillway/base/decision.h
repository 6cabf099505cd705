// What a policy answers when it is asked for a permit, and when it is told how the call ended.
#ifndef SPILLWAY_BASE_DECISION_H_
#define SPILLWAY_BASE_DECISION_H_

#include <cstdint>

#include "spillway/base/permit.h"
#include "spillway/base/time.h"

namespace spillway {

// The plain contents of a decision. Policies decide in these: a value that needs no destructor and
// whose address nobody takes stays in registers.
struct DecisionFields {
  PermitFields permit;
  int32_t reason = 0;
  Nanos retry_after = 0;
};

struct Decision {
  Permit permit;       // empty unless admitted
  int32_t reason = 0;  // 0 = admitted, else the policy's reason for refusing (its Rejection enum)
  Nanos retry_after = 0;  // when refused: how long to wait before asking again

  Decision() = default;
  explicit Decision(const DecisionFields& fields)
      : permit(fields.permit), reason(fields.reason), retry_after(fields.retry_after) {}

  explicit operator bool() const { return reason == 0; }
};

enum class Settlement : int32_t {
  kCounted = 0,  // the outcome was counted (an ignored one: the permit was given back)
  kStale = 1,    // its generation had ended: it changed nothing but a counter
  kMisused =
      2,  // empty, foreign or repeated permit, or unknown outcome: it changed nothing but a counter
};

}  // namespace spillway

#endif  // SPILLWAY_BASE_DECISION_H_
