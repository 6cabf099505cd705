// The token bucket that warms up: its verbs, with the names and promises of token_bucket.h.
#ifndef SPILLWAY_LIMITER_WARM_UP_BUCKET_H_
#define SPILLWAY_LIMITER_WARM_UP_BUCKET_H_

#include <cstdint>

#include "spillway/base/time.h"
#include "spillway/limiter/bucket_memory.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/limiter_counts.h"
#include "spillway/limiter/limiter_decision.h"
#include "spillway/limiter/token_bucket_settings.h"
#include "spillway/limiter/token_clock.h"
#include "spillway/limiter/warm_up_word.h"
#include "spillway/sync/atomic.h"

namespace spillway {

class WarmUpBucket {
 public:
  using Decision = LimiterDecision;
  using Reservation = LimiterReservation;

  // How many units a token may have for such options; 0: they cannot be together.
  static uint64_t MostUnits(const TokenBucketSettings& settings) {
    return WarmUp::MostUnits(settings.rate, settings.burst, settings.warm_up_ns,
                             settings.cold_factor);
  }

  // `memory` and `counts` are those of the token bucket.
  WarmUpBucket(const TokenBucketSettings& settings, BucketMemory* memory,
               const LimiterCounts* counts);

  Decision TryAcquire(Nanos now, int64_t n) noexcept;
  int64_t AcquireUpTo(Nanos now, int64_t n) noexcept;
  Decision ForceAcquire(Nanos now, int64_t n) noexcept;
  Reservation Reserve(Nanos now, int64_t n, Nanos max_wait) noexcept;
  void Cancel(const Reservation& reservation, Nanos now) noexcept;
  void Refund(Nanos now, int64_t n) noexcept;
  LimitStatus Describe(const Decision& decision, Nanos now, int64_t n,
                       Nanos max_wait) const noexcept;
  TokenBucketSnapshot Snapshot(Nanos now) const noexcept;

  // Makes it cold and open, as it began.
  void CoolDown() noexcept;

 private:
  // The bucket at one moment.
  struct View {
    uint64_t word;
    uint64_t now;  // unit of the clock; not before `touched`
    WarmUp::State state;
    uint64_t touched;
    uint32_t change;
    bool stays;  // nothing came of it
  };
  View Look(Nanos now) const noexcept;
  bool Touch(uint64_t touched, Nanos now) noexcept;
  template <class Decide>
  View Update(Nanos now, const Decide& decide) noexcept;
  Decision Refuse(TokenBucketRejection reason, const View& view) noexcept;

  BucketMemory* memory_;
  const LimiterCounts* counts_;
  TokenClock clock_;
  WarmUp warm_up_;
  Atomic<uint32_t> cooled_{0};  // how often by CoolDown()
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_WARM_UP_BUCKET_H_
