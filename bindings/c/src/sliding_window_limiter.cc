// The sliding window limiter for C: each function hands on to spillway::SlidingWindowLimiter and
// holds no logic of its own.
#include "spillway/limiter/sliding_window_limiter.h"

#include <cstddef>
#include <span>

#include "generated/sliding_window_limiter.h"
#include "limiter.h"
#include "noun.h"

namespace spillway {

template <>
struct NounOf<spillway_sliding_window_limiter> {
  using Object = SlidingWindowLimiter;
  using Options = spillway_sliding_window_limiter_options;
  using Snapshot = spillway_sliding_window_limiter_snapshot;
  static constexpr std::span<const size_t> kOptionsEnds = kSlidingWindowLimiterOptionsEnds;
  static constexpr std::span<const size_t> kSnapshotEnds = kSlidingWindowLimiterSnapshotEnds;
  static constexpr const char* kArgument = "limiter";
};

}  // namespace spillway

using spillway::SlidingWindowLimiter;
using spillway::SlidingWindowLimiterSettings;

const char* spillway_sliding_window_limiter_rejection_name(int32_t rejection) noexcept {
  return NameOf(static_cast<spillway::SlidingWindowLimiterRejection>(rejection));
}

// ---- making

spillway_status spillway_sliding_window_limiter_options_init(
    spillway_sliding_window_limiter_options* options, size_t size) noexcept {
  return spillway::InitOptions<spillway_sliding_window_limiter>(options, size);
}

spillway_status spillway_sliding_window_limiter_new(
    spillway_sliding_window_limiter** out, const char* name, size_t name_length,
    const spillway_sliding_window_limiter_options* options, spillway_error* error) noexcept {
  return spillway::New(out, name, name_length, options, error);
}

spillway_sliding_window_limiter* spillway_sliding_window_limiter_ref(
    spillway_sliding_window_limiter* limiter) noexcept {
  return spillway::Ref(limiter);
}

void spillway_sliding_window_limiter_unref(spillway_sliding_window_limiter* limiter) noexcept {
  spillway::Unref(limiter);
}

// ---- taking

spillway_decision spillway_sliding_window_limiter_try_acquire_at(
    spillway_sliding_window_limiter* limiter, int64_t n, int64_t now_ns,
    spillway_limit_status* out) noexcept {
  if (limiter == nullptr) [[unlikely]]
    return spillway::Misuse(out);
  SlidingWindowLimiter& object = *limiter->object;
  return spillway::Answer(object, object.TryAcquire(now_ns, n), now_ns, n, 0, out);
}

spillway_decision spillway_sliding_window_limiter_try_acquire(
    spillway_sliding_window_limiter* limiter, int64_t n, spillway_limit_status* out) noexcept {
  return spillway_sliding_window_limiter_try_acquire_at(limiter, n, spillway::SteadyNow(), out);
}

spillway_status spillway_sliding_window_limiter_reset(
    spillway_sliding_window_limiter* limiter) noexcept {
  if (limiter == nullptr) return SPILLWAY_E_MISUSE;
  limiter->object->Reset();
  return SPILLWAY_OK;
}

// ---- looking

spillway_status spillway_sliding_window_limiter_snapshot_at(
    const spillway_sliding_window_limiter* limiter, int64_t now_ns,
    spillway_sliding_window_limiter_snapshot* out) noexcept {
  return spillway::TellSnapshot(limiter, now_ns, out);
}

const char* spillway_sliding_window_limiter_name(const spillway_sliding_window_limiter* limiter,
                                                 size_t* length) noexcept {
  return spillway::TellName(limiter, length);
}

// ---- changing

spillway_status spillway_sliding_window_limiter_reconfigure(
    spillway_sliding_window_limiter* limiter,
    const spillway_sliding_window_limiter_options* options, spillway_error* error) noexcept {
  return spillway::Reconfigure(
      limiter, options, error,
      [](SlidingWindowLimiter& object, const SlidingWindowLimiterSettings& settings,
         spillway::Error* problem) { return object.Reconfigure(settings, problem); });
}

spillway_status spillway_sliding_window_limiter_options_get(
    const spillway_sliding_window_limiter* limiter,
    spillway_sliding_window_limiter_options* out) noexcept {
  return spillway::TellOptions(limiter, out);
}
