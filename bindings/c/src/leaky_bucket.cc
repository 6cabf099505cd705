// The leaky bucket for C: each function hands on to spillway::LeakyBucket and holds no logic of its
// own.
#include "spillway/limiter/leaky_bucket.h"

#include <cstddef>
#include <span>

#include "generated/leaky_bucket.h"
#include "limiter.h"
#include "noun.h"

namespace spillway {

template <>
struct NounOf<spillway_leaky_bucket> {
  using Object = LeakyBucket;
  using Options = spillway_leaky_bucket_options;
  using Snapshot = spillway_leaky_bucket_snapshot;
  static constexpr std::span<const size_t> kOptionsEnds = kLeakyBucketOptionsEnds;
  static constexpr std::span<const size_t> kSnapshotEnds = kLeakyBucketSnapshotEnds;
  static constexpr const char* kArgument = "bucket";
};

}  // namespace spillway

using spillway::SteadyNow;

// ---- names

const char* spillway_leaky_bucket_rejection_name(int32_t rejection) noexcept {
  return NameOf(static_cast<spillway::LeakyBucketRejection>(rejection));
}

// ---- making

spillway_status spillway_leaky_bucket_options_init(spillway_leaky_bucket_options* options,
                                                   size_t size) noexcept {
  return spillway::InitOptions<spillway_leaky_bucket>(options, size);
}

spillway_status spillway_leaky_bucket_new(spillway_leaky_bucket** out, const char* name,
                                          size_t name_length,
                                          const spillway_leaky_bucket_options* options,
                                          spillway_error* error) noexcept {
  return spillway::New(out, name, name_length, options, error);
}

spillway_leaky_bucket* spillway_leaky_bucket_ref(spillway_leaky_bucket* bucket) noexcept {
  return spillway::Ref(bucket);
}

void spillway_leaky_bucket_unref(spillway_leaky_bucket* bucket) noexcept {
  spillway::Unref(bucket);
}

// ---- pouring in

spillway_decision spillway_leaky_bucket_try_acquire_at(spillway_leaky_bucket* bucket, int64_t n,
                                                       int64_t now_ns,
                                                       spillway_limit_status* out) noexcept {
  return spillway::TryAcquire(bucket, n, now_ns, out);
}

spillway_decision spillway_leaky_bucket_try_acquire(spillway_leaky_bucket* bucket, int64_t n,
                                                    spillway_limit_status* out) noexcept {
  return spillway_leaky_bucket_try_acquire_at(bucket, n, SteadyNow(), out);
}

spillway_status spillway_leaky_bucket_refund_at(spillway_leaky_bucket* bucket, int64_t n,
                                                int64_t now_ns) noexcept {
  return spillway::Refund(bucket, n, now_ns);
}

spillway_status spillway_leaky_bucket_refund(spillway_leaky_bucket* bucket, int64_t n) noexcept {
  return spillway_leaky_bucket_refund_at(bucket, n, SteadyNow());
}

// ---- reserving

spillway_decision spillway_leaky_bucket_reserve_at(spillway_leaky_bucket* bucket, int64_t n,
                                                   int64_t max_wait_ns, int64_t now_ns,
                                                   spillway_reservation* reservation,
                                                   spillway_limit_status* out) noexcept {
  return spillway::Reserve(bucket, n, max_wait_ns, now_ns, reservation, out);
}

spillway_decision spillway_leaky_bucket_reserve(spillway_leaky_bucket* bucket, int64_t n,
                                                int64_t max_wait_ns,
                                                spillway_reservation* reservation,
                                                spillway_limit_status* out) noexcept {
  return spillway_leaky_bucket_reserve_at(bucket, n, max_wait_ns, SteadyNow(), reservation, out);
}

spillway_status spillway_leaky_bucket_cancel_at(spillway_leaky_bucket* bucket,
                                                spillway_reservation* reservation,
                                                int64_t now_ns) noexcept {
  return spillway::Cancel(bucket, reservation, now_ns);
}

spillway_status spillway_leaky_bucket_cancel(spillway_leaky_bucket* bucket,
                                             spillway_reservation* reservation) noexcept {
  return spillway_leaky_bucket_cancel_at(bucket, reservation, SteadyNow());
}

// ---- looking

spillway_status spillway_leaky_bucket_snapshot_at(const spillway_leaky_bucket* bucket,
                                                  int64_t now_ns,
                                                  spillway_leaky_bucket_snapshot* out) noexcept {
  return spillway::TellSnapshot(bucket, now_ns, out);
}

const char* spillway_leaky_bucket_name(const spillway_leaky_bucket* bucket,
                                       size_t* length) noexcept {
  return spillway::TellName(bucket, length);
}

// ---- changing

spillway_status spillway_leaky_bucket_reconfigure_at(spillway_leaky_bucket* bucket,
                                                     const spillway_leaky_bucket_options* options,
                                                     int32_t inheritance, int64_t now_ns,
                                                     spillway_error* error) noexcept {
  return spillway::Reconfigure(bucket, options, inheritance, now_ns, error);
}

spillway_status spillway_leaky_bucket_reconfigure(spillway_leaky_bucket* bucket,
                                                  const spillway_leaky_bucket_options* options,
                                                  int32_t inheritance,
                                                  spillway_error* error) noexcept {
  return spillway_leaky_bucket_reconfigure_at(bucket, options, inheritance, SteadyNow(), error);
}

spillway_status spillway_leaky_bucket_options_get(const spillway_leaky_bucket* bucket,
                                                  spillway_leaky_bucket_options* out) noexcept {
  return spillway::TellOptions(bucket, out);
}
