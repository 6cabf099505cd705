// Keyed limiters for tests: they fail the test rather than be null.
#ifndef SPILLWAY_TESTS_SUPPORT_KEYED_LIMITERS_H_
#define SPILLWAY_TESTS_SUPPORT_KEYED_LIMITERS_H_

#include <memory>
#include <stdexcept>
#include <string>

#include "spillway/limiter/keyed_limiter.h"

namespace spillway::testing {

inline std::unique_ptr<KeyedLimiter> MakeKeyed(const KeyedLimiterSettings& settings,
                                               void* memory = nullptr, bool shared = false) {
  Error error;
  auto limiter = KeyedLimiter::Make("test", settings, &error, memory, shared);
  if (limiter == nullptr) throw std::runtime_error(error.message);
  return limiter;
}

// As the vectors name it.
inline std::string KeyedAnswerOf(const LimiterDecision& decision) {
  if (decision) return "admitted";
  if (decision.reason < 0) return "misuse";
  return NameOf(static_cast<KeyedLimiterRejection>(decision.reason));
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_KEYED_LIMITERS_H_
