// The calls that are made for each request, each of the one bucket or the other. Nothing here
// allocates or throws.
#include "spillway/limiter/token_bucket.h"

#include <algorithm>

namespace spillway {

LimiterDecision TokenBucket::TryAcquireSlowly(Nanos now, int64_t n) noexcept {
  return warm_up_ ? warm_up_->TryAcquire(now, n) : bucket_.TryAcquireSlowly(now, n);
}

int64_t TokenBucket::AcquireUpTo(Nanos now, int64_t n) noexcept {
  return warm_up_ ? warm_up_->AcquireUpTo(now, n) : bucket_.AcquireUpTo(now, n);
}

LimiterDecision TokenBucket::ForceAcquire(Nanos now, int64_t n) noexcept {
  return warm_up_ ? warm_up_->ForceAcquire(now, n) : bucket_.ForceAcquire(now, n);
}

LimiterReservation TokenBucket::ReserveSlowly(Nanos now, int64_t n, Nanos max_wait) noexcept {
  return warm_up_ ? warm_up_->Reserve(now, n, max_wait) : bucket_.ReserveSlowly(now, n, max_wait);
}

void TokenBucket::Cancel(const Reservation& reservation, Nanos now) noexcept {
  return warm_up_ ? warm_up_->Cancel(reservation, now) : bucket_.Cancel(reservation, now);
}

void TokenBucket::Refund(Nanos now, int64_t n) noexcept {
  return warm_up_ ? warm_up_->Refund(now, n) : bucket_.Refund(now, n);
}

LimitStatus TokenBucket::Describe(const Decision& decision, Nanos now, int64_t n,
                                  Nanos max_wait) const noexcept {
  return warm_up_ ? warm_up_->Describe(decision, now, n, max_wait)
                  : bucket_.Describe(decision, now, n, max_wait);
}

TokenBucketSnapshot TokenBucket::Snapshot(Nanos now) const noexcept {
  if (warm_up_) return warm_up_->Snapshot(now);
  now = std::max<Nanos>(now, 0);
  const Bucket::View view = bucket_.Look(now);
  const TokenClock& clock = view.scale.clock;
  const bool owes = view.ahead > clock.capacity();
  const uint64_t part = clock.token() - 1;  // of a token, which is owed as a whole
  const uint64_t tokens = owes ? clock.Tokens(view.ahead - clock.capacity() + part)
                               : clock.Tokens(clock.capacity() - view.ahead);
  const BucketMemory& memory = bucket_.memory();
  return {.tokens = owes ? -static_cast<int64_t>(tokens) : static_cast<int64_t>(tokens),
          .burst = static_cast<int32_t>(clock.burst()),
          .time_to_full_ns = clock.Until(now, view.ahead),
          .total_admitted = memory.admitted.Sum(),
          .total_refused = memory.refused.Sum(),
          .total_dry_run = memory.dry_run.load(std::memory_order_relaxed)};
}

}  // namespace spillway
