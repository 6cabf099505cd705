// The memory of an adaptive limiter: all of what callers share, and nothing else.
#ifndef SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_MEMORY_H_
#define SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_MEMORY_H_

#include <type_traits>

#include "spillway/base/cache_line.h"
#include "spillway/stats/owned_counter.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Standard-layout words without pointers, valid when all zero: it can lie in memory that processes
// share.
struct alignas(kCacheLine) AdaptiveLimiterMemory {
  Word word;  // LimitWord: the only word that decides

  // How the limit finds itself. Whoever moves `window` on judges it, and then writes the others; if
  // it is killed or stopped in between, the next window's judge finds them as they were, and has
  // the calls of two windows. `calls` and `drops` only grow: what a window had is the difference to
  // where the last one ended.
  alignas(kCacheLine) Word sample_at;  // when the next call is looked at
  Word window;                         // WindowWord
  Word calls;                          // CallTimes, of those that succeeded
  Word calls_before;
  Word drops;
  Word drops_before;
  Word baseline;   // nanoseconds; 0: not known
  Word call_time;  // nanoseconds

  alignas(kCacheLine) OwnedCounter admitted;
  Word windows;
  alignas(kCacheLine) OwnedCounter succeeded;
  Word dry_run;
  alignas(kCacheLine) OwnedCounter failed;
  Word ignored;
  alignas(kCacheLine) OwnedCounter refused;
  Word misused;
};

static_assert(std::is_standard_layout_v<AdaptiveLimiterMemory>);
static_assert(sizeof(AdaptiveLimiterMemory) == 6 * kCacheLine);

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_MEMORY_H_
