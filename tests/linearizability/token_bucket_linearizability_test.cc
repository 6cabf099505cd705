// Recorded histories of threads that share one token bucket, held against token_bucket_model.h.
//
// A failure prints the seed of the burst. The schedule is the machine's, so a seed repeats what the
// threads call, not how they interleave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/linearizability/recorder.h"
#include "tests/linearizability/token_bucket_bursts.h"

namespace spillway::testing {
namespace {

using ::testing::HasSubstr;
using Kind = TokenBucketCall::Kind;

using Scenario = BucketScenario<TokenBucket>;

constexpr Nanos kToken = 1'000'000;

TokenBucketSettings Settings(int32_t burst, double rate = 1000) {
  TokenBucketSettings settings;
  settings.rate = rate;
  settings.burst = burst;
  return settings;
}

std::vector<Scenario> Scenarios() {
  TokenBucketSettings empty = Settings(3);
  empty.initial_tokens = 0;
  // Time passes more slowly than tokens are wanted.
  const Nanos step = kToken;
  const std::vector<Kind> all = {Kind::kTake,    Kind::kTake,   Kind::kTakeUpTo, Kind::kForce,
                                 Kind::kReserve, Kind::kCancel, Kind::kRefund,   Kind::kLook};
  return {
      {"LastTokens", Settings(2), {{Kind::kTake, Kind::kTake, Kind::kRefund, Kind::kLook}, step}},
      {"AtOneInstant",
       Settings(40),
       {{Kind::kTake, Kind::kTake, Kind::kTakeUpTo, Kind::kRefund, Kind::kLook}, 0}},
      {"Reservations", Settings(3), {{Kind::kReserve, Kind::kReserve, Kind::kCancel}, 2 * step}},
      {"AllCalls", Settings(5), {all, 2 * step}},
      {"FirstCalls", empty, {{Kind::kTake, Kind::kTakeUpTo, Kind::kReserve, Kind::kLook}, step}, 4},
      {"Changes", Settings(2), {all, step, {{500, 3}, {2000, 1}, {1000, 4}}}},
  };
}

class TokenBucketLinearizabilityTest : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(All, TokenBucketLinearizabilityTest, ::testing::ValuesIn(Scenarios()),
                         [](const auto& test) { return test.param.name; });

TEST_P(TokenBucketLinearizabilityTest, AnswersAsTheModelDoes) {
  // Short bursts, for what happens at the beginning, and more of them.
  const uint64_t bursts = GetParam().calls < 100 ? 1000 : 100;
  EXPECT_EQ(FirstRefutedBurst<TokenBucketUnderTest>(GetParam(), Bursts(bursts)), "");
}

// ---- buckets with a mistake, each of which must be found

// Looks whether the tokens are there and then takes them.
struct TakesInTwoSteps : TokenBucketUnderTest {
  using TokenBucketUnderTest::TokenBucketUnderTest;
  LimiterDecision Take(Nanos now, int64_t n) override {
    if (Snapshot(now).tokens < n) return TokenBucketUnderTest::Take(now, n);
    std::this_thread::yield();
    return bucket().ForceAcquire(now, n);
  }
};

// A cancel gives back one token more than there was.
struct MintsOnCancel : TokenBucketUnderTest {
  using TokenBucketUnderTest::TokenBucketUnderTest;
  void Cancel(const LimiterReservation& reservation, Nanos now) override {
    TokenBucketUnderTest::Cancel(reservation, now);
    bucket().Refund(now, 1);
  }
};

// Keeps the time of the last call, though another came with a later one: the same time flows in
// twice.
struct StoresStaleTimes : TokenBucketUnderTest {
  using TokenBucketUnderTest::TokenBucketUnderTest;
  std::atomic<Nanos> last{0};
  LimiterDecision Take(Nanos now, int64_t n) override {
    if (const Nanos before = last.exchange(now); before > now)
      bucket().Refund(now, (before - now) / kToken + 1);
    return TokenBucketUnderTest::Take(now, n);
  }
};

struct ForgetsARefund : TokenBucketUnderTest {
  using TokenBucketUnderTest::TokenBucketUnderTest;
  std::atomic<uint32_t> refunds{0};
  void Refund(Nanos now, int64_t n) override {
    if (++refunds % 4 != 0) TokenBucketUnderTest::Refund(now, n);
  }
};

// Two who reserve may be given the same tokens.
struct ReservesTheSameTwice : TokenBucketUnderTest {
  using TokenBucketUnderTest::TokenBucketUnderTest;
  std::atomic<uint32_t> reservations{0};
  LimiterReservation Reserve(Nanos now, int64_t n, Nanos max_wait) override {
    const LimiterReservation got = TokenBucketUnderTest::Reserve(now, n, max_wait);
    if (got && ++reservations % 8 == 0) bucket().Refund(now, n);
    return got;
  }
};

// What it says was true, but at the time of a look before.
struct LooksFromMemory : TokenBucketUnderTest {
  using TokenBucketUnderTest::TokenBucketUnderTest;
  std::atomic<int64_t> seen{0};
  TokenBucketSnapshot Snapshot(Nanos now) override {
    TokenBucketSnapshot snapshot = TokenBucketUnderTest::Snapshot(now);
    snapshot.tokens = seen.exchange(snapshot.tokens);
    return snapshot;
  }
};

template <typename Mistake>
void ExpectRefuted(const std::string& name) {
  EXPECT_THAT(FirstRefutedBurst<Mistake>(Named(Scenarios(), name), 200),
              HasSubstr("not linearizable"))
      << name;
}

TEST(MistakenTokenBucketTest, TakingInTwoStepsIsFound) {
  ExpectRefuted<TakesInTwoSteps>("LastTokens");
}

TEST(MistakenTokenBucketTest, ATokenMintedByACancelIsFound) {
  ExpectRefuted<MintsOnCancel>("Reservations");
  ExpectRefuted<MintsOnCancel>("AllCalls");
}

TEST(MistakenTokenBucketTest, AStaleTimeThatIsStoredIsFound) {
  ExpectRefuted<StoresStaleTimes>("LastTokens");
}

TEST(MistakenTokenBucketTest, ARefundThatIsForgottenIsFound) {
  ExpectRefuted<ForgetsARefund>("LastTokens");
  ExpectRefuted<ForgetsARefund>("AtOneInstant");
}

TEST(MistakenTokenBucketTest, AReservationOfTheSameTokensIsFound) {
  ExpectRefuted<ReservesTheSameTwice>("Reservations");
}

TEST(MistakenTokenBucketTest, ALookRememberedFromBeforeIsFound) {
  ExpectRefuted<LooksFromMemory>("LastTokens");
}

}  // namespace
}  // namespace spillway::testing
