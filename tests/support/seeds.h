// Tests that are run for many seeds.
#ifndef SPILLWAY_TESTS_SUPPORT_SEEDS_H_
#define SPILLWAY_TESTS_SUPPORT_SEEDS_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace spillway::testing {

// `body(seed)` for 1 to `seeds`, until one fails; with SPILLWAY_SEED=<seed>, for that one alone.
template <class Body>
void ForEachSeed(uint64_t seeds, const Body& body) {
  const char* only = std::getenv("SPILLWAY_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? seeds : first;
  for (uint64_t seed = first; seed <= last && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    body(seed);
  }
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_SEEDS_H_
