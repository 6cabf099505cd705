// The one atomic type of the core. Everything shared is a 64-bit word of this type or smaller:
// 128-bit atomics are not lock-free under GCC, and a lock inside one would be private to a process.
// No standalone fences: ThreadSanitizer does not see them, so each order stands on its operation.
#ifndef SPILLWAY_SYNC_ATOMIC_H_
#define SPILLWAY_SYNC_ATOMIC_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace spillway {

template <typename T>
using Atomic = std::atomic<T>;

using Word = Atomic<uint64_t>;

// A word may lie in memory shared by processes: it must be a plain word there, and all-zero memory
// must be a valid one.
static_assert(Word::is_always_lock_free && sizeof(Word) == sizeof(uint64_t));
static_assert(Atomic<int64_t>::is_always_lock_free && Atomic<double>::is_always_lock_free);

// Law: retry loops are bounded. A compare-exchange fails only when another thread moved the word.
// That happens often: against one that tries in a tight loop a slower one loses 19 times in 20, and
// of a hundred alike each wins once in a hundred. So many losses in a row are out of reach of both;
// each caller says what it then falls back to.
inline constexpr int kMaxAttempts = 1 << 16;

// How many words a table looks at together: those of one cache line.
inline constexpr size_t kWordsOfSet = 8;

}  // namespace spillway

#endif  // SPILLWAY_SYNC_ATOMIC_H_
