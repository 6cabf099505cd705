// Breakers for tests: they fail the test rather than be null.
#ifndef SPILLWAY_TESTS_SUPPORT_BREAKERS_H_
#define SPILLWAY_TESTS_SUPPORT_BREAKERS_H_

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "spillway/breaker/circuit_breaker.h"

namespace spillway::testing {

inline std::unique_ptr<CircuitBreaker> MakeBreaker(const CircuitBreakerSettings& settings,
                                                   void* memory = nullptr, bool shared = false) {
  Error error;
  std::unique_ptr<CircuitBreaker> breaker =
      CircuitBreaker::Make("test", settings, &error, memory, shared);
  if (breaker == nullptr) throw std::runtime_error(error.message);
  return breaker;
}

// All that was ever settled, but for calls that a disabled breaker admitted.
inline uint64_t SettledCalls(const CircuitBreakerSnapshot& snapshot) {
  return snapshot.total_successes + snapshot.total_failures + snapshot.total_slow_successes +
         snapshot.total_slow_failures + snapshot.total_probes + snapshot.total_ignored +
         snapshot.total_stale + snapshot.total_misused;
}

// To set up the same breaker again by hand.
inline std::string Describe(const CircuitBreakerSettings& settings) {
  std::string text;
  ForEachOption(settings, [&](const OptionSpec& spec, const auto& field) {
    text += std::string(spec.name) + "=";
    if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(field)>>) {
      text += std::string(NameOf(field)) + " ";
    } else {
      text += std::to_string(field) + " ";
    }
  });
  return text;
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_BREAKERS_H_
