#include "spillway/base/hash.h"

#include <gtest/gtest.h>

#include <bit>

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

}  // namespace
}  // namespace spillway
