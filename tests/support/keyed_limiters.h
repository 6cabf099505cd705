// Keyed limiters for tests.
#ifndef SPILLWAY_TESTS_SUPPORT_KEYED_LIMITERS_H_
#define SPILLWAY_TESTS_SUPPORT_KEYED_LIMITERS_H_

#include <memory>
#include <string>

#include "spillway/limiter/keyed_limiter.h"
#include "tests/support/policies.h"

namespace spillway::testing {

inline std::unique_ptr<KeyedLimiter> MakeKeyed(const KeyedLimiterSettings& settings,
                                               void* memory = nullptr, bool shared = false) {
  return MakePolicy<KeyedLimiter>(settings, memory, shared);
}

// As the vectors name it.
inline std::string KeyedAnswerOf(const LimiterDecision& decision) {
  if (decision) return "admitted";
  if (decision.reason < 0) return "misuse";
  return NameOf(static_cast<KeyedLimiterRejection>(decision.reason));
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_KEYED_LIMITERS_H_
