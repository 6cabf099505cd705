// The calls that are made for each request. Nothing here allocates or throws.
#include "spillway/limiter/sliding_window_limiter.h"

#include <algorithm>

namespace spillway {

// ---- taking

// Writes the slot of an admission. False: somebody else was faster.
bool SlidingWindowLimiter::Finish(Nanos now, uint64_t head, uint64_t count,
                                  SlidingWindowSlot slot) noexcept {
  // If this is not the newest any more, the slot is written by now.
  Nanos newest = Slot(head - 1).time();
  if (count == 0 && newest - now > ring_.longest()) [[unlikely]]
    newest = 0;  // time begins again
  Nanos time = std::max(now, newest);
  // Never that of the lap before in the same slot, as it could be after a reset.
  if (time == slot.time() && head >= ring_.size()) [[unlikely]]
    time = SaturatingAdd(time, 1);
  uint64_t seen = slot.bits();
  // (54) release: pairs with (51).
  if (!slots_[ring_.Index(head)].compare_exchange_weak(
          seen, SlidingWindowSlot(time, ring_.Lap(head)).bits(), std::memory_order_release,
          std::memory_order_relaxed))
    return false;
  MoveHead(head);
  return true;
}

// Whoever was stopped before it moved the head is helped.
void SlidingWindowLimiter::Help(const View& view) noexcept {
  if (IsTaken(view)) MoveHead(view.head);
}

// Fails only when another has moved it on.
void SlidingWindowLimiter::MoveHead(uint64_t from) noexcept {
  // (53) release: pairs with (50).
  memory_->head.compare_exchange_strong(from, from + 1, std::memory_order_release,
                                        std::memory_order_relaxed);
}

LimiterDecision SlidingWindowLimiter::TryAcquireSlowly(Nanos now, int64_t n) noexcept {
  if (n < 0) return {.reason = static_cast<int32_t>(StatusCode::kMisuse)};
  if (n == 0) return {.detail = Admitted()};
  if (n > 1) return Refuse(Rejection::kExceedsOne, Admitted());
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    View view = Look(now);
    bool full = false;
    for (const SlidingWindow& window : ring_.windows())
      full |= window.limit != 0 && IsFull(view, window);
    if (!IsWhole(&view)) {
      Help(view);
      continue;
    }
    if (full) return Refuse(Rejection::kExhausted, view.head);
    if (Finish(view.now, view.head, view.count, view.slot)) return {.detail = view.head + 1};
  }
  return Refuse(Rejection::kExhausted, Admitted());
}

LimiterDecision SlidingWindowLimiter::Refuse(Rejection reason, uint64_t head) noexcept {
  if (dry_run_.load(std::memory_order_relaxed)) {
    if (counted_) memory_->dry_run.fetch_add(1, std::memory_order_relaxed);
    return {.detail = head};
  }
  if (counted_) memory_->refused.Increment(owned_slots_);
  return {.detail = head, .reason = static_cast<int32_t>(reason)};
}

void SlidingWindowLimiter::Reset() noexcept {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    View view = Look(0);
    if (!IsWhole(&view)) {
      // Whoever was killed before it moved the head is forgotten with the others.
      Help(view);
      continue;
    }
    if (static_cast<int64_t>(view.count) <= 0) return;
    uint64_t floor = view.head - view.count;
    // (55) release: pairs with (52).
    if (memory_->floor.compare_exchange_strong(floor, view.head, std::memory_order_release,
                                               std::memory_order_relaxed))
      return;
  }
}

// ---- looking

uint64_t SlidingWindowLimiter::Admitted() const noexcept {
  const uint64_t head = Head();
  const bool taken = Slot(head).IsOf(ring_.Lap(head));
  // A head that has moved was the whole number when it did.
  const uint64_t later = memory_->head.load(std::memory_order_relaxed);
  return later == head ? head + taken : later;
}

// As it stood with `head`, of those `admitted` since.
SlidingWindowLimiter::Log SlidingWindowLimiter::LogAt(uint64_t head,
                                                      uint64_t admitted) const noexcept {
  head = std::min(head, admitted);
  const uint64_t floor = Floor();
  // Whose slot was written again had left every window by then.
  const uint64_t kept = ring_.size() - std::min(admitted - head, ring_.size());
  return {.head = head, .count = head <= floor ? 0 : std::min(head - floor, kept)};
}

// Of the admission `back` before the head, 1 to its count.
Nanos SlidingWindowLimiter::TimeOf(const Log& log, uint64_t back) const noexcept {
  return Slot(log.head - back).time();
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
  const SlidingWindow& first = ring_.first();
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
