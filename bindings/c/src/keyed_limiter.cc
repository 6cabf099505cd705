// The keyed limiter for C: each function hands on to spillway::KeyedLimiter and holds no logic of
// its own.
#include "spillway/limiter/keyed_limiter.h"

#include <cstddef>
#include <span>
#include <string_view>

#include "generated/keyed_limiter.h"
#include "limiter.h"
#include "noun.h"
#include "spillway/base/option.h"

namespace spillway {

template <>
struct NounOf<spillway_keyed_limiter> {
  using Object = KeyedLimiter;
  using Options = spillway_keyed_limiter_options;
  using Snapshot = spillway_keyed_limiter_snapshot;
  static constexpr std::span<const size_t> kOptionsEnds = kKeyedLimiterOptionsEnds;
  static constexpr std::span<const size_t> kSnapshotEnds = kKeyedLimiterSnapshotEnds;
  static constexpr const char* kArgument = "limiter";
};

namespace {

// A key as callers of C have it.
struct Bytes {
  const void* key;
  size_t length;

  bool can_be() const { return key != nullptr || length == 0; }
};

KeyHash HashOf(const spillway_keyed_limiter& limiter, const Bytes& bytes) {
  return limiter.object->HashOf({static_cast<const char*>(bytes.key), bytes.length});
}

}  // namespace
}  // namespace spillway

using spillway::Bytes;
using spillway::KeyHash;
using spillway::SteadyNow;

// ---- names

const char* spillway_keyed_limiter_rejection_name(int32_t rejection) noexcept {
  return NameOf(static_cast<spillway::KeyedLimiterRejection>(rejection));
}

const char* spillway_keyed_limiter_when_full_name(int32_t when_full) noexcept {
  return NameOf(static_cast<spillway::KeyedLimiterWhenFull>(when_full));
}

// ---- making

spillway_status spillway_keyed_limiter_options_init(spillway_keyed_limiter_options* options,
                                                    size_t size) noexcept {
  return spillway::InitOptions<spillway_keyed_limiter>(options, size);
}

spillway_status spillway_keyed_limiter_new(spillway_keyed_limiter** out, const char* name,
                                           size_t name_length,
                                           const spillway_keyed_limiter_options* options,
                                           spillway_error* error) noexcept {
  return spillway::New(out, name, name_length, options, error);
}

spillway_keyed_limiter* spillway_keyed_limiter_ref(spillway_keyed_limiter* limiter) noexcept {
  return spillway::Ref(limiter);
}

void spillway_keyed_limiter_unref(spillway_keyed_limiter* limiter) noexcept {
  spillway::Unref(limiter);
}

// ---- keys

uint64_t spillway_keyed_limiter_hash_of(const spillway_keyed_limiter* limiter, const void* key,
                                        size_t key_length) noexcept {
  const Bytes bytes{key, key_length};
  return limiter == nullptr || !bytes.can_be() ? 0 : HashOf(*limiter, bytes).bits;
}

uint64_t spillway_keyed_limiter_hash_of_number(const spillway_keyed_limiter* limiter,
                                               uint64_t key) noexcept {
  return limiter == nullptr ? 0 : limiter->object->HashOf(key).bits;
}

// ---- taking

spillway_decision spillway_keyed_limiter_try_acquire_hash_at(spillway_keyed_limiter* limiter,
                                                             uint64_t hash, int64_t n,
                                                             int64_t now_ns,
                                                             spillway_limit_status* out) noexcept {
  if (limiter == nullptr) [[unlikely]]
    return spillway::Misuse(out);
  spillway::KeyedLimiter& object = *limiter->object;
  return spillway::Answer(object, object.TryAcquire(now_ns, KeyHash{hash}, n), now_ns, n, 0, out);
}

spillway_decision spillway_keyed_limiter_try_acquire_hash(spillway_keyed_limiter* limiter,
                                                          uint64_t hash, int64_t n,
                                                          spillway_limit_status* out) noexcept {
  return spillway_keyed_limiter_try_acquire_hash_at(limiter, hash, n, SteadyNow(), out);
}

spillway_decision spillway_keyed_limiter_try_acquire_at(spillway_keyed_limiter* limiter,
                                                        const void* key, size_t key_length,
                                                        int64_t n, int64_t now_ns,
                                                        spillway_limit_status* out) noexcept {
  const Bytes bytes{key, key_length};
  if (limiter == nullptr || !bytes.can_be()) [[unlikely]]
    return spillway::Misuse(out);
  return spillway_keyed_limiter_try_acquire_hash_at(limiter, HashOf(*limiter, bytes).bits, n,
                                                    now_ns, out);
}

spillway_decision spillway_keyed_limiter_try_acquire(spillway_keyed_limiter* limiter,
                                                     const void* key, size_t key_length, int64_t n,
                                                     spillway_limit_status* out) noexcept {
  return spillway_keyed_limiter_try_acquire_at(limiter, key, key_length, n, SteadyNow(), out);
}

spillway_status spillway_keyed_limiter_refund_hash_at(spillway_keyed_limiter* limiter,
                                                      uint64_t hash, int64_t n,
                                                      int64_t now_ns) noexcept {
  if (limiter == nullptr || n < 0) return SPILLWAY_E_MISUSE;
  limiter->object->Refund(now_ns, KeyHash{hash}, n);
  return SPILLWAY_OK;
}

spillway_status spillway_keyed_limiter_refund_hash(spillway_keyed_limiter* limiter, uint64_t hash,
                                                   int64_t n) noexcept {
  return spillway_keyed_limiter_refund_hash_at(limiter, hash, n, SteadyNow());
}

spillway_status spillway_keyed_limiter_refund_at(spillway_keyed_limiter* limiter, const void* key,
                                                 size_t key_length, int64_t n,
                                                 int64_t now_ns) noexcept {
  const Bytes bytes{key, key_length};
  if (limiter == nullptr || !bytes.can_be()) return SPILLWAY_E_MISUSE;
  return spillway_keyed_limiter_refund_hash_at(limiter, HashOf(*limiter, bytes).bits, n, now_ns);
}

spillway_status spillway_keyed_limiter_refund(spillway_keyed_limiter* limiter, const void* key,
                                              size_t key_length, int64_t n) noexcept {
  return spillway_keyed_limiter_refund_at(limiter, key, key_length, n, SteadyNow());
}

spillway_status spillway_keyed_limiter_forget_hash(spillway_keyed_limiter* limiter,
                                                   uint64_t hash) noexcept {
  if (limiter == nullptr) return SPILLWAY_E_MISUSE;
  limiter->object->Forget(KeyHash{hash});
  return SPILLWAY_OK;
}

spillway_status spillway_keyed_limiter_forget(spillway_keyed_limiter* limiter, const void* key,
                                              size_t key_length) noexcept {
  const Bytes bytes{key, key_length};
  if (limiter == nullptr || !bytes.can_be()) return SPILLWAY_E_MISUSE;
  return spillway_keyed_limiter_forget_hash(limiter, HashOf(*limiter, bytes).bits);
}

spillway_status spillway_keyed_limiter_reset(spillway_keyed_limiter* limiter) noexcept {
  if (limiter == nullptr) return SPILLWAY_E_MISUSE;
  limiter->object->Reset();
  return SPILLWAY_OK;
}

// ---- looking

spillway_status spillway_keyed_limiter_snapshot_at(const spillway_keyed_limiter* limiter,
                                                   int64_t now_ns,
                                                   spillway_keyed_limiter_snapshot* out) noexcept {
  return spillway::TellSnapshot(limiter, now_ns, out);
}

int64_t spillway_keyed_limiter_count_live_keys_at(const spillway_keyed_limiter* limiter,
                                                  int64_t now_ns) noexcept {
  return limiter == nullptr ? 0 : limiter->object->CountLiveKeys(now_ns);
}

int64_t spillway_keyed_limiter_count_live_keys(const spillway_keyed_limiter* limiter) noexcept {
  return spillway_keyed_limiter_count_live_keys_at(limiter, SteadyNow());
}

const char* spillway_keyed_limiter_name(const spillway_keyed_limiter* limiter,
                                        size_t* length) noexcept {
  return spillway::TellName(limiter, length);
}

// ---- changing

spillway_status spillway_keyed_limiter_reconfigure(spillway_keyed_limiter* limiter,
                                                   const spillway_keyed_limiter_options* options,
                                                   spillway_error* error) noexcept {
  return spillway::Reconfigure(
      limiter, options, error,
      [](spillway::KeyedLimiter& object, const spillway::KeyedLimiterSettings& settings,
         spillway::Error* problem) { return object.Reconfigure(settings, problem); });
}

spillway_status spillway_keyed_limiter_options_get(const spillway_keyed_limiter* limiter,
                                                   spillway_keyed_limiter_options* out) noexcept {
  return spillway::TellOptions(limiter, out);
}
