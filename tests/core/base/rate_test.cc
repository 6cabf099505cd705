#include "spillway/base/rate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace spillway {
namespace {

constexpr Wide kMostNanos = Wide{1} << 117;

double Read(const Rate& rate) {
  const auto value = static_cast<long double>(rate.events) / static_cast<long double>(rate.nanos);
  return static_cast<double>(value * 1e9L);
}

TEST(RateTest, ADecimalIsTheFractionItIs) {
  const auto is = [](double per_second, uint64_t events, Wide nanos) {
    const Rate rate = RateOf(per_second);
    EXPECT_EQ(rate.events, events) << per_second;
    EXPECT_TRUE(rate.nanos == nanos) << per_second;
  };
  is(1, 1, 1'000'000'000);
  is(0.1, 1, 10'000'000'000);
  is(0.3, 3, 10'000'000'000);
  is(2.5, 1, 400'000'000);
  is(33.33, 3333, 100'000'000'000);
  is(123456.789, 123456789, 1'000'000'000'000);
  is(1e-10, 1, Wide{10'000'000'000} * 1'000'000'000);
  is(1e9, 1, 1);
  is(999'999'999, 999'999'999, 1'000'000'000);
}

TEST(RateTest, AQuotientIsTheFractionItIs) {
  for (uint64_t over = 1; over <= 120; ++over) {
    for (uint64_t under = 1; under <= 120; ++under) {
      const Rate rate = RateOf(static_cast<double>(over) / static_cast<double>(under));
      ASSERT_TRUE(rate.nanos * over == Wide{rate.events} * under * 1'000'000'000)
          << over << "/" << under;
    }
  }
}

TEST(RateTest, ReadsAsTheSameNumber) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const double power = static_cast<double>(random() % 19'000'000) / 1'000'000 - 10;
    const double value = std::clamp(std::pow(10.0, power), 1e-10, 1e9);
    const Rate rate = RateOf(value);
    // long double has 64 digits: the quotient is at most half a digit of a double off, and a last.
    ASSERT_NEAR(Read(rate) / value, 1, 2.3e-16) << value;
    ASSERT_TRUE(rate.events < uint64_t{1} << 54 && rate.nanos < kMostNanos) << value;
  }
}

}  // namespace
}  // namespace spillway
