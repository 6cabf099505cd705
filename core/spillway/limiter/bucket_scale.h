// What the word of a bucket is measured by, and how that changes under the calls.
#ifndef SPILLWAY_LIMITER_BUCKET_SCALE_H_
#define SPILLWAY_LIMITER_BUCKET_SCALE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "spillway/limiter/bucket_word.h"
#include "spillway/limiter/token_clock.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// What a bucket is made for.
struct BucketSize {
  double rate;       // tokens a second
  int32_t burst;     // as it was given: of a leaky bucket `free`, which may be above its capacity
  int32_t room = 0;  // what a leaky bucket holds; 0: a token bucket

  friend bool operator==(const BucketSize&, const BucketSize&) = default;
};

// A clock, what it was made for, and how many changes came before it.
struct BucketScale {
  TokenClock clock;
  BucketSize size;
  uint32_t change;

  static BucketScale Of(const BucketSize& size, uint32_t change) {
    if (size.room == 0) return {TokenClock(size.rate, size.burst), size, change};
    return {TokenClock(size.rate, std::min(size.burst, size.room), size.room), size, change};
  }

  // The most that can be taken by one call, tokens; and that can be missing, on the clock.
  uint64_t limit() const {
    return size.room == 0 ? clock.burst() : static_cast<uint64_t>(size.room);
  }
  uint64_t most() const {
    return size.room == 0 ? uint64_t{BucketWord::kMostOwed} : limit() * clock.token();
  }
};

// The scales of a changed bucket take turns in two of these.
class BucketScaleCell {
 public:
  void Store(const BucketScale& scale) noexcept;
  void Load(BucketScale* scale) const noexcept;
  bool Holds(uint32_t change) const noexcept;

 private:
  static constexpr size_t kWords = (sizeof(BucketScale) + sizeof(Word) - 1) / sizeof(Word);
  Word words_[kWords];
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_BUCKET_SCALE_H_
