// Options of a circuit breaker as a hostile caller makes them.
#ifndef SPILLWAY_TESTS_FUZZ_ANY_CIRCUIT_BREAKER_OPTIONS_H_
#define SPILLWAY_TESTS_FUZZ_ANY_CIRCUIT_BREAKER_OPTIONS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "spillway/breaker/circuit_breaker_validate.h"
#include "tests/fuzz/c_circuit_breaker.h"
#include "tests/fuzz/sized_struct.h"
#include "tests/support/random_settings.h"

namespace spillway::fuzz {

// A struct of any size and contents, and what has to be answered to it. Which values are in range
// is asked of the core, whose own tests say it: here it matters that every one of them gets there.
class AnyCircuitBreakerOptions {
 public:
  // Fields that the struct does not have are as in `base`.
  AnyCircuitBreakerOptions(ByteReader& input, const CircuitBreakerSettings& base)
      : size_(input.OneIn(2) ? kOptionsEnd : AnySize(input, kCircuitBreakerOptionsEnds)),
        memory_(BytesFor(size_)),
        settings_(base) {
    Fill(input, base);
    Judge(base);
  }

  const COptions* get() const { return memory_.get<COptions>(); }

  // What a function that is given it must answer, and what it means to one that takes it.
  spillway_status status() const { return status_; }
  const CircuitBreakerSettings& settings() const { return settings_; }

 private:
  void Fill(ByteReader& input, const CircuitBreakerSettings& base) {
    COptions options = CFrom(input.OneIn(2) ? base : testing::RandomSettings(input));
    for (int changes = input.Below(4); changes > 0; --changes) SetAnyField(input, &options);
    if (memory_.size() == size_) {
      std::memset(memory_.bytes(), 0, size_);
      std::memcpy(memory_.bytes(), &options, std::min(size_, kOptionsEnd));
      if (size_ > kOptionsEnd && input.OneIn(2)) {
        memory_.bytes()[kOptionsEnd + input.Below(size_ - kOptionsEnd)] = input.Take<std::byte>();
      }
    }
    std::memcpy(memory_.bytes(), &size_, sizeof size_);
  }

  static void SetAnyField(ByteReader& input, COptions* options) {
    constexpr size_t kBegin = sizeof(size_t);
    const size_t at = kBegin + 4 * input.Below((kOptionsEnd - kBegin) / 4);
    const auto set = [&](const auto& value) {
      std::memcpy(reinterpret_cast<char*>(options) + at, &value,
                  std::min(sizeof value, kOptionsEnd - at));
    };
    using Double = std::numeric_limits<double>;
    switch (input.Below(4)) {
      case 0:
        return set(input.Of({0.0, -0.0, 1.0, 0.5, -1.0, 1e300, Double::quiet_NaN(),
                             Double::infinity(), -Double::infinity(), Double::denorm_min()}));
      case 1:
        return set(input.Of<int64_t>({0, 1, -1, 1'000'000, 86'400'000'000'000, kForever,
                                      std::numeric_limits<int64_t>::min()}));
      case 2:
        return set(input.Of<int32_t>(
            {0, 1, 2, 3, 5, -1, 63, 64, 128, 4096, std::numeric_limits<int32_t>::max()}));
      default:
        return set(input.Take<uint64_t>());
    }
  }

  void Judge(const CircuitBreakerSettings& base) {
    if (!IsSize(size_, kCircuitBreakerOptionsEnds)) {
      status_ = SPILLWAY_E_MISUSE;
    } else if (size_ > kOptionsEnd && !memory_.IsFilled(kOptionsEnd, std::byte{0})) {
      status_ = SPILLWAY_E_UNSUPPORTED;
    } else {
      COptions options = CFrom(base);
      std::memcpy(&options, memory_.bytes(), std::min(size_, kOptionsEnd));
      const bool good = FromC(options, &settings_, nullptr) && Validate(settings_, nullptr);
      if (!good) status_ = SPILLWAY_E_INVALID_ARGUMENT;
    }
  }

  size_t size_;
  Guarded memory_;
  CircuitBreakerSettings settings_;
  spillway_status status_ = SPILLWAY_OK;
};

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
