// Sleeping until a slot is granted, and waking who sleeps. No deciding call comes here.
#include <algorithm>

#include "spillway/concurrency/bulkhead.h"
#include "spillway/concurrency/wait_for_slot.h"
#include "spillway/sync/parker.h"

namespace spillway {
namespace {

// Whoever was to wake a sleeper may be stopped or killed before he does: the sleeper looks for
// himself so often.
constexpr Nanos kLongestSleep = kNanosPerSecond / 10;

}  // namespace

void Bulkhead::Park(const PermitFields& permit, Nanos until, const std::stop_token& stop) noexcept {
  if (permit.owner != id_) return;
  const uint32_t ticket = TicketOf(permit);
  Word& place = PlaceOf(ticket);
  const std::stop_callback on_stop(stop, [&] {
    UnmarkParked(ticket);
    WakeAll(place);
  });
  // A stop that was asked for before the mark was made is seen here, one after it finds the mark.
  if (MarkParked(ticket) && !stop.stop_requested())
    ParkWhile(place, BulkheadPlace::kParked,
              std::min(until, SaturatingAdd(SteadyNow(), kLongestSleep)));
}

void Bulkhead::WakeSleepers(const BulkheadGrants& granted) noexcept {
  const uint32_t tickets = std::min(granted.end - granted.first, place_mask_ + 1);
  for (uint32_t i = 0; i < tickets; ++i) {
    const uint32_t ticket = granted.first + i;
    Word& place = PlaceOf(ticket);
    const BulkheadPlace seen(place.load(std::memory_order_relaxed));
    // A place that is a later ticket's by now no longer tells whether this one slept.
    const bool later = !seen.IsGranted(ticket) && !seen.IsLeft(ticket);
    if (seen.IsParked(ticket) || later) WakeAll(place);
  }
}

bool Bulkhead::Poll(Permit& permit, Nanos now) noexcept {
  BulkheadGrants granted;
  PermitFields fields = std::move(permit).Release();
  const BulkheadPoll answer = Poll(&fields, now, &granted);
  permit = Permit(fields);
  Wake(granted);
  return answer == BulkheadPoll::kGranted;
}

Decision WaitForSlot(Bulkhead& bulkhead, Nanos longest, Priority priority,
                     const std::stop_token& stop) noexcept {
  BulkheadGrants granted;
  Nanos now = SteadyNow();
  const Nanos until = SaturatingAdd(now, longest);
  DecisionFields decision = longest > 0 ? bulkhead.DecideOrQueue(now, priority, &granted)
                                        : bulkhead.Decide(now, priority, &granted);
  bulkhead.Wake(granted);
  if (decision.reason != static_cast<int32_t>(BulkheadRejection::kQueued))
    return Decision(decision);
  for (;;) {
    granted = {};
    const BulkheadPoll place = bulkhead.Poll(&decision.permit, now, &granted);
    bulkhead.Wake(granted);
    if (place == BulkheadPoll::kGranted) {
      decision.reason = 0;
      return Decision(decision);
    }
    if (now >= until || stop.stop_requested()) break;
    bulkhead.Park(decision.permit, until, stop);
    now = SteadyNow();
  }
  granted = {};
  bulkhead.Settle(decision.permit, Outcome::kIgnored, now, &granted);
  bulkhead.Wake(granted);
  return Decision(
      DecisionFields{.permit = {}, .reason = static_cast<int32_t>(BulkheadRejection::kTimedOut)});
}

}  // namespace spillway
