// The memory of a multi limiter: what it counts. The members keep what decides.
#ifndef SPILLWAY_LIMITER_MULTI_LIMITER_MEMORY_H_
#define SPILLWAY_LIMITER_MULTI_LIMITER_MEMORY_H_

#include <type_traits>

#include "spillway/base/cache_line.h"
#include "spillway/stats/owned_counter.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Standard-layout words without pointers, valid when all zero: it can lie in memory that processes
// share.
struct alignas(kCacheLine) MultiLimiterMemory {
  OwnedCounter admitted;
  Word given_back;  // calls that gave back what they had taken
  alignas(kCacheLine) OwnedCounter refused;
  Word dry_run;  // calls that only a dry run admitted
};

static_assert(std::is_standard_layout_v<MultiLimiterMemory>);
static_assert(sizeof(MultiLimiterMemory) == 2 * kCacheLine);

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_MULTI_LIMITER_MEMORY_H_
