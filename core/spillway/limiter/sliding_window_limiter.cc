// The calls that are made for each request. Nothing here allocates or throws.
#include "spillway/limiter/sliding_window_limiter.h"

#include <algorithm>

namespace spillway {

// ---- the words

uint64_t SlidingWindowLimiter::Head() const noexcept {
  // (50) acquire: pairs with (53). Whoever sees a number sees the slots of those before it, and no
  // floor older than theirs.
  return memory_->head.load(std::memory_order_acquire);
}

SlidingWindowSlot SlidingWindowLimiter::Slot(uint64_t index) const noexcept {
  // (51) acquire: pairs with (54). Whoever sees a slot of the next lap sees that the head has moved
  // on, when it looks again.
  return SlidingWindowSlot(slots_[index].load(std::memory_order_acquire));
}

uint64_t SlidingWindowLimiter::Floor() const noexcept {
  // (52) acquire: pairs with (55). Whoever sees a reset sees a head that is not below it.
  return memory_->floor.load(std::memory_order_acquire);
}

// Loses against nobody but one who moved it on as well.
void SlidingWindowLimiter::MoveHead(uint64_t from) noexcept {
  // (53) release: pairs with (50).
  memory_->head.compare_exchange_strong(from, from + 1, std::memory_order_release,
                                        std::memory_order_relaxed);
}

// False: others changed it meanwhile, or it needed help.
bool SlidingWindowLimiter::Look(Nanos now, View* view) noexcept {
  view->head = Head();
  view->lap = ring_.Lap(view->head);
  view->index = ring_.Index(view->head, view->lap);
  const SlidingWindowSlot slot = Slot(view->index);
  view->slot = slot.bits();
  if (slot.IsOf(view->lap)) [[unlikely]] {
    MoveHead(view->head);
    return false;
  }
  const uint64_t count = view->head - Floor();
  const Nanos newest = Slot(ring_.Before(view->index, 1)).time();
  view->full = count >= ring_.size() && ring_.longest_of_all().Holds(slot.time(), now);
  for (size_t i = 0; i < ring_.smaller_count(); ++i) {
    const SlidingWindow& window = ring_.smaller(i);
    view->full |= count >= window.limit &&
                  window.Holds(Slot(ring_.Before(view->index, window.limit)).time(), now);
  }
  // Only if the head is where it was do all of these belong together: of two who saw the same
  // number one would otherwise find the slot of the next lap.
  if (memory_->head.load(std::memory_order_relaxed) != view->head) [[unlikely]]
    return false;
  view->recorded = count == 0 ? now : std::max(now, newest);
  // After a reset, too, a slot may not hold the time of the lap before.
  if (view->recorded == slot.time() && view->head >= ring_.size()) [[unlikely]]
    view->recorded = SaturatingAdd(view->recorded, 1);
  return true;
}

// ---- taking

LimiterDecision SlidingWindowLimiter::TryAcquire(Nanos now, int64_t n) noexcept {
  if (n != 1) [[unlikely]]
    return TakeOtherThanOne(n);
  now = std::max<Nanos>(now, 0);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    View view;
    if (!Look(now, &view)) continue;
    if (view.full) return Refuse(SlidingWindowLimiterRejection::kExhausted, view.head);
    // (54) release: pairs with (51).
    if (slots_[view.index].compare_exchange_weak(
            view.slot, SlidingWindowSlot(view.recorded, view.lap).bits(), std::memory_order_release,
            std::memory_order_relaxed)) {
      MoveHead(view.head);
      return {.detail = view.head + 1};
    }
  }
  return Refuse(SlidingWindowLimiterRejection::kExhausted, Admitted());
}

LimiterDecision SlidingWindowLimiter::TakeOtherThanOne(int64_t n) noexcept {
  if (n < 0) return {.reason = static_cast<int32_t>(StatusCode::kMisuse)};
  if (n == 0) return {.detail = Admitted()};
  return Refuse(SlidingWindowLimiterRejection::kExceedsOne, Admitted());
}

LimiterDecision SlidingWindowLimiter::Refuse(SlidingWindowLimiterRejection reason,
                                             uint64_t head) noexcept {
  if (dry_run_.load(std::memory_order_relaxed)) [[unlikely]] {
    if (counted_) memory_->dry_run.fetch_add(1, std::memory_order_relaxed);
    return {.detail = head};
  }
  if (counted_ && !memory_->refused.TryIncrement(owned_slots_)) [[unlikely]]
    memory_->refused.Increment(owned_slots_);
  return {.detail = head, .reason = static_cast<int32_t>(reason)};
}

void SlidingWindowLimiter::Reset() noexcept {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const uint64_t head = Head();
    const uint64_t lap = ring_.Lap(head);
    // Whoever was killed before it moved the head is forgotten with the others.
    if (Slot(ring_.Index(head, lap)).IsOf(lap)) {
      MoveHead(head);
      continue;
    }
    uint64_t floor = memory_->floor.load(std::memory_order_relaxed);
    if (static_cast<int64_t>(head - floor) <= 0) return;
    // (55) release: pairs with (52).
    if (memory_->floor.compare_exchange_strong(floor, head, std::memory_order_release,
                                               std::memory_order_relaxed))
      return;
  }
}

// ---- looking

uint64_t SlidingWindowLimiter::Admitted() const noexcept {
  const uint64_t head = Head();
  const uint64_t lap = ring_.Lap(head);
  return head + Slot(ring_.Index(head, lap)).IsOf(lap);
}

SlidingWindowLimiter::Log SlidingWindowLimiter::LogAt(uint64_t head,
                                                      uint64_t admitted) const noexcept {
  head = std::min(head, admitted);
  const uint64_t floor = Floor();
  const uint64_t size = ring_.size();
  // Those whose slots were written again since had left the windows by then.
  const uint64_t kept = size - std::min(admitted - head, size);
  return {.index = ring_.Index(head, ring_.Lap(head)),
          .count = head <= floor ? 0 : std::min(head - floor, kept)};
}

// Of the admission `back` before the head, 1 to its count.
Nanos SlidingWindowLimiter::TimeOf(const Log& log, uint64_t back) const noexcept {
  return Slot(ring_.Before(log.index, back)).time();
}

// How many are within a window. Those that are, are the newest.
uint64_t SlidingWindowLimiter::InWindow(const Log& log, const SlidingWindow& window,
                                        Nanos now) const noexcept {
  uint64_t inside = 0;
  uint64_t outside = std::min(log.count, window.limit) + 1;
  while (outside - inside > 1) {
    const uint64_t middle = inside + (outside - inside) / 2;
    (window.Holds(TimeOf(log, middle), now) ? inside : outside) = middle;
  }
  return inside;
}

// How long until so many permits are there, at most the least of the limits.
Nanos SlidingWindowLimiter::WaitFor(const Log& log, uint64_t permits, Nanos now) const noexcept {
  Nanos wait = 0;
  for (const SlidingWindow& window : ring_.windows()) {
    if (window.limit == 0) continue;
    const uint64_t back = window.limit - permits + 1;
    if (back > log.count) continue;
    const Nanos end = SaturatingAdd(TimeOf(log, back), window.per);
    wait = std::max(wait, end == kForever ? kForever : end - now);
  }
  return wait;
}

LimitStatus SlidingWindowLimiter::Describe(const Decision& decision, Nanos now, int64_t n,
                                           Nanos /*max_wait*/) const noexcept {
  now = std::max<Nanos>(now, 0);
  const Log log = LogAt(decision.detail, Admitted());
  uint64_t limit = ring_.size();
  uint64_t remaining = limit;
  for (const SlidingWindow& window : ring_.windows()) {
    if (window.limit == 0) continue;
    limit = std::min(limit, window.limit);
    remaining = std::min(remaining, window.limit - InWindow(log, window, now));
  }
  LimitStatus status{.remaining = static_cast<int64_t>(remaining),
                     .limit = static_cast<int64_t>(limit),
                     .reset_after = WaitFor(log, limit, now)};
  if (decision.reason > 0) status.retry_after = n > 1 ? kForever : WaitFor(log, 1, now);
  if (remaining < limit) status.next_after = WaitFor(log, remaining + 1, now);
  return status;
}

SlidingWindowLimiterSnapshot SlidingWindowLimiter::Snapshot(Nanos now) const noexcept {
  now = std::max<Nanos>(now, 0);
  const uint64_t admitted = Admitted();
  const Log log = LogAt(admitted, admitted);
  const SlidingWindow& first = ring_.windows()[0];
  Nanos empty = 0;
  for (const SlidingWindow& window : ring_.windows()) {
    if (log.count != 0) empty = std::max(empty, SaturatingAdd(TimeOf(log, 1), window.per));
  }
  return {.in_window = static_cast<int32_t>(InWindow(log, first, now)),
          .limit = static_cast<int32_t>(first.limit),
          .time_to_empty_ns = std::max<Nanos>(empty - now, 0),
          .total_admitted = admitted,
          .total_refused = memory_->refused.Sum(),
          .total_dry_run = memory_->dry_run.load(std::memory_order_relaxed)};
}

}  // namespace spillway
