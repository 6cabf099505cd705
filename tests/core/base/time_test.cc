#include "spillway/base/time.h"

#include <gtest/gtest.h>

#include <limits>

namespace spillway {
namespace {

constexpr Nanos kFirst = std::numeric_limits<Nanos>::min();

TEST(TimeTest, SumsSaturate) {
  EXPECT_EQ(SaturatingAdd(1, 2), 3);
  EXPECT_EQ(SaturatingAdd(kForever, 0), kForever);
  EXPECT_EQ(SaturatingAdd(kForever, 1), kForever);
  EXPECT_EQ(SaturatingAdd(kForever - 1, 1), kForever);
  EXPECT_EQ(SaturatingAdd(1, kForever), kForever);
  EXPECT_EQ(SaturatingAdd(kFirst, -1), kFirst);
  EXPECT_EQ(SaturatingAdd(kFirst, kForever), -1);
}

TEST(TimeTest, NoTimePassesBackwards) {
  EXPECT_EQ(Elapsed(10, 10), 0u);
  EXPECT_EQ(Elapsed(10, 9), 0u);
  EXPECT_EQ(Elapsed(10, 11), 1u);
  EXPECT_EQ(Elapsed(0, kForever), static_cast<uint64_t>(kForever));
  EXPECT_EQ(Elapsed(kForever, kFirst), 0u);
}

TEST(TimeTest, TheLongestTimeFits) {
  EXPECT_EQ(Elapsed(-5, 10), 15u);
  EXPECT_EQ(Elapsed(kFirst, kForever), std::numeric_limits<uint64_t>::max());
}

TEST(TimeTest, ClocksGoForward) {
  const Nanos coarse = CoarseNow();
  const Nanos first = SteadyNow();
  EXPECT_LE(coarse, first);
  EXPECT_LE(first, SteadyNow());
  EXPECT_GT(CoarseResolution(), 0);
  // A coarse clock stands still between ticks; it lags a precise one by no more than some of them.
  EXPECT_LE(CoarseNow(), SteadyNow());
}

}  // namespace
}  // namespace spillway
