// The memory of a keyed limiter: all of what callers share, and nothing else.
#ifndef SPILLWAY_LIMITER_KEYED_LIMITER_MEMORY_H_
#define SPILLWAY_LIMITER_KEYED_LIMITER_MEMORY_H_

#include <type_traits>

#include "spillway/base/cache_line.h"
#include "spillway/stats/owned_counter.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// The cells that a key may lie in.
struct alignas(kCacheLine) KeyedLimiterSet {
  Word cells[kWordsOfSet];  // KeyedLimiterWord
};

// Standard-layout words without pointers, valid when all zero: it can lie in memory that processes
// share. The sets follow it.
struct alignas(kCacheLine) KeyedLimiterMemory {
  // The latest time, in units of the clock, that all callers must know of: none decides at an
  // earlier one. Moves seldom.
  Word newest;

  alignas(kCacheLine) OwnedCounter admitted;
  alignas(kCacheLine) OwnedCounter refused;
  Word dry_run;  // calls that only a dry run admitted

  alignas(kCacheLine) Word admitted_without_cell;
  Word refused_without_cell;
  Word evicted;
  Word forgiven_tokens;
};

static_assert(std::is_standard_layout_v<KeyedLimiterMemory>);
static_assert(sizeof(KeyedLimiterMemory) == 4 * kCacheLine);
static_assert(sizeof(KeyedLimiterSet) == kCacheLine);

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_KEYED_LIMITER_MEMORY_H_
