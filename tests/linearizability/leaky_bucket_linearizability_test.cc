// Recorded histories of threads that share one leaky bucket, held against token_bucket_model.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "tests/linearizability/recorder.h"
#include "tests/linearizability/token_bucket_bursts.h"

namespace spillway::testing {
namespace {

using ::testing::HasSubstr;
using Kind = TokenBucketCall::Kind;
using Scenario = BucketScenario<LeakyBucket>;

LeakyBucketSettings Settings(int32_t capacity, int32_t free) {
  return {.rate = 1000, .capacity = capacity, .free = free};
}

std::vector<Scenario> Scenarios() {
  // Time passes more slowly than there are calls.
  const Nanos step = 1'000'000;
  const std::vector<Kind> all = {Kind::kTake,   Kind::kReserve, Kind::kReserve,
                                 Kind::kCancel, Kind::kRefund,  Kind::kLook};
  return {
      {"Meter", Settings(3, 1'000), {{Kind::kTake, Kind::kTake, Kind::kRefund, Kind::kLook}, step}},
      {"Shaper", Settings(4, 1), {{Kind::kReserve, Kind::kReserve, Kind::kCancel}, step}},
      {"LastPlaces",
       Settings(8, 2),
       {{Kind::kReserve, Kind::kReserve, Kind::kTake, Kind::kCancel}, 0}},
      {"AllCalls", Settings(5, 2), {all, 2 * step}},
      {"Changes", Settings(4, 2), {all, step, {{500, 1, 3}, {2000, 2, 2}, {1000, 2, 5}}}},
  };
}

class LeakyBucketLinearizabilityTest : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(All, LeakyBucketLinearizabilityTest, ::testing::ValuesIn(Scenarios()),
                         [](const auto& test) { return test.param.name; });

TEST_P(LeakyBucketLinearizabilityTest, AnswersAsTheModelDoes) {
  EXPECT_EQ(FirstRefutedBurst<LeakyBucketUnderTest>(GetParam(), Bursts(40)), "");
}

// ---- buckets with a mistake, each of which must be found

// Two who reserve may be given the last place.
struct OverflowsByOne : LeakyBucketUnderTest {
  using LeakyBucketUnderTest::LeakyBucketUnderTest;
  std::atomic<uint32_t> refusals{0};
  LimiterReservation Reserve(Nanos now, int64_t n, Nanos max_wait) override {
    const LimiterReservation got = LeakyBucketUnderTest::Reserve(now, n, max_wait);
    if (got || max_wait != kForever || ++refusals % 4 != 0) return got;
    bucket().Refund(now, n);
    return LeakyBucketUnderTest::Reserve(now, n, max_wait);
  }
};

struct ForgetsACancel : LeakyBucketUnderTest {
  using LeakyBucketUnderTest::LeakyBucketUnderTest;
  std::atomic<uint32_t> cancels{0};
  void Cancel(const LimiterReservation& reservation, Nanos now) override {
    if (++cancels % 4 != 0) LeakyBucketUnderTest::Cancel(reservation, now);
  }
};

template <typename Mistake>
void ExpectRefuted(const std::string& name) {
  EXPECT_THAT(FirstRefutedBurst<Mistake>(Named(Scenarios(), name), 200),
              HasSubstr("not linearizable"))
      << name;
}

TEST(MistakenLeakyBucketTest, APlaceThatIsGivenTwiceIsFound) {
  ExpectRefuted<OverflowsByOne>("Shaper");
  ExpectRefuted<OverflowsByOne>("LastPlaces");
}

TEST(MistakenLeakyBucketTest, ACancelThatIsForgottenIsFound) {
  ExpectRefuted<ForgetsACancel>("Shaper");
  ExpectRefuted<ForgetsACancel>("Changes");
}

}  // namespace
}  // namespace spillway::testing
