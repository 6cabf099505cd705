// The memory of a bulkhead: all of what callers share, and nothing else.
#ifndef SPILLWAY_CONCURRENCY_BULKHEAD_MEMORY_H_
#define SPILLWAY_CONCURRENCY_BULKHEAD_MEMORY_H_

#include <type_traits>

#include "spillway/base/cache_line.h"
#include "spillway/base/priority.h"
#include "spillway/stats/owned_counter.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Standard-layout words without pointers, valid when all zero. The places of the queue follow it,
// as many as the settings ask for (Bulkhead::MemoryBytes).
struct alignas(kCacheLine) BulkheadMemory {
  // Of BulkheadRejection: full, queue_full, shed.
  static constexpr int32_t kRefusals = 3;

  Word word;  // BulkheadWord

  alignas(kCacheLine) OwnedCounter admitted;
  Word misused;
  Word queued;
  Word left;
  OwnedCounter refused[kPriorities][kRefusals];

  Word* places() { return reinterpret_cast<Word*>(this + 1); }
};

static_assert(std::is_standard_layout_v<BulkheadMemory>);
static_assert(sizeof(BulkheadMemory) == 11 * kCacheLine);

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_BULKHEAD_MEMORY_H_
