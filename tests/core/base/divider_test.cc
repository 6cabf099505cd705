#include "spillway/base/divider.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <vector>

namespace spillway {
namespace {

constexpr uint64_t kLargest = (uint64_t{1} << 63) - 1;

// Powers of two and of ten and their neighbours, both ends, and some of every length.
std::vector<uint64_t> Interesting() {
  std::vector<uint64_t> values = {1, 2, 3, 5, 7, kLargest, kLargest - 1, kLargest / 2};
  for (int shift = 2; shift < 63; ++shift) {
    const uint64_t power = uint64_t{1} << shift;
    for (const uint64_t value : {power - 1, power, power + 1}) values.push_back(value);
  }
  for (uint64_t power = 10; power <= kLargest / 10; power *= 10) {
    for (const uint64_t value : {power - 1, power, power + 1}) values.push_back(value);
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) values.push_back((random() >> 1 >> random() % 62) + 1);
  return values;
}

TEST(DividerTest, IsExactAtEveryMultipleAndBesideIt) {
  for (const uint64_t divisor : Interesting()) {
    const Divider divider(divisor);
    ASSERT_EQ(divider.divisor(), divisor);
    for (const uint64_t about : Interesting()) {
      const uint64_t multiple = about / divisor * divisor;
      for (const uint64_t numerator : {about, multiple, multiple - 1, multiple + divisor - 1}) {
        if (numerator > kLargest) continue;
        ASSERT_EQ(divider.Quotient(numerator), numerator / divisor)
            << numerator << " / " << divisor;
      }
    }
  }
}

TEST(DividerTest, DividesTheSmallestAndTheLargest) {
  EXPECT_EQ(Divider(1).Quotient(0), 0u);
  EXPECT_EQ(Divider(1).Quotient(kLargest), kLargest);
  EXPECT_EQ(Divider(kLargest).Quotient(kLargest), 1u);
  EXPECT_EQ(Divider(kLargest).Quotient(kLargest - 1), 0u);
}

TEST(DividerTest, IsKnownAtCompileTime) {
  static_assert(Divider(1'000'000'000).Quotient(3'000'000'001) == 3);
}

}  // namespace
}  // namespace spillway
