// When a client throttle refuses. Pure functions: no atomics, no clock.
#ifndef SPILLWAY_CONCURRENCY_CLIENT_THROTTLE_RULE_H_
#define SPILLWAY_CONCURRENCY_CLIENT_THROTTLE_RULE_H_

#include <algorithm>
#include <cstdint>

#include "spillway/base/rate.h"

namespace spillway {

// The calls of the window before the one that is asked for.
struct ThrottleCounts {
  uint64_t requests = 0;
  uint64_t accepts = 0;  // those of them that were accepted
};

// "Site Reliability Engineering" (Beyer and others, 2016), chapter 21: a call is refused with the
// probability max(0, (requests - k * accepts) / (requests + 1)), here at most `most`. Numbers are
// in units of 0.0001 and compared exactly.
struct ThrottleRule {
  static constexpr uint64_t kUnit = 10'000;

  uint64_t k;
  uint64_t most;

  // By how much the requests exceed k times the accepts, in units.
  constexpr uint64_t Excess(const ThrottleCounts& counts) const {
    const uint64_t requests = counts.requests * kUnit;
    return requests - std::min(requests, counts.accepts * k);
  }

  // The most requests without an excess.
  constexpr uint64_t Borne(uint64_t accepts) const { return accepts * k / kUnit; }

  // `draw` is a number of 32 bits, all equally likely.
  constexpr bool Refuses(const ThrottleCounts& counts, uint64_t draw) const {
    // draw / 2^32 is below the probability.
    const uint64_t whole = (counts.requests + 1) * kUnit;
    const bool by_counts = Wide{draw} * whole < Wide{Excess(counts)} << kDrawBits;
    return by_counts && draw * kUnit < most << kDrawBits;
  }

  // The probability itself, for people.
  constexpr double Chance(const ThrottleCounts& counts) const {
    const double chance =
        static_cast<double>(Excess(counts)) / static_cast<double>((counts.requests + 1) * kUnit);
    return std::min(chance, static_cast<double>(most) / static_cast<double>(kUnit));
  }

  static constexpr uint32_t kDrawBits = 32;
};

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_CLIENT_THROTTLE_RULE_H_
