// Recorded histories of threads that share one bulkhead, held against bulkhead_model.h.
//
// A failure prints the seed of the burst. The schedule is the machine's, so a seed repeats what the
// threads call, not how they interleave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "tests/linearizability/bulkhead_calls.h"
#include "tests/linearizability/bulkhead_model.h"
#include "tests/linearizability/recorder.h"
#include "tests/linearizability/refutation.h"

namespace spillway::testing {
namespace {

using ::testing::HasSubstr;
using Kind = BulkheadCall::Kind;
using BulkheadHistory = HistoryOf<BulkheadModel>;

constexpr size_t kThreads = 4;
constexpr size_t kCalls = 100;  // of each

struct Scenario {
  std::string name;
  std::vector<BulkheadSettings> settings;  // those it is made with, then those it is changed to

  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

BulkheadSettings Settings(int slots, int places, double normal = 1, double sheddable = 1) {
  return {.max_concurrent = slots,
          .max_queue = places,
          .normal_share = normal,
          .sheddable_share = sheddable};
}

std::vector<Scenario> Scenarios() {
  return {
      {"OneSlot", {Settings(1, 2)}},
      {"ThreeSlots", {Settings(3, 4)}},
      {"NoQueue", {Settings(2, 0)}},
      {"Priorities", {Settings(4, 2, 0.75, 0.25)}},
      {"Changes", {Settings(2, 3), Settings(1, 1), Settings(3, 3, 0.5, 0.5), Settings(4, 2)}},
  };
}

// At the end each slot and each place is given back.
BulkheadHistory Record(const Scenario& scenario, BulkheadUnderTest* subject, uint64_t seed) {
  Stamper stamper(seed % 2 == 0 ? Stamps::kTickets : Stamps::kClock);
  std::vector<BulkheadClient> clients;
  for (size_t i = 0; i < kThreads; ++i) clients.emplace_back(subject, &scenario.settings, i == 0);
  BulkheadHistory history = Burst<BulkheadClient>(&stamper, seed).Run(&clients, kCalls);
  BulkheadClient last(subject, &scenario.settings);
  history.emplace_back();
  stamper.Record(&last, {.kind = Kind::kLook}, &history.back());
  for (BulkheadClient& client : clients) {
    for (const PermitFields& permit : client.TakeAll())
      stamper.Record(&last, {.kind = Kind::kSettle, .permit = permit}, &history.back());
  }
  stamper.Record(&last, {.kind = Kind::kLook}, &history.back());
  return history;
}

// What is counted beside the word agrees with the answers once all have returned.
void ExpectTotals(const BulkheadHistory& history, const BulkheadSnapshot& snapshot) {
  uint64_t counts[6] = {};
  for (const auto& thread : history) {
    for (const auto& [call, answer, invoked, returned] : thread) {
      if (call.kind <= Kind::kJoin) ++counts[answer->code];
    }
  }
  EXPECT_EQ(snapshot.total_full, counts[static_cast<size_t>(BulkheadRejection::kFull)]);
  EXPECT_EQ(snapshot.total_queue_full, counts[static_cast<size_t>(BulkheadRejection::kQueueFull)]);
  EXPECT_EQ(snapshot.total_shed, counts[static_cast<size_t>(BulkheadRejection::kShed)]);
  EXPECT_EQ(snapshot.total_queued, counts[static_cast<size_t>(BulkheadRejection::kQueued)]);
  EXPECT_EQ(snapshot.total_admitted + snapshot.total_left, counts[0] + snapshot.total_queued);
  EXPECT_EQ(snapshot.total_misused, 0u);
}

template <typename Subject>
std::string FirstRefutedBurst(const Scenario& scenario, uint64_t bursts) {
  const BulkheadModel model(scenario.settings);
  return FirstRefuted(scenario.name, model, bursts, [&](uint64_t seed) {
    Subject subject(scenario.settings[0]);
    BulkheadHistory history = Record(scenario, &subject, seed);
    if constexpr (std::is_same_v<Subject, BulkheadUnderTest>)
      ExpectTotals(history, subject.Snapshot());
    return history;
  });
}

class BulkheadLinearizabilityTest : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(All, BulkheadLinearizabilityTest, ::testing::ValuesIn(Scenarios()),
                         [](const auto& test) { return test.param.name; });

TEST_P(BulkheadLinearizabilityTest, AnswersAsTheModelDoes) {
  EXPECT_EQ(FirstRefutedBurst<BulkheadUnderTest>(GetParam(), Bursts(60)), "");
}

// ---- bulkheads with a mistake, each of which must be found

struct LosesASlot : BulkheadUnderTest {
  using BulkheadUnderTest::BulkheadUnderTest;
  std::atomic<uint32_t> settled{0};
  Settlement Settle(const PermitFields& permit) override {
    if (++settled % 16 == 0) return Settlement::kCounted;
    return BulkheadUnderTest::Settle(permit);
  }
};

struct GivesBackTwice : BulkheadUnderTest {
  using BulkheadUnderTest::BulkheadUnderTest;
  std::atomic<uint32_t> settled{0};
  Settlement Settle(const PermitFields& permit) override {
    if (++settled % 16 == 0) BulkheadUnderTest::Settle(permit);
    return BulkheadUnderTest::Settle(permit);
  }
};

// Two who wait may find that they are granted one slot.
struct GrantsTooSoon : BulkheadUnderTest {
  using BulkheadUnderTest::BulkheadUnderTest;
  std::atomic<uint32_t> polls{0};
  BulkheadPoll Poll(PermitFields* permit) override {
    const BulkheadPoll found = BulkheadUnderTest::Poll(permit);
    return ++polls % 8 == 0 ? BulkheadPoll::kGranted : found;
  }
};

// What it says was true, but at the time of a look before.
struct LooksFromMemory : BulkheadUnderTest {
  using BulkheadUnderTest::BulkheadUnderTest;
  std::atomic<int32_t> seen{0};
  BulkheadSnapshot Snapshot() override {
    BulkheadSnapshot snapshot = BulkheadUnderTest::Snapshot();
    snapshot.in_flight = seen.exchange(snapshot.in_flight);
    return snapshot;
  }
};

template <typename Mistake>
void ExpectRefuted(const std::string& name) {
  EXPECT_THAT(FirstRefutedBurst<Mistake>(Named(Scenarios(), name), 200),
              HasSubstr("not linearizable"))
      << name;
}

TEST(MistakenBulkheadTest, ASlotThatIsLostIsFound) { ExpectRefuted<LosesASlot>("OneSlot"); }
TEST(MistakenBulkheadTest, ASlotThatIsGivenBackTwiceIsFound) {
  ExpectRefuted<GivesBackTwice>("ThreeSlots");
}
TEST(MistakenBulkheadTest, AGrantThatIsToldTooSoonIsFound) {
  ExpectRefuted<GrantsTooSoon>("OneSlot");
}
TEST(MistakenBulkheadTest, ALookRememberedFromBeforeIsFound) {
  ExpectRefuted<LooksFromMemory>("ThreeSlots");
}

}  // namespace
}  // namespace spillway::testing
