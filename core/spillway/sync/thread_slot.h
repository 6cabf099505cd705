// A small number that only the calling thread holds: lets it count in a cell of its own, with a
// load and a store where a shared cell needs an atomic addition.
#ifndef SPILLWAY_SYNC_THREAD_SLOT_H_
#define SPILLWAY_SYNC_THREAD_SLOT_H_

#include <cstdint>

namespace spillway {

// Slots 0 to 6 belong to one live thread each; slot 7 is shared by all the others.
inline constexpr uint32_t kThreadSlots = 8;
inline constexpr uint32_t kSharedThreadSlot = kThreadSlots - 1;

namespace internal {

// Slot + 1, or 0 while this thread has not asked yet. Constant-initialised, so reading it needs no
// guard.
extern constinit thread_local uint32_t thread_slot_plus_one;

// Takes a free slot, to be given back when the thread ends, else the shared one.
uint32_t TakeThreadSlot() noexcept;

}  // namespace internal

// This thread's slot. Lock-free; allocates nothing after the thread's first call.
inline uint32_t ThreadSlot() noexcept {
  const uint32_t slot = internal::thread_slot_plus_one;
  return slot != 0 ? slot - 1 : internal::TakeThreadSlot();
}

}  // namespace spillway

#endif  // SPILLWAY_SYNC_THREAD_SLOT_H_
