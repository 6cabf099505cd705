// What a limiter answers, whichever it is.
#ifndef SPILLWAY_LIMITER_LIMITER_DECISION_H_
#define SPILLWAY_LIMITER_LIMITER_DECISION_H_

#include <cstdint>

#include "spillway/base/time.h"

namespace spillway {

// Whether a call is admitted. The limiter's Describe() says the rest, for whoever asks: it takes
// longer to work out than the decision.
struct LimiterDecision {
  uint64_t detail = 0;  // for the limiter alone, to describe the decision with
  int32_t reason =
      0;  // 0 = admitted, else the limiter's Rejection; below 0: the count was no count
  uint32_t change = 0;  // under which options: the number of changes before the call

  explicit operator bool() const { return reason == 0; }
};

// What is taken already, to be used from a time on.
struct LimiterReservation {
  Nanos act_at = 0;        // when it may be used; the time of the call if that is at once
  Nanos worthless_at = 0;  // from then on a cancel gives nothing back
  int64_t n = 0;           // 0 when refused
  LimiterDecision decision = {};

  explicit operator bool() const { return decision.reason == 0; }
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_LIMITER_DECISION_H_
