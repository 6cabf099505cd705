// The token bucket for C: each function hands on to spillway::TokenBucket and holds no logic of its
// own.
#include "spillway/limiter/token_bucket.h"

#include <cstddef>
#include <span>

#include "generated/token_bucket.h"
#include "limiter.h"
#include "noun.h"

namespace spillway {

template <>
struct NounOf<spillway_token_bucket> {
  using Object = TokenBucket;
  using Options = spillway_token_bucket_options;
  using Snapshot = spillway_token_bucket_snapshot;
  static constexpr std::span<const size_t> kOptionsEnds = kTokenBucketOptionsEnds;
  static constexpr std::span<const size_t> kSnapshotEnds = kTokenBucketSnapshotEnds;
  static constexpr const char* kArgument = "bucket";
};

}  // namespace spillway

using spillway::SteadyNow;

// ---- names

const char* spillway_token_bucket_rejection_name(int32_t rejection) noexcept {
  return NameOf(static_cast<spillway::TokenBucketRejection>(rejection));
}

// ---- making

spillway_status spillway_token_bucket_options_init(spillway_token_bucket_options* options,
                                                   size_t size) noexcept {
  return spillway::InitOptions<spillway_token_bucket>(options, size);
}

spillway_status spillway_token_bucket_new(spillway_token_bucket** out, const char* name,
                                          size_t name_length,
                                          const spillway_token_bucket_options* options,
                                          spillway_error* error) noexcept {
  return spillway::New(out, name, name_length, options, error);
}

spillway_token_bucket* spillway_token_bucket_ref(spillway_token_bucket* bucket) noexcept {
  return spillway::Ref(bucket);
}

void spillway_token_bucket_unref(spillway_token_bucket* bucket) noexcept {
  spillway::Unref(bucket);
}

// ---- taking

spillway_decision spillway_token_bucket_try_acquire_at(spillway_token_bucket* bucket, int64_t n,
                                                       int64_t now_ns,
                                                       spillway_limit_status* out) noexcept {
  return spillway::TryAcquire(bucket, n, now_ns, out);
}

spillway_decision spillway_token_bucket_try_acquire(spillway_token_bucket* bucket, int64_t n,
                                                    spillway_limit_status* out) noexcept {
  return spillway_token_bucket_try_acquire_at(bucket, n, SteadyNow(), out);
}

int64_t spillway_token_bucket_acquire_up_to_at(spillway_token_bucket* bucket, int64_t n,
                                               int64_t now_ns) noexcept {
  if (bucket == nullptr || n < 0) return SPILLWAY_E_MISUSE;
  return bucket->object->AcquireUpTo(now_ns, n);
}

int64_t spillway_token_bucket_acquire_up_to(spillway_token_bucket* bucket, int64_t n) noexcept {
  return spillway_token_bucket_acquire_up_to_at(bucket, n, SteadyNow());
}

spillway_decision spillway_token_bucket_force_acquire_at(spillway_token_bucket* bucket, int64_t n,
                                                         int64_t now_ns) noexcept {
  if (bucket == nullptr) return SPILLWAY_E_MISUSE;
  return bucket->object->ForceAcquire(now_ns, n).reason;
}

spillway_decision spillway_token_bucket_force_acquire(spillway_token_bucket* bucket,
                                                      int64_t n) noexcept {
  return spillway_token_bucket_force_acquire_at(bucket, n, SteadyNow());
}

spillway_status spillway_token_bucket_refund_at(spillway_token_bucket* bucket, int64_t n,
                                                int64_t now_ns) noexcept {
  return spillway::Refund(bucket, n, now_ns);
}

spillway_status spillway_token_bucket_refund(spillway_token_bucket* bucket, int64_t n) noexcept {
  return spillway_token_bucket_refund_at(bucket, n, SteadyNow());
}

// ---- reserving

spillway_decision spillway_token_bucket_reserve_at(spillway_token_bucket* bucket, int64_t n,
                                                   int64_t max_wait_ns, int64_t now_ns,
                                                   spillway_reservation* reservation,
                                                   spillway_limit_status* out) noexcept {
  return spillway::Reserve(bucket, n, max_wait_ns, now_ns, reservation, out);
}

spillway_decision spillway_token_bucket_reserve(spillway_token_bucket* bucket, int64_t n,
                                                int64_t max_wait_ns,
                                                spillway_reservation* reservation,
                                                spillway_limit_status* out) noexcept {
  return spillway_token_bucket_reserve_at(bucket, n, max_wait_ns, SteadyNow(), reservation, out);
}

spillway_status spillway_token_bucket_cancel_at(spillway_token_bucket* bucket,
                                                spillway_reservation* reservation,
                                                int64_t now_ns) noexcept {
  return spillway::Cancel(bucket, reservation, now_ns);
}

spillway_status spillway_token_bucket_cancel(spillway_token_bucket* bucket,
                                             spillway_reservation* reservation) noexcept {
  return spillway_token_bucket_cancel_at(bucket, reservation, SteadyNow());
}

// ---- looking

spillway_status spillway_token_bucket_snapshot_at(const spillway_token_bucket* bucket,
                                                  int64_t now_ns,
                                                  spillway_token_bucket_snapshot* out) noexcept {
  return spillway::TellSnapshot(bucket, now_ns, out);
}

const char* spillway_token_bucket_name(const spillway_token_bucket* bucket,
                                       size_t* length) noexcept {
  return spillway::TellName(bucket, length);
}

// ---- changing

spillway_status spillway_token_bucket_reconfigure_at(spillway_token_bucket* bucket,
                                                     const spillway_token_bucket_options* options,
                                                     int32_t inheritance, int64_t now_ns,
                                                     spillway_error* error) noexcept {
  return spillway::Reconfigure(bucket, options, inheritance, now_ns, error);
}

spillway_status spillway_token_bucket_reconfigure(spillway_token_bucket* bucket,
                                                  const spillway_token_bucket_options* options,
                                                  int32_t inheritance,
                                                  spillway_error* error) noexcept {
  return spillway_token_bucket_reconfigure_at(bucket, options, inheritance, SteadyNow(), error);
}

spillway_status spillway_token_bucket_options_get(const spillway_token_bucket* bucket,
                                                  spillway_token_bucket_options* out) noexcept {
  return spillway::TellOptions(bucket, out);
}
