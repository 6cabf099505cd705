// A counter for paths too cheap for an atomic addition, such as the refusal of a call.
#ifndef SPILLWAY_STATS_OWNED_COUNTER_H_
#define SPILLWAY_STATS_OWNED_COUNTER_H_

#include <cstdint>

#include "spillway/sync/atomic.h"
#include "spillway/sync/thread_slot.h"

namespace spillway {

// One cell for each thread slot, and one for all other threads. The owner of a slot adds with a
// load and a store, which loses nothing because nobody else writes there; the others add
// atomically.
class OwnedCounter {
 public:
  // How many slots have one owner: all within a process, none in memory that processes share.
  static constexpr uint32_t kOwnedByThreads = kThreadSlots;
  static constexpr uint32_t kOwnedByNobody = 0;

  // Adds where it costs next to nothing; false, with nothing added, for a thread without a slot.
  [[gnu::always_inline]] bool TryIncrement(uint32_t owned_slots) noexcept {
    const uint32_t slot = internal::thread_slot;
    if (slot >= owned_slots) [[unlikely]]
      return false;
    Add(slot);
    return true;
  }

  void Increment(uint32_t owned_slots) noexcept {
    // A thread's first slot makes it allocate: none is taken where none is used.
    const uint32_t slot =
        owned_slots == kOwnedByNobody ? internal::kNoThreadSlot : internal::TakeThreadSlot();
    if (slot < owned_slots) {
      Add(slot);
    } else {
      cells_[kThreadSlots].fetch_add(1, std::memory_order_relaxed);
    }
  }

  // The one or the other.
  [[gnu::always_inline]] void Count(uint32_t owned_slots) noexcept {
    if (!TryIncrement(owned_slots)) [[unlikely]]
      Increment(owned_slots);
  }

  uint64_t Sum() const noexcept {
    uint64_t sum = 0;
    for (const Word& cell : cells_) sum += cell.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  [[gnu::always_inline]] void Add(uint32_t slot) noexcept {
    cells_[slot].store(cells_[slot].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  Word cells_[kThreadSlots + 1];
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_OWNED_COUNTER_H_
