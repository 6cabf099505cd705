// Breakers for tests: they fail the test rather than be null.
#ifndef SPILLWAY_TESTS_SUPPORT_BREAKERS_H_
#define SPILLWAY_TESTS_SUPPORT_BREAKERS_H_

#include <memory>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/policies.h"

namespace spillway::testing {

inline std::unique_ptr<CircuitBreaker> MakeBreaker(const CircuitBreakerSettings& settings,
                                                   void* memory = nullptr, bool shared = false) {
  return MakePolicy<CircuitBreaker>(settings, memory, shared);
}

// All that was ever settled, but for calls that a disabled breaker admitted.
inline uint64_t SettledCalls(const CircuitBreakerSnapshot& snapshot) {
  return snapshot.total_successes + snapshot.total_failures + snapshot.total_slow_successes +
         snapshot.total_slow_failures + snapshot.total_probes + snapshot.total_ignored +
         snapshot.total_stale + snapshot.total_misused;
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_BREAKERS_H_
