// The memory of a token bucket or a leaky bucket: all of what callers share, and nothing else.
#ifndef SPILLWAY_LIMITER_BUCKET_MEMORY_H_
#define SPILLWAY_LIMITER_BUCKET_MEMORY_H_

#include <type_traits>

#include "spillway/base/cache_line.h"
#include "spillway/stats/owned_counter.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Standard-layout words without pointers, valid when all zero: it can lie in memory that processes
// share.
struct alignas(kCacheLine) BucketMemory {
  Word word;     // BucketWord, or of WarmUp: the only word that decides
  Word touched;  // of a bucket that warms up: a time that its word is near to

  alignas(kCacheLine) OwnedCounter admitted;
  alignas(kCacheLine) OwnedCounter refused;
  Word dry_run;  // calls that only a dry run admitted
};

static_assert(std::is_standard_layout_v<BucketMemory>);
static_assert(sizeof(BucketMemory) == 3 * kCacheLine);

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_BUCKET_MEMORY_H_
