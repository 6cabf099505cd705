// The one atomic type of the core. Everything shared is a 64-bit word of this type or smaller:
// 128-bit atomics are not lock-free under GCC, and a lock inside one would be private to a process.
// No standalone fences: ThreadSanitizer does not see them, so each order stands on its operation.
#ifndef SPILLWAY_SYNC_ATOMIC_H_
#define SPILLWAY_SYNC_ATOMIC_H_

#include <atomic>
#include <cstdint>

namespace spillway {

template <typename T>
using Atomic = std::atomic<T>;

using Word = Atomic<uint64_t>;

// A word may lie in memory shared by processes: it must be a plain word there, and all-zero memory
// must be a valid one.
static_assert(Word::is_always_lock_free && sizeof(Word) == sizeof(uint64_t));
static_assert(Atomic<int64_t>::is_always_lock_free && Atomic<double>::is_always_lock_free);

// Law: retry loops are bounded. A compare-exchange fails only when another thread moved the word,
// so this many losses in a row mean garbage or a livelock that no real schedule shows; each caller
// says what it then falls back to.
inline constexpr int kMaxAttempts = 64;

}  // namespace spillway

#endif  // SPILLWAY_SYNC_ATOMIC_H_
