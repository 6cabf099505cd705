// Division by a number known when a policy is made: one multiplication instead of a division on the
// hot path.
#ifndef SPILLWAY_BASE_DIVIDER_H_
#define SPILLWAY_BASE_DIVIDER_H_

#include <bit>
#include <cstdint>

namespace spillway {

// Exact for every numerator below 2^63 and every divisor from 1 to 2^63 - 1 (Granlund and
// Montgomery, "Division by invariant integers using multiplication", 1994): with l = ceil(log2 d),
// m = ceil(2^(63+l) / d) fits 64 bits and floor(n / d) = floor(n * m / 2^(63+l)).
class Divider {
 public:
  constexpr explicit Divider(uint64_t divisor)
      : divisor_(divisor), shift_(static_cast<uint32_t>(std::bit_width(divisor - 1))) {
    const Wide power = Wide{1} << (63 + shift_);
    multiplier_ = static_cast<uint64_t>((power + divisor - 1) / divisor);
  }

  constexpr uint64_t Quotient(uint64_t numerator) const {
    // 2n * m / 2^(64+l): the doubling moves the wanted bits into the high half of the product.
    return static_cast<uint64_t>((Wide{numerator << 1} * multiplier_) >> 64) >> shift_;
  }

  constexpr uint64_t divisor() const { return divisor_; }

 private:
  __extension__ using Wide = unsigned __int128;

  uint64_t divisor_;
  uint64_t multiplier_ = 0;
  uint32_t shift_;
};

}  // namespace spillway

#endif  // SPILLWAY_BASE_DIVIDER_H_
