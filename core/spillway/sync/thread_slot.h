// A small number that only the calling thread holds: lets it count in a cell of its own, with a
// load and a store where a shared cell needs an atomic addition.
#ifndef SPILLWAY_SYNC_THREAD_SLOT_H_
#define SPILLWAY_SYNC_THREAD_SLOT_H_

#include <cstdint>

namespace spillway {

// Slots 0 to 5 belong to one live thread each; the other threads have none.
inline constexpr uint32_t kThreadSlots = 6;

namespace internal {

inline constexpr uint32_t kNoThreadSlot = kThreadSlots;
inline constexpr uint32_t kThreadSlotUnasked = kThreadSlots + 1;

// Constant-initialised, so reading it needs no guard.
extern constinit thread_local uint32_t thread_slot;

// Takes a free slot for this thread, to be given back when the thread ends, unless it has asked
// before. Returns kNoThreadSlot when there was none.
uint32_t TakeThreadSlot() noexcept;

// Gives the slot back, if there is one; done by itself when the thread ends.
void ReturnThreadSlot() noexcept;

}  // namespace internal

}  // namespace spillway

#endif  // SPILLWAY_SYNC_THREAD_SLOT_H_
