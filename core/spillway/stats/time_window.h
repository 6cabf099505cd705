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
// Cells live in memory that the caller gives, all-zero when fresh: `stripes` sets of [4 totals,
// pad, 4 x N marks]. With more than one stripe, threads on different CPUs count in different sets
// and readers add them up.
class TimeWindow {
 public:
  using Place = BucketRing::Place;

  constexpr TimeWindow(Nanos window, uint32_t buckets, uint32_t stripes)
      : ring_((window + buckets - 1) / buckets, buckets), stripes_(stripes) {}

  constexpr size_t words() const { return stripe_words() * stripes_; }
  constexpr uint32_t stripes() const { return stripes_; }
  constexpr Place At(Nanos now, uint64_t period) const { return ring_.At(now, period); }

  // Counts one call. Returns how many of its class its bucket held before, in this stripe.
  uint64_t Record(Word* cells, uint32_t stripe, CallClass call, const Place& place) const noexcept {
    Word* set = cells + stripe * stripe_words();
    Word& mark = set[kHeaderWords + call * ring_.buckets() + place.slot];
    // (3) acquire: pairs with (5). The addition below must come after the mark was taken, else it
    // would fall into the bucket before.
    uint64_t begin = mark.load(std::memory_order_acquire);
    if (ring_.Tag(begin) != place.tag) [[unlikely]]
      begin = OpenBucket(mark, set[call], place);
    // (4) seq_cst: pairs with (8). Of two threads that each add and then read all totals, at least
    // one sees both: the call that completes a trip is never missed by everybody.
    return (set[call].fetch_add(1, std::memory_order_seq_cst) - begin) & ring_.value_mask();
  }

  // The counts of the N buckets that end with the one of `now`, or with the newest one recorded in,
  // if that is later. Each lies between the true values at the beginning and the end of the
  // reading.
  OutcomeCounts Counts(const Word* cells, Nanos now, uint64_t period) const noexcept {
    const uint64_t last = std::max(ring_.Epoch(At(now, period)), NewestEpoch(cells));
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
  // The totals have a cache line of their own: they are written by every call, the marks by one
  // call a bucket.
  static constexpr size_t kHeaderWords = kCacheLine / sizeof(Word);
  static constexpr uint32_t kMaxBuckets = 128;

  constexpr size_t stripe_words() const {
    const size_t words = kHeaderWords + size_t{kCallClasses} * ring_.buckets();
    const size_t unit = (stripes_ > 1 ? kStripeAlignment : kCacheLine) / sizeof(Word);
    return (words + unit - 1) / unit * unit;
  }

  // Sets the mark of a bucket that no call of this class has been counted in. Returns the mark to
  // count from.
  __attribute__((noinline)) uint64_t OpenBucket(Word& mark, const Word& total,
                                                const Place& place) const noexcept {
    // Read before the mark is set: a call counted in between then falls into this bucket, never out
    // of the window.
    const uint64_t begin = total.load(std::memory_order_relaxed);
    uint64_t seen = mark.load(std::memory_order_relaxed);
    for (int attempt = 0; attempt < kMaxAttempts && ring_.Tag(seen) < place.tag; ++attempt) {
      const uint64_t wanted = ring_.Pack(place.tag, begin);
      // (5) release: pairs with (3) and (6), whoever sees the mark sees a total at least as high.
      // The acquire side pairs with (5) too: the mark of a faster thread is as good as this one's.
      if (mark.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel,
                                     std::memory_order_acquire))
        return wanted;
    }
    // A newer tag: this call is a lap late and is counted in the newest bucket.
    return ring_.Tag(seen) == place.tag ? seen : begin;
  }

  uint64_t NewestEpoch(const Word* cells) const noexcept {
    uint64_t newest = 0;
    for (uint32_t stripe = 0; stripe < stripes_; ++stripe) {
      const Word* marks = cells + stripe * stripe_words() + kHeaderWords;
      for (uint32_t call = 0; call < kCallClasses; ++call) {
        for (uint32_t slot = 0; slot < ring_.buckets(); ++slot, ++marks) {
          const uint64_t tag = ring_.Tag(marks->load(std::memory_order_relaxed));
          if (tag != 0) newest = std::max(newest, ring_.Epoch(tag, slot));
        }
      }
    }
    return newest;
  }

  uint64_t ClassCount(const Word* set, uint32_t call, uint64_t last) const noexcept {
    const Word* marks = set + kHeaderWords + call * ring_.buckets();
    uint64_t begins[kMaxBuckets];
    uint32_t found = 0;
    for (uint32_t slot = 0; slot < ring_.buckets(); ++slot) {
      // (6) acquire: pairs with (5). The total read below is then at least as high as the mark, so
      // that the difference cannot be negative.
      const uint64_t mark = marks[slot].load(std::memory_order_acquire);
      const bool inside =
          ring_.Tag(mark) != 0 && ring_.Epoch(ring_.Tag(mark), slot) + ring_.buckets() > last;
      begins[found] = mark;
      found += inside;
    }
    // (8) seq_cst: pairs with (4).
    const uint64_t total = set[call].load(std::memory_order_seq_cst);
    uint64_t count = 0;
    for (uint32_t i = 0; i < found; ++i)
      count = std::max(count, (total - begins[i]) & ring_.value_mask());
    return count;
  }

  BucketRing ring_;
  uint32_t stripes_;
};

}  // namespace spillway

#endif  // SPILLWAY_STATS_TIME_WINDOW_H_
