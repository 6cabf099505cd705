// What a sliding window limiter decides, as a function of its slots, the time and its options.
#ifndef SPILLWAY_LIMITER_SLIDING_WINDOW_RING_H_
#define SPILLWAY_LIMITER_SLIDING_WINDOW_RING_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "spillway/base/divider.h"
#include "spillway/base/time.h"
#include "spillway/limiter/sliding_window_limiter_settings.h"

namespace spillway {

// recorded time:63 | parity:1. Admissions are numbered from 0, and the ring has a slot for each of
// the last `size`. The parity is that of the lap that wrote the slot, and 1 for the first: so what
// was never written, all zero, reads as one of the lap before.
//
// The same slot holds a later time in each next lap, by the rule of the limiter itself. That is
// what makes one compare-exchange of a slot safe however long its thread was stopped before it.
class SlidingWindowSlot {
 public:
  constexpr explicit SlidingWindowSlot(uint64_t bits) : bits_(bits) {}
  constexpr SlidingWindowSlot(Nanos time, uint64_t lap)
      : bits_(static_cast<uint64_t>(time) << 1 | (~lap & 1)) {}

  constexpr uint64_t bits() const { return bits_; }
  constexpr Nanos time() const { return static_cast<Nanos>(bits_ >> 1); }
  // Whether it was written in that lap; if not, it was in the one before.
  constexpr bool IsOf(uint64_t lap) const { return (bits_ & 1) == (~lap & 1); }

 private:
  uint64_t bits_;
};

// At most `limit` within any `per`.
struct SlidingWindow {
  uint64_t limit = 0;
  Nanos per = 0;

  // Whether what was recorded at `time` is within the window that ends with `now`.
  constexpr bool Holds(Nanos time, Nanos now) const { return now - time < per; }
};

// The windows of a limiter, and where in the ring its admissions are.
class SlidingWindowRing {
 public:
  static constexpr size_t kMostWindows = 3;

  explicit SlidingWindowRing(const SlidingWindowLimiterSettings& settings)
      : windows_({Window(settings.limit, settings.per_ns),
                  Window(settings.second_limit, settings.second_per_ns),
                  Window(settings.third_limit, settings.third_per_ns)}),
        lap_(Largest()) {
    // What the hot path asks for: the longest window of the largest limit, and those of smaller
    // ones.
    for (const SlidingWindow& window : windows_) {
      if (window.limit == size()) {
        longest_of_all_.limit = size();
        longest_of_all_.per = std::max(longest_of_all_.per, window.per);
      } else if (window.limit != 0) {
        smaller_[smaller_count_++] = window;
      }
    }
  }

  constexpr uint64_t size() const { return lap_.divisor(); }
  constexpr uint64_t Lap(uint64_t number) const { return lap_.Quotient(number); }
  constexpr uint64_t Index(uint64_t number, uint64_t lap) const {
    // Masked, so that garbage names a slot too.
    return (number & kNumbers) - lap * size();
  }
  // Of the admission `back` before the one at `index`, at most `size` before.
  constexpr uint64_t Before(uint64_t index, uint64_t back) const {
    return index >= back ? index - back : index + size() - back;
  }

  // The first is that of `limit`; an unused one has limit 0.
  constexpr const std::array<SlidingWindow, kMostWindows>& windows() const { return windows_; }
  // The one that the slot decides which is written next, and the others.
  constexpr const SlidingWindow& longest_of_all() const { return longest_of_all_; }
  constexpr size_t smaller_count() const { return smaller_count_; }
  constexpr const SlidingWindow& smaller(size_t i) const { return smaller_[i]; }

 private:
  static constexpr uint64_t kNumbers = ~uint64_t{0} >> 1;  // what a Divider takes

  static constexpr SlidingWindow Window(int32_t limit, Nanos per) {
    return {.limit = static_cast<uint64_t>(limit), .per = per};
  }
  constexpr uint64_t Largest() const {
    return std::max({windows_[0].limit, windows_[1].limit, windows_[2].limit});
  }

  std::array<SlidingWindow, kMostWindows> windows_;
  Divider lap_;
  SlidingWindow longest_of_all_;
  std::array<SlidingWindow, kMostWindows - 1> smaller_;
  size_t smaller_count_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_SLIDING_WINDOW_RING_H_
