// Making, changing and looking at a leaky bucket. The calls of each request come in through
// ReservingLimiter.
#include <algorithm>

#include "bind_limiters.h"
#include "limiter_of.h"
#include "spillway/limiter/leaky_bucket.h"

namespace spillway::python {
namespace {

class LeakyBucketLimiter final : public BucketOf<LeakyBucket, ReservingLimiter> {
 public:
  using BucketOf::BucketOf;

  LimiterDecision Peek(Nanos now, int64_t n) noexcept override {
    using Reason = LeakyBucketRejection;
    const LeakyBucketSettings settings = policy_->settings();
    // What only those may fill who wait.
    const int64_t held_back = settings.capacity - std::min(settings.free, settings.capacity);
    return LookAt(now, [=](const LimitStatus& status) {
      return n == 0                             ? Reason{}
             : n > status.limit - held_back     ? Reason::kExceedsCapacity
             : n > status.remaining - held_back ? Reason::kFull
                                                : Reason{};
    });
  }
};

}  // namespace

void BindLeakyBucket(py::module_& module) {
  BindBucket<LeakyBucketLimiter>(module, "LeakyBucketCore",
                                 "The leaky bucket itself: made, changed and looked at here.");
}

}  // namespace spillway::python
