// What a bucket decides, as a function of its word, the time and its options.
#ifndef SPILLWAY_LIMITER_BUCKET_WORD_H_
#define SPILLWAY_LIMITER_BUCKET_WORD_H_

#include <cstdint>

#include "spillway/limiter/token_clock.h"

namespace spillway {

// full at:62 | scale:2. The time at which the bucket is full again (of GCRA: the theoretical
// arrival time), on the bucket's TokenClock, and which of the bucket's clocks that is. A time that
// has passed is a full bucket, so refilling is no work, and time that steps back finds the bucket
// as much emptier as the step was long: it mints nothing.
//
// Scale 0 is memory that was never written: the options say how full it is. Changing rate and burst
// moves the word to another scale in one step with the tokens it stands for.
class BucketWord {
 public:
  static constexpr uint64_t kScales = 4;
  static constexpr uint64_t kFresh = 0;
  static constexpr uint64_t kAsMade = 1;

  // What lies further ahead, 36 years or longer, is taken for long past: the clock has wrapped
  // since.
  static constexpr int64_t kMostAhead = int64_t{1} << 62;

  // The most that can be owed: 32 years of a rate of at most 5e8 a second, 32 years or longer of
  // others. So it still lies ahead when time steps back by 4 years.
  static constexpr int64_t kMostOwed = kMostAhead - kMostAhead / 8;

  constexpr explicit BucketWord(uint64_t bits) : bits_(bits) {}

  constexpr uint64_t bits() const { return bits_; }
  constexpr uint64_t scale() const { return bits_ % kScales; }

  // How far the time of being full lies ahead of `time`, which is of the same scale; below 0: it
  // has passed.
  constexpr int64_t Ahead(uint64_t time) const { return static_cast<int64_t>(bits_ - time); }

 private:
  uint64_t bits_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_BUCKET_WORD_H_
