// Times as a broken clock gives them.
#ifndef SPILLWAY_TESTS_FUZZ_ANY_TIME_H_
#define SPILLWAY_TESTS_FUZZ_ANY_TIME_H_

#include <limits>

#include "spillway/base/time.h"
#include "tests/fuzz/byte_reader.h"

namespace spillway::fuzz {

// Any time there is, the ends and the past more often than the rest.
inline Nanos AnyTime(ByteReader& input, Nanos now) {
  constexpr Nanos kFirst = std::numeric_limits<Nanos>::min();
  constexpr Nanos kYear = 365 * 86'400 * kNanosPerSecond;
  switch (input.Below(8)) {
    case 0:
      return input.Take<Nanos>();
    case 1:
      return input.Of<Nanos>({kFirst, kFirst + 1, -1, 0, 1, kForever - 1, kForever});
    case 2:  // a bit back
      return SaturatingAdd(now, -input.Below<Nanos>(Nanos{1} << 32));
    case 3:  // centuries back
      return SaturatingAdd(now, -kYear * input.Below(290));
    default:  // centuries ahead
      return SaturatingAdd(now, kYear * input.Below(290) + input.Below<Nanos>(1000));
  }
}

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_ANY_TIME_H_
