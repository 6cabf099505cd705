// The circuit breaker for C: each function hands on to spillway::CircuitBreaker and holds no logic
// of its own.
#include "spillway/breaker/circuit_breaker.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "generated/circuit_breaker.h"
#include "guard.h"
#include "handle.h"
#include "sized_struct.h"

namespace spillway {
namespace {

using Handle = spillway_circuit_breaker;

constexpr size_t kEventBatchEnd = SPILLWAY_SIZE_TO_END(spillway_event_batch, generation);

// A breaker keeps no more events than these.
constexpr size_t kMostEvents = EventRing::kSlots;

static_assert(SPILLWAY_SETTLEMENT_COUNTED == static_cast<int>(Settlement::kCounted));
static_assert(SPILLWAY_SETTLEMENT_STALE == static_cast<int>(Settlement::kStale));

// Field by field, in words as wide as those that were written: a wider load would have to wait
// until they have reached the cache.
PermitFields Contents(const spillway_permit& permit) {
  return {.owner = permit.opaque[0],
          .start = static_cast<Nanos>(permit.opaque[1]),
          .token = permit.opaque[2]};
}

spillway_decision Answer(const DecisionFields& decision, spillway_acquire_result* out) {
  out->permit.opaque[0] = decision.permit.owner;
  out->permit.opaque[1] = static_cast<uint64_t>(decision.permit.start);
  out->permit.opaque[2] = decision.permit.token;
  out->retry_after_ns = decision.retry_after;
  return decision.reason;
}

spillway_decision Misuse(spillway_acquire_result* out) {
  if (out != nullptr) *out = {};
  return SPILLWAY_E_MISUSE;
}

spillway_settlement Answer(Settlement settlement, spillway_permit* permit) {
  if (settlement == Settlement::kMisused) return SPILLWAY_E_MISUSE;
  *permit = {};
  return static_cast<spillway_settlement>(settlement);
}

bool ReadOptions(const spillway_circuit_breaker_options* from, CircuitBreakerSettings* settings,
                 Error* error) {
  spillway_circuit_breaker_options known = {};
  ToC(*settings, &known);
  return ReadSized(from, kCircuitBreakerOptionsEnds, &known, error) &&
         FromC(known, settings, error);
}

bool New(Handle** out, const char* name, size_t name_length,
         const spillway_circuit_breaker_options* options, Error* error) {
  if (out == nullptr) return Refuse(error, "out is NULL");
  if (name == nullptr && name_length != 0) return Refuse(error, "name is NULL, but has a length");
  CircuitBreakerSettings settings;
  if (options != nullptr && !ReadOptions(options, &settings, error)) return false;
  std::unique_ptr<CircuitBreaker> breaker =
      CircuitBreaker::Make(std::string_view(name, name_length), settings, error);
  if (breaker == nullptr) return false;
  *out = new Handle(std::move(breaker));
  return true;
}

bool Reconfigure(Handle* breaker, const spillway_circuit_breaker_options* options, Error* error) {
  if (breaker == nullptr) return Refuse(error, "breaker is NULL");
  if (options == nullptr) return Refuse(error, "options is NULL");
  CircuitBreakerSettings settings = breaker->object->settings();
  return ReadOptions(options, &settings, error) && breaker->object->Reconfigure(settings, error);
}

// Writes the options into a struct of `size` bytes.
spillway_status TellOptions(const CircuitBreakerSettings& settings, size_t size,
                            spillway_circuit_breaker_options* out) {
  if (!CheckSize(size, kCircuitBreakerOptionsEnds, nullptr)) return SPILLWAY_E_MISUSE;
  spillway_circuit_breaker_options options = {};
  ToC(settings, &options);
  out->struct_size = size;
  WriteSized(&options, kCircuitBreakerOptionsEnds, out);
  return SPILLWAY_OK;
}

spillway_status TellSnapshot(const CircuitBreakerSnapshot& from,
                             spillway_circuit_breaker_snapshot* out) {
  spillway_circuit_breaker_snapshot snapshot = {};
  ToC(from, &snapshot);
  return WriteSized(&snapshot, kCircuitBreakerSnapshotEnds, out) ? SPILLWAY_OK : SPILLWAY_E_MISUSE;
}

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
  if (options == nullptr) return SPILLWAY_E_MISUSE;
  return spillway::TellOptions(CircuitBreakerSettings(), size, options);
}

spillway_status spillway_circuit_breaker_new(spillway_circuit_breaker** out, const char* name,
                                             size_t name_length,
                                             const spillway_circuit_breaker_options* options,
                                             spillway_error* error) noexcept {
  // Before the guard: an error that it refuses is a failure too.
  if (out != nullptr) *out = nullptr;
  return spillway::Guard(error, [&](spillway::Error* problem) {
    spillway::New(out, name, name_length, options, problem);
  });
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
  if (breaker == nullptr || out == nullptr) return SPILLWAY_E_MISUSE;
  return spillway::TellSnapshot(breaker->object->Snapshot(now_ns), out);
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
  const std::string_view name = breaker == nullptr ? std::string_view() : breaker->object->name();
  if (length != nullptr) *length = name.size();
  return name.data();
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
  return spillway::Guard(
      error, [&](spillway::Error* problem) { spillway::Reconfigure(breaker, options, problem); });
}

spillway_status spillway_circuit_breaker_options_get(
    const spillway_circuit_breaker* breaker, spillway_circuit_breaker_options* out) noexcept {
  if (breaker == nullptr || out == nullptr) return SPILLWAY_E_MISUSE;
  return spillway::TellOptions(breaker->object->settings(), out->struct_size, out);
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
