// How many calls of each class were settled in the last N buckets of time. Wait-free to record,
// exact, no clearing.
#ifndef SPILLWAY_STATS_TIME_WINDOW_H_
#define SPILLWAY_STATS_TIME_WINDOW_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "spillway/base/cache_line.h"
#include "spillway/base/time.h"
#include "spillway/stats/bucket_ring.h"
#include "spillway/stats/outcome_counts.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// A running total for each class, and for each class and bucket a mark: the total as it stood when
// the bucket began. A call adds 1 to one total. What a window holds is the total minus the oldest
// mark inside it, so the window and the totals since the start are one number that cannot disagree,
// whoever is killed where.
//
// A mark is set by the first call of its class in its bucket, before that call is counted. Calls
// that lag behind the newest bucket of their class are counted in that newest bucket: time is a
// high-water mark.
//
// A window can tell up to 2^floor(log2(window in ns)) calls of a class apart (one every 2 ns); more
// wrap.
//
// Cells live in memory that the caller gives, all-zero when fresh: `stripes` sets of [4 totals, the
// shortcut of successes, 4 x N marks]. With more than one stripe, threads on different CPUs count
// in different sets and readers add them up.
class TimeWindow {
 public:
  constexpr TimeWindow(Nanos window, uint32_t buckets, uint32_t stripes)
      : ring_((window + buckets - 1) / buckets, buckets), stripes_(stripes) {}

  constexpr size_t words() const { return stripe_words() * stripes_; }
  constexpr uint32_t stripes() const { return stripes_; }
  constexpr uint64_t Epoch(Nanos now, uint64_t period) const { return ring_.Epoch(now, period); }

  // Counts one call in the bucket `epoch`. True when the rates of the window may have risen to
  // where they trip: after each failure and slow call, and after a success unless its bucket alone
  // has held `min_calls` successes before (in this stripe), which happens only after a bucket's
  // first. A success that was held up between its time and this call until a newer bucket began is
  // counted there, and may not be told: the next failure looks.
  bool Record(Word* cells, uint32_t stripe, CallClass call, uint64_t epoch,
              uint64_t min_calls) const noexcept {
    Word* set = cells + stripe * stripe_words();
    if (call == kOk) {
      // (12) acquire: pairs with (7), as (3).
      if (set[kSuccessEpoch].load(std::memory_order_acquire) != epoch) {
        OpenSuccessBucket(set, epoch, min_calls);
      }
      return Add(set, kOk) < set[kEnoughSuccesses].load(std::memory_order_relaxed);
    }
    OpenBucket(set, call, epoch);
    Add(set, call);
    return true;
  }

  // Whether a success in the first stripe needs no more than AddSuccess: it is neither the first of
  // its bucket nor among those that could raise a rate.
  [[gnu::always_inline]] bool NeedsOnlyAdding(const Word* set, uint64_t epoch) const noexcept {
    // (3) acquire: pairs with (7). The addition that follows must come after the mark was taken,
    // else it would fall into the bucket before.
    if (set[kSuccessEpoch].load(std::memory_order_acquire) != epoch) [[unlikely]]
      return false;
    return set[kOk].load(std::memory_order_relaxed) >=
           set[kEnoughSuccesses].load(std::memory_order_relaxed);
  }
  static void AddSuccess(Word* set) noexcept { Add(set, kOk); }

  // For a new `min_calls`: the next success looks up its bucket again.
  void ForgetShortcut(Word* cells) const noexcept {
    for (uint32_t stripe = 0; stripe < stripes_; ++stripe) {
      cells[stripe * stripe_words() + kSuccessEpoch].store(0, std::memory_order_relaxed);
    }
  }

  // The counts of the N buckets that end with the one of `now`, or with the newest one recorded in,
  // if that is later. Each lies between the true values at the beginning and the end of the
  // reading.
  OutcomeCounts Counts(const Word* cells, Nanos now, uint64_t period) const noexcept {
    const uint64_t last = std::max(ring_.Epoch(now, period), NewestEpoch(cells));
    OutcomeCounts counts;
    for (uint32_t stripe = 0; stripe < stripes_; ++stripe) {
      for (uint32_t call = 0; call < kCallClasses; ++call) {
        counts.by_class[call] += ClassCount(cells + stripe * stripe_words(), call, last);
      }
    }
    return counts;
  }

  // Everything ever recorded.
  OutcomeCounts Totals(const Word* cells) const noexcept {
    OutcomeCounts totals;
    for (uint32_t stripe = 0; stripe < stripes_; ++stripe) {
      for (uint32_t call = 0; call < kCallClasses; ++call) {
        totals.by_class[call] +=
            cells[stripe * stripe_words() + call].load(std::memory_order_relaxed);
      }
    }
    return totals;
  }

  // A period in which the window is empty.
  uint64_t NextPeriod(const Word* cells, Nanos now) const noexcept {
    return ring_.PeriodAfter(NewestEpoch(cells), now);
  }

 private:
  // The epoch of the newest bucket whose mark of successes is set, and the total of successes from
  // which on that bucket has held enough of them. A copy of what the marks say: a success need not
  // find out where in the ring its bucket is.
  static constexpr size_t kSuccessEpoch = kCallClasses;
  static constexpr size_t kEnoughSuccesses = kCallClasses + 1;
  static constexpr size_t kMarks = kCacheLine / sizeof(Word);
  static constexpr uint32_t kMaxBuckets = 128;

  constexpr size_t stripe_words() const {
    const size_t words = kMarks + size_t{kCallClasses} * ring_.buckets();
    const size_t unit = (stripes_ > 1 ? kStripeAlignment : kCacheLine) / sizeof(Word);
    return (words + unit - 1) / unit * unit;
  }

  static uint64_t Add(Word* set, CallClass call) noexcept {
    // (4) seq_cst: pairs with (8). Of two threads that each add and then read all totals, at least
    // one sees both: the call that completes a trip is never missed by everybody.
    return set[call].fetch_add(1, std::memory_order_seq_cst);
  }

  // Sets the mark of a bucket, unless somebody has. Returns the total the bucket begins at.
  [[gnu::noinline]] uint64_t OpenBucket(Word* set, CallClass call, uint64_t epoch) const noexcept {
    // Read before the mark is set: a call counted in between then falls into this bucket, never out
    // of the window.
    const uint64_t total = set[call].load(std::memory_order_relaxed);
    const BucketRing::Place place = ring_.PlaceOf(epoch);
    Word& mark = set[kMarks + call * ring_.buckets() + place.slot];
    // (9) acquire: pairs with (5), for a mark that somebody else has set, here and below.
    uint64_t seen = mark.load(std::memory_order_acquire);
    for (int attempt = 0; attempt < kMaxAttempts && ring_.Lap(seen) < place.lap; ++attempt) {
      const uint64_t wanted = ring_.Cell(place.lap, total);
      // (5) release: pairs with (6) and (9). Whoever sees the mark sees a total at least as high.
      if (mark.compare_exchange_weak(seen, wanted, std::memory_order_release,
                                     std::memory_order_acquire)) {
        return total;
      }
    }
    // Read again, after (9): at least as high as the mark, which somebody else may have set after
    // more calls than the first reading saw.
    const uint64_t latest = set[call].load(std::memory_order_relaxed);
    // A call that is a whole lap late finds a newer bucket here and counts there.
    return ring_.Lap(seen) == place.lap ? latest - ((latest - seen) & ring_.value_mask()) : latest;
  }

  [[gnu::noinline]] void OpenSuccessBucket(Word* set, uint64_t epoch,
                                           uint64_t min_calls) const noexcept {
    uint64_t newest = set[kSuccessEpoch].load(std::memory_order_relaxed);
    const uint64_t enough = OpenBucket(set, kOk, epoch) + min_calls;
    uint64_t seen = set[kEnoughSuccesses].load(std::memory_order_relaxed);
    // Only ever raised, and before the epoch: too high makes evaluations, too low would miss one.
    for (int attempt = 0; attempt < kMaxAttempts && seen < enough; ++attempt) {
      if (set[kEnoughSuccesses].compare_exchange_weak(seen, enough, std::memory_order_relaxed))
        break;
    }
    if (newest < epoch) {
      // (7) release: pairs with (3) and (12). When it fails, a faster thread has put the same or a
      // newer one.
      set[kSuccessEpoch].compare_exchange_strong(newest, epoch, std::memory_order_release,
                                                 std::memory_order_relaxed);
    }
  }

  uint64_t NewestEpoch(const Word* cells) const noexcept {
    uint64_t newest = 0;
    for (uint32_t stripe = 0; stripe < stripes_; ++stripe) {
      const Word* marks = cells + stripe * stripe_words() + kMarks;
      for (uint32_t call = 0; call < kCallClasses; ++call) {
        for (uint32_t slot = 0; slot < ring_.buckets(); ++slot, ++marks) {
          const uint64_t lap = ring_.Lap(marks->load(std::memory_order_relaxed));
          if (lap != 0) newest = std::max(newest, ring_.Epoch({lap, slot}));
        }
      }
    }
    return newest;
  }

  uint64_t ClassCount(const Word* set, uint32_t call, uint64_t last) const noexcept {
    const Word* marks = set + kMarks + call * ring_.buckets();
    uint64_t begins[kMaxBuckets];
    uint32_t found = 0;
    for (uint32_t slot = 0; slot < ring_.buckets(); ++slot) {
      // (6) acquire: pairs with (5). The total read below is then at least as high as the mark, so
      // that the difference cannot be negative.
      const uint64_t mark = marks[slot].load(std::memory_order_acquire);
      const uint64_t lap = ring_.Lap(mark);
      begins[found] = mark;
      found += lap != 0 && ring_.Epoch({lap, slot}) + ring_.buckets() > last;
    }
    // (8) seq_cst: pairs with (4).
    const uint64_t total = set[call].load(std::memory_order_seq_cst);
    uint64_t count = 0;
    for (uint32_t i = 0; i < found; ++i) {
      count = std::max(count, (total - begins[i]) & ring_.value_mask());
    }
    return count;
  }

  BucketRing ring_;
  uint32_t stripes_;
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_TIME_WINDOW_H_
