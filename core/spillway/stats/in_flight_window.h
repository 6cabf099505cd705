// Which of the calls that were started are slow, told by their age while they run.
#ifndef SPILLWAY_STATS_IN_FLIGHT_WINDOW_H_
#define SPILLWAY_STATS_IN_FLIGHT_WINDOW_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "spillway/base/time.h"
#include "spillway/stats/bucket_ring.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Calls are counted by the bucket they start in: started, finished in time, ignored. Once a bucket
// is over for longer than `limit`, whatever it started and did not see finished in time is slow:
// such a call is evidence once, at the end of its start bucket plus `limit`, and stays in the
// window from there. A call that finishes later writes nothing here, so it cannot be counted again.
//
// Buckets are as long as those of the time window, but at least limit / 8; a verdict is late by at
// most one of them. Cells live in memory that the caller gives, all-zero when fresh.
class InFlightWindow {
 public:
  struct Judged {
    uint64_t calls = 0;
    uint64_t slow = 0;
  };

  enum class Start {
    kCounted,
    kOpenedBucket,  // counted, and the first of its bucket: time to judge
    kUntracked,  // a whole lap late, or the cell is full: not counted, and must not be settled here
  };

  constexpr InFlightWindow(Nanos window, Nanos window_bucket, Nanos limit)
      : ring_(BucketFor(window_bucket, limit), BucketsFor(window, window_bucket, limit)),
        window_(static_cast<uint64_t>(window)),
        limit_(static_cast<uint64_t>(limit)) {}

  constexpr size_t words() const { return size_t{kKinds} * ring_.buckets(); }
  constexpr uint64_t Epoch(Nanos start, uint64_t period) const {
    return ring_.Epoch(start, period);
  }

  Start RecordStart(Word* cells, uint64_t epoch) const noexcept {
    return Add(cells, kStarted, epoch);
  }
  void RecordOnTime(Word* cells, uint64_t epoch) const noexcept { Add(cells, kOnTime, epoch); }
  void RecordIgnored(Word* cells, uint64_t epoch) const noexcept { Add(cells, kIgnored, epoch); }

  // The calls whose verdict fell into the window that ends at `now`.
  Judged Counts(const Word* cells, Nanos now, uint64_t period) const noexcept {
    const uint64_t current = ring_.Epoch(now, period);
    const uint64_t offset = ring_.Offset(now);
    Judged judged;
    for (uint32_t slot = 0; slot < ring_.buckets(); ++slot) {
      // (10) acquire: pairs with (11). Started is read before the two that answer it: a call seen
      // as finished or ignored was seen as started, up to those that start meanwhile, and the
      // differences below saturate for these.
      const uint64_t started =
          cells[kStarted * ring_.buckets() + slot].load(std::memory_order_acquire);
      const uint64_t lap = ring_.Lap(started);
      const uint64_t epoch = ring_.Epoch({lap, slot});
      if (lap == 0 || epoch >= current || current - epoch >= ring_.buckets()) continue;
      const uint64_t over_for = offset + (current - epoch - 1) * ring_.bucket();
      if (over_for <= limit_ || over_for > limit_ + window_) continue;
      const uint64_t ignored = CountOf(cells, kIgnored, slot, lap);
      const uint64_t on_time = CountOf(cells, kOnTime, slot, lap);
      const uint64_t calls = Minus(ring_.Value(started), ignored);
      judged.calls += calls;
      judged.slow += Minus(calls, on_time);
    }
    return judged;
  }

  // A period in which the window is empty.
  uint64_t NextPeriod(const Word* cells, Nanos now) const noexcept {
    uint64_t newest = 0;
    for (uint32_t slot = 0; slot < ring_.buckets(); ++slot) {
      const uint64_t lap =
          ring_.Lap(cells[kStarted * ring_.buckets() + slot].load(std::memory_order_relaxed));
      if (lap != 0) newest = std::max(newest, ring_.Epoch({lap, slot}));
    }
    return ring_.PeriodAfter(newest, now);
  }

 private:
  enum Kind : uint32_t { kStarted, kOnTime, kIgnored, kKinds };

  static constexpr Nanos BucketFor(Nanos window_bucket, Nanos limit) {
    return std::max(window_bucket, (limit + 7) / 8);
  }

  // A bucket is read until it has been over for limit + window, and two more are partly used at any
  // time.
  static constexpr uint32_t BucketsFor(Nanos window, Nanos window_bucket, Nanos limit) {
    const Nanos bucket = BucketFor(window_bucket, limit);
    return static_cast<uint32_t>((window + limit + bucket - 1) / bucket) + 2;
  }

  static constexpr uint64_t Minus(uint64_t from, uint64_t amount) {
    return from > amount ? from - amount : 0;
  }

  uint64_t CountOf(const Word* cells, Kind kind, uint32_t slot, uint64_t lap) const noexcept {
    const uint64_t word = cells[kind * ring_.buckets() + slot].load(std::memory_order_relaxed);
    return ring_.Lap(word) == lap ? ring_.Value(word) : 0;
  }

  Start Add(Word* cells, Kind kind, uint64_t epoch) const noexcept {
    const BucketRing::Place place = ring_.PlaceOf(epoch);
    Word& cell = cells[kind * ring_.buckets() + place.slot];
    uint64_t seen = cell.load(std::memory_order_relaxed);
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
      if (ring_.Lap(seen) == place.lap) {
        // Half the room is kept free for additions that race past this test: a value never carries
        // into its lap.
        if (ring_.Value(seen) > ring_.value_mask() / 2) return Start::kUntracked;
        // (11) release: pairs with (10).
        cell.fetch_add(1, std::memory_order_release);
        return Start::kCounted;
      }
      if (ring_.Lap(seen) > place.lap) return Start::kUntracked;
      // (11) release, as above: the first of its bucket replaces the cell of an old lap.
      if (cell.compare_exchange_weak(seen, ring_.Cell(place.lap, 1), std::memory_order_release,
                                     std::memory_order_relaxed)) {
        return Start::kOpenedBucket;
      }
    }
    return Start::kUntracked;
  }

  BucketRing ring_;
  uint64_t window_;
  uint64_t limit_;
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_IN_FLIGHT_WINDOW_H_
