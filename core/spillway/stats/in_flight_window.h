// Which of the calls that were started are slow, told by their age while they run.
#ifndef SPILLWAY_STATS_IN_FLIGHT_WINDOW_H_
#define SPILLWAY_STATS_IN_FLIGHT_WINDOW_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "spillway/base/time.h"
#include "spillway/stats/epoch_cells.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Calls are counted by the bucket they start in: started, finished in time, ignored. Once a bucket
// is over for longer than `limit`, whatever it started and did not see finished in time is slow:
// such a call is evidence once, at the end of its start bucket plus `limit`, and stays in the
// window from there. A call that finishes later writes nothing here, so it cannot be counted again.
//
// Buckets are as long as those of the time window, but at least limit / 8; a verdict is late by at
// most one of them. Cells live in memory that the caller gives, all-zero when fresh. Periods work
// as in BucketRing: the owner adds one to all later epochs.
class InFlightWindow {
 public:
  struct Judged {
    uint64_t calls = 0;
    uint64_t slow = 0;
  };

  // Of a start: counted, counted as the first of its bucket (time to judge), or not to be settled
  // here.
  using Start = EpochCells::Added;

  constexpr InFlightWindow(Nanos window, Nanos window_bucket, Nanos limit)
      : cells_(BucketFor(window_bucket, limit)),
        window_(static_cast<uint64_t>(window)),
        limit_(static_cast<uint64_t>(limit)),
        slots_(SlotsFor(window_ + limit_, cells_.bucket())) {}

  constexpr size_t words() const { return kKinds * slots_; }

  constexpr uint64_t Epoch(Nanos start, uint64_t period) const {
    return cells_.Epoch(start) + period;
  }

  // Counts one that is not the first of its bucket; false, with nothing counted, in any other case.
  [[gnu::always_inline]] bool TryRecordStart(Word* cells, uint64_t epoch) const noexcept {
    return cells_.TryAdd(CellOf(cells, kStarted, epoch), epoch);
  }

  [[gnu::always_inline]] bool TryRecordOnTime(Word* cells, uint64_t epoch) const noexcept {
    return cells_.TryAdd(CellOf(cells, kOnTime, epoch), epoch);
  }

  Start RecordStart(Word* cells, uint64_t epoch) const noexcept {
    return cells_.Add(CellOf(cells, kStarted, epoch), epoch);
  }
  void RecordOnTime(Word* cells, uint64_t epoch) const noexcept {
    cells_.Add(CellOf(cells, kOnTime, epoch), epoch);
  }
  void RecordIgnored(Word* cells, uint64_t epoch) const noexcept {
    cells_.Add(CellOf(cells, kIgnored, epoch), epoch);
  }

  // The calls whose verdict fell into the window that ends at `now`.
  Judged Counts(const Word* cells, Nanos now, uint64_t period) const noexcept {
    const uint64_t current = Epoch(now, period);
    const uint64_t offset = cells_.Offset(now);
    Judged judged;
    for (size_t slot = 0; slot < slots_; ++slot) {
      // (10) acquire: pairs with (11). Started is read before the two that answer it: a
      // call seen as finished or ignored was seen as started, up to those that start meanwhile, and
      // the differences below saturate for these.
      const uint64_t started = cells[kStarted * slots_ + slot].load(std::memory_order_acquire);
      const uint64_t epoch = cells_.EpochOf(started);
      if (epoch == 0 || epoch >= current || current - epoch >= slots_) continue;
      const uint64_t over_for = offset + (current - epoch - 1) * cells_.bucket();
      if (over_for <= limit_ || over_for > limit_ + window_) continue;
      const uint64_t ignored = LoadCell(cells, kIgnored, slot);
      const uint64_t on_time = LoadCell(cells, kOnTime, slot);
      // A later bucket has these cells by now. This one has left the window, and its answers are
      // gone.
      if (cells_.EpochOf(std::max(ignored, on_time)) > epoch) continue;
      const uint64_t calls = Minus(cells_.CountOf(started, epoch), cells_.CountOf(ignored, epoch));
      judged.calls += calls;
      judged.slow += Minus(calls, cells_.CountOf(on_time, epoch));
    }
    return judged;
  }

  // A period in which the window is empty.
  uint64_t NextPeriod(const Word* cells, Nanos now) const noexcept {
    uint64_t newest = 0;
    for (size_t slot = 0; slot < slots_; ++slot) {
      newest = std::max(newest, cells_.EpochOf(LoadCell(cells, kStarted, slot)));
    }
    const uint64_t needed = newest + 2 * slots_;
    const uint64_t reached = Epoch(now, 0);
    return newest == 0 || needed <= reached ? 0 : needed - reached;
  }

 private:
  enum Kind : uint32_t { kStarted, kOnTime, kIgnored, kKinds };

  static constexpr Nanos BucketFor(Nanos window_bucket, Nanos limit) {
    return std::max(window_bucket, (limit + 7) / 8);
  }

  // A bucket is read until it has been over for limit + window, and two more are partly used at any
  // time. A power of two, so that finding a cell takes no division.
  static constexpr size_t SlotsFor(uint64_t reach, uint64_t bucket) {
    return std::bit_ceil((reach + bucket - 1) / bucket + 2);
  }

  static constexpr uint64_t Minus(uint64_t from, uint64_t amount) {
    return from > amount ? from - amount : 0;
  }

  Word& CellOf(Word* cells, Kind kind, uint64_t epoch) const noexcept {
    return cells[kind * slots_ + (epoch & (slots_ - 1))];
  }
  uint64_t LoadCell(const Word* cells, Kind kind, size_t slot) const noexcept {
    return cells[kind * slots_ + slot].load(std::memory_order_relaxed);
  }

  EpochCells cells_;
  uint64_t window_;
  uint64_t limit_;
  size_t slots_;
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_IN_FLIGHT_WINDOW_H_
