// A rate as an exact fraction.
#ifndef SPILLWAY_BASE_RATE_H_
#define SPILLWAY_BASE_RATE_H_

#include <cmath>
#include <cstdint>
#include <numeric>

#include "spillway/base/time.h"

namespace spillway {

__extension__ using Wide = unsigned __int128;

// So many events in so many nanoseconds, in lowest terms.
struct Rate {
  uint64_t events;
  Wide nanos;
};

namespace internal {

struct Fraction {
  Wide over;
  Wide under;
};

// The fraction of the smallest numbers from `low` to `high`, 0 < low < high: both are the same
// continued fraction up to where they part.
inline Fraction Simplest(Fraction low, Fraction high) {
  Fraction before{0, 1};  // the last two of the fractions that come ever closer
  Fraction last{1, 0};
  for (;;) {
    Wide whole = low.over / low.under;
    const bool ends = low.over == whole * low.under;
    const bool parted = !ends && high.over >= (whole + 1) * high.under;
    if (parted) ++whole;
    const Fraction next{whole * last.over + before.over, whole * last.under + before.under};
    if (ends || parted) return next;
    before = last;
    last = next;
    const Fraction rest_of_low{low.over - whole * low.under, low.under};
    const Fraction rest_of_high{high.over - whole * high.under, high.under};
    low = {rest_of_high.under, rest_of_high.over};
    high = {rest_of_low.under, rest_of_low.over};
  }
}

}  // namespace internal

// The rate that people mean by a number: 0.1 is a tenth, though no double is. Of all fractions
// that read as this double it is the one of the smallest numbers: at most those of the double
// itself, so that `events` is below 2^54 and `nanos` below 2^117 for 1e-10 to 1e9 a second.
inline Rate RateOf(double per_second) {
  int exponent = 0;
  const auto digits = static_cast<uint64_t>(std::ldexp(std::frexp(per_second, &exponent), 53));
  // per_second is digits / under, and all numbers half a last digit around it read as the same.
  const Wide under = Wide{1} << (53 - exponent);
  const internal::Fraction simplest =
      internal::Simplest({Wide{digits} * 2 - 1, under * 2}, {Wide{digits} * 2 + 1, under * 2});
  const auto events = static_cast<uint64_t>(simplest.over);
  const uint64_t shared = std::gcd(events, static_cast<uint64_t>(kNanosPerSecond));
  return {events / shared, simplest.under * (static_cast<uint64_t>(kNanosPerSecond) / shared)};
}

}  // namespace spillway

#endif  // SPILLWAY_BASE_RATE_H_
