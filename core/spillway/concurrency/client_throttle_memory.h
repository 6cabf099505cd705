// The memory of a client throttle: all of what callers share, and nothing else.
#ifndef SPILLWAY_CONCURRENCY_CLIENT_THROTTLE_MEMORY_H_
#define SPILLWAY_CONCURRENCY_CLIENT_THROTTLE_MEMORY_H_

#include <type_traits>

#include "spillway/base/cache_line.h"
#include "spillway/base/priority.h"
#include "spillway/stats/owned_counter.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Standard-layout words without pointers, valid when all zero: it can lie in memory that processes
// share.
struct alignas(kCacheLine) ClientThrottleMemory {
  static constexpr uint32_t kBuckets = 12;  // of the window
  // A power of two, so that finding a cell takes no division. A call that is asked for a moment
  // late still finds its bucket.
  static constexpr uint32_t kSlots = 16;

  // EpochCells, by the bucket that a call was asked for in.
  Word requests[kSlots];
  Word accepts[kSlots];

  // The newest bucket; only ever moved forward. The window ends with it, whatever time a late
  // caller shows.
  Word newest;
  // A cell of requests: while that of the newest bucket holds less, nobody is refused. A hint that
  // whoever looks at the whole window leaves for those who come next.
  Word spared;
  Word draws;  // calls that were refused or spared by a draw
  Word dry_run;
  Word ignored;
  Word stale;
  Word misused;

  alignas(kCacheLine) OwnedCounter admitted;
  alignas(kCacheLine) OwnedCounter accepted;
  alignas(kCacheLine) OwnedCounter failed;
  OwnedCounter throttled[kPriorities];
};

static_assert(std::is_standard_layout_v<ClientThrottleMemory>);
static_assert(sizeof(ClientThrottleMemory) == 11 * kCacheLine);

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_CLIENT_THROTTLE_MEMORY_H_
