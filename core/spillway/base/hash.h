// Small mixing functions. Not for keys that an attacker chooses.
#ifndef SPILLWAY_BASE_HASH_H_
#define SPILLWAY_BASE_HASH_H_

#include <cstdint>

namespace spillway {

// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): a bijection in which every input bit
// reaches every output bit.
constexpr uint64_t Mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// The n-th of a sequence that covers all numbers evenly however long it is, and so do its even
// members, or every third: multiples of the golden ratio. No randomness, no state but the count.
constexpr uint64_t EvenlySpread(uint64_t n) { return n * 0x9e3779b97f4a7c15; }

// The top 53 bits as a number in [0, 1).
constexpr double UnitInterval(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

}  // namespace spillway

#endif  // SPILLWAY_BASE_HASH_H_
