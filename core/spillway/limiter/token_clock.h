// Time told in tokens: what makes one word enough for a token bucket, at any rate, without rounding
// that adds up.
#ifndef SPILLWAY_LIMITER_TOKEN_CLOCK_H_
#define SPILLWAY_LIMITER_TOKEN_CLOCK_H_

#include <algorithm>
#include <cstdint>

#include "spillway/base/branch.h"
#include "spillway/base/divider.h"
#include "spillway/base/rate.h"
#include "spillway/base/time.h"

namespace spillway {

// A clock that moves on by `token()` while one token flows in. Its unit is as close to a nanosecond
// as a whole number of units a token allows (longer where `burst` tokens would not fit otherwise,
// and for a token of less than 2 ns), and it is shown in quarters of that unit, whose lowest two
// bits are 0 and free for other use.
//
// Each time is converted by itself, rounded down, so nothing adds up: after k tokens' worth of time
// the clock shows exactly k tokens, and at no time of the 292 years it is off by a unit.
//
// The clock wraps at 2^64: differences of two of its times are taken as signed numbers, good for
// 2^63 quarters, which is 73 years or longer.
class TokenClock {
 public:
  // `rate` in tokens a second, 1e-10 to 1e9; `burst` up to 2^30.
  TokenClock(double rate, int64_t burst) : TokenClock(rate, burst, burst) {}
  // For a bucket that may also owe some: a unit in which `most` tokens fit, from `burst` to 2^30.
  // `most_units` that a token has: for words with fewer bits.
  TokenClock(double rate, int64_t burst, int64_t most, uint64_t most_units = kMostUnits)
      : TokenClock(RateOf(rate), burst, most, most_units) {}

  [[gnu::always_inline]] uint64_t At(Nanos now) const { return Units(now) << kSpareBits; }
  // The same of a clock that is_nanos().
  static constexpr uint64_t OfNanos(Nanos now) {
    return static_cast<uint64_t>(std::max<Nanos>(now, 0)) << kSpareBits;
  }

  // In whole units, which wrap never.
  [[gnu::always_inline]] uint64_t Units(Nanos now) const {
    auto time = static_cast<uint64_t>(std::max<Nanos>(now, 0));
    if (!is_nanos()) [[unlikely]]
      time = static_cast<uint64_t>((Wide{OnlyHere(time) << 1} * multiplier_) >> 64) >> shift_;
    return time;
  }

  constexpr uint64_t token() const { return token_.divisor(); }
  constexpr uint64_t token_units() const { return token() >> kSpareBits; }
  constexpr uint64_t capacity() const { return capacity_; }
  constexpr uint64_t burst() const { return burst_; }

  // How many whole tokens there are in a span of the clock, below 2^63.
  constexpr uint64_t Tokens(uint64_t span) const { return token_.Quotient(span); }

  // How long after `now` the clock has moved on by `span`, below 2^63; kForever if it never does.
  Nanos Until(Nanos now, uint64_t span) const {
    return UntilUnits(now, (span + (1 << kSpareBits) - 1) >> kSpareBits);
  }

  // The same of whole units, below 2^63.
  Nanos UntilUnits(Nanos now, uint64_t units) const {
    now = std::max<Nanos>(now, 0);
    if (is_nanos()) [[likely]]
      return std::min(static_cast<Nanos>(units), kForever - now);
    if (units == 0) return 0;
    const Wide at = Wide{Units(now)} + units;
    if (at >> (64 - shift_) != 0) return kForever;  // a unit is more than 2^shift ns
    const Wide then = ((at << (kFractionBits + shift_)) + multiplier_ - 1) / multiplier_;
    return then > static_cast<Wide>(kForever) ? kForever : static_cast<Nanos>(then) - now;
  }

  // Whether the unit is the nanosecond, as it is at most rates that people choose: nothing waits
  // for a multiplication then.
  constexpr bool is_nanos() const { return multiplier_ == uint64_t{1} << kFractionBits; }

 private:
  static constexpr uint32_t kSpareBits = 2;
  static constexpr uint32_t kFractionBits = 63;
  // So that a full bucket, and as much debt again, is less than a quarter of the way to the wrap.
  static constexpr uint64_t kMostUnits = uint64_t{1} << 59;

  TokenClock(const Rate& rate, int64_t burst, int64_t most, uint64_t most_units)
      : token_(UnitsOfToken(rate, most, most_units) << kSpareBits),
        multiplier_(Multiplier(rate, token_units())),
        burst_(static_cast<uint32_t>(burst)),
        shift_(Shift(rate, token_units())),
        capacity_(burst_ * token()) {}

  static uint64_t UnitsOfToken(const Rate& rate, int64_t most, uint64_t most_units) {
    const Wide longest = std::min(most_units, kMostUnits / static_cast<uint64_t>(most));
    return static_cast<uint64_t>(std::clamp<Wide>(rate.nanos / rate.events, 1, longest));
  }

  // How many bits more a multiplier has room for, where units are long: so it is as exact there.
  static uint32_t Shift(const Rate& rate, uint64_t units) {
    uint32_t shift = 0;
    while (rate.nanos >> (shift + 2) >= Wide{rate.events} * units) ++shift;
    return shift;
  }

  // Units in a nanosecond, at most 1, times 2^(63 + shift), rounded up: by a division in binary,
  // because the numbers are too long for any other.
  static uint64_t Multiplier(const Rate& rate, uint64_t units) {
    const uint32_t bits = kFractionBits + Shift(rate, units);
    Wide rest = Wide{rate.events} * units;
    uint64_t quotient = static_cast<uint64_t>(rest / rate.nanos);
    rest %= rate.nanos;
    for (uint32_t i = 0; i < bits; ++i) {
      rest <<= 1;
      quotient = quotient << 1 | (rest >= rate.nanos);
      if (rest >= rate.nanos) rest -= rate.nanos;
    }
    return quotient + (rest != 0);
  }

  Divider token_;
  uint64_t multiplier_;
  uint32_t burst_;
  uint32_t shift_;
  uint64_t capacity_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_TOKEN_CLOCK_H_
