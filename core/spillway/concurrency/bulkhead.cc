// Asking a bulkhead and giving back: the calls that are made for each request. Nothing here
// allocates, throws or wakes anybody.
#include "spillway/concurrency/bulkhead.h"

#include <algorithm>

namespace spillway {
namespace {

constexpr uint64_t PlaceToken(uint32_t ticket) { return BulkheadWord(ticket, 1, 0).bits(); }
constexpr bool HoldsPlace(BulkheadWord token) { return token.queued() == 1 && token.in_use() == 0; }
constexpr bool HoldsSlot(BulkheadWord token) { return token.queued() == 0 && token.in_use() != 0; }

}  // namespace

// ---- asking

DecisionFields Bulkhead::DecideSlowly(Nanos now, Priority priority, bool may_wait,
                                      BulkheadGrants* granted) noexcept {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    BulkheadWord word(memory_->word.load(std::memory_order_relaxed));
    if (word.queued() != 0) {
      // A free slot belongs to who waits. When nobody does any more, it is free for all.
      Promote(granted);
      word = BulkheadWord(memory_->word.load(std::memory_order_relaxed));
    }
    const BulkheadLimits limits(limits_.load(std::memory_order_relaxed));
    if (limits.Admits(word, priority)) {
      if (Admit(word)) return Admission(now, word.Admitted());
      continue;
    }
    if (word.queued() == 0 && limits.HasFreeSlot(word))
      return Refuse(BulkheadRejection::kShed, priority);
    if (!may_wait || !limits.MayWait(priority)) return Refuse(BulkheadRejection::kFull, priority);
    if (word.queued() >= limits.queue()) return Refuse(BulkheadRejection::kQueueFull, priority);
    uint64_t seen = word.bits();
    // (80) seq_cst: pairs with (81). Of two, one who joins and then looks at the limits, one who
    // changes the limits and then looks for who waits, at least one sees the other.
    if (!memory_->word.compare_exchange_weak(seen, word.Joined().bits(), std::memory_order_seq_cst,
                                             std::memory_order_relaxed))
      continue;
    Count(memory_->queued);
    Promote(granted);
    return {.permit = {.owner = id_, .start = now, .token = PlaceToken(word.tail())},
            .reason = static_cast<int32_t>(BulkheadRejection::kQueued)};
  }
  return Refuse(BulkheadRejection::kFull, priority);
}

BulkheadPoll Bulkhead::Poll(PermitFields* permit, Nanos now, BulkheadGrants* granted) noexcept {
  const BulkheadWord token(permit->token);
  const uint32_t ticket = token.head();
  const bool own = permit->owner == id_;
  if (own && HoldsSlot(token)) return BulkheadPoll::kGranted;
  for (int attempt = 0; own && HoldsPlace(token) && attempt < kMaxAttempts; ++attempt) {
    // Finishes a grant of one's own too: nobody may use a slot before it is counted as taken.
    Promote(granted);
    const View view = Look(ticket);
    if (!view.word.Queues(ticket)) {
      const BulkheadWord slot(view.word.head(), 0, std::max(view.word.in_use(), 1u));
      *permit = {.owner = id_, .start = now, .token = slot.bits()};
      return BulkheadPoll::kGranted;
    }
    if (view.place.IsLeft(ticket)) break;
    if (!view.place.IsGranted(ticket)) return BulkheadPoll::kWaiting;
  }
  Misused();
  return BulkheadPoll::kMisused;
}

// ---- giving back

// Takes the permit apart: what is passed in registers need not be put in memory before.
Settlement Bulkhead::SettleSlowly(uint64_t owner, uint64_t token,
                                  BulkheadGrants* granted) noexcept {
  const BulkheadWord held(token);
  if (owner != id_) return Misused();
  if (HoldsSlot(held)) return GiveBackSlot(granted);
  return HoldsPlace(held) ? LeavePlace(held.head(), granted) : Misused();
}

Settlement Bulkhead::GiveBackSlot(BulkheadGrants* granted) noexcept {
  uint64_t seen = memory_->word.load(std::memory_order_relaxed);
  bool done = false;
  for (int attempt = 0; !done && attempt < kMaxAttempts; ++attempt) {
    // Of a copy of a permit: there is nothing to give back.
    if (BulkheadWord(seen).in_use() == 0) return Misused();
    // (72) seq_cst: pairs with (70), (75) and (81). As (80), with a slot that becomes free for one
    // who joins.
    done =
        memory_->word.compare_exchange_weak(seen, BulkheadWord(seen).Released().bits(),
                                            std::memory_order_seq_cst, std::memory_order_relaxed);
  }
  if (!done) {
    // (73) seq_cst: pairs with (70), (75) and (81), as (72). A slot comes back whatever happens.
    seen = memory_->word.fetch_add(~uint64_t{0}, std::memory_order_seq_cst);
  }
  if (BulkheadWord(seen).queued() != 0) Promote(granted);
  return Settlement::kCounted;
}

Settlement Bulkhead::LeavePlace(uint32_t ticket, BulkheadGrants* granted) noexcept {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const View view = Look(ticket);
    // The head has passed it, and nobody but its holder could have left it: it was granted.
    if (!view.word.Queues(ticket)) return GiveBackSlot(granted);
    if (view.place.IsLeft(ticket)) break;
    if (view.place.IsGranted(ticket)) {
      // Not counted yet as a slot: it cannot be given back before.
      Promote(granted);
      continue;
    }
    uint64_t seen = view.place.bits();
    // (77) release: pairs with (74). By an exchange, never by a store: the place alone decides
    // whether he left it or was granted a slot.
    if (PlaceOf(ticket).compare_exchange_weak(seen, BulkheadPlace::Left(ticket).bits(),
                                              std::memory_order_release,
                                              std::memory_order_relaxed)) {
      Count(memory_->left);
      Promote(granted);
      return Settlement::kCounted;
    }
  }
  return Misused();
}

Settlement Bulkhead::Misused() noexcept {
  memory_->misused.fetch_add(1, std::memory_order_relaxed);
  return Settlement::kMisused;
}

// ---- the queue

// The place of a ticket as it was a moment before the word: while the word says that the ticket
// waits, the place is still its own or an older one's.
Bulkhead::View Bulkhead::Look(uint32_t ticket) const noexcept {
  // (74) acquire: pairs with (76), (77) and (78). Whoever finds the mark of a later ticket sees
  // below that the head has passed his own.
  const uint64_t place = PlaceOf(ticket).load(std::memory_order_acquire);
  // (75) acquire: pairs with (71), (72) and (73). What was done before a slot was given back is
  // seen by who gets it, here or through (76).
  return {BulkheadPlace(place), BulkheadWord(memory_->word.load(std::memory_order_acquire))};
}

// Gives free slots to who waits, and closes up behind those who left. Each step may have been begun
// by somebody else, and can be finished by anybody.
void Bulkhead::Promote(BulkheadGrants* granted) noexcept {
  // (81) seq_cst: pairs with (72), (73) and (80).
  BulkheadWord seen(memory_->word.load(std::memory_order_seq_cst));
  for (int attempt = 0; attempt < kMaxAttempts && seen.queued() != 0; ++attempt) {
    const uint32_t ticket = seen.head();
    const View view = Look(ticket);
    seen = view.word;
    if (seen.head() != ticket || seen.queued() == 0) continue;
    const bool left = view.place.IsLeft(ticket);
    if (!left && !view.place.IsGranted(ticket)) {
      // (82) seq_cst: pairs with (83).
      const BulkheadLimits limits(limits_.load(std::memory_order_seq_cst));
      if (!limits.HasFreeSlot(seen)) return;
      uint64_t place = view.place.bits();
      // (76) release: pairs with (74). Nobody but the head takes a free slot while there is a
      // queue, so it is still free.
      if (!PlaceOf(ticket).compare_exchange_strong(place, view.place.Granted(ticket).bits(),
                                                   std::memory_order_release,
                                                   std::memory_order_relaxed))
        continue;
    }
    const BulkheadWord next = left ? seen.Skipped() : seen.Granted();
    uint64_t bits = seen.bits();
    const bool done =
        memory_->word.compare_exchange_strong(bits, next.bits(), std::memory_order_relaxed);
    seen = done ? next : BulkheadWord(bits);
    if (left || !done) continue;
    if (granted->empty()) granted->first = ticket;
    granted->end = ticket + 1;
    if (counted_) memory_->admitted.Count(OwnedCounter::kOwnedByThreads);
  }
}

// False: there is nothing to sleep for.
bool Bulkhead::MarkParked(uint32_t ticket) noexcept {
  const View view = Look(ticket);
  const BulkheadPlace place = view.place;
  if (!view.word.Queues(ticket) || place.IsLeft(ticket) || place.IsGranted(ticket)) return false;
  uint64_t seen = place.bits();
  // (78) release: pairs with (74).
  return place.IsParked(ticket) || PlaceOf(ticket).compare_exchange_strong(
                                       seen, BulkheadPlace::Parked(ticket).bits(),
                                       std::memory_order_release, std::memory_order_relaxed);
}

void Bulkhead::UnmarkParked(uint32_t ticket) noexcept {
  uint64_t parked = BulkheadPlace::Parked(ticket).bits();
  // Relaxed: it takes away only a mark of its own.
  PlaceOf(ticket).compare_exchange_strong(parked, BulkheadPlace::Waiting(ticket).bits(),
                                          std::memory_order_relaxed);
}

// ---- looking

BulkheadSnapshot Bulkhead::Snapshot(Nanos) const noexcept {
  const BulkheadWord word(memory_->word.load(std::memory_order_relaxed));
  const BulkheadLimits limits(limits_.load(std::memory_order_relaxed));
  uint64_t by_priority[kPriorities] = {};
  uint64_t by_reason[BulkheadMemory::kRefusals] = {};
  for (int32_t priority = 0; priority < kPriorities; ++priority) {
    for (int32_t reason = 0; reason < BulkheadMemory::kRefusals; ++reason) {
      const uint64_t refused = memory_->refused[priority][reason].Sum();
      by_priority[priority] += refused;
      by_reason[reason] += refused;
    }
  }
  return {.in_flight = static_cast<int32_t>(word.in_use()),
          .max_concurrent = static_cast<int32_t>(limits.slots()),
          .queued = static_cast<int32_t>(word.queued()),
          .max_queue = static_cast<int32_t>(limits.queue()),
          .total_admitted = memory_->admitted.Sum(),
          .total_full = by_reason[0],
          .total_queue_full = by_reason[1],
          .total_shed = by_reason[2],
          .total_refused_normal = by_priority[0],
          .total_refused_critical = by_priority[1],
          .total_refused_sheddable = by_priority[2],
          .total_queued = memory_->queued.load(std::memory_order_relaxed),
          .total_left = memory_->left.load(std::memory_order_relaxed),
          .total_misused = memory_->misused.load(std::memory_order_relaxed)};
}

}  // namespace spillway
