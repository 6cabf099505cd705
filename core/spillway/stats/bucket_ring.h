// A ring of time buckets whose cells say by themselves which bucket they belong to.
#ifndef SPILLWAY_STATS_BUCKET_RING_H_
#define SPILLWAY_STATS_BUCKET_RING_H_

#include <algorithm>
#include <bit>
#include <cstdint>

#include "spillway/base/divider.h"
#include "spillway/base/time.h"

namespace spillway {

// Time is cut into buckets, numbered without end (their epochs), and N of them share the N cells of
// the ring in turn. A cell is one word, lap | value: the lap, epoch / N, says which of the buckets
// that share the cell it was last used by. So a cell that was left behind is known as old however
// long ago that was, and there is nothing to clear and nothing to forget to clear.
//
// The lap has as many bits as laps fit into all of int64 time (and one more for periods, below),
// the value has the rest: at least log2 of the ring's length in nanoseconds. So no lap ever wraps,
// and a value has room for a call every other nanosecond for as long as the ring reaches.
//
// Periods: an owner that must forget everything at once (a breaker that closes) adds a number of
// buckets, its period, to all later epochs. Whatever was counted before is then as old as if that
// much time had passed. The owner keeps the period in its own state word: forgetting is one step.
//
// Epochs begin further on than the longest ring, so lap 0 belongs to no bucket and all-zero cells
// hold nothing.
class BucketRing {
 public:
  static constexpr uint64_t kFirstEpoch = 1024;  // also the most buckets a ring can have

  struct Place {
    uint64_t lap;
    uint32_t slot;
  };

  constexpr BucketRing(Nanos bucket, uint32_t buckets)
      : bucket_(static_cast<uint64_t>(bucket)),
        buckets_(buckets),
        value_bits_(std::min(BitWidth(bucket_.divisor() * buckets) - 1, kMaxValueBits)) {}

  constexpr uint64_t Epoch(Nanos now, uint64_t period) const {
    return bucket_.Quotient(static_cast<uint64_t>(std::max<Nanos>(now, 0))) + period + kFirstEpoch;
  }
  constexpr uint64_t Epoch(const Place& place) const { return place.lap * buckets() + place.slot; }
  constexpr Place PlaceOf(uint64_t epoch) const {
    const uint64_t lap = buckets_.Quotient(epoch);
    return {lap, static_cast<uint32_t>(epoch - lap * buckets())};
  }

  constexpr uint64_t Lap(uint64_t cell) const { return cell >> value_bits_; }
  constexpr uint64_t Value(uint64_t cell) const { return cell & value_mask(); }
  constexpr uint64_t Cell(uint64_t lap, uint64_t value) const {
    return lap << value_bits_ | (value & value_mask());
  }

  // The smallest period in which nothing up to `newest_epoch` is left in the ring, for callers up
  // to a ring's length behind `now`.
  constexpr uint64_t PeriodAfter(uint64_t newest_epoch, Nanos now) const {
    const uint64_t needed = newest_epoch + 2 * buckets();
    const uint64_t reached = Epoch(now, 0);
    return newest_epoch == 0 || needed <= reached ? 0 : std::min(needed - reached, max_period());
  }

  // Reached after millions of forgettings within one ring's length: from then on the old counts
  // stay.
  constexpr uint64_t max_period() const { return (uint64_t{1} << (62 - value_bits_)) * buckets(); }

  constexpr uint64_t value_mask() const { return (uint64_t{1} << value_bits_) - 1; }
  constexpr uint64_t buckets() const { return buckets_.divisor(); }
  constexpr uint64_t bucket() const { return bucket_.divisor(); }

 private:
  // More than an hour of calls at full speed. Leaves long rings enough laps for their periods.
  static constexpr uint32_t kMaxValueBits = 40;

  static constexpr uint32_t BitWidth(uint64_t value) {
    return static_cast<uint32_t>(std::bit_width(value));
  }

  Divider bucket_;
  Divider buckets_;
  uint32_t value_bits_;
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_BUCKET_RING_H_
