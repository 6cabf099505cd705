#include "spillway/limiter/token_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tests/support/exact.h"

namespace spillway {
namespace {

using testing::MultiplyDivide;
using testing::Quotient;

struct Kind {
  double rate;
  int64_t burst;
  bool coarse = false;  // as of a word with fewer bits
};

TokenClock ClockOf(const Kind& kind) {
  return kind.coarse ? TokenClock(kind.rate, kind.burst, kind.burst, 4096)
                     : TokenClock(kind.rate, kind.burst);
}

// Rates that people choose, the ends, rates of which a token is no whole number of nanoseconds, and
// any; with the smallest burst and with one that does not fit nanoseconds.
std::vector<Kind> Kinds() {
  std::vector<double> rates = {1,        2,     3,         7,          10,           1000, 3000,
                               1e6,      1e9,   999999999, 6e8,        3e7,          0.1,  1.0 / 3,
                               7.0 / 60, 1e-10, 1e-9,      1.0 / 3600, 100.0 / 86400};
  std::mt19937_64 random(1);
  for (int i = 0; i < 60; ++i) {
    const double power = static_cast<double>(random() % 19'000) / 1000 - 10;
    rates.push_back(std::clamp(std::pow(10.0, power), 1e-10, 1e9));
  }
  std::vector<Kind> kinds;
  for (const double rate : rates) {
    for (const int64_t burst : {int64_t{1}, int64_t{1000}, int64_t{1'000'000'000}})
      kinds.push_back({rate, burst});
    kinds.push_back({rate, 16, true});
  }
  return kinds;
}

std::vector<Nanos> Times() {
  std::vector<Nanos> times = {0, 1, 2, kForever, kForever - 1};
  for (int shift = 2; shift < 63; ++shift) {
    const Nanos power = Nanos{1} << shift;
    for (const Nanos time : {power - 1, power, power + 1}) times.push_back(time);
  }
  std::mt19937_64 random(2);
  for (int i = 0; i < 200; ++i) times.push_back(static_cast<Nanos>(random() >> 1 >> random() % 62));
  return times;
}

// How many units the clock has shown since 0, though it wraps at 2^62 of them.
Quotient ExactUnits(const Rate& rate, uint64_t units, Nanos time) {
  const Wide parts = static_cast<Wide>(time) * rate.events;
  Quotient part = MultiplyDivide(parts % rate.nanos, units, rate.nanos);
  part.whole += parts / rate.nanos * units;
  return part;
}

TEST(TokenClockTest, ShowsExactlyTheTokensThatFlowedIn) {
  std::mt19937_64 random(3);
  for (const Kind& kind : Kinds()) {
    const TokenClock clock = ClockOf(kind);
    const Rate rate = RateOf(kind.rate);
    // The times at which a whole number of tokens has flowed in: each `events` tokens.
    const auto check = [&](uint64_t times) {
      const Wide time = rate.nanos * times;
      if (time > Wide{kForever}) return;
      ASSERT_EQ(clock.At(static_cast<Nanos>(time)), times * rate.events * clock.token())
          << kind.rate << " " << kind.burst << " " << times;
    };
    for (uint64_t times = 0; times <= 1000; ++times) check(times);
    const Wide most = Wide{kForever} / rate.nanos;
    for (int i = 0; i < 1000 && most != 0; ++i) check(random() % static_cast<uint64_t>(most + 1));
  }
}

TEST(TokenClockTest, ShowsAMillionTokensAtTheirPeriods) {
  for (const double per_second : {10.0, 0.1, 1000.0, 1e9, 1.0, 3.0}) {
    const TokenClock clock(per_second, 1);
    const Rate rate = RateOf(per_second);
    for (uint64_t k = 0; k <= 1'000'000; ++k) {
      const auto time = static_cast<Nanos>(testing::DivideUp(rate.nanos * k, rate.events));
      ASSERT_EQ(clock.At(time) / clock.token(), k) << per_second;
    }
  }
}

TEST(TokenClockTest, IsNeverOffByAUnit) {
  for (const Kind& kind : Kinds()) {
    const TokenClock clock = ClockOf(kind);
    const Rate rate = RateOf(kind.rate);
    for (const Nanos time : Times()) {
      const Quotient exact = ExactUnits(rate, clock.token() / 4, time);
      const Wide shown = clock.At(time) / 4;
      const Wide wrapped = exact.whole % (Wide{1} << 62);
      ASSERT_TRUE(shown == wrapped || (exact.rest != 0 && shown == (wrapped + 1) % (Wide{1} << 62)))
          << kind.rate << " " << kind.burst << " " << time;
      ASSERT_EQ(clock.At(time) % 4, 0u);
    }
  }
}

TEST(TokenClockTest, NeverRunsBackwards) {
  for (const Kind& kind : Kinds()) {
    const TokenClock clock = ClockOf(kind);
    for (const Nanos time : Times()) {
      if (time == kForever) continue;
      const uint64_t step = clock.At(time + 1) - clock.At(time);
      ASSERT_TRUE(step == 0 || step == 4) << kind.rate << " " << kind.burst << " " << time;
    }
  }
}

TEST(TokenClockTest, WaitsNoLongerThanItMust) {
  std::mt19937_64 random(4);
  for (const Kind& kind : Kinds()) {
    const TokenClock clock = ClockOf(kind);
    for (const Nanos now : Times()) {
      const uint64_t any = random() >> 2 >> random() % 62;
      for (const uint64_t span : {uint64_t{0}, uint64_t{1}, clock.token(), clock.capacity(), any}) {
        const Nanos wait = clock.Until(now, span);
        ASSERT_GE(wait, 0);
        if (wait > kForever - now - 1) continue;  // the end of time
        ASSERT_GE(clock.At(now + wait) - clock.At(now), span) << kind.rate << " " << now;
        if (wait == 0) continue;
        ASSERT_LT(clock.At(now + wait - 1) - clock.At(now), span) << kind.rate << " " << now;
      }
    }
  }
}

TEST(TokenClockTest, CountsWholeTokens) {
  for (const Kind& kind : Kinds()) {
    const TokenClock clock = ClockOf(kind);
    ASSERT_EQ(clock.capacity(), clock.token() * clock.burst());
    ASSERT_LE(clock.capacity(), uint64_t{1} << 61);
    ASSERT_EQ(clock.Tokens(clock.capacity()), clock.burst());
    ASSERT_EQ(clock.Tokens(clock.capacity() - 1), clock.burst() - 1);
    ASSERT_EQ(clock.Tokens(0), 0u);
  }
}

TEST(TokenClockTest, ItsUnitIsTheNanosecondWhereATokenIsAWholeNumberOfThem) {
  for (const double rate : {1.0, 2.0, 5.0, 10.0, 1000.0, 1e6, 1e8, 5e8, 1e9, 0.1, 0.001}) {
    const TokenClock clock(rate, 10);
    EXPECT_EQ(clock.At(12'345'678'901), uint64_t{12'345'678'901} * 4) << rate;
  }
}

TEST(TokenClockTest, ATimeBeforeZeroIsZero) {
  for (const double rate : {10.0, 3.0}) {
    const TokenClock clock(rate, 1);
    EXPECT_EQ(clock.At(-1), 0u);
    EXPECT_EQ(clock.At(std::numeric_limits<Nanos>::min()), 0u);
    EXPECT_EQ(clock.Until(-5, clock.token()), clock.Until(0, clock.token()));
  }
}

}  // namespace
}  // namespace spillway
