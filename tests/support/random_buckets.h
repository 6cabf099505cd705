// Rates and sizes of buckets, chosen at random or as bytes say.
#ifndef SPILLWAY_TESTS_SUPPORT_RANDOM_BUCKETS_H_
#define SPILLWAY_TESTS_SUPPORT_RANDOM_BUCKETS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace spillway::testing {

template <class Random>
double RandomRate(Random& random) {
  if (random.OneIn(2)) {
    return random.template Of<double>({1,    2,     3,     5,           7,          10,
                                       50,   1000,  3000,  1e6,         1e8,        1e9,
                                       0.1,  0.001, 1e-10, 1e-6,        1.0 / 3,    7.0 / 60,
                                       2.5,  3e7,   6e8,   999999999.0, 1.0 / 3600, 100.0 / 86400,
                                       33.33});
  }
  return std::clamp(std::pow(10.0, static_cast<double>(random.Below(19'000)) / 1000 - 10), 1e-10,
                    1e9);
}

template <class Random>
int32_t RandomBurst(Random& random) {
  if (random.OneIn(8)) return random.template Of<int32_t>({1'000'000'000, 999'999'937, 1 << 29});
  if (random.OneIn(4)) return 1 + random.Below(100'000);
  return 1 + random.Below(10);
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_RANDOM_BUCKETS_H_
