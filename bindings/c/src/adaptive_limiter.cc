// The adaptive limiter for C: each function hands on to spillway::AdaptiveLimiter and holds no
// logic of its own.
#include "spillway/concurrency/adaptive_limiter.h"

#include <span>

#include "generated/adaptive_limiter.h"
#include "noun.h"
#include "permit.h"

namespace spillway {

template <>
struct NounOf<spillway_adaptive_limiter> {
  using Object = AdaptiveLimiter;
  using Options = spillway_adaptive_limiter_options;
  using Snapshot = spillway_adaptive_limiter_snapshot;
  static constexpr std::span<const size_t> kOptionsEnds = kAdaptiveLimiterOptionsEnds;
  static constexpr std::span<const size_t> kSnapshotEnds = kAdaptiveLimiterSnapshotEnds;
  static constexpr const char* kArgument = "limiter";
};

}  // namespace spillway

using spillway::AdaptiveLimiter;
using spillway::AdaptiveLimiterSettings;
using spillway::Contents;
using spillway::SteadyNow;

const char* spillway_adaptive_limiter_rejection_name(int32_t rejection) noexcept {
  return NameOf(static_cast<spillway::AdaptiveLimiterRejection>(rejection));
}

// ---- making

spillway_status spillway_adaptive_limiter_options_init(spillway_adaptive_limiter_options* options,
                                                       size_t size) noexcept {
  return spillway::InitOptions<spillway_adaptive_limiter>(options, size);
}

spillway_status spillway_adaptive_limiter_new(spillway_adaptive_limiter** out, const char* name,
                                              size_t name_length,
                                              const spillway_adaptive_limiter_options* options,
                                              spillway_error* error) noexcept {
  return spillway::New(out, name, name_length, options, error);
}

spillway_adaptive_limiter* spillway_adaptive_limiter_ref(
    spillway_adaptive_limiter* limiter) noexcept {
  return spillway::Ref(limiter);
}

void spillway_adaptive_limiter_unref(spillway_adaptive_limiter* limiter) noexcept {
  spillway::Unref(limiter);
}

// ---- the calls

spillway_decision spillway_adaptive_limiter_try_acquire_at(spillway_adaptive_limiter* limiter,
                                                           int64_t now_ns,
                                                           spillway_acquire_result* out) noexcept {
  if (limiter == nullptr || out == nullptr) [[unlikely]]
    return spillway::Misuse(out);
  return spillway::Answer(limiter->object->Decide(now_ns), out);
}

spillway_decision spillway_adaptive_limiter_try_acquire(spillway_adaptive_limiter* limiter,
                                                        spillway_acquire_result* out) noexcept {
  return spillway_adaptive_limiter_try_acquire_at(limiter, SteadyNow(), out);
}

spillway_settlement spillway_adaptive_limiter_settle_at(spillway_adaptive_limiter* limiter,
                                                        spillway_permit* permit, int32_t outcome,
                                                        int64_t now_ns) noexcept {
  if (limiter == nullptr || permit == nullptr) [[unlikely]]
    return SPILLWAY_E_MISUSE;
  const auto how = static_cast<spillway::Outcome>(outcome);
  return spillway::Answer(limiter->object->Settle(Contents(*permit), how, now_ns), permit);
}

spillway_settlement spillway_adaptive_limiter_settle(spillway_adaptive_limiter* limiter,
                                                     spillway_permit* permit,
                                                     int32_t outcome) noexcept {
  return spillway_adaptive_limiter_settle_at(limiter, permit, outcome, SteadyNow());
}

// ---- looking

spillway_status spillway_adaptive_limiter_snapshot_at(
    const spillway_adaptive_limiter* limiter, int64_t now_ns,
    spillway_adaptive_limiter_snapshot* out) noexcept {
  return spillway::TellSnapshot(limiter, now_ns, out);
}

const char* spillway_adaptive_limiter_name(const spillway_adaptive_limiter* limiter,
                                           size_t* length) noexcept {
  return spillway::TellName(limiter, length);
}

// ---- changing

spillway_status spillway_adaptive_limiter_reconfigure(
    spillway_adaptive_limiter* limiter, const spillway_adaptive_limiter_options* options,
    spillway_error* error) noexcept {
  return spillway::Reconfigure(
      limiter, options, error,
      [](AdaptiveLimiter& object, const AdaptiveLimiterSettings& settings,
         spillway::Error* problem) { return object.Reconfigure(settings, problem); });
}

spillway_status spillway_adaptive_limiter_options_get(
    const spillway_adaptive_limiter* limiter, spillway_adaptive_limiter_options* out) noexcept {
  return spillway::TellOptions(limiter, out);
}
