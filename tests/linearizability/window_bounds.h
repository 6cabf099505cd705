// What a window may answer while others record into it: sums are not read at one instant, but each
// lies between bounds that the calls around the reading set. The recorded calls give the bounds.
//
// A call that returned before the reading was invoked is counted for sure; one that was invoked
// before the reading returned may be. Which of them lie in the window is known as exactly as time
// and order are: a reader that overlaps the turn of a bucket may see it before or after.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_WINDOW_BOUNDS_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_WINDOW_BOUNDS_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "spillway/base/time.h"
#include "spillway/stats/outcome_counts.h"

namespace spillway::testing {

// When something was done, by the stamps of a history.
struct Span {
  uint64_t invoked;
  uint64_t returned;

  bool SurelyBefore(const Span& other) const { return returned < other.invoked; }
  bool MaybeBefore(const Span& other) const { return invoked <= other.returned; }
};

struct Bounds {
  uint64_t least = 0;
  uint64_t most = 0;

  bool Hold(uint64_t value) const { return least <= value && value <= most; }
  // Counts something that was done before a reading.
  void Count(const Span& done, const Span& read) {
    least += done.SurelyBefore(read);
    most += done.MaybeBefore(read);
  }
};

// A settled call.
struct Settled {
  CallClass call;
  Nanos now;
  Span span;
};

// The calls of one class in the N buckets that end with the reader's or the newest.
inline Bounds InTimeWindow(const std::vector<Settled>& all, CallClass call, Nanos bucket,
                           int64_t buckets, Nanos now, const Span& read) {
  int64_t first_last = now / bucket;
  int64_t last_last = first_last;
  for (const Settled& other : all) {
    if (other.span.SurelyBefore(read)) first_last = std::max(first_last, other.now / bucket);
    if (other.span.MaybeBefore(read)) last_last = std::max(last_last, other.now / bucket);
  }
  Bounds bounds;
  for (const Settled& one : all) {
    if (one.call != call) continue;
    // Time is a high-water mark: a call counts in the newest bucket of its class, if that is later.
    int64_t latest = one.now / bucket;
    for (const Settled& other : all) {
      if (other.call == call && other.span.MaybeBefore(one.span))
        latest = std::max(latest, other.now / bucket);
    }
    bounds.least += one.span.SurelyBefore(read) && one.now / bucket + buckets > last_last;
    bounds.most += one.span.MaybeBefore(read) && latest + buckets > first_last;
  }
  return bounds;
}

// The calls of one class among the last `size`, in the order in which they were recorded, of which
// the stamps tell as much as they do.
inline Bounds InCountWindow(const std::vector<Settled>& all, CallClass call, uint64_t size,
                            const Span& read) {
  Bounds bounds;
  for (const Settled& one : all) {
    if (one.call != call) continue;
    uint64_t surely_later = 0;
    uint64_t maybe_later = 0;
    for (const Settled& other : all) {
      if (&other == &one) continue;
      surely_later += one.span.SurelyBefore(other.span) && other.span.SurelyBefore(read);
      maybe_later += one.span.MaybeBefore(other.span) && other.span.MaybeBefore(read);
    }
    bounds.least += one.span.SurelyBefore(read) && maybe_later < size;
    bounds.most += one.span.MaybeBefore(read) && surely_later < size;
  }
  return bounds;
}

// A call that was started, and how it ended if it has.
struct Started {
  Nanos start;
  Span started;
  bool ignored = false;
  bool in_time = false;
  Span ended = {~uint64_t{0}, ~uint64_t{0}};
};

struct JudgedBounds {
  Bounds calls;
  Bounds slow;
};

// The calls that are judged by their age at `now`: those whose start bucket has been over for
// longer than `limit`, up to `window` longer. Calls that start while the window is read may take
// the place of those that leave it by then.
inline JudgedBounds InFlight(const std::vector<Started>& all, Nanos bucket, Nanos limit,
                             Nanos window, Nanos now, const Span& read) {
  Nanos latest = now;
  for (const Started& one : all) {
    if (one.started.MaybeBefore(read)) latest = std::max(latest, one.start);
  }
  struct Bucket {
    Bounds started, ignored, in_time;
    bool stays;
  };
  std::map<int64_t, Bucket> judged;
  for (const Started& one : all) {
    const Nanos over_for = now - (one.start / bucket + 1) * bucket;
    if (over_for <= limit || over_for > limit + window) continue;
    Bucket& its = judged[one.start / bucket];
    its.stays = over_for + latest - now <= limit + window;
    its.started.Count(one.started, read);
    if (one.ignored) its.ignored.Count(one.ended, read);
    if (one.in_time) its.in_time.Count(one.ended, read);
  }
  const auto minus = [](uint64_t from, uint64_t amount) { return from - std::min(from, amount); };
  JudgedBounds bounds;
  for (const auto& [number, its] : judged) {
    const Bounds calls{minus(its.started.least, its.ignored.most),
                       minus(its.started.most, its.ignored.least)};
    bounds.calls.most += calls.most;
    bounds.slow.most += minus(calls.most, its.in_time.least);
    if (!its.stays) continue;
    bounds.calls.least += calls.least;
    bounds.slow.least += minus(calls.least, its.in_time.most);
  }
  return bounds;
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_WINDOW_BOUNDS_H_
