// Recorded histories of threads that share one keyed limiter, held against keyed_limiter_model.h.
//
// A failure prints the seed of the burst. The schedule is the machine's, so a seed repeats what the
// threads call, not how they interleave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "tests/linearizability/keyed_limiter_calls.h"
#include "tests/linearizability/keyed_limiter_model.h"
#include "tests/linearizability/recorder.h"
#include "tests/linearizability/refutation.h"

namespace spillway::testing {
namespace {

using ::testing::HasSubstr;
using Kind = KeyedLimiterCall::Kind;
using KeyedHistory = HistoryOf<KeyedLimiterModel>;

constexpr Nanos kStart = 1'000'000'000;
constexpr Nanos kToken = 1000;

struct Scenario {
  std::string name;
  KeyedLimiterUse use;
  uint64_t taken;  // keys that have taken tokens before
  size_t calls;    // of each thread
  uint64_t bursts;
  KeyedLimiterWhenFull when_full = KeyedLimiterWhenFull::kRefuse;
  bool time_moves = false;  // on to that of a call
  int32_t burst = 3;
  size_t threads = 4;

  KeyedLimiterSettings settings() const {
    return {.rate = kNanosPerSecond / kToken,
            .burst = burst,
            .max_keys = 4,
            .when_full = when_full,
            .seed = 1};
  }

  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

// All keys lie in one set. Unless `time_moves`, all of a burst is so short that the latest time
// stays the first.
std::vector<Scenario> Scenarios() {
  const std::vector<Kind> all = {Kind::kTake, Kind::kTake,   Kind::kTake,
                                 Kind::kTake, Kind::kRefund, Kind::kLook};
  std::vector<Kind> with_forget = all;
  with_forget.push_back(Kind::kForget);
  const std::vector<Kind> taking = {Kind::kTake, Kind::kTake, Kind::kTake, Kind::kLook};
  return {
      {"FewKeys", {all, 3, 250}, 1, 60, 60},
      {"ForgottenKeys", {with_forget, 3, 100}, 1, 60, 40},
      {"FirstCalls", {{Kind::kTake}, 4, 0}, 1, 5, 300},
      {"FullRefuses", {taking, 12, 0}, 4, 6, 100, KeyedLimiterWhenFull::kRefuse},
      {"FullAdmits", {taking, 12, 0}, 4, 6, 100, KeyedLimiterWhenFull::kAdmit},
      // Few keys have taken equally much, so that it is mostly clear which of them goes.
      {"FullEvicts", {taking, 11, 0}, 8, 6, 100, KeyedLimiterWhenFull::kEvict, false, 9},
      {"CellsUsedAgain", {taking, 12, 300}, 1, 20, 100, KeyedLimiterWhenFull::kRefuse, true, 3, 3},
  };
}

KeyedHistory Record(const Scenario& scenario, KeyedLimiterUnderTest* subject, uint64_t seed) {
  Stamper stamper(seed % 2 == 0 ? Stamps::kTickets : Stamps::kClock);
  std::atomic<Nanos> clock{kStart};
  KeyedLimiterClient other(subject, scenario.use, &clock);
  std::vector<Call<KeyedLimiterCall, KeyedLimiterAnswer>> others;
  for (uint64_t key = 0; key < scenario.taken; ++key) {
    const int64_t n = 1 + static_cast<int64_t>(key) % scenario.burst;
    stamper.Record(&other, {.kind = Kind::kTake, .now = kStart, .key = key, .n = n}, &others);
  }
  std::vector<KeyedLimiterClient> clients(scenario.threads, other);
  KeyedHistory history = Burst<KeyedLimiterClient>(&stamper, seed).Run(&clients, scenario.calls);
  stamper.Record(&other, {.kind = Kind::kTotals}, &others);
  history.push_back(others);
  return history;
}

// What is counted beside the cells agrees with the answers once all have returned.
void ExpectTotals(const KeyedHistory& history, const KeyedLimiterSnapshot& snapshot) {
  uint64_t counts[4] = {};
  for (const auto& thread : history) {
    for (const auto& [call, answer, invoked, returned] : thread) {
      if (call.kind == Kind::kTake) ++counts[answer->code];
    }
  }
  EXPECT_EQ(snapshot.total_admitted + snapshot.total_admitted_without_cell, counts[0]);
  EXPECT_EQ(snapshot.total_refused, counts[1]);
  EXPECT_EQ(snapshot.total_refused_without_cell, counts[3]);
}

template <typename Subject>
std::string FirstRefutedBurst(const Scenario& scenario, uint64_t bursts) {
  const KeyedLimiterModel model(scenario.settings(), scenario.time_moves);
  return FirstRefuted(scenario.name, model, bursts, [&](uint64_t seed) {
    Subject subject(scenario.settings());
    KeyedHistory history = Record(scenario, &subject, seed);
    if constexpr (std::is_same_v<Subject, KeyedLimiterUnderTest>)
      ExpectTotals(history, subject.Snapshot());
    return history;
  });
}

class KeyedLimiterLinearizabilityTest : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(All, KeyedLimiterLinearizabilityTest, ::testing::ValuesIn(Scenarios()),
                         [](const auto& test) { return test.param.name; });

TEST_P(KeyedLimiterLinearizabilityTest, AnswersAsTheModelDoes) {
  EXPECT_EQ(FirstRefutedBurst<KeyedLimiterUnderTest>(GetParam(), Bursts(GetParam().bursts)), "");
}

// ---- limiters with a mistake, each of which must be found

// Now and then tokens are not written down as taken.
struct TakesFromNowhere : KeyedLimiterUnderTest {
  using KeyedLimiterUnderTest::KeyedLimiterUnderTest;
  std::atomic<uint32_t> takes{0};
  LimiterDecision Take(Nanos now, uint64_t key, int64_t n) override {
    const LimiterDecision decision = KeyedLimiterUnderTest::Take(now, key, n);
    if (n > 0 && decision && ++takes % 8 == 0) Refund(now, key, n);
    return decision;
  }
};

struct RefundsToAnother : KeyedLimiterUnderTest {
  using KeyedLimiterUnderTest::KeyedLimiterUnderTest;
  std::atomic<uint32_t> refunds{0};
  void Refund(Nanos now, uint64_t key, int64_t n) override {
    KeyedLimiterUnderTest::Refund(now, ++refunds % 8 == 0 ? key ^ 1 : key, n);
  }
};

struct ForgetsLate : KeyedLimiterUnderTest {
  using KeyedLimiterUnderTest::KeyedLimiterUnderTest;
  std::atomic<uint64_t> late{0};
  void Forget(uint64_t key) override { KeyedLimiterUnderTest::Forget(late.exchange(key)); }
};

struct ForgivesOneMore : KeyedLimiterUnderTest {
  using KeyedLimiterUnderTest::KeyedLimiterUnderTest;
  KeyedLimiterSnapshot Snapshot() override {
    KeyedLimiterSnapshot seen = KeyedLimiterUnderTest::Snapshot();
    seen.total_forgiven_tokens += seen.total_evicted != 0;
    return seen;
  }
};

// Who is late takes tokens that have flowed in already.
struct MovesTimeBack : KeyedLimiterUnderTest {
  using KeyedLimiterUnderTest::KeyedLimiterUnderTest;
  std::atomic<Nanos> last{0};
  LimiterDecision Take(Nanos now, uint64_t key, int64_t n) override {
    if (const Nanos before = last.exchange(now); before > now) Refund(now, key, 1);
    return KeyedLimiterUnderTest::Take(now, key, n);
  }
};

template <typename Mistake>
void ExpectRefuted(const std::string& name) {
  EXPECT_THAT(FirstRefutedBurst<Mistake>(Named(Scenarios(), name), 200),
              HasSubstr("not linearizable"))
      << name;
}

TEST(MistakenKeyedLimiterTest, TokensFromNowhereAreFound) {
  for (const char* name : {"FewKeys", "FirstCalls", "FullRefuses", "FullAdmits", "FullEvicts"})
    ExpectRefuted<TakesFromNowhere>(name);
}

TEST(MistakenKeyedLimiterTest, ARefundToAnotherKeyIsFound) {
  ExpectRefuted<RefundsToAnother>("FewKeys");
}

TEST(MistakenKeyedLimiterTest, AKeyForgottenLateIsFound) {
  ExpectRefuted<ForgetsLate>("ForgottenKeys");
}

TEST(MistakenKeyedLimiterTest, AnEvictionThatIsMiscountedIsFound) {
  ExpectRefuted<ForgivesOneMore>("FullEvicts");
}

TEST(MistakenKeyedLimiterTest, TimeThatFlowsInTwiceIsFound) {
  ExpectRefuted<MovesTimeBack>("FewKeys");
}

}  // namespace
}  // namespace spillway::testing
