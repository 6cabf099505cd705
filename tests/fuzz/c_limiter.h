// What the limiters of the C interface tell, and what holds of it whichever limiter it is.
#ifndef SPILLWAY_TESTS_FUZZ_C_LIMITER_H_
#define SPILLWAY_TESTS_FUZZ_C_LIMITER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/limit_status.h"
#include "tests/fuzz/byte_reader.h"
#include "tests/fuzz/guarded.h"
#include "tests/fuzz/target.h"

namespace spillway::fuzz {

struct Told {
  spillway_decision decision;
  LimitStatus status;
};

// What `ask(out)` answers and tells.
template <class Ask>
Told AskLimiter(Ask ask) {
  Guarded out(sizeof(spillway_limit_status));
  const spillway_decision decision = ask(out.get<spillway_limit_status>());
  out.Check();
  if (decision < 0) Require(out.IsFilled(0, std::byte{0}), "out is not emptied");
  const auto& told = *out.get<const spillway_limit_status>();
  LimitStatus status{.remaining = told.remaining,
                     .limit = told.limit,
                     .reset_after = told.reset_after_ns,
                     .retry_after = told.retry_after_ns,
                     .next_after = told.next_after_ns};
  if (Planted("retry_after") && decision > 0 && status.retry_after != kForever)
    ++status.retry_after;
  return {decision, status};
}

// How many, `all` being what there can be: mostly a few, else what is no count or far too many.
inline int64_t AnyCount(ByteReader& input, int64_t all) {
  if (!input.OneIn(4)) return 1 + input.Below(3);
  return input.Of<int64_t>({0, all, all + 1, -1, kForever, kForever / 4 + 2, int64_t{1} << 52,
                            std::numeric_limits<int64_t>::min()});
}

// Requires that whoever was told this at `now`, and is alone, is admitted once he has waited for
// `retry_after`, and no nanosecond before. `ask(at)` asks for the same again.
template <class Ask>
void RequireLoneRetry(const Told& told, Nanos now, Ask ask) {
  const Nanos wait = told.status.retry_after;
  if (told.decision <= 0) return Require(told.decision < 0 || wait == 0, "admitted: retry later");
  const Nanos from = std::max<Nanos>(now, 0);
  if (wait >= kForever - from) return;  // the end of time, or never
  Require(wait > 0, "refused: retry at once");
  if (wait > 1) Require(ask(from + wait - 1) > 0, "less than retry_after is enough");
  Require(ask(from + wait) == 0, "retry_after is not enough");
}

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_C_LIMITER_H_
