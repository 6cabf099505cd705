// Which of the calls that were started are slow, told by their age while they run.
#ifndef SPILLWAY_STATS_IN_FLIGHT_WINDOW_H_
#define SPILLWAY_STATS_IN_FLIGHT_WINDOW_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "spillway/base/divider.h"
#include "spillway/base/time.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Calls are counted by the bucket they start in: started, finished in time, ignored. Once a bucket
// is over for longer than `limit`, whatever it started and did not see finished in time is slow:
// such a call is evidence once, at the end of its start bucket plus `limit`, and stays in the
// window from there. A call that finishes later writes nothing here, so it cannot be counted again.
//
// Buckets are as long as those of the time window, but at least limit / 8; a verdict is late by at
// most one of them. Cells live in memory that the caller gives, all-zero when fresh. A cell is one
// word, epoch | count: as in BucketRing it tells by itself which bucket it was last used for,
// periods work the same way, and epochs begin where no cell is zero.
class InFlightWindow {
 public:
  struct Judged {
    uint64_t calls = 0;
    uint64_t slow = 0;
  };

  enum class Start {
    kCounted,
    kOpenedBucket,  // counted, and the first of its bucket: time to judge
    kUntracked,     // a whole ring late, or the cell is full: not counted, nor to be settled here
  };

  constexpr InFlightWindow(Nanos window, Nanos window_bucket, Nanos limit)
      : bucket_(static_cast<uint64_t>(BucketFor(window_bucket, limit))),
        window_(static_cast<uint64_t>(window)),
        limit_(static_cast<uint64_t>(limit)),
        slots_(SlotsFor(window_ + limit_, bucket_.divisor())),
        count_bits_(
            std::min(static_cast<uint32_t>(std::bit_width(bucket_.divisor())) - 1, kMaxCountBits)),
        most_counted_(uint64_t{1} << (count_bits_ - 1)) {}

  constexpr size_t words() const { return kKinds * slots_; }

  constexpr uint64_t Epoch(Nanos start, uint64_t period) const {
    return bucket_.Quotient(static_cast<uint64_t>(std::max<Nanos>(start, 0))) + period +
           kFirstEpoch;
  }

  // Counts one that is not the first of its bucket; false, with nothing counted, in any other case.
  [[gnu::always_inline]] bool TryRecordStart(Word* cells, uint64_t epoch) const noexcept {
    return TryAdd(CellOf(cells, kStarted, epoch), epoch);
  }

  [[gnu::always_inline]] bool TryRecordOnTime(Word* cells, uint64_t epoch) const noexcept {
    return TryAdd(CellOf(cells, kOnTime, epoch), epoch);
  }

  Start RecordStart(Word* cells, uint64_t epoch) const noexcept {
    return Add(CellOf(cells, kStarted, epoch), epoch);
  }
  void RecordOnTime(Word* cells, uint64_t epoch) const noexcept {
    Add(CellOf(cells, kOnTime, epoch), epoch);
  }
  void RecordIgnored(Word* cells, uint64_t epoch) const noexcept {
    Add(CellOf(cells, kIgnored, epoch), epoch);
  }

  // The calls whose verdict fell into the window that ends at `now`.
  Judged Counts(const Word* cells, Nanos now, uint64_t period) const noexcept {
    const uint64_t current = Epoch(now, period);
    const uint64_t time = static_cast<uint64_t>(std::max<Nanos>(now, 0));
    const uint64_t offset = time - bucket_.Quotient(time) * bucket_.divisor();
    Judged judged;
    for (size_t slot = 0; slot < slots_; ++slot) {
      // (10) acquire: pairs with (11). Started is read before the two that answer it: a
      // call seen as finished or ignored was seen as started, up to those that start meanwhile, and
      // the differences below saturate for these.
      const uint64_t started = cells[kStarted * slots_ + slot].load(std::memory_order_acquire);
      const uint64_t epoch = started >> count_bits_;
      if (epoch == 0 || epoch >= current || current - epoch >= slots_) continue;
      const uint64_t over_for = offset + (current - epoch - 1) * bucket_.divisor();
      if (over_for <= limit_ || over_for > limit_ + window_) continue;
      const uint64_t ignored = LoadCell(cells, kIgnored, slot);
      const uint64_t on_time = LoadCell(cells, kOnTime, slot);
      // A later bucket has these cells by now. This one has left the window, and its answers are
      // gone.
      if (std::max(ignored, on_time) >> count_bits_ > epoch) continue;
      const uint64_t calls = Minus(CountOf(started, epoch), CountOf(ignored, epoch));
      judged.calls += calls;
      judged.slow += Minus(calls, CountOf(on_time, epoch));
    }
    return judged;
  }

  // A period in which the window is empty.
  uint64_t NextPeriod(const Word* cells, Nanos now) const noexcept {
    uint64_t newest = 0;
    for (size_t slot = 0; slot < slots_; ++slot) {
      newest = std::max(newest, LoadCell(cells, kStarted, slot) >> count_bits_);
    }
    const uint64_t needed = newest + 2 * slots_;
    const uint64_t reached = Epoch(now, 0);
    return newest == 0 || needed <= reached ? 0 : needed - reached;
  }

 private:
  enum Kind : uint32_t { kStarted, kOnTime, kIgnored, kKinds };

  static constexpr uint64_t kFirstEpoch = 1;
  static constexpr uint32_t kMaxCountBits = 30;

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
  uint64_t CountOf(uint64_t cell, uint64_t epoch) const {
    return cell >> count_bits_ == epoch ? cell - (epoch << count_bits_) : 0;
  }

  [[gnu::always_inline]] bool TryAdd(Word& cell, uint64_t epoch) const noexcept {
    // As unsigned numbers: small only for a cell of this very bucket. Half the room is kept free
    // for additions that race past the test: a count never carries into its epoch.
    const uint64_t count = cell.load(std::memory_order_relaxed) - (epoch << count_bits_);
    if (count >= most_counted_) [[unlikely]]
      return false;
    // (11) release: pairs with (10).
    cell.fetch_add(1, std::memory_order_release);
    return true;
  }

  Start Add(Word& cell, uint64_t epoch) const noexcept {
    if (TryAdd(cell, epoch)) return Start::kCounted;
    uint64_t seen = cell.load(std::memory_order_relaxed);
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
      if (seen >> count_bits_ >= epoch)
        return TryAdd(cell, epoch) ? Start::kCounted : Start::kUntracked;
      // The first of a bucket replaces the cell of an old one. Relaxed: no call of this bucket has
      // finished before its first has started, so there is nothing to release.
      if (cell.compare_exchange_weak(seen, (epoch << count_bits_) + 1, std::memory_order_relaxed)) {
        return Start::kOpenedBucket;
      }
    }
    return Start::kUntracked;
  }

  Divider bucket_;
  uint64_t window_;
  uint64_t limit_;
  size_t slots_;
  uint32_t count_bits_;
  uint64_t most_counted_;  // half of what a count has room for
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_IN_FLIGHT_WINDOW_H_
