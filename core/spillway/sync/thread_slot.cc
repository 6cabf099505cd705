#include "spillway/sync/thread_slot.h"

#include <bit>

#include "spillway/sync/atomic.h"

namespace spillway::internal {
namespace {

constexpr uint32_t kOwnedSlots = (1u << kThreadSlots) - 1;

// Bit n is set while a live thread owns slot n. After a fork the child keeps the bits of threads it
// does not have; its new threads then go without sooner, which is dearer but counts the same.
constinit Atomic<uint32_t> taken_slots{0};

struct SlotReturner {
  ~SlotReturner() { ReturnThreadSlot(); }
};

}  // namespace

constinit thread_local uint32_t thread_slot = kThreadSlotUnasked;

uint32_t TakeThreadSlot() noexcept {
  if (thread_slot != kThreadSlotUnasked) return thread_slot;
  uint32_t slot = kNoThreadSlot;
  uint32_t taken = taken_slots.load(std::memory_order_relaxed);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const uint32_t free = ~taken & kOwnedSlots;
    if (free == 0) break;
    const uint32_t lowest = static_cast<uint32_t>(std::countr_zero(free));
    // (2) acquire: pairs with (1). Without it the new owner could read a cell as it was before the
    // former owner's last store, and its own store would undo that count.
    if (taken_slots.compare_exchange_weak(taken, taken | (1u << lowest), std::memory_order_acquire,
                                          std::memory_order_relaxed)) {
      slot = lowest;
      break;
    }
  }
  thread_slot = slot;
  if (slot != kNoThreadSlot) {
    thread_local SlotReturner returner;
    (void)returner;
  }
  return slot;
}

void ReturnThreadSlot() noexcept {
  const uint32_t slot = thread_slot;
  if (slot >= kThreadSlots) return;
  // Destructors that run after the slot's may still count: as a thread without one.
  thread_slot = kNoThreadSlot;
  // (1) release: pairs with (2). The next owner continues from the last value this thread stored
  // in the cells.
  taken_slots.fetch_and(~(1u << slot), std::memory_order_release);
}

}  // namespace spillway::internal
