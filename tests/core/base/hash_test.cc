#include "spillway/base/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <string>

#include "spillway/base/sip_hash.h"

namespace spillway {
namespace {

// The first numbers of SplitMix64 from state 0, as its authors' program prints them.
TEST(HashTest, MixIsSplitMix64) {
  EXPECT_EQ(Mix(0), 0xe220a8397b1dcdafu);
  EXPECT_EQ(Mix(0x9e3779b97f4a7c15), 0x6e789e6aa1b965f4u);
}

TEST(HashTest, EachInputBitReachesAboutHalfOfTheOutput) {
  for (int bit = 0; bit < 64; ++bit) {
    int flipped = 0;
    for (uint64_t value = 0; value < 64; ++value) {
      flipped += std::popcount(Mix(value) ^ Mix(value ^ uint64_t{1} << bit));
    }
    EXPECT_NEAR(flipped / 64.0, 32, 4) << bit;
  }
}

TEST(HashTest, UnitIntervalNeverReachesOne) {
  EXPECT_EQ(UnitInterval(0), 0.0);
  EXPECT_LT(UnitInterval(~uint64_t{0}), 1.0);
  EXPECT_EQ(UnitInterval(uint64_t{1} << 63), 0.5);
}

// ---- SipHash, against numbers of others

struct Known {
  size_t length;
  uint64_t hash;
};

// The bytes 0, 1, 2, ...
std::string Bytes(size_t length) {
  std::string bytes;
  for (size_t i = 0; i < length; ++i) bytes += static_cast<char>(i);
  return bytes;
}

// The first vectors of the reference implementation (vectors.h of github.com/veorq/SipHash), of
// which that of 15 bytes stands in the paper.
TEST(SipHashTest, IsSipHash24OfTheReference) {
  constexpr SipKey kKey{.low = 0x0706050403020100, .high = 0x0f0e0d0c0b0a0908};
  constexpr Known kKnown[] = {
      {0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd},  {2, 0x0d6c8009d9a94f5a},
      {3, 0x85676696d7fb7e2d},  {4, 0xcf2794e0277187b7},  {5, 0x18765564cd99a68d},
      {6, 0xcbc9466e58fee3ce},  {7, 0xab0200f58b01d137},  {8, 0x93f5f5799a932462},
      {9, 0x9e0082df0ba9e4b0},  {10, 0x7a5dbbc594ddb9f3}, {11, 0xf4b32f46226bada7},
      {12, 0x751e8fbc860ee5fb}, {13, 0x14ea5627c0843d90}, {14, 0xf723ca908e7af2ee},
      {15, 0xa129ca6149be45e5},
  };
  for (const Known& known : kKnown) {
    EXPECT_EQ((SipHash<2, 4>::Of(kKey, Bytes(known.length))), known.hash) << known.length;
  }
}

// What CPython 3.11, whose `sys.hash_info.algorithm` is siphash13, says with PYTHONHASHSEED=0, an
// all-zero key:
//   for n in [*range(1, 17), 31, 64]: print(n, hex(hash(bytes(range(n))) % 2**64))
TEST(SipHashTest, IsSipHash13OfPython) {
  constexpr Known kKnown[] = {
      {1, 0x68a914128e01e473},  {2, 0x010bac45c41e3669},  {3, 0x4d4c9a4a8ef6e0ad},
      {4, 0x7cc43f98813e4dbd},  {5, 0x5abe2169dff36275},  {6, 0xe3c25f87624f1cdb},
      {7, 0x2f098ab0c751325a},  {8, 0xead411e67ebe2eea},  {9, 0x75927f9d95124362},
      {10, 0xaf9f77a65ab51a1d}, {11, 0xfe64ce8b6617fcff}, {12, 0xa6baf4fb0f9fe1c2},
      {13, 0xa0cf3211850f8e0d}, {14, 0x7f86049379fbfe67}, {15, 0xf30eb725bb91c9ea},
      {16, 0x8972188433a5c5b7}, {31, 0x169739443111d49b}, {64, 0x75e05fd5bbc870c6},
  };
  for (const Known& known : kKnown) {
    EXPECT_EQ(SipHash13::Of({.low = 0, .high = 0}, Bytes(known.length)), known.hash)
        << known.length;
  }
}

// The same with PYTHONHASHSEED=1, from which Python makes this key.
TEST(SipHashTest, IsSipHash13OfPythonWithAKey) {
  constexpr SipKey kKey{.low = 0xaed66ce184be2329, .high = 0xebe9bbf1f1499052};
  EXPECT_EQ(SipHash13::Of(kKey, Bytes(1)), 0xecd3e5afcecda4b9);
  EXPECT_EQ(SipHash13::Of(kKey, Bytes(8)), 0xc0b5739e7e28dd01);
  EXPECT_EQ(SipHash13::Of(kKey, Bytes(9)), 0x208a1a5a0cbbf778);
}

}  // namespace
}  // namespace spillway
