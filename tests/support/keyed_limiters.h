// Keyed limiters for tests.
#ifndef SPILLWAY_TESTS_SUPPORT_KEYED_LIMITERS_H_
#define SPILLWAY_TESTS_SUPPORT_KEYED_LIMITERS_H_

#include <memory>
#include <string>

#include "spillway/limiter/keyed_limiter.h"
#include "tests/support/buckets.h"
#include "tests/support/policies.h"

namespace spillway::testing {

inline std::unique_ptr<KeyedLimiter> MakeKeyed(const KeyedLimiterSettings& settings,
                                               void* memory = nullptr, bool shared = false) {
  return MakePolicy<KeyedLimiter>(settings, memory, shared);
}

inline std::string KeyedAnswerOf(const LimiterDecision& decision) {
  return AnswerOf<KeyedLimiterRejection>(decision);
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_KEYED_LIMITERS_H_
