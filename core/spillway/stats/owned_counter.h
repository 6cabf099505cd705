// A counter for paths too cheap for an atomic addition, such as the refusal of a call.
#ifndef SPILLWAY_STATS_OWNED_COUNTER_H_
#define SPILLWAY_STATS_OWNED_COUNTER_H_

#include <cstdint>

#include "spillway/sync/atomic.h"
#include "spillway/sync/thread_slot.h"

namespace spillway {

// One cell for each thread slot. The owner of a cell adds with a load and a store, which loses
// nothing because nobody else writes there; threads without a slot of their own add atomically to
// the shared cell. Exact whenever each slot has one owner: within a process. Memory shared by
// processes must pass kSharedThreadSlot.
class OwnedCounter {
 public:
  void Increment(uint32_t slot) noexcept {
    Word& cell = cells_[slot & kSharedThreadSlot];
    if (slot < kSharedThreadSlot) {
      cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      cell.fetch_add(1, std::memory_order_relaxed);
    }
  }

  uint64_t Sum() const noexcept {
    uint64_t sum = 0;
    for (const Word& cell : cells_) sum += cell.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  Word cells_[kThreadSlots];
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_OWNED_COUNTER_H_
