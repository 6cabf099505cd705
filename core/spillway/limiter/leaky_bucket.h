// A leaky bucket: each admitted call pours `n` in, `rate` leaks out a second, and the bucket holds
// `capacity`. Calls that keep the level within `free` pass at once; the others wait until it has
// leaked down to there.
//
//   if (LimiterReservation slot = bucket->Reserve(now, 1, max_wait)) {
//     ... wait until slot.act_at, call; or bucket->Cancel(slot, later) ...
//   }
//
// With `free` as high as `capacity`, as it is by default, the bucket is a meter: nobody waits, and
// TryAcquire() is all that is needed. With `free` of 1 it is a shaper that spaces all calls by 1 /
// rate. In between it is nginx's `burst=B delay=N`: capacity B + 1, free N + 1.
//
// limiter/leaky_bucket_options.h makes one. At every rate, what is admitted in a time t is at most
// capacity + rate * t, and what may act in it at most free + rate * t (beside what was cancelled,
// and a single call of more than `free`, which acts as one): no rounding adds up.
//
// It is a token bucket seen from the other side: what is there to be taken is what `free` has above
// the level, and what is owed may not exceed the rest of `capacity`. So thread safety, progress and
// cost are those of limiter/token_bucket.h.
#ifndef SPILLWAY_LIMITER_LEAKY_BUCKET_H_
#define SPILLWAY_LIMITER_LEAKY_BUCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "spillway/base/error.h"
#include "spillway/base/policy_memory.h"
#include "spillway/base/time.h"
#include "spillway/limiter/bucket.h"
#include "spillway/limiter/bucket_memory.h"
#include "spillway/limiter/leaky_bucket_settings.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/limiter_decision.h"
#include "spillway/limiter/token_bucket_settings.h"

namespace spillway {

struct LeakyBucketOptions;

class LeakyBucket {
 public:
  using Settings = LeakyBucketSettings;
  using Rejection = LeakyBucketRejection;
  using Decision = LimiterDecision;
  using Reservation = LimiterReservation;

  // Null, with `error` filled, when the name is too long or an option is out of range. `memory` and
  // `shared` are those of TokenBucket::Make.
  static std::unique_ptr<LeakyBucket> Make(std::string_view name, const Settings& settings,
                                           Error* error, void* memory = nullptr,
                                           bool shared = false) noexcept;
  static constexpr size_t MemoryBytes() { return sizeof(BucketMemory); }

  // An absl::StatusOr<std::unique_ptr<LeakyBucket>>. Defined in limiter/leaky_bucket_options.h: who
  // does not include that header does not need Abseil.
  template <typename Options = LeakyBucketOptions>
  static auto Create(std::string_view name, const Options& options);

  LeakyBucket(const LeakyBucket&) = delete;
  LeakyBucket& operator=(const LeakyBucket&) = delete;
  ~LeakyBucket();

  // Pours `n` in if that keeps the level within `free`, so that the call need not wait. 0 pours
  // nothing and tells the level. More than `free` is refused for good (kExceedsCapacity): only
  // Reserve() can admit it.
  [[gnu::always_inline]] Decision TryAcquire(Nanos now, int64_t n = 1) noexcept {
    return bucket_.TryAcquire(now, n);
  }
  // The same at SteadyNow().
  Decision TryAcquire() noexcept { return TryAcquire(SteadyNow()); }

  // Pours `n` in if that keeps the level within `capacity`. It may be used once the level has
  // leaked down to `free`, unless that is more than `max_wait` away. Who reserves first waits less:
  // nobody overtakes.
  [[gnu::always_inline]] Reservation Reserve(Nanos now, int64_t n, Nanos max_wait) noexcept {
    return bucket_.Reserve(now, n, max_wait);
  }

  // Takes out again what a reservation poured in and that was not used, once: all before `act_at`,
  // then as much as would not have leaked out by itself, from `worthless_at` on nothing. Never lets
  // in more than capacity + rate * t.
  void Cancel(const Reservation& reservation, Nanos now) noexcept {
    bucket_.Cancel(reservation, now);
  }

  // Takes `n` out that was poured in and not used; never more than empty the bucket.
  void Refund(Nanos now, int64_t n) noexcept { bucket_.Refund(now, n); }

  // What else is to be said of a decision that was made for `n` at `now`; of a reservation's, with
  // the `max_wait` it was given. `remaining` is what `capacity` has above the level: what would be
  // admitted by those that may wait.
  LimitStatus Describe(const Decision& decision, Nanos now, int64_t n,
                       Nanos max_wait = 0) const noexcept {
    return bucket_.Describe(decision, now, n, max_wait);
  }

  // What the bucket holds at `now`. Writes nothing.
  LeakyBucketSnapshot Snapshot(Nanos now) const noexcept;

  // As TokenBucket::Reconfigure, of `rate`, `capacity`, `free` and `dry_run`. With kKeep and with
  // kAdditive the level stays, with kReset the bucket is empty, with kProportional it is as full as
  // before; a level above the new capacity is cut to it.
  bool Reconfigure(const Settings& settings, Inheritance inheritance, Nanos now,
                   Error* error) noexcept;
  Settings settings() const noexcept;

  std::string_view name() const noexcept { return name_; }

 private:
  friend class MultiLimiterMember;

  LeakyBucket(std::string_view name, const Settings& settings, void* memory, bool shared);

  Bucket bucket_;
  PolicyMemory owned_memory_;
  std::string name_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_LEAKY_BUCKET_H_
