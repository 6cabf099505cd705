// What a limiter says beside yes or no.
#ifndef SPILLWAY_LIMITER_LIMIT_STATUS_H_
#define SPILLWAY_LIMITER_LIMIT_STATUS_H_

#include <cstdint>

#include "spillway/base/time.h"

namespace spillway {

struct LimitStatus {
  int64_t remaining = 0;  // what could be taken now; 0 when anything is owed
  int64_t limit = 0;      // the most that can ever be taken at once
  Nanos reset_after = 0;  // how long until `remaining` is `limit` again, if nobody takes any
  // When refused: how long until the same call is admitted, if nobody comes before. kForever:
  // never.
  Nanos retry_after = 0;
  // How long until `remaining` grows, if nobody takes any; 0 when it is `limit`.
  Nanos next_after = 0;

  friend bool operator==(const LimitStatus&, const LimitStatus&) = default;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_LIMIT_STATUS_H_
