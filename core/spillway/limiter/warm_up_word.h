// What a token bucket that warms up decides, as a function of its word, the time and its options.
#ifndef SPILLWAY_LIMITER_WARM_UP_WORD_H_
#define SPILLWAY_LIMITER_WARM_UP_WORD_H_

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "spillway/base/rate.h"
#include "spillway/base/time.h"

namespace spillway {

// warmth | next | scale:2, with as many bits for the two as the options need. A call passes once
// `next` has come, and moves it on by what it costs. Each token that is taken also warms the bucket
// by one; idle time cools it. The colder, the dearer a token, in a straight line from `cold_factor`
// times its usual time down to once that, which it is from a warmth of `ramp` on.
//
// Both count units of the bucket's TokenClock, as many of warmth a token as a token takes time: so
// what a token costs beside the ramp is what it warms. A warmth of 0 is a bucket that is cold and
// open, whatever `next` says, and so is memory that was never written.
//
// `next` is kept modulo a lap of the clock, and read as the time of that remainder that is nearest
// to a time that is known to be no further from it than a half.
class WarmUp {
 public:
  struct State {
    uint64_t warmth;
    uint64_t next;  // unit of the clock, since its beginning

    friend bool operator==(const State&, const State&) = default;
  };

  static constexpr uint64_t kScales = 4;
  static constexpr uint64_t kCold = 2;  // the word, and its scale

  // How many tokens flow in while a bucket warms up.
  static constexpr double kLeastTokens = 2;
  static constexpr double kMostTokens = 1e7;
  static constexpr double kMostProduct = 1e14;  // of that and `burst` times `cold_factor`

  // How many units a token may have, so that the word has room for warmth and for a lap; 0: the
  // options cannot be together.
  static constexpr uint64_t MostUnits(double rate, double burst, Nanos warm_up,
                                      double cold_factor) {
    const double tokens = rate * (static_cast<double>(warm_up) / 1e9);
    const double calls = burst * cold_factor;
    if (!(tokens >= kLeastTokens && tokens <= kMostTokens && tokens * calls <= kMostProduct))
      return 0;
    const uint32_t used =
        BitsOf(tokens * (0.5 + 2 / (1 + cold_factor))) + BitsOf(std::max(tokens, calls)) + kLapBits;
    // Shared out evenly among finer warmth, finer time and longer laps.
    return uint64_t{1} << (kBits - used) / 3;
  }

  // `warm_up` in units of the clock.
  WarmUp(uint64_t warm_up, double cold_factor)
      : warm_up_(warm_up),
        ramp_(std::max<uint64_t>(static_cast<uint64_t>(std::llround(static_cast<double>(warm_up) *
                                                                    2 / (1 + cold_factor))),
                                 1)),
        most_warmth_(ramp_ + warm_up / 2),
        next_bits_(kBits - static_cast<uint32_t>(std::bit_width(most_warmth_))) {}

  // The most that can be owed: time may step back as far again, and be idle for as long, before
  // `next` lies half a lap off. A bucket that was idle for longer is cold.
  uint64_t most_owed() const { return uint64_t{1} << (next_bits_ - 2); }
  // The most a reservation can wait. No single call costs more.
  uint64_t most_wait() const { return most_owed() / 2; }

  // `near`: the time that `next` is near to. More owed than there can be is taken for cold.
  State Read(uint64_t word, uint64_t near) const {
    const uint64_t warmth = std::min(word >> (64 - kBits + next_bits_), most_warmth_);
    if (warmth == 0) return {0, 0};
    const uint32_t above = 64 - next_bits_;
    const auto ahead = static_cast<int64_t>((word / kScales - near) << above) >> above;
    if (ahead > static_cast<int64_t>(most_owed())) return {0, 0};
    if (ahead < 0) return {warmth, near - std::min(near, static_cast<uint64_t>(-ahead))};
    return {warmth, near + static_cast<uint64_t>(ahead)};
  }

  uint64_t Word(const State& state) const {
    const uint64_t next = state.next & ((uint64_t{1} << next_bits_) - 1);
    return (state.warmth << next_bits_ | next) * kScales + kCold;
  }

  // What becomes of the state when `tokens`, in units, up to most_owed(), are taken at `now`.
  State Take(const State& from, uint64_t now, uint64_t tokens) const {
    uint64_t warmth = from.warmth;
    if (now > from.next) warmth -= std::min(warmth, Cooled(now - from.next));
    return {std::min(warmth + tokens, most_warmth_),
            std::max(now, from.next) + Cost(warmth, tokens)};
  }

  // The time that `tokens` take. What they take more than in a warm bucket is the difference of two
  // numbers that belong to their warmth alone: rounding neither adds up nor makes one cheap.
  uint64_t Cost(uint64_t warmth, uint64_t tokens) const {
    return tokens + Extra(warmth) - Extra(warmth + tokens);
  }

  uint64_t most_warmth() const { return most_warmth_; }

 private:
  static constexpr uint32_t kBits = 62;    // without the scale
  static constexpr uint32_t kLapBits = 3;  // a lap is this much longer than what must fit in it

  static constexpr uint32_t BitsOf(double number) {
    return static_cast<uint32_t>(std::bit_width(static_cast<uint64_t>(number) + 1));
  }

  // What a bucket cools down in an idle time: all, in `warm_up`. Rounded up, so that rounding lets
  // nothing through.
  uint64_t Cooled(uint64_t idle) const {
    if (idle >= warm_up_) return most_warmth_;
    return (idle * most_warmth_ + warm_up_ - 1) / warm_up_;
  }

  // What the tokens from this warmth on take more than later, until it is warm. From a cold bucket
  // that, and the ramp, is `warm_up`.
  uint64_t Extra(uint64_t warmth) const {
    if (warmth >= ramp_) return 0;
    const Wide square = Wide{ramp_} * ramp_;
    const Wide left = Wide{ramp_ - warmth} * (ramp_ - warmth);
    return static_cast<uint64_t>((left * (warm_up_ - ramp_) + square - 1) / square);
  }

  uint64_t warm_up_;
  uint64_t ramp_;
  uint64_t most_warmth_;
  uint32_t next_bits_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_WARM_UP_WORD_H_
