// The circuit breaker for C: each function hands on to spillway::CircuitBreaker and holds no logic
// of its own.
#include "spillway/breaker/circuit_breaker.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "generated/circuit_breaker.h"
#include "noun.h"
#include "permit.h"

namespace spillway {

template <>
struct NounOf<spillway_circuit_breaker> {
  using Object = CircuitBreaker;
  using Options = spillway_circuit_breaker_options;
  using Snapshot = spillway_circuit_breaker_snapshot;
  static constexpr std::span<const size_t> kOptionsEnds = kCircuitBreakerOptionsEnds;
  static constexpr std::span<const size_t> kSnapshotEnds = kCircuitBreakerSnapshotEnds;
  static constexpr const char* kArgument = "breaker";
};

namespace {

using Handle = spillway_circuit_breaker;

constexpr size_t kEventBatchEnd = SPILLWAY_SIZE_TO_END(spillway_event_batch, generation);

// A breaker keeps no more events than these.
constexpr size_t kMostEvents = EventRing::kSlots;

spillway_event ToC(const Event& event) {
  return {.generation = event.generation,
          .from = event.from,
          .to = event.to,
          .reason = event.reason,
          .rate = event.rate,
          .time_ns = event.time};
}

bool IsUsable(const spillway_event_batch& batch) {
  // Of one that is too short, nothing else may be looked at.
  if (batch.struct_size < kEventBatchEnd || batch.struct_size > kLongestStruct) return false;
  const bool stepped = batch.event_size != 0 && batch.event_size % alignof(spillway_event) == 0 &&
                       batch.event_size <= kLongestStruct;
  return stepped && (batch.events != nullptr || batch.capacity == 0);
}

void Drain(const CircuitBreaker& breaker, spillway_event_batch* batch) {
  Event events[kMostEvents];
  const size_t room = std::min(batch->capacity, kMostEvents);
  const EventBatch read = breaker.Events(batch->generation, std::span(events, room));
  char* to = reinterpret_cast<char*>(batch->events);
  const size_t known = std::min(batch->event_size, sizeof(spillway_event));
  for (const Event& event : std::span(events, read.count)) {
    const spillway_event told = ToC(event);
    std::memcpy(to, &told, known);
    std::memset(to + known, 0, batch->event_size - known);
    to += batch->event_size;
  }
  batch->count = read.count;
  batch->lost = read.lost;
  batch->generation = read.generation;
}

template <class Change>
spillway_status Set(Handle* breaker, Change change) {
  if (breaker == nullptr) return SPILLWAY_E_MISUSE;
  change(*breaker->object);
  return SPILLWAY_OK;
}

}  // namespace
}  // namespace spillway

using spillway::CircuitBreaker;
using spillway::CircuitBreakerSettings;
using spillway::Contents;
using spillway::SteadyNow;

// ---- names

const char* spillway_circuit_breaker_state_name(int32_t state) noexcept {
  return NameOf(static_cast<spillway::CircuitBreakerState>(state));
}

const char* spillway_circuit_breaker_rejection_name(int32_t rejection) noexcept {
  return NameOf(static_cast<spillway::CircuitBreakerRejection>(rejection));
}

const char* spillway_circuit_breaker_event_reason_name(int32_t reason) noexcept {
  return NameOf(static_cast<spillway::CircuitBreakerEventReason>(reason));
}

// ---- making

spillway_status spillway_circuit_breaker_options_init(spillway_circuit_breaker_options* options,
                                                      size_t size) noexcept {
  return spillway::InitOptions<spillway_circuit_breaker>(options, size);
}

spillway_status spillway_circuit_breaker_new(spillway_circuit_breaker** out, const char* name,
                                             size_t name_length,
                                             const spillway_circuit_breaker_options* options,
                                             spillway_error* error) noexcept {
  return spillway::New(out, name, name_length, options, error);
}

spillway_circuit_breaker* spillway_circuit_breaker_ref(spillway_circuit_breaker* breaker) noexcept {
  return spillway::Ref(breaker);
}

void spillway_circuit_breaker_unref(spillway_circuit_breaker* breaker) noexcept {
  spillway::Unref(breaker);
}

// ---- the calls

spillway_decision spillway_circuit_breaker_try_acquire_at(spillway_circuit_breaker* breaker,
                                                          int64_t now_ns,
                                                          spillway_acquire_result* out) noexcept {
  if (breaker == nullptr || out == nullptr) [[unlikely]]
    return spillway::Misuse(out);
  return spillway::Answer(breaker->object->Decide(now_ns), out);
}

spillway_decision spillway_circuit_breaker_try_acquire(spillway_circuit_breaker* breaker,
                                                       spillway_acquire_result* out) noexcept {
  if (breaker == nullptr || out == nullptr) [[unlikely]]
    return spillway::Misuse(out);
  return spillway::Answer(breaker->object->Decide(), out);
}

spillway_settlement spillway_circuit_breaker_settle_at(spillway_circuit_breaker* breaker,
                                                       spillway_permit* permit, int32_t outcome,
                                                       int64_t now_ns) noexcept {
  if (breaker == nullptr || permit == nullptr) [[unlikely]]
    return SPILLWAY_E_MISUSE;
  const auto how = static_cast<spillway::Outcome>(outcome);
  return spillway::Answer(breaker->object->Settle(Contents(*permit), how, now_ns), permit);
}

spillway_settlement spillway_circuit_breaker_settle(spillway_circuit_breaker* breaker,
                                                    spillway_permit* permit,
                                                    int32_t outcome) noexcept {
  return spillway_circuit_breaker_settle_at(breaker, permit, outcome, SteadyNow());
}

// ---- looking

spillway_status spillway_circuit_breaker_snapshot_at(
    const spillway_circuit_breaker* breaker, int64_t now_ns,
    spillway_circuit_breaker_snapshot* out) noexcept {
  return spillway::TellSnapshot(breaker, now_ns, out);
}

int32_t spillway_circuit_breaker_state(const spillway_circuit_breaker* breaker) noexcept {
  if (breaker == nullptr) return SPILLWAY_E_MISUSE;
  return static_cast<int32_t>(breaker->object->state());
}

uint32_t spillway_circuit_breaker_generation(const spillway_circuit_breaker* breaker) noexcept {
  return breaker == nullptr ? 0 : breaker->object->generation();
}

const char* spillway_circuit_breaker_name(const spillway_circuit_breaker* breaker,
                                          size_t* length) noexcept {
  return spillway::TellName(breaker, length);
}

spillway_status spillway_circuit_breaker_events(const spillway_circuit_breaker* breaker,
                                                spillway_event_batch* batch) noexcept {
  if (breaker == nullptr || batch == nullptr || !spillway::IsUsable(*batch))
    return SPILLWAY_E_MISUSE;
  spillway::Drain(*breaker->object, batch);
  return SPILLWAY_OK;
}

// ---- changing

spillway_status spillway_circuit_breaker_reconfigure(
    spillway_circuit_breaker* breaker, const spillway_circuit_breaker_options* options,
    spillway_error* error) noexcept {
  return spillway::Reconfigure(
      breaker, options, error,
      [](CircuitBreaker& object, const CircuitBreakerSettings& settings, spillway::Error* problem) {
        return object.Reconfigure(settings, problem);
      });
}

spillway_status spillway_circuit_breaker_options_get(
    const spillway_circuit_breaker* breaker, spillway_circuit_breaker_options* out) noexcept {
  return spillway::TellOptions(breaker, out);
}

spillway_status spillway_circuit_breaker_force_open_at(spillway_circuit_breaker* breaker,
                                                       int64_t now_ns) noexcept {
  return spillway::Set(breaker, [=](CircuitBreaker& object) { object.ForceOpen(now_ns); });
}

spillway_status spillway_circuit_breaker_force_open(spillway_circuit_breaker* breaker) noexcept {
  return spillway_circuit_breaker_force_open_at(breaker, SteadyNow());
}

spillway_status spillway_circuit_breaker_disable_at(spillway_circuit_breaker* breaker,
                                                    int64_t now_ns) noexcept {
  return spillway::Set(breaker, [=](CircuitBreaker& object) { object.Disable(now_ns); });
}

spillway_status spillway_circuit_breaker_disable(spillway_circuit_breaker* breaker) noexcept {
  return spillway_circuit_breaker_disable_at(breaker, SteadyNow());
}

spillway_status spillway_circuit_breaker_metrics_only_at(spillway_circuit_breaker* breaker,
                                                         int64_t now_ns) noexcept {
  return spillway::Set(breaker, [=](CircuitBreaker& object) { object.MetricsOnly(now_ns); });
}

spillway_status spillway_circuit_breaker_metrics_only(spillway_circuit_breaker* breaker) noexcept {
  return spillway_circuit_breaker_metrics_only_at(breaker, SteadyNow());
}

spillway_status spillway_circuit_breaker_reset_at(spillway_circuit_breaker* breaker,
                                                  int64_t now_ns) noexcept {
  return spillway::Set(breaker, [=](CircuitBreaker& object) { object.Reset(now_ns); });
}

spillway_status spillway_circuit_breaker_reset(spillway_circuit_breaker* breaker) noexcept {
  return spillway_circuit_breaker_reset_at(breaker, SteadyNow());
}
