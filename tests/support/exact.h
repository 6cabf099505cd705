// Arithmetic of tests that must not round.
#ifndef SPILLWAY_TESTS_SUPPORT_EXACT_H_
#define SPILLWAY_TESTS_SUPPORT_EXACT_H_

#include <cstdint>

#include "spillway/base/rate.h"

namespace spillway::testing {

__extension__ using SignedWide = __int128;

struct Quotient {
  Wide whole;
  Wide rest;
};

// a * b / c, though the product needs more than 128 bits; the quotient does not, and c is below
// 2^126. By doubling, as by hand.
inline Quotient MultiplyDivide(Wide a, Wide b, Wide c) {
  Quotient result{0, 0};
  for (int bit = 127; bit >= 0; --bit) {
    result.whole *= 2;
    result.rest *= 2;
    if ((b >> bit & 1) != 0) {
      result.whole += a / c;
      result.rest += a % c;
    }
    result.whole += result.rest / c;
    result.rest %= c;
  }
  return result;
}

inline Wide DivideUp(Wide value, Wide by) { return value / by + (value % by != 0); }

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_EXACT_H_
