// What a sliding window limiter decides, as a function of its slots, the time and its options.
#ifndef SPILLWAY_LIMITER_SLIDING_WINDOW_RING_H_
#define SPILLWAY_LIMITER_SLIDING_WINDOW_RING_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "spillway/base/time.h"
#include "spillway/limiter/sliding_window_limiter_settings.h"

namespace spillway {

// recorded time:63 | parity:1. Admissions are written to the slots of a ring, one after the other,
// lap after lap. The parity is that of the lap that wrote the slot, and 1 for
// the first: so what was never written, all zero, reads as one of the lap before.
//
// No slot holds the same word again: in each next lap it holds a later time, by the rule of the
// limiter itself or, after a reset, because a nanosecond is added. That is what makes one
// compare-exchange of a slot safe, however long its thread was stopped before it. Only where a
// reset lets time begin again can a word come back, if a call comes at the same nanosecond as an
// even number of laps before in that slot: a thread that was stopped through all of that then
// writes over it, and one more is admitted.
class SlidingWindowSlot {
 public:
  constexpr explicit SlidingWindowSlot(uint64_t bits) : bits_(bits) {}
  constexpr SlidingWindowSlot(Nanos time, uint64_t lap)
      : bits_(static_cast<uint64_t>(time) << 1 | (~lap & 1)) {}

  constexpr uint64_t bits() const { return bits_; }
  constexpr Nanos time() const { return static_cast<Nanos>(bits_ >> 1); }
  // Whether it was written in that lap; if not, it was in the one before.
  constexpr bool IsOf(uint64_t lap) const { return ((bits_ ^ lap) & 1) != 0; }

 private:
  uint64_t bits_;
};

// At most `limit` within any `per`; limit 0: no window.
struct SlidingWindow {
  uint64_t limit = 0;
  Nanos per = 0;

  // Whether what was recorded at `time` is within the window that ends with `now`.
  constexpr bool Holds(Nanos time, Nanos now) const { return now - time < per; }
};

// The windows of a limiter, and where its ring keeps which admission: as many slots as the largest
// limit. The place of an admission is lap | index, with as many bits for the index as it needs. So
// places are in the order of the admissions, and finding a slot takes no division.
class SlidingWindowRing {
 public:
  explicit SlidingWindowRing(const SlidingWindowLimiterSettings& settings)
      : windows_({Window(settings.limit, settings.per_ns),
                  Window(settings.second_limit, settings.second_per_ns),
                  Window(settings.third_limit, settings.third_per_ns)}) {
    for (const SlidingWindow& window : windows_) {
      size_ = std::max(size_, window.limit);
      longest_ = std::max(longest_, window.per);
    }
    index_bits_ = static_cast<uint32_t>(std::bit_width(size_ - 1));
    index_mask_ = (uint64_t{1} << index_bits_) - 1;
    only_first_ = windows_[1].limit == 0 && windows_[2].limit == 0;
  }

  constexpr uint64_t size() const { return size_; }

  constexpr uint64_t Index(uint64_t place) const { return place & index_mask_; }
  constexpr uint64_t Lap(uint64_t place) const { return place >> index_bits_; }
  // From a place to that of the same slot in the next lap.
  constexpr uint64_t lap() const { return index_mask_ + 1; }

  // False for garbage only.
  constexpr bool Has(uint64_t place) const { return Index(place) < size_; }
  // The next place; of garbage, the first of the next lap.
  constexpr uint64_t Next(uint64_t place) const {
    return Index(place) + 1 < size_ ? place + 1 : (place | index_mask_) + 1;
  }
  // The place of so many admissions before, at most size().
  constexpr uint64_t Back(uint64_t place, uint64_t count) const {
    return count <= Index(place) ? place - count : place - count - (lap() - size_);
  }
  // How many admissions come before it.
  constexpr uint64_t Number(uint64_t place) const { return Lap(place) * size_ + Index(place); }

  // That of `limit`, which there always is, and those beside it.
  constexpr const SlidingWindow& first() const { return windows_[0]; }
  constexpr bool only_first() const { return only_first_; }
  constexpr Nanos longest() const { return longest_; }
  constexpr const std::array<SlidingWindow, 3>& windows() const { return windows_; }

 private:
  static constexpr SlidingWindow Window(int32_t limit, Nanos per) {
    return {.limit = static_cast<uint64_t>(limit), .per = per};
  }

  std::array<SlidingWindow, 3> windows_;
  Nanos longest_ = 0;
  uint64_t size_ = 1;
  uint64_t index_mask_;
  uint32_t index_bits_;
  bool only_first_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_SLIDING_WINDOW_RING_H_
