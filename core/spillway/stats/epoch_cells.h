// Counts that say by themselves which bucket of time they belong to.
#ifndef SPILLWAY_STATS_EPOCH_CELLS_H_
#define SPILLWAY_STATS_EPOCH_CELLS_H_

#include <algorithm>
#include <bit>
#include <cstdint>

#include "spillway/base/divider.h"
#include "spillway/base/time.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// Time is cut into buckets, numbered without end: their epochs. Each kind of thing that is counted
// has a ring of cells, which the buckets share in turn, and a cell is one word, epoch | count: the
// bucket it was last used for. So counting is one addition, there is nothing to clear, and what was
// left behind is known as old however long ago that was.
//
// Epochs begin at 1, so that all-zero cells belong to no bucket, and have as many bits as all of
// int64 time has buckets. The count has the rest, at most 30: more than a bucket gets within its
// time.
class EpochCells {
 public:
  enum class Added {
    kCounted,
    kOpenedBucket,  // counted, and the first of its bucket in this cell
    kUntracked,     // a whole ring late, or the cell is full: not counted
  };

  constexpr explicit EpochCells(Nanos bucket)
      : bucket_(static_cast<uint64_t>(bucket)),
        count_bits_(
            std::min(static_cast<uint32_t>(std::bit_width(bucket_.divisor())) - 1, kMaxCountBits)),
        most_counted_(uint64_t{1} << (count_bits_ - 1)) {}

  constexpr uint64_t Epoch(Nanos time) const {
    return bucket_.Quotient(static_cast<uint64_t>(std::max<Nanos>(time, 0))) + kFirstEpoch;
  }
  // How far `time` lies in its bucket.
  constexpr uint64_t Offset(Nanos time) const {
    const uint64_t since_zero = static_cast<uint64_t>(std::max<Nanos>(time, 0));
    return since_zero - bucket_.Quotient(since_zero) * bucket_.divisor();
  }
  constexpr uint64_t bucket() const { return bucket_.divisor(); }

  // What a cell holds, and one that holds that.
  constexpr uint64_t EpochOf(uint64_t cell) const { return cell >> count_bits_; }
  constexpr uint64_t CountOf(uint64_t cell, uint64_t epoch) const {
    return EpochOf(cell) == epoch ? cell - (epoch << count_bits_) : 0;
  }
  constexpr uint64_t Cell(uint64_t epoch, uint64_t count) const {
    return (epoch << count_bits_) + std::min(count, most_counted_);
  }

  // Counts one that is not the first of its bucket, and tells what the cell held before; false,
  // with nothing counted, in any other case.
  [[gnu::always_inline]] bool TryAdd(Word& cell, uint64_t epoch, uint64_t* before) const noexcept {
    // As unsigned numbers: small only for a cell of this very bucket. Half the room is kept free
    // for additions that race past the test: a count never carries into its epoch.
    const uint64_t count = cell.load(std::memory_order_relaxed) - (epoch << count_bits_);
    if (count >= most_counted_) [[unlikely]]
      return false;
    // (11) release: pairs with (10).
    *before = cell.fetch_add(1, std::memory_order_release);
    return true;
  }
  [[gnu::always_inline]] bool TryAdd(Word& cell, uint64_t epoch) const noexcept {
    uint64_t before = 0;
    return TryAdd(cell, epoch, &before);
  }

  Added Add(Word& cell, uint64_t epoch) const noexcept {
    if (TryAdd(cell, epoch)) return Added::kCounted;
    uint64_t seen = cell.load(std::memory_order_relaxed);
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
      if (EpochOf(seen) >= epoch) return TryAdd(cell, epoch) ? Added::kCounted : Added::kUntracked;
      // The first of a bucket replaces the cell of an old one. Relaxed: there is nothing of this
      // bucket that came before.
      if (cell.compare_exchange_weak(seen, (epoch << count_bits_) + 1, std::memory_order_relaxed))
        return Added::kOpenedBucket;
    }
    return Added::kUntracked;
  }

  // Takes one back that was counted, as long as its bucket has the cell. Whether it did.
  bool TakeBack(Word& cell, uint64_t epoch) const noexcept {
    uint64_t seen = cell.load(std::memory_order_relaxed);
    for (int attempt = 0; attempt < kMaxAttempts && CountOf(seen, epoch) != 0; ++attempt) {
      if (cell.compare_exchange_weak(seen, seen - 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }

 private:
  static constexpr uint64_t kFirstEpoch = 1;
  static constexpr uint32_t kMaxCountBits = 30;

  Divider bucket_;
  uint32_t count_bits_;
  uint64_t most_counted_;  // half of what a count has room for
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_EPOCH_CELLS_H_
