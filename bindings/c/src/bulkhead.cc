// The bulkhead for C: each function hands on to spillway::Bulkhead, wakes whom it granted a slot,
// and holds no logic of its own.
#include "spillway/concurrency/bulkhead.h"

#include <span>

#include "generated/bulkhead.h"
#include "noun.h"
#include "permit.h"
#include "spillway/concurrency/wait_for_slot.h"

namespace spillway {

template <>
struct NounOf<spillway_bulkhead> {
  using Object = Bulkhead;
  using Options = spillway_bulkhead_options;
  using Snapshot = spillway_bulkhead_snapshot;
  static constexpr std::span<const size_t> kOptionsEnds = kBulkheadOptionsEnds;
  static constexpr std::span<const size_t> kSnapshotEnds = kBulkheadSnapshotEnds;
  static constexpr const char* kArgument = "bulkhead";
};

namespace {

bool IsPriority(int32_t priority) { return 0 <= priority && priority < kPriorities; }

// `decide(object, priority)` gives the answer.
template <class Decide>
[[gnu::always_inline]] inline spillway_decision Ask(spillway_bulkhead* bulkhead, int32_t priority,
                                                    spillway_acquire_result* out, Decide decide) {
  if (bulkhead == nullptr || out == nullptr || !IsPriority(priority)) [[unlikely]]
    return Misuse(out);
  BulkheadGrants granted;
  const DecisionFields decision =
      decide(*bulkhead->object, static_cast<Priority>(priority), &granted);
  bulkhead->object->Wake(granted);
  return Answer(decision, out);
}

}  // namespace
}  // namespace spillway

using spillway::Bulkhead;
using spillway::BulkheadGrants;
using spillway::Priority;
using spillway::SteadyNow;

const char* spillway_bulkhead_rejection_name(int32_t rejection) noexcept {
  return NameOf(static_cast<spillway::BulkheadRejection>(rejection));
}

// ---- making

spillway_status spillway_bulkhead_options_init(spillway_bulkhead_options* options,
                                               size_t size) noexcept {
  return spillway::InitOptions<spillway_bulkhead>(options, size);
}

spillway_status spillway_bulkhead_new(spillway_bulkhead** out, const char* name, size_t name_length,
                                      const spillway_bulkhead_options* options,
                                      spillway_error* error) noexcept {
  return spillway::New(out, name, name_length, options, error);
}

spillway_bulkhead* spillway_bulkhead_ref(spillway_bulkhead* bulkhead) noexcept {
  return spillway::Ref(bulkhead);
}

void spillway_bulkhead_unref(spillway_bulkhead* bulkhead) noexcept { spillway::Unref(bulkhead); }

// ---- the calls

spillway_decision spillway_bulkhead_try_acquire_at(spillway_bulkhead* bulkhead, int32_t priority,
                                                   int64_t now_ns,
                                                   spillway_acquire_result* out) noexcept {
  return spillway::Ask(bulkhead, priority, out,
                       [=](Bulkhead& object, Priority which, BulkheadGrants* granted) {
                         return object.Decide(now_ns, which, granted);
                       });
}

spillway_decision spillway_bulkhead_try_acquire(spillway_bulkhead* bulkhead, int32_t priority,
                                                spillway_acquire_result* out) noexcept {
  return spillway_bulkhead_try_acquire_at(bulkhead, priority, SteadyNow(), out);
}

spillway_decision spillway_bulkhead_enqueue_at(spillway_bulkhead* bulkhead, int32_t priority,
                                               int64_t now_ns,
                                               spillway_acquire_result* out) noexcept {
  return spillway::Ask(bulkhead, priority, out,
                       [=](Bulkhead& object, Priority which, BulkheadGrants* granted) {
                         return object.DecideOrQueue(now_ns, which, granted);
                       });
}

spillway_decision spillway_bulkhead_enqueue(spillway_bulkhead* bulkhead, int32_t priority,
                                            spillway_acquire_result* out) noexcept {
  return spillway_bulkhead_enqueue_at(bulkhead, priority, SteadyNow(), out);
}

spillway_decision spillway_bulkhead_poll_at(spillway_bulkhead* bulkhead, spillway_permit* permit,
                                            int64_t now_ns) noexcept {
  if (bulkhead == nullptr || permit == nullptr) return SPILLWAY_E_MISUSE;
  spillway::PermitFields fields = spillway::Contents(*permit);
  BulkheadGrants granted;
  const spillway::BulkheadPoll answer = bulkhead->object->Poll(&fields, now_ns, &granted);
  bulkhead->object->Wake(granted);
  if (answer == spillway::BulkheadPoll::kMisused) return SPILLWAY_E_MISUSE;
  spillway::Fill(fields, permit);
  if (answer == spillway::BulkheadPoll::kWaiting) return SPILLWAY_BULKHEAD_REJECTION_QUEUED;
  return SPILLWAY_ADMITTED;
}

spillway_decision spillway_bulkhead_poll(spillway_bulkhead* bulkhead,
                                         spillway_permit* permit) noexcept {
  return spillway_bulkhead_poll_at(bulkhead, permit, SteadyNow());
}

spillway_decision spillway_bulkhead_acquire(spillway_bulkhead* bulkhead, int32_t priority,
                                            int64_t timeout_ns,
                                            spillway_acquire_result* out) noexcept {
  if (bulkhead == nullptr || out == nullptr || !spillway::IsPriority(priority))
    return spillway::Misuse(out);
  Bulkhead& object = *bulkhead->object;
  const int64_t longest = timeout_ns < 0 ? object.max_wait() : timeout_ns;
  spillway::Decision decision = WaitForSlot(object, longest, static_cast<Priority>(priority));
  return spillway::Answer(
      {.permit = std::move(decision.permit).Release(), .reason = decision.reason}, out);
}

spillway_settlement spillway_bulkhead_settle_at(spillway_bulkhead* bulkhead,
                                                spillway_permit* permit, int32_t outcome,
                                                int64_t now_ns) noexcept {
  if (bulkhead == nullptr || permit == nullptr) [[unlikely]]
    return SPILLWAY_E_MISUSE;
  BulkheadGrants granted;
  const spillway::Settlement settlement = bulkhead->object->Settle(
      spillway::Contents(*permit), static_cast<spillway::Outcome>(outcome), now_ns, &granted);
  bulkhead->object->Wake(granted);
  return spillway::Answer(settlement, permit);
}

spillway_settlement spillway_bulkhead_settle(spillway_bulkhead* bulkhead, spillway_permit* permit,
                                             int32_t outcome) noexcept {
  return spillway_bulkhead_settle_at(bulkhead, permit, outcome, 0);
}

// ---- looking

spillway_status spillway_bulkhead_snapshot_at(const spillway_bulkhead* bulkhead, int64_t now_ns,
                                              spillway_bulkhead_snapshot* out) noexcept {
  return spillway::TellSnapshot(bulkhead, now_ns, out);
}

const char* spillway_bulkhead_name(const spillway_bulkhead* bulkhead, size_t* length) noexcept {
  return spillway::TellName(bulkhead, length);
}

// ---- changing

spillway_status spillway_bulkhead_reconfigure(spillway_bulkhead* bulkhead,
                                              const spillway_bulkhead_options* options,
                                              spillway_error* error) noexcept {
  return spillway::Reconfigure(
      bulkhead, options, error,
      [](Bulkhead& object, const Bulkhead::Settings& settings, spillway::Error* problem) {
        return object.Reconfigure(settings, problem);
      });
}

spillway_status spillway_bulkhead_options_get(const spillway_bulkhead* bulkhead,
                                              spillway_bulkhead_options* out) noexcept {
  return spillway::TellOptions(bulkhead, out);
}
