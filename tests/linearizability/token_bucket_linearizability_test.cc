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
#include "tests/linearizability/refutation.h"
#include "tests/linearizability/token_bucket_calls.h"
#include "tests/linearizability/token_bucket_model.h"

namespace spillway::testing {
namespace {

using ::testing::HasSubstr;
using Kind = TokenBucketCall::Kind;
using BucketHistory = HistoryOf<TokenBucketModel>;

constexpr size_t kThreads = 4;
constexpr Nanos kStart = 1000 * kNanosPerSecond;
constexpr Nanos kToken = 1'000'000;

struct Scenario {
  std::string name;
  TokenBucketSettings settings;
  TokenBucketUse use;
  size_t calls = 120;  // of each thread

  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

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
      {"Changes", Settings(2), {all, step, {Settings(3, 500), Settings(1, 2000), Settings(4)}}},
  };
}

BucketHistory Record(const Scenario& scenario, TokenBucketUnderTest* subject, uint64_t seed) {
  Stamper stamper(seed % 2 == 0 ? Stamps::kTickets : Stamps::kClock);
  std::atomic<Nanos> clock{kStart};
  std::vector<TokenBucketClient> clients;
  for (size_t i = 0; i < kThreads; ++i) clients.emplace_back(subject, scenario.use, &clock, i == 0);
  BucketHistory history = Burst<TokenBucketClient>(&stamper, seed).Run(&clients, scenario.calls);
  TokenBucketClient last(subject, scenario.use, &clock);
  history.emplace_back();
  stamper.Record(&last, {.kind = Kind::kLook, .now = clock}, &history.back());
  return history;
}

// What is counted beside the word agrees with the answers once all have returned.
void ExpectTotals(const BucketHistory& history, const TokenBucketSnapshot& snapshot) {
  uint64_t admitted = 0;
  uint64_t refused = 0;
  for (const auto& thread : history) {
    for (const auto& [call, answer, invoked, returned] : thread) {
      if (call.kind == Kind::kTakeUpTo) {
        ++(answer->code != 0 ? admitted : refused);
      } else if (call.kind <= Kind::kReserve) {
        ++(answer->code == 0 ? admitted : refused);
      }
    }
  }
  EXPECT_EQ(snapshot.total_admitted, admitted);
  EXPECT_EQ(snapshot.total_refused, refused);
}

template <typename Subject>
std::string FirstRefutedBurst(const Scenario& scenario, uint64_t bursts) {
  const TokenBucketModel model(scenario.settings);
  return FirstRefuted(scenario.name, model, bursts, [&](uint64_t seed) {
    Subject subject(scenario.settings);
    BucketHistory history = Record(scenario, &subject, seed);
    if constexpr (std::is_same_v<Subject, TokenBucketUnderTest>)
      ExpectTotals(history, subject.Snapshot(kStart));
    return history;
  });
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
