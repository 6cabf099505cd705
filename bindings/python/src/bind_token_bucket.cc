// Making, changing and looking at a token bucket. The calls of each request come in through
// OverdraftLimiter.
#include "bind_limiters.h"
#include "limiter_of.h"
#include "spillway/limiter/token_bucket.h"

namespace spillway::python {
namespace {

class TokenBucketLimiter final : public BucketOf<TokenBucket, OverdraftLimiter> {
 public:
  using BucketOf::BucketOf;

  LimiterDecision Peek(Nanos now, int64_t n) noexcept override {
    using Reason = TokenBucketRejection;
    return LookAt(now, [n](const LimitStatus& status) {
      return n > status.limit       ? Reason::kExceedsBurst
             : n > status.remaining ? Reason::kExhausted
                                    : Reason{};
    });
  }
  int64_t AcquireUpTo(Nanos now, int64_t n) noexcept override {
    return policy_->AcquireUpTo(now, n);
  }
  LimiterDecision ForceAcquire(Nanos now, int64_t n) noexcept override {
    return policy_->ForceAcquire(now, n);
  }
};

}  // namespace

void BindTokenBucket(py::module_& module) {
  BindBucket<TokenBucketLimiter>(module, "TokenBucketCore",
                                 "The token bucket itself: made, changed and looked at here.");
}

}  // namespace spillway::python
