#include "spillway/stats/bucket_ring.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace spillway {
namespace {

constexpr Nanos kMillisecond = 1'000'000;
constexpr Nanos kDay = 86'400 * kNanosPerSecond;

TEST(BucketRingTest, EpochsCountBucketsOfTimeAndPeriods) {
  const BucketRing ring(kNanosPerSecond, 10);
  const uint64_t first = ring.Epoch(0, 0);
  EXPECT_EQ(ring.Epoch(kNanosPerSecond - 1, 0), first);
  EXPECT_EQ(ring.Epoch(kNanosPerSecond, 0), first + 1);
  EXPECT_EQ(ring.Epoch(25 * kNanosPerSecond, 0), first + 25);
  EXPECT_EQ(ring.Epoch(kNanosPerSecond, 7), first + 8);
}

TEST(BucketRingTest, ATimeBeforeZeroIsZero) {
  const BucketRing ring(kMillisecond, 10);
  EXPECT_EQ(ring.Epoch(-1, 3), ring.Epoch(0, 3));
  EXPECT_EQ(ring.Epoch(std::numeric_limits<Nanos>::min(), 3), ring.Epoch(0, 3));
}

TEST(BucketRingTest, PlacesAndEpochsAreTheSame) {
  for (const uint32_t buckets : {1u, 2u, 3u, 10u, 127u, 128u}) {
    const BucketRing ring(kMillisecond, buckets);
    std::mt19937_64 random(buckets);
    for (int i = 0; i < 1000; ++i) {
      const uint64_t epoch = ring.Epoch(static_cast<Nanos>(random() >> 1), 0);
      const BucketRing::Place place = ring.PlaceOf(epoch);
      ASSERT_LT(place.slot, buckets);
      ASSERT_EQ(ring.Epoch(place), epoch);
    }
  }
}

// The shortest ring, one that cuts its values to 40 bits, and the longest.
const BucketRing kRings[] = {
    {kMillisecond, 1},           {kMillisecond, 128}, {kNanosPerSecond, 10},
    {10 * kNanosPerSecond, 128}, {kDay, 1},           {kDay / 128, 128}};

TEST(BucketRingTest, CellsHoldEveryLapAndValue) {
  for (const BucketRing& ring : kRings) {
    // The end of time, after as many periods as there can be: the lap still fits beside the value.
    const uint64_t epoch = ring.Epoch(kForever, ring.max_period());
    const uint64_t lap = ring.PlaceOf(epoch).lap;
    const uint64_t cell = ring.Cell(lap, ring.value_mask());
    EXPECT_EQ(ring.Lap(cell), lap);
    EXPECT_EQ(ring.Value(cell), ring.value_mask());
    EXPECT_EQ(ring.Value(ring.Cell(lap, ring.value_mask() + 5)), 4u) << "values wrap";
  }
}

TEST(BucketRingTest, NoEpochIsOfLapZero) {
  for (const BucketRing& ring : kRings) EXPECT_GT(ring.PlaceOf(ring.Epoch(0, 0)).lap, 0u);
}

TEST(BucketRingTest, AValueHasRoomForACallEveryOtherNanosecond) {
  for (const BucketRing& ring : kRings) {
    const uint64_t length = ring.bucket() * ring.buckets();
    EXPECT_GE(ring.value_mask() + 1, std::min(length / 2, uint64_t{1} << 40));
  }
}

TEST(BucketRingTest, ANewPeriodLeavesTheRingBehind) {
  for (const BucketRing& ring : kRings) {
    for (const Nanos now : {Nanos{0}, kNanosPerSecond, kDay, Nanos{1} << 62}) {
      uint64_t period = 0;
      for (int i = 0; i < 20; ++i) {
        const uint64_t newest = ring.Epoch(now, period);
        const uint64_t next = ring.PeriodAfter(newest, now);
        // Even for a call that lags by a whole ring.
        ASSERT_GE(ring.Epoch(now, next), newest + 2 * ring.buckets());
        ASSERT_LE(next, period + 2 * ring.buckets());
        period = next;
      }
    }
  }
}

TEST(BucketRingTest, PeriodsStartAgainOnceTimeHasPassedThem) {
  const BucketRing ring(kNanosPerSecond, 10);
  const uint64_t newest = ring.Epoch(0, 100);
  EXPECT_EQ(ring.PeriodAfter(newest, 0), 120u);
  EXPECT_EQ(ring.PeriodAfter(newest, 119 * kNanosPerSecond), 1u);
  EXPECT_EQ(ring.PeriodAfter(newest, 120 * kNanosPerSecond), 0u);
  EXPECT_EQ(ring.PeriodAfter(0, 0), 0u) << "nothing to forget";
}

TEST(BucketRingTest, PeriodsAreBounded) {
  const BucketRing ring(kMillisecond, 10);
  EXPECT_EQ(ring.PeriodAfter(ring.Epoch(0, ring.max_period()), 0), ring.max_period());
}

}  // namespace
}  // namespace spillway
