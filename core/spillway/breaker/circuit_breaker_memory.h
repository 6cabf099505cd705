// The memory of a circuit breaker: all of what callers share, and nothing else.
#ifndef SPILLWAY_BREAKER_CIRCUIT_BREAKER_MEMORY_H_
#define SPILLWAY_BREAKER_CIRCUIT_BREAKER_MEMORY_H_

#include <type_traits>

#include "spillway/base/cache_line.h"
#include "spillway/stats/owned_counter.h"
#include "spillway/sync/atomic.h"
#include "spillway/telemetry/event_ring.h"

namespace spillway {

// Standard-layout words without pointers, valid when all zero: it can lie in memory that processes
// share. The cells of the windows follow it, as many as the settings ask for
// (CircuitBreaker::MemoryBytes).
struct alignas(kCacheLine) CircuitBreakerMemory {
  Word word;  // BreakerWord: the only word that decides

  // The end of the open time to the nanosecond, and the word it belongs to. `word` itself says it
  // to 134 ms; these two refine it and are written after it. While they do not belong to it, or for
  // good if their writer was killed, the breaker stays open for up to 134 ms longer.
  Word open_until;
  Word open_word;

  // When the lease of the newest probe ends; only ever moved forward, before the probe is issued.
  // So it is never earlier than the end of any lease, and a stopped writer cannot bring an old one
  // back.
  Word lease_end;

  Word ramp_calls;  // calls that asked during ramps

  Word total_probes;
  Word total_ignored;
  Word total_stale;

  // Neither is read when a call is admitted and succeeds.
  Word total_misused;
  OwnedCounter rejected;

  EventRing events;

  Word* cells() { return reinterpret_cast<Word*>(this + 1); }
};

static_assert(std::is_standard_layout_v<CircuitBreakerMemory>);
static_assert(sizeof(CircuitBreakerMemory) == 4 * kCacheLine);

}  // namespace spillway

#endif  // SPILLWAY_BREAKER_CIRCUIT_BREAKER_MEMORY_H_
