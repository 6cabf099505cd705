// A ring of time buckets whose cells say by themselves which bucket they belong to.
#ifndef SPILLWAY_STATS_BUCKET_RING_H_
#define SPILLWAY_STATS_BUCKET_RING_H_

#include <algorithm>
#include <bit>
#include <cstdint>

#include "spillway/base/divider.h"
#include "spillway/base/time.h"

namespace spillway {

// Time is cut into buckets and laps of `buckets` buckets. A cell of the ring is one word, tag |
// value: the tag is the number of the lap it was last used in, so a cell that was left behind is
// known as old however long ago that was, and there is nothing to clear and nothing to forget to
// clear.
//
// The tag has as many bits as laps fit into all of int64 time (and one more for periods, below),
// the value has the rest: at least log2 of the lap in nanoseconds. So no tag ever wraps, and a
// value has room for a call every other nanosecond for a whole lap.
//
// Periods: an owner that must forget everything at once (a breaker that closes) moves all later
// places ahead by whole laps. Whatever was counted before is then as old as if that much time had
// passed. The owner keeps the number of laps, its period, in its own state word, so that forgetting
// is one step.
//
// Tag 0 is never used: all-zero cells belong to no bucket.
class BucketRing {
 public:
  struct Place {
    uint64_t tag;     // lap the bucket belongs to
    uint32_t slot;    // its index in the ring
    uint64_t offset;  // nanoseconds since it began
  };

  constexpr BucketRing(Nanos bucket, uint32_t buckets)
      : bucket_(static_cast<uint64_t>(bucket)),
        lap_(static_cast<uint64_t>(bucket) * buckets),
        buckets_(buckets),
        value_bits_(
            std::min(static_cast<uint32_t>(std::bit_width(lap_.divisor())) - 1, kMaxValueBits)) {}

  constexpr Place At(Nanos now, uint64_t period) const {
    const uint64_t time = static_cast<uint64_t>(now < 0 ? 0 : now);
    const uint64_t lap = lap_.Quotient(time);
    const uint64_t in_lap = time - lap * lap_.divisor();
    const uint64_t slot = bucket_.Quotient(in_lap);
    return {lap + period + 1, static_cast<uint32_t>(slot), in_lap - slot * bucket_.divisor()};
  }

  // Buckets numbered along all laps and periods.
  constexpr uint64_t Epoch(const Place& place) const { return place.tag * buckets_ + place.slot; }
  constexpr uint64_t Epoch(uint64_t tag, uint32_t slot) const { return tag * buckets_ + slot; }

  constexpr uint64_t Tag(uint64_t word) const { return word >> value_bits_; }
  constexpr uint64_t Value(uint64_t word) const { return word & value_mask(); }
  constexpr uint64_t Pack(uint64_t tag, uint64_t value) const {
    return tag << value_bits_ | (value & value_mask());
  }

  // The smallest period in which nothing up to `newest_epoch` is left in the ring, for callers up
  // to a lap behind `now`.
  constexpr uint64_t PeriodAfter(uint64_t newest_epoch, Nanos now) const {
    const uint64_t must_reach = newest_epoch + 2 * uint64_t{buckets_};
    const uint64_t reached = Epoch(At(now, 0));
    if (newest_epoch == 0 || must_reach <= reached) return 0;
    const uint64_t laps = (must_reach - reached + buckets_ - 1) / buckets_;
    return std::min(laps, max_period());
  }

  // Reached after that many forgettings within one lap: from then on forgetting leaves the old
  // counts in place.
  constexpr uint64_t max_period() const { return (uint64_t{1} << (63 - value_bits_)) - 1; }

  constexpr uint64_t value_mask() const { return (uint64_t{1} << value_bits_) - 1; }
  constexpr uint32_t buckets() const { return buckets_; }
  constexpr uint64_t bucket() const { return bucket_.divisor(); }

 private:
  // More than an hour of calls at full speed. Leaves long laps enough tags for their periods.
  static constexpr uint32_t kMaxValueBits = 40;

  Divider bucket_;
  Divider lap_;
  uint32_t buckets_;
  uint32_t value_bits_;
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_BUCKET_RING_H_
