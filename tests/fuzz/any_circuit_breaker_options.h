// Options of a circuit breaker as a hostile caller makes them.
#ifndef SPILLWAY_TESTS_FUZZ_ANY_CIRCUIT_BREAKER_OPTIONS_H_
#define SPILLWAY_TESTS_FUZZ_ANY_CIRCUIT_BREAKER_OPTIONS_H_

#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "spillway/breaker/circuit_breaker_validate.h"
#include "tests/fuzz/any_options.h"
#include "tests/fuzz/c_circuit_breaker.h"
#include "tests/support/random_settings.h"

namespace spillway::fuzz {

struct CircuitBreakerNoun {
  using Options = COptions;
  using Settings = CircuitBreakerSettings;
  static constexpr std::span<const size_t> kEnds = kCircuitBreakerOptionsEnds;
  static Settings Random(ByteReader& input) { return testing::RandomSettings(input); }
  static bool IsGood(const Settings& settings) { return Validate(settings, nullptr); }
};

using AnyCircuitBreakerOptions = AnyOptions<CircuitBreakerNoun>;

// Requires that the breaker tells the options that it was given. Rates are kept to 0.01 %, and a
// seed of 0 is drawn.
inline void RequireOptions(const CCircuitBreaker& breaker, CircuitBreakerSettings given) {
  CircuitBreakerSettings told;
  Require(FromC(breaker.Options(), &told, nullptr), "a flag that is none is told");
  Require(told.seed != 0, "no seed is told");
  if (given.seed == 0) given.seed = told.seed;
  ForEachOption(told, [&](const OptionSpec& spec, const auto& field) {
    std::remove_cvref_t<decltype(field)> expected;
    std::memcpy(&expected, reinterpret_cast<const char*>(&given) + spec.offset, sizeof expected);
    bool same = field == expected;
    if constexpr (std::is_same_v<decltype(expected), double>) {
      const bool rounded = std::string_view(spec.name).ends_with("_rate");
      same = std::abs(field - expected) <= (rounded ? 0.000051 : 0.0);
    }
    Require(same, std::string(spec.name) + " is told otherwise");
  });
}

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_ANY_CIRCUIT_BREAKER_OPTIONS_H_
