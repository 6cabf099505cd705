// The outcomes of the last W settled calls.
#ifndef SPILLWAY_STATS_COUNT_WINDOW_H_
#define SPILLWAY_STATS_COUNT_WINDOW_H_

#include <algorithm>
#include <bit>
#include <bitset>
#include <cstddef>
#include <cstdint>

#include "spillway/base/cache_line.h"
#include "spillway/stats/outcome_counts.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Up to 30 outcomes in one word: a shift register of two bits a call with a leading 1 that tells
// how many there are, and three bits that name the period they belong to. Pure functions of the
// word.
class OutcomeRegister {
 public:
  static constexpr uint32_t kMaxSize = 30;

  constexpr explicit OutcomeRegister(uint32_t size) : full_(uint64_t{1} << (2 * size)) {}

  constexpr uint64_t Push(uint64_t word, CallClass call, uint64_t period) const {
    const uint64_t named = period << kPeriodShift;
    // Full and of this period, as it nearly always is: the oldest call is shifted out.
    if ((word & ~(full_ - 1)) == (named | full_)) [[likely]] {
      return named | full_ | ((word << 2 | call) & (full_ - 1));
    }
    const bool same = Period(word) == period % kPeriods;
    const uint64_t outcomes = same ? std::max(word & kOutcomes, kEmpty) : kEmpty;
    return named | outcomes << 2 | call;
  }

  constexpr uint64_t Size(uint64_t word, uint64_t period) const {
    if (Period(word) != period % kPeriods) return 0;
    return (static_cast<uint64_t>(std::bit_width(std::max(word & kOutcomes, kEmpty))) - 1) / 2;
  }

  // Whether a call of `period` may be added: the word is of that period or of the one before. Any
  // other is of a later one, and the call from a thread that was stopped while periods passed.
  static constexpr bool Accepts(uint64_t word, uint64_t period) {
    return (period - Period(word)) % kPeriods <= 1;
  }

  constexpr OutcomeCounts Counts(uint64_t word, uint64_t period) const {
    OutcomeCounts counts;
    if (Period(word) != period % kPeriods) return counts;
    const uint64_t outcomes = std::max(word & kOutcomes, kEmpty);
    const uint64_t size = Size(word, period);
    const uint64_t mask = kFailedBits & ((uint64_t{1} << (2 * size)) - 1);
    const uint64_t failed = outcomes & mask;
    const uint64_t slow = outcomes >> 1 & mask;
    counts.by_class[kFailed] = Ones(failed & ~slow);
    if (slow != 0) {
      counts.by_class[kSlowFailed] = Ones(failed & slow);
      counts.by_class[kSlowOk] = Ones(slow & ~failed);
    }
    counts.by_class[kOk] = size - counts.failed() - counts.by_class[kSlowOk];
    return counts;
  }

  static constexpr uint64_t Period(uint64_t word) { return word >> kPeriodShift; }

 private:
  // Of bits two apart, by halves: quicker than the library's popcount where the CPU's is not used.
  static constexpr uint64_t Ones(uint64_t bits) {
    bits = (bits & 0x3333'3333'3333'3333) + (bits >> 2 & 0x3333'3333'3333'3333);
    bits = (bits + (bits >> 4)) & 0x0f0f'0f0f'0f0f'0f0f;
    return bits * 0x0101'0101'0101'0101 >> 56;
  }

  static constexpr uint32_t kPeriodShift = 61;
  static constexpr uint64_t kPeriods = 8;
  static constexpr uint64_t kOutcomes = (uint64_t{1} << kPeriodShift) - 1;
  static constexpr uint64_t kFailedBits = 0x5555'5555'5555'5555;
  static constexpr uint64_t kEmpty = 1;  // all-zero memory reads as this

  uint64_t full_;  // the leading 1 when there are `size` calls
};

// Up to 30 calls: one compare-exchange of one word. More: a ticket and a ring with one word for
// each call, ticket:49 | period:13 | outcome:2. A call between its ticket and its write, or killed
// there, is absent: it takes a place and counts as nothing. Both are exact, and so cannot be
// striped: many threads on one count window contend for one word.
//
// Cells live in memory that the caller gives, all-zero when fresh: [4 totals, pad][register or
// head, pad][ring]. Forgetting everything at once: as in BucketRing, the owner names a period that
// no kept outcome belongs to.
class CountWindow {
 public:
  static constexpr uint32_t kMaxSize = 4096;

  constexpr explicit CountWindow(uint32_t size)
      : size_(size),
        register_(std::min(size, OutcomeRegister::kMaxSize)),
        ring_mask_(std::bit_ceil(uint64_t{size} + 1) - 1) {}

  constexpr size_t words() const { return kRing + (in_register() ? 0 : ring_mask_ + 1); }

  // Records one call. True, with the window's counts, when they may have risen: after each failure
  // or slow call, and until `min_calls` calls are there. Further successes can only lower the
  // rates.
  bool Record(Word* cells, CallClass call, uint64_t period, uint64_t min_calls,
              OutcomeCounts* counts) const noexcept {
    // Beside the window, not part of it: what the totals count and what the window holds need not
    // agree.
    cells[call].fetch_add(1, std::memory_order_relaxed);
    return RecordInWindow(cells, call, period, min_calls, counts);
  }

  // The same without the totals.
  bool RecordInWindow(Word* cells, CallClass call, uint64_t period, uint64_t min_calls,
                      OutcomeCounts* counts) const noexcept {
    if (!in_register()) return RecordInRing(cells, call, period, min_calls, counts);
    const Change change = RecordInRegister(cells[kHead], call, period);
    if (call == kOk && register_.Size(change.before, period) >= min_calls) return false;
    return TellRegister(change.after, period, counts);
  }

  struct Change {
    uint64_t before;
    uint64_t after;
  };

  // Adds the call to a register. One that a later period has begun is left alone.
  Change RecordInRegister(Word& word, CallClass call, uint64_t period) const noexcept {
    // Relaxed throughout: the word is all there is, nothing else is read on its account.
    uint64_t seen = word.load(std::memory_order_relaxed);
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
      if (!OutcomeRegister::Accepts(seen, period)) [[unlikely]]
        break;
      const uint64_t wanted = register_.Push(seen, call, period);
      if (wanted == seen) break;  // a success among nothing but successes
      if (word.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) {
        return {.before = seen, .after = wanted};
      }
    }
    return {.before = seen, .after = seen};
  }

  // Adds the call to the ring. Answers as Record does.
  [[gnu::noinline]] bool RecordInRing(Word* cells, CallClass call, uint64_t period,
                                      uint64_t min_calls, OutcomeCounts* counts) const noexcept {
    // (29) seq_cst: pairs with (30). Whoever has written its place and then reads the head sees the
    // tickets of all who read the ring without finding that write.
    const uint64_t ticket = cells[kHead].fetch_add(1, std::memory_order_seq_cst);
    Word& place = cells[kRing + (ticket & ring_mask_)];
    const uint64_t wanted = Pack(ticket, period, call);
    uint64_t seen = place.load(std::memory_order_relaxed);
    for (int attempt = 0; attempt < kMaxAttempts && !IsLater(seen, wanted); ++attempt) {
      // (13) seq_cst: pairs with (14). Of two threads that each write and then read the ring, at
      // least one sees both.
      if (place.compare_exchange_weak(seen, wanted, std::memory_order_seq_cst,
                                      std::memory_order_relaxed))
        break;
    }
    if (call == kOk && IsWritten(cells, ticket - min_calls, period)) return false;
    *counts = Counts(cells, period);
    return true;
  }

  OutcomeCounts Counts(const Word* cells, uint64_t period) const noexcept {
    if (in_register())
      return register_.Counts(cells[kHead].load(std::memory_order_relaxed), period);
    OutcomeCounts counts;
    // (30) seq_cst: pairs with (29).
    const uint64_t head = cells[kHead].load(std::memory_order_seq_cst);
    for (uint64_t ticket = head - size_; ticket != head; ++ticket) {
      // (14) seq_cst: pairs with (13).
      const uint64_t word = cells[kRing + (ticket & ring_mask_)].load(std::memory_order_seq_cst);
      const uint64_t call = word % kCallClasses;
      if (word != 0 && word == Pack(ticket, period, call)) ++counts.by_class[call];
    }
    return counts;
  }

  // Everything ever recorded.
  static OutcomeCounts Totals(const Word* cells) noexcept {
    OutcomeCounts totals;
    for (uint32_t call = 0; call < kCallClasses; ++call) {
      totals.by_class[call] = cells[call].load(std::memory_order_relaxed);
    }
    return totals;
  }

  // A period that nothing in the window belongs to: the one after the newest outcome's, or the
  // first that is free from there. A thread that was stopped may have recorded last and for a
  // period long over, whose successors are still in the ring.
  uint64_t NextPeriod(const Word* cells) const noexcept {
    const uint64_t head = cells[kHead].load(std::memory_order_relaxed);
    if (in_register()) return OutcomeRegister::Period(head) + 1;
    std::bitset<kRingPeriods> used;
    uint64_t next = 0;
    for (uint64_t ticket = head - size_; ticket != head; ++ticket) {
      const uint64_t word = cells[kRing + (ticket & ring_mask_)].load(std::memory_order_relaxed);
      if (word == 0 || word >> kTicketShift != Pack(ticket, 0, 0) >> kTicketShift) continue;
      const uint64_t period = word / kCallClasses % kRingPeriods;
      used[period] = true;
      next = period + 1;
    }
    static_assert(kMaxSize < kRingPeriods);  // so that one is free
    while (used[next % kRingPeriods]) ++next;
    return next % kRingPeriods;
  }

 private:
  static constexpr size_t kHead = kCacheLine / sizeof(Word);
  static constexpr size_t kRing = 2 * kHead;
  static constexpr uint64_t kRingPeriods = 8192;
  static constexpr uint32_t kTicketShift = 15;

  // Apart, so that the successes of a busy healthy path need no stack frame.
  [[gnu::noinline]] bool TellRegister(uint64_t word, uint64_t period,
                                      OutcomeCounts* counts) const noexcept {
    *counts = register_.Counts(word, period);
    return true;
  }

  constexpr bool in_register() const { return size_ <= OutcomeRegister::kMaxSize; }

  // Tickets are kept plus one: a zero word is a place never written, not ticket -1.
  static constexpr uint64_t Pack(uint64_t ticket, uint64_t period, uint64_t call) {
    return (ticket + 1) << kTicketShift | (period % kRingPeriods) * kCallClasses | call;
  }

  // By ticket, modulo 2^49: the ring is far shorter than half of that.
  static constexpr bool IsLater(uint64_t word, uint64_t than) {
    return word != 0 && static_cast<int64_t>((word >> kTicketShift << kTicketShift) -
                                             (than >> kTicketShift << kTicketShift)) > 0;
  }

  bool IsWritten(const Word* cells, uint64_t ticket, uint64_t period) const noexcept {
    const uint64_t word = cells[kRing + (ticket & ring_mask_)].load(std::memory_order_relaxed);
    return word != 0 && word / kCallClasses == Pack(ticket, period, 0) / kCallClasses;
  }

  uint32_t size_;
  OutcomeRegister register_;
  uint64_t ring_mask_;
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_COUNT_WINDOW_H_
