// What a cell of a keyed limiter says, as a function of its word and the time.
#ifndef SPILLWAY_LIMITER_KEYED_LIMITER_WORD_H_
#define SPILLWAY_LIMITER_KEYED_LIMITER_WORD_H_

#include <cstdint>

#include "spillway/limiter/key_hash.h"

namespace spillway {

// tag:24 | claimed:1 | full at:39. Of which key it is, and when that key has all its tokens again,
// in units of the limiter's clock: then the cell is free, and nobody has to free it. A cell that is
// claimed holds no tokens yet: its key is being entered. A claim with the time 0 is what a reset
// leaves: nobody's, and free at every time.
//
// The time is taken modulo 2^39. Only a time that lies up to `span` ahead has not passed; all
// others have. So a cell that nobody has used for a whole turn of the clock may be taken for one of
// a key that has taken tokens, of at most its burst.
class KeyedLimiterWord {
 public:
  static constexpr uint32_t kTimeBits = 39;
  static constexpr uint64_t kTimeMask = (uint64_t{1} << kTimeBits) - 1;
  static constexpr uint64_t kEmpty = 0;

  // Of the low bits of the hash; never 0, which is that of an empty cell.
  static constexpr uint64_t TagOf(KeyHash hash) {
    const uint64_t tag = hash.bits & 0xff'ffff;
    return tag == 0 ? 1 : tag;
  }

  constexpr explicit KeyedLimiterWord(uint64_t bits) : bits_(bits) {}
  static constexpr KeyedLimiterWord Taken(uint64_t tag, uint64_t full_at) {
    return KeyedLimiterWord(tag << (kTimeBits + 1) | (full_at & kTimeMask));
  }
  static constexpr KeyedLimiterWord Claimed(uint64_t tag, uint64_t full_at) {
    const uint64_t time = full_at & kTimeMask;
    return KeyedLimiterWord(LeftByReset(tag).bits() | (time == 0 ? 1 : time));
  }
  static constexpr KeyedLimiterWord LeftByReset(uint64_t tag) {
    return KeyedLimiterWord((tag << 1 | 1) << kTimeBits);
  }

  // Of a claim: another one, which is nobody's.
  constexpr KeyedLimiterWord Cancelled() const { return Claimed(tag(), bits_ + 1); }

  constexpr uint64_t bits() const { return bits_; }
  constexpr uint64_t tag() const { return bits_ >> (kTimeBits + 1); }
  constexpr bool claimed() const { return (bits_ >> kTimeBits & 1) != 0; }
  // Whether it is free, and was so at every time.
  constexpr bool vacant() const { return bits_ == kEmpty || *this == LeftByReset(tag()); }

  // Whether it says what the key of this tag has taken.
  constexpr bool IsOf(uint64_t tag) const { return bits_ >> kTimeBits == tag << 1; }

  // How far ahead of `time` it is full, when that is up to `span`; else it has passed.
  constexpr uint64_t Distance(uint64_t time) const { return (bits_ - time) & kTimeMask; }

  // The same; 0 when that has passed.
  constexpr uint64_t Ahead(uint64_t time, uint64_t span) const {
    const uint64_t ahead = Distance(time);
    return ahead <= span && !vacant() ? ahead : 0;
  }

  friend constexpr bool operator==(KeyedLimiterWord, KeyedLimiterWord) = default;

 private:
  uint64_t bits_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_KEYED_LIMITER_WORD_H_
