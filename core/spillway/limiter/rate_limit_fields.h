// What a limiter's answer says in HTTP: the header fields of the IETF draft
// draft-ietf-httpapi-ratelimit-headers, and Retry-After.
#ifndef SPILLWAY_LIMITER_RATE_LIMIT_FIELDS_H_
#define SPILLWAY_LIMITER_RATE_LIMIT_FIELDS_H_

#include <cstddef>
#include <string_view>

#include "spillway/base/time.h"
#include "spillway/limiter/limit_status.h"

namespace spillway {

// The values of three header fields, each terminated by a zero; an empty one is not to be sent.
struct RateLimitFields {
  static constexpr size_t kMostName = 128;

  char policy[320];      // RateLimit-Policy: "name";q=limit;w=window
  char limit[320];       // RateLimit: "name";r=remaining;t=seconds until there is more
  char retry_after[24];  // Retry-After: seconds; never below `t`
};

// `name` is that of the quota, 1 to kMostName characters of printable ASCII; false, and nothing is
// written, for others. `window` is the time in which the whole limit comes in, burst / rate for a
// token bucket; 0: none is told. Times are told in seconds, rounded up, as far as they are below
// kForever. Allocates nothing.
bool Render(std::string_view name, bool admitted, const LimitStatus& status, Nanos window,
            RateLimitFields* out) noexcept;

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_RATE_LIMIT_FIELDS_H_
