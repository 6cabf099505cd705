// A token bucket: lets through `rate` tokens a second, and `burst` at once.
//
//   if (bucket->TryAcquire(now)) {
//     ... call ...
//   }
//
//   if (LimiterReservation slot = bucket->Reserve(now, 1, max_wait)) {
//     ... wait until slot.act_at, call; or bucket->Cancel(slot, later) ...
//   }
//
// limiter/token_bucket_options.h makes one. At every rate, what is admitted in a time t is at most
// burst + rate * t tokens, and somebody who asks whenever there is a token gets exactly that: no
// rounding adds up.
//
// With the option `warm_up` calls pay later, and pay more while the bucket is cold: a call of any
// size up to `burst` passes once what was taken before is paid for. Until then the bucket has
// nothing, and after it `burst`. docs/token_bucket.md says what that makes of each call; such a
// call writes a second word, which is raised first (warm_up_bucket.cc).
//
// Thread safety: every method may be called from any thread; only the destructor needs the object
// to itself. Progress: all are lock-free, throw nothing, and make no system call but for the clock
// in the overloads that take no time. None allocates, but for the first counted call of a thread to
// any policy, which makes a note of the thread's end in the C library. An admission is one
// compare-exchange of one word; a refusal reads it (and counts itself, unless `counted` is off).
#ifndef SPILLWAY_LIMITER_TOKEN_BUCKET_H_
#define SPILLWAY_LIMITER_TOKEN_BUCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "spillway/base/error.h"
#include "spillway/base/policy_memory.h"
#include "spillway/base/time.h"
#include "spillway/limiter/bucket.h"
#include "spillway/limiter/bucket_memory.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/limiter_decision.h"
#include "spillway/limiter/token_bucket_settings.h"
#include "spillway/limiter/warm_up_bucket.h"

namespace spillway {

struct TokenBucketOptions;

class TokenBucket {
 public:
  using Settings = TokenBucketSettings;
  using Rejection = TokenBucketRejection;
  using Decision = LimiterDecision;
  using Reservation = LimiterReservation;

  // Null, with `error` filled, when the name is too long or an option is out of range, alone or
  // with the others. `memory` is null, or MemoryBytes() bytes, aligned to a cache line, all-zero or
  // in use by buckets with the same settings; it must outlive the bucket. `shared` says that other
  // processes use it too: such a bucket cannot be reconfigured yet.
  static std::unique_ptr<TokenBucket> Make(std::string_view name, const Settings& settings,
                                           Error* error, void* memory = nullptr,
                                           bool shared = false) noexcept;
  static constexpr size_t MemoryBytes() { return sizeof(BucketMemory); }

  // An absl::StatusOr<std::unique_ptr<TokenBucket>>. Defined in limiter/token_bucket_options.h: who
  // does not include that header does not need Abseil.
  template <typename Options = TokenBucketOptions>
  static auto Create(std::string_view name, const Options& options);

  TokenBucket(const TokenBucket&) = delete;
  TokenBucket& operator=(const TokenBucket&) = delete;
  ~TokenBucket();

  // Takes `n` tokens, all or none. 0 takes none and tells what is there.
  [[gnu::always_inline]] Decision TryAcquire(Nanos now, int64_t n = 1) noexcept {
    Decision decision;
    if (bucket_.TryAcquireQuickly(now, n, &decision)) [[likely]]
      return decision;
    return TryAcquireSlowly(now, n);
  }
  // The same at SteadyNow().
  Decision TryAcquire() noexcept { return TryAcquire(SteadyNow()); }

  // Takes what is there, up to `n`; how many. -1 when `n` is below 0.
  int64_t AcquireUpTo(Nanos now, int64_t n) noexcept;

  // Takes `n` tokens whether they are there or not: what is not is owed, and later calls wait for
  // it. Refused (kExceedsBurst) only when more than kMostOwed would be owed.
  Decision ForceAcquire(Nanos now, int64_t n) noexcept;

  // Takes `n` tokens, to be used as soon as they are there, unless that is more than `max_wait`
  // away. Who reserves first waits less: nobody overtakes.
  [[gnu::always_inline]] Reservation Reserve(Nanos now, int64_t n, Nanos max_wait) noexcept {
    Reservation reservation;
    if (bucket_.ReserveQuickly(now, n, max_wait, &reservation)) [[likely]]
      return reservation;
    return ReserveSlowly(now, n, max_wait);
  }

  // Gives back the tokens of a reservation that were not used, once: all before `act_at`, then as
  // many as would not have flowed in by themselves, from `worthless_at` on none. Never makes more
  // available than burst + rate * t.
  void Cancel(const Reservation& reservation, Nanos now) noexcept;

  // Gives back `n` tokens that were taken and not used; never more than fill the bucket.
  void Refund(Nanos now, int64_t n) noexcept;

  // What else is to be said of a decision that was made for `n` tokens at `now`; of a
  // reservation's, with the `max_wait` it was given.
  LimitStatus Describe(const Decision& decision, Nanos now, int64_t n,
                       Nanos max_wait = 0) const noexcept;

  // What the bucket holds at `now`. Writes nothing.
  TokenBucketSnapshot Snapshot(Nanos now) const noexcept;

  // Changes options that are not fixed; a call that races it is decided wholly by the old ones or
  // wholly by the new. Times that reservations were given stay, what is owed is paid at the new
  // rate, and cancelling a reservation of before gives nothing back. False, with `error` filled and
  // nothing changed, when an option is out of range or fixed, or while another change is under way
  // (kBusy): nobody waits. A time before that of the change before reads as that time, except with
  // kReset.
  bool Reconfigure(const Settings& settings, Inheritance inheritance, Nanos now,
                   Error* error) noexcept;
  Settings settings() const noexcept;

  std::string_view name() const noexcept { return name_; }

 private:
  friend class MultiLimiterMember;

  TokenBucket(std::string_view name, const Settings& settings, void* memory, bool shared);

  Decision TryAcquireSlowly(Nanos now, int64_t n) noexcept;
  Reservation ReserveSlowly(Nanos now, int64_t n, Nanos max_wait) noexcept;

  Bucket bucket_;
  // In place of `bucket_`, whose word is never common then, of a bucket that was made with warm_up.
  std::optional<WarmUpBucket> warm_up_;
  Settings made_;
  PolicyMemory owned_memory_;
  std::string name_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_TOKEN_BUCKET_H_
