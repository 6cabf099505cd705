// What random tests choose with.
#ifndef SPILLWAY_TESTS_SUPPORT_RANDOM_H_
#define SPILLWAY_TESTS_SUPPORT_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <random>

namespace spillway::testing {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // In [0, below).
  template <typename Number>
  Number Below(Number below) {
    return static_cast<Number>(engine_() % static_cast<uint64_t>(below));
  }
  bool OneIn(uint32_t times) { return Below(times) == 0; }
  template <typename T, size_t size>
  T Of(const T (&choices)[size]) {
    return choices[Below(size)];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_RANDOM_H_
