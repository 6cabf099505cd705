// The words of a bulkhead, and what becomes of them: plain values, no atomics.
#ifndef SPILLWAY_CONCURRENCY_BULKHEAD_WORD_H_
#define SPILLWAY_CONCURRENCY_BULKHEAD_WORD_H_

#include <cstdint>

#include "spillway/base/priority.h"
#include "spillway/concurrency/bulkhead_settings.h"

namespace spillway {

// head:32 | queued:16 | in_use:16. Those who wait have the tickets from `head` on, `queued` of
// them; the slots of `in_use` are taken. Tickets begin again after 2^32.
class BulkheadWord {
 public:
  constexpr BulkheadWord() = default;
  constexpr explicit BulkheadWord(uint64_t bits) : bits_(bits) {}
  constexpr BulkheadWord(uint32_t head, uint32_t queued, uint32_t in_use)
      : bits_(uint64_t{head} << 32 | (queued & 0xffff) << 16 | (in_use & 0xffff)) {}

  constexpr uint64_t bits() const { return bits_; }
  constexpr uint32_t head() const { return static_cast<uint32_t>(bits_ >> 32); }
  constexpr uint32_t queued() const { return static_cast<uint32_t>(bits_ >> 16) & 0xffff; }
  constexpr uint32_t in_use() const { return static_cast<uint32_t>(bits_) & 0xffff; }

  // `in_use` while nobody waits; more than there can be slots when somebody does.
  constexpr uint32_t crowd() const { return static_cast<uint32_t>(bits_); }

  // The ticket of the next who joins.
  constexpr uint32_t tail() const { return head() + queued(); }
  constexpr bool Queues(uint32_t ticket) const { return ticket - head() < queued(); }

  constexpr BulkheadWord Admitted() const { return BulkheadWord(bits_ + 1); }
  constexpr BulkheadWord Released() const { return BulkheadWord(bits_ - 1); }
  constexpr BulkheadWord Joined() const { return BulkheadWord(head(), queued() + 1, in_use()); }
  // The first of the queue has left it: with a slot, or without.
  constexpr BulkheadWord Granted() const {
    return BulkheadWord(head() + 1, queued() - 1, in_use() + 1);
  }
  constexpr BulkheadWord Skipped() const {
    return BulkheadWord(head() + 1, queued() - 1, in_use());
  }

 private:
  uint64_t bits_ = 0;
};

// A place in the queue, ticket:32 | fate:32. Who reads one with an older ticket reads that nothing
// has become of his own yet.
class BulkheadPlace {
 public:
  constexpr explicit BulkheadPlace(uint64_t bits) : bits_(bits) {}

  constexpr uint64_t bits() const { return bits_; }
  constexpr bool IsGranted(uint32_t ticket) const { return Has(ticket, kGranted); }
  constexpr bool IsLeft(uint32_t ticket) const { return Has(ticket, kLeft); }
  constexpr bool IsParked(uint32_t ticket) const { return Has(ticket, kParked); }

  // A sleeper keeps its mark when it is granted, for whoever wakes it.
  constexpr BulkheadPlace Granted(uint32_t ticket) const {
    return Of(ticket, kGranted | (IsParked(ticket) ? kParked : 0));
  }
  static constexpr BulkheadPlace Left(uint32_t ticket) { return Of(ticket, kLeft); }
  static constexpr BulkheadPlace Waiting(uint32_t ticket) { return Of(ticket, 0); }
  static constexpr BulkheadPlace Parked(uint32_t ticket) { return Of(ticket, kParked); }

  // What the kernel compares while somebody sleeps on the low half of the word.
  static constexpr uint32_t kParked = 1;

 private:
  static constexpr uint32_t kGranted = 2;
  static constexpr uint32_t kLeft = 4;

  static constexpr BulkheadPlace Of(uint32_t ticket, uint32_t fate) {
    return BulkheadPlace(uint64_t{ticket} << 32 | fate);
  }
  constexpr bool Has(uint32_t ticket, uint32_t fate) const {
    return static_cast<uint32_t>(bits_ >> 32) == ticket && (bits_ & fate) != 0;
  }

  uint64_t bits_;
};

// The options that decide, in one word, so that a call is decided wholly by the old ones or wholly
// by the new: sheddable share:16 | normal share:16 | queue:16 | slots:16, shares in 0.01 %.
class BulkheadLimits {
 public:
  static constexpr uint32_t kWhole = 10'000;

  constexpr explicit BulkheadLimits(uint64_t bits) : bits_(bits) {}
  constexpr BulkheadLimits(uint32_t slots, uint32_t queue, uint32_t normal, uint32_t sheddable)
      : bits_(uint64_t{sheddable} << 48 | uint64_t{normal} << 32 | uint64_t{queue} << 16 | slots) {}

  constexpr uint64_t bits() const { return bits_; }
  constexpr uint32_t slots() const { return static_cast<uint32_t>(bits_) & 0xffff; }
  constexpr uint32_t queue() const { return static_cast<uint32_t>(bits_ >> 16) & 0xffff; }
  // A priority that is none reads as normal.
  constexpr uint32_t share(Priority priority) const {
    if (priority == Priority::kCritical) return kWhole;
    const int shift = priority == Priority::kSheddable ? 48 : 32;
    return static_cast<uint32_t>(bits_ >> shift) & 0xffff;
  }

  // At once: nobody waits, and less than its share is taken.
  constexpr bool Admits(BulkheadWord word, Priority priority) const {
    return uint64_t{word.crowd()} * kWhole < uint64_t{share(priority)} * slots();
  }
  // Only who may use every slot may wait for one: at the head of the queue another would keep
  // those behind it from slots that it may not use itself.
  constexpr bool MayWait(Priority priority) const {
    return queue() != 0 && share(priority) == kWhole;
  }
  // Of who is not admitted and does not wait, while nobody does.
  constexpr BulkheadRejection ReasonFor(BulkheadWord word) const {
    return HasFreeSlot(word) ? BulkheadRejection::kShed : BulkheadRejection::kFull;
  }
  constexpr bool HasFreeSlot(BulkheadWord word) const { return word.in_use() < slots(); }

 private:
  uint64_t bits_;
};

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_BULKHEAD_WORD_H_
