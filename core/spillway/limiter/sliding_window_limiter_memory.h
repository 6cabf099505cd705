// The memory of a sliding window limiter: all of what callers share, and nothing else.
#ifndef SPILLWAY_LIMITER_SLIDING_WINDOW_LIMITER_MEMORY_H_
#define SPILLWAY_LIMITER_SLIDING_WINDOW_LIMITER_MEMORY_H_

#include <type_traits>

#include "spillway/base/cache_line.h"
#include "spillway/stats/owned_counter.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Standard-layout words without pointers, valid when all zero: it can lie in memory that processes
// share. The slots follow it, as many as the largest limit (SlidingWindowLimiter::MemoryBytes).
struct alignas(kCacheLine) SlidingWindowLimiterMemory {
  // The place of the next admission, or the one before: the slots decide, and whoever finds its
  // slot written moves this on.
  Word head;
  Word floor;  // admissions before this place are forgotten; never above `head`

  alignas(kCacheLine) OwnedCounter refused;
  Word dry_run;  // calls that only a dry run admitted

  Word* slots() { return reinterpret_cast<Word*>(this + 1); }
};

static_assert(std::is_standard_layout_v<SlidingWindowLimiterMemory>);
static_assert(sizeof(SlidingWindowLimiterMemory) == 2 * kCacheLine);

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_SLIDING_WINDOW_LIMITER_MEMORY_H_
