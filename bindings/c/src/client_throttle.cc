// The client throttle for C: each function hands on to spillway::ClientThrottle and holds no logic
// of its own.
#include "spillway/concurrency/client_throttle.h"

#include <span>

#include "generated/client_throttle.h"
#include "noun.h"
#include "permit.h"

namespace spillway {

template <>
struct NounOf<spillway_client_throttle> {
  using Object = ClientThrottle;
  using Options = spillway_client_throttle_options;
  using Snapshot = spillway_client_throttle_snapshot;
  static constexpr std::span<const size_t> kOptionsEnds = kClientThrottleOptionsEnds;
  static constexpr std::span<const size_t> kSnapshotEnds = kClientThrottleSnapshotEnds;
  static constexpr const char* kArgument = "throttle";
};

static_assert(SPILLWAY_PRIORITY_NORMAL == static_cast<int>(Priority::kNormal));
static_assert(SPILLWAY_PRIORITY_CRITICAL == static_cast<int>(Priority::kCritical));
static_assert(SPILLWAY_PRIORITY_SHEDDABLE == static_cast<int>(Priority::kSheddable));

}  // namespace spillway

using spillway::ClientThrottle;
using spillway::ClientThrottleSettings;
using spillway::Contents;
using spillway::SteadyNow;

const char* spillway_client_throttle_rejection_name(int32_t rejection) noexcept {
  return NameOf(static_cast<spillway::ClientThrottleRejection>(rejection));
}

// ---- making

spillway_status spillway_client_throttle_options_init(spillway_client_throttle_options* options,
                                                      size_t size) noexcept {
  return spillway::InitOptions<spillway_client_throttle>(options, size);
}

spillway_status spillway_client_throttle_new(spillway_client_throttle** out, const char* name,
                                             size_t name_length,
                                             const spillway_client_throttle_options* options,
                                             spillway_error* error) noexcept {
  return spillway::New(out, name, name_length, options, error);
}

spillway_client_throttle* spillway_client_throttle_ref(
    spillway_client_throttle* throttle) noexcept {
  return spillway::Ref(throttle);
}

void spillway_client_throttle_unref(spillway_client_throttle* throttle) noexcept {
  spillway::Unref(throttle);
}

// ---- the calls

spillway_decision spillway_client_throttle_try_acquire_at(spillway_client_throttle* throttle,
                                                          int32_t priority, int64_t now_ns,
                                                          spillway_acquire_result* out) noexcept {
  const bool known = 0 <= priority && priority < spillway::kPriorities;
  if (throttle == nullptr || out == nullptr || !known) [[unlikely]]
    return spillway::Misuse(out);
  return spillway::Answer(
      throttle->object->Decide(now_ns, static_cast<spillway::Priority>(priority)), out);
}

spillway_decision spillway_client_throttle_try_acquire(spillway_client_throttle* throttle,
                                                       int32_t priority,
                                                       spillway_acquire_result* out) noexcept {
  return spillway_client_throttle_try_acquire_at(throttle, priority, SteadyNow(), out);
}

spillway_settlement spillway_client_throttle_settle_at(spillway_client_throttle* throttle,
                                                       spillway_permit* permit, int32_t outcome,
                                                       int64_t now_ns) noexcept {
  if (throttle == nullptr || permit == nullptr) [[unlikely]]
    return SPILLWAY_E_MISUSE;
  const auto how = static_cast<spillway::Outcome>(outcome);
  return spillway::Answer(throttle->object->Settle(Contents(*permit), how, now_ns), permit);
}

spillway_settlement spillway_client_throttle_settle(spillway_client_throttle* throttle,
                                                    spillway_permit* permit,
                                                    int32_t outcome) noexcept {
  return spillway_client_throttle_settle_at(throttle, permit, outcome, SteadyNow());
}

// ---- looking

spillway_status spillway_client_throttle_snapshot_at(
    const spillway_client_throttle* throttle, int64_t now_ns,
    spillway_client_throttle_snapshot* out) noexcept {
  return spillway::TellSnapshot(throttle, now_ns, out);
}

const char* spillway_client_throttle_name(const spillway_client_throttle* throttle,
                                          size_t* length) noexcept {
  return spillway::TellName(throttle, length);
}

// ---- changing

spillway_status spillway_client_throttle_reconfigure(
    spillway_client_throttle* throttle, const spillway_client_throttle_options* options,
    spillway_error* error) noexcept {
  return spillway::Reconfigure(
      throttle, options, error,
      [](ClientThrottle& object, const ClientThrottleSettings& settings, spillway::Error* problem) {
        return object.Reconfigure(settings, problem);
      });
}

spillway_status spillway_client_throttle_options_get(
    const spillway_client_throttle* throttle, spillway_client_throttle_options* out) noexcept {
  return spillway::TellOptions(throttle, out);
}
