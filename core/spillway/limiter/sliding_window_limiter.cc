// The calls that are made for each request. Nothing here allocates or throws.
#include "spillway/limiter/sliding_window_limiter.h"

#include <algorithm>

namespace spillway {

// ---- taking

// False: it could not be read in one piece. Whoever was stopped before it moved the head is helped.
bool SlidingWindowLimiter::Read(View* view) noexcept {
  view->head = words_.Head();
  if (!ring_.Has(view->head)) {
    MoveHead(view->head);
    return false;
  }
  view->floor = words_.Floor();
  view->slot = Slot(view->head);
  if (view->slot.IsOf(ring_.Lap(view->head))) {
    MoveHead(view->head);
    return false;
  }
  return words_.IsStill(view->head);
}

bool SlidingWindowLimiter::IsFull(const View& view, const SlidingWindow& window,
                                  Nanos now) const noexcept {
  if (window.limit == 0 || ring_.Number(view.head) - ring_.Number(view.floor) < window.limit)
    return false;
  // The slot of the largest limit may be written by now, though the head is where it was.
  const SlidingWindowSlot oldest =
      window.limit == ring_.size() ? view.slot : Slot(ring_.Back(view.head, window.limit));
  return window.Holds(oldest.time(), now);
}

// Writes the slot of an admission. False: somebody else was faster.
bool SlidingWindowLimiter::Finish(Nanos now, uint64_t head, SlidingWindowSlot slot) noexcept {
  // If this is not the newest any more, the slot is written by now.
  Nanos newest = Slot(ring_.Back(head, 1)).time();
  if (newest - now > ring_.longest() && head == words_.Floor()) [[unlikely]]
    newest = 0;  // nothing is remembered: time begins again
  Nanos time = std::max(now, newest);
  // Never that of the lap before in the same slot, as it could be after a reset.
  if (time == slot.time() && head >= ring_.lap()) [[unlikely]]
    time = SaturatingAdd(time, 1);
  uint64_t seen = slot.bits();
  // (54) release: pairs with (51).
  if (!words_.memory->slots()[ring_.Index(head)].compare_exchange_weak(
          seen, SlidingWindowSlot(time, ring_.Lap(head)).bits(), std::memory_order_release,
          std::memory_order_relaxed))
    return false;
  MoveHead(head);
  return true;
}

// Fails only when another has moved it on.
void SlidingWindowLimiter::MoveHead(uint64_t from) noexcept {
  // (53) release: pairs with (50).
  words_.memory->head.compare_exchange_strong(from, ring_.Next(from), std::memory_order_release,
                                              std::memory_order_relaxed);
}

LimiterDecision SlidingWindowLimiter::TryAcquireSlowly(Nanos now, int64_t n) noexcept {
  if (n < 0) return {.reason = static_cast<int32_t>(StatusCode::kMisuse)};
  if (n == 0) return {.detail = Admitted()};
  if (n > 1) return Refuse(Rejection::kExceedsOne, Admitted());
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    View view;
    if (!Read(&view)) continue;
    bool full = false;
    for (const SlidingWindow& window : ring_.windows()) full |= IsFull(view, window, now);
    if (!full) {
      if (Finish(now, view.head, view.slot)) return {.detail = ring_.Next(view.head)};
    } else if (words_.IsStill(view.head)) {
      return Refuse(Rejection::kExhausted, view.head);
    }
  }
  return Refuse(Rejection::kExhausted, Admitted());
}

LimiterDecision SlidingWindowLimiter::Refuse(Rejection reason, uint64_t head) noexcept {
  return counts_.Refuse(words_.memory->refused, words_.memory->dry_run,
                        {.detail = head, .reason = static_cast<int32_t>(reason)});
}

void SlidingWindowLimiter::Reset() noexcept {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    View view;
    // Whoever was killed before it moved the head is forgotten with the others.
    if (!Read(&view)) continue;
    if (view.floor >= view.head) return;
    // (55) release: pairs with (52).
    if (words_.memory->floor.compare_exchange_strong(
            view.floor, view.head, std::memory_order_release, std::memory_order_relaxed))
      return;
  }
}

// ---- looking

// The place after the newest admission, whether the head has been moved or not.
uint64_t SlidingWindowLimiter::Admitted() const noexcept {
  const uint64_t head = words_.Head();
  const bool moves = !ring_.Has(head) || Slot(head).IsOf(ring_.Lap(head));
  // A head that has moved was the whole number when it did.
  const uint64_t later = words_.Head();
  return later == head && moves ? ring_.Next(head) : later;
}

// As it stood with `head`, of those `admitted` since.
SlidingWindowLimiter::Log SlidingWindowLimiter::LogAt(uint64_t head,
                                                      uint64_t admitted) const noexcept {
  if (head > admitted || !ring_.Has(head)) head = admitted;
  const uint64_t floor = words_.Floor();
  // Whose slot was written again had left every window by then.
  const uint64_t later = ring_.Number(admitted) - ring_.Number(head);
  const uint64_t kept = ring_.size() - std::min(later, ring_.size());
  const uint64_t since = ring_.Number(head) - ring_.Number(std::min(floor, head));
  return {.head = head, .count = std::min(since, kept)};
}

// Of the admission `back` before the head, 1 to its count.
Nanos SlidingWindowLimiter::TimeOf(const Log& log, uint64_t back) const noexcept {
  return Slot(ring_.Back(log.head, back)).time();
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
          .total_admitted = ring_.Number(admitted),
          .total_refused = words_.memory->refused.Sum(),
          .total_dry_run = words_.memory->dry_run.load(std::memory_order_relaxed)};
}

}  // namespace spillway
