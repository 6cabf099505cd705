// The checker itself: on histories written by hand, and on objects with a known mistake that real
// threads use.
#include "tests/linearizability/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <ostream>
#include <string>
#include <vector>

#include "tests/linearizability/recorder.h"

namespace spillway::testing {
namespace {

using ::testing::HasSubstr;

// ---- models, as small as they get

// A register of one number: kWrite answers 0, kRead the number, kAdd the number before.
struct Register {
  enum Kind { kWrite, kRead, kAdd };
  struct Operation {
    Kind kind;
    int64_t value = 0;

    friend std::ostream& operator<<(std::ostream& out, const Operation& call) {
      return out << (call.kind == kWrite ? "write "
                     : call.kind == kAdd ? "add "
                                         : "read ")
                 << call.value;
    }
  };
  using Answer = int64_t;
  using State = int64_t;

  State Initial() const { return 0; }
  Answer Apply(State* state, const Operation& call) const {
    const int64_t before = *state;
    if (call.kind == kWrite) *state = call.value;
    if (call.kind == kAdd) *state += call.value;
    return call.kind == kWrite ? 0 : before;
  }
};

// Slots to take and give back; answers whether there was one.
struct Slots {
  int64_t limit = 1;

  enum class Operation { kTake, kGiveBack };
  friend std::ostream& operator<<(std::ostream& out, Operation call) {
    return out << (call == Operation::kTake ? "take" : "give back");
  }
  using Answer = bool;
  using State = int64_t;

  State Initial() const { return 0; }
  Answer Apply(State* taken, Operation call) const {
    if (call == Operation::kGiveBack) {
      --*taken;
      return true;
    }
    if (*taken == limit) return false;
    ++*taken;
    return true;
  }
};

// A counter that promises to add all it is told, but each unit at an instant of its own.
struct UnitwiseCounter : Register {
  void Step(const State& state, const Operation& call, Progress added,
            NextOf<UnitwiseCounter>* next) const {
    if (call.kind == kRead) return next->Done(state, state);
    const bool last = static_cast<int64_t>(added) + 1 == call.value;
    last ? next->Done(state + 1, 0) : next->Goes(state + 1, added + 1);
  }
  Answer Apply(State* state, const Operation& call) const = delete;
};

constexpr auto kWrite = Register::kWrite;
constexpr auto kRead = Register::kRead;
constexpr auto kAdd = Register::kAdd;

Verdict CheckRegister(const HistoryOf<Register>& history) { return Check(Register{}, history); }
Verdict CheckSlots(const HistoryOf<Slots>& history) { return Check(Slots{}, history); }

// ---- histories written by hand: {call, answer, invoked, returned}

TEST(CheckerTest, AnEmptyHistoryIsLinearizable) { EXPECT_TRUE(CheckRegister({}).linearizable); }

TEST(CheckerTest, OneThreadIsHeldToItsOwnOrder) {
  EXPECT_TRUE(CheckRegister({{{{kWrite, 1}, 0, 1, 2}, {{kRead}, 1, 3, 4}}}).linearizable);
  EXPECT_FALSE(CheckRegister({{{{kRead}, 1, 1, 2}, {{kWrite, 1}, 0, 3, 4}}}).linearizable);
}

TEST(CheckerTest, CallsThatOverlapMayComeInEitherOrder) {
  for (const int64_t read : {0, 1}) {
    EXPECT_TRUE(CheckRegister({{{{kWrite, 1}, 0, 1, 4}}, {{{kRead}, read, 2, 3}}}).linearizable);
  }
  EXPECT_FALSE(CheckRegister({{{{kWrite, 1}, 0, 1, 4}}, {{{kRead}, 2, 2, 3}}}).linearizable);
}

TEST(CheckerTest, EqualStampsOverlap) {
  EXPECT_TRUE(CheckRegister({{{{kWrite, 1}, 0, 1, 2}}, {{{kRead}, 0, 2, 3}}}).linearizable);
}

TEST(CheckerTest, AReadThatMissesAFinishedWriteIsStale) {
  EXPECT_FALSE(CheckRegister({{{{kWrite, 1}, 0, 1, 2}}, {{{kRead}, 0, 3, 4}}}).linearizable);
}

TEST(CheckerTest, OnceSeenAWriteStaysSeen) {
  // The write overlaps both reads, which do not overlap each other.
  EXPECT_TRUE(CheckRegister({{{{kWrite, 1}, 0, 1, 9}}, {{{kRead}, 0, 2, 3}, {{kRead}, 1, 4, 5}}})
                  .linearizable);
  EXPECT_FALSE(CheckRegister({{{{kWrite, 1}, 0, 1, 9}}, {{{kRead}, 1, 2, 3}, {{kRead}, 0, 4, 5}}})
                   .linearizable);
}

TEST(CheckerTest, ALostUpdateIsRefuted) {
  EXPECT_TRUE(CheckRegister({{{{kAdd, 1}, 0, 1, 3}}, {{{kAdd, 1}, 1, 2, 4}}}).linearizable);
  EXPECT_FALSE(CheckRegister({{{{kAdd, 1}, 0, 1, 3}}, {{{kAdd, 1}, 0, 2, 4}}}).linearizable);
}

TEST(CheckerTest, ADoubleGrantIsRefuted) {
  using enum Slots::Operation;
  EXPECT_TRUE(CheckSlots({{{kTake, true, 1, 3}}, {{kTake, false, 2, 4}}}).linearizable);
  EXPECT_FALSE(CheckSlots({{{kTake, true, 1, 3}}, {{kTake, true, 2, 4}}}).linearizable);
  // A refusal needs a reason, too: nobody had the slot.
  EXPECT_FALSE(CheckSlots({{{kTake, true, 1, 2}, {kGiveBack, true, 3, 4}}, {{kTake, false, 5, 6}}})
                   .linearizable);
}

TEST(CheckerTest, ACallThatNeverReturnedMayHaveHappenedOrNot) {
  for (const int64_t read : {0, 1}) {
    EXPECT_TRUE(CheckRegister({{{{kWrite, 1}, {}, 1, kNeverReturned}}, {{{kRead}, read, 2, 3}}})
                    .linearizable);
  }
  EXPECT_FALSE(CheckRegister({{{{kWrite, 1}, {}, 1, kNeverReturned}},
                              {{{kRead}, 1, 2, 3}, {{kRead}, 0, 4, 5}}})
                   .linearizable);
}

TEST(CheckerTest, StepsOfACallHaveInstantsOfTheirOwn) {
  const UnitwiseCounter counter;
  const HistoryOf<UnitwiseCounter> seen_halfway = {
      {{{kAdd, 2}, 0, 1, 6}}, {{{kRead}, 0, 2, 3}, {{kRead}, 1, 4, 5}, {{kRead}, 2, 7, 8}}};
  EXPECT_TRUE(Check(counter, seen_halfway).linearizable);
  EXPECT_FALSE(CheckRegister(seen_halfway).linearizable);  // one step cannot be half done
  const HistoryOf<UnitwiseCounter> half_done_after_all = {{{{kAdd, 2}, 0, 1, 6}},
                                                          {{{kRead}, 0, 2, 3}, {{kRead}, 1, 7, 8}}};
  EXPECT_FALSE(Check(counter, half_done_after_all).linearizable);
}

TEST(CheckerTest, ACounterexampleSaysHowFarTheModelCanFollowAndWhatItAnswers) {
  const Verdict verdict =
      CheckRegister({{{{kWrite, 7}, 0, 1, 2}}, {{{kRead}, 0, 3, 4}, {{kRead}, 7, 5, 6}}});
  EXPECT_EQ(verdict.counterexample,
            "not linearizable\n"
            "the longest way that the model can follow:\n"
            "  thread 0 [1, 2] write 7 -> 0\n"
            "then the model is at: 7\n"
            "and these calls are not done:\n"
            "  thread 1 [3, 4] read 0 -> 0  cannot go on; the model answers 7\n");
}

TEST(CheckerTest, LooksAtNoStateOfTheSameCallsTwice) {
  // Ten overlapping reads in each of three threads: 31^3 orders at least, 11^3 sets of calls done.
  HistoryOf<Register> history(3);
  for (auto& thread : history) {
    for (uint64_t i = 0; i < 10; ++i) thread.push_back({{kRead}, 0, i, 100 + i});
  }
  history.push_back({{{kRead}, 1, 0, 200}});  // that no order explains
  const Verdict verdict = CheckRegister(history);
  EXPECT_FALSE(verdict.linearizable);
  EXPECT_LE(verdict.looked_at, 11u * 11 * 11);
}

// ---- objects that threads really use

struct SoundCounter {
  std::atomic<int64_t> value{0};
  int64_t Add(int64_t amount) { return value.fetch_add(amount); }
};

// Another addition that comes between the load and the store is lost.
struct SplitCounter {
  std::atomic<int64_t> value{0};
  int64_t Add(int64_t amount) {
    const int64_t before = value.load();
    std::this_thread::yield();
    value.store(before + amount);
    return before;
  }
};

template <typename Counter>
struct CounterClient {
  using Operation = Register::Operation;
  using Answer = Register::Answer;

  Operation Next(Random& random) {
    return random.OneIn(4) ? Operation{kRead} : Operation{kAdd, 1 + random.Below(3)};
  }
  Answer Run(const Operation& call) {
    return call.kind == kRead ? counter->value.load() : counter->Add(call.value);
  }

  Counter* counter;
};

struct SoundSlot {
  std::atomic<bool> taken{false};
  bool Take() { return !taken.exchange(true); }
};

// Two may find it free before either takes it.
struct UncheckedSlot {
  std::atomic<bool> taken{false};
  bool Take() {
    if (taken) return false;
    std::this_thread::yield();
    taken = true;
    return true;
  }
};

template <typename Slot>
struct SlotClient {
  using Operation = Slots::Operation;
  using Answer = Slots::Answer;

  Operation Next(Random&) { return mine ? Operation::kGiveBack : Operation::kTake; }
  Answer Run(Operation call) {
    if (call == Operation::kTake) return mine = slot->Take();
    mine = false;
    slot->taken = false;
    return true;
  }

  Slot* slot;
  bool mine = false;
};

// The first counterexample among so many bursts, or nothing.
template <typename Object, typename Client, typename Model>
std::string FirstRefuted(const Model& model, Stamps stamps, uint64_t bursts) {
  size_t overlaps = 0;
  for (uint64_t seed = 1; seed <= bursts; ++seed) {
    Object object;
    std::vector<Client> clients(3, Client{&object});
    Stamper stamper(stamps);
    const auto history = Burst<Client>(&stamper, seed).Run(&clients, 10);
    overlaps += OverlapsIn(history);
    const Verdict verdict = Check(model, history);
    if (!verdict.linearizable) return verdict.counterexample;
  }
  EXPECT_GT(overlaps, 0u);
  return "";
}

class RecordedTest : public ::testing::TestWithParam<Stamps> {};

INSTANTIATE_TEST_SUITE_P(Stamps, RecordedTest, ::testing::Values(Stamps::kTickets, Stamps::kClock),
                         [](const auto& test) {
                           return test.param == Stamps::kTickets ? "Tickets" : "Clock";
                         });

TEST_P(RecordedTest, ACounterOfOneAdditionIsLinearizable) {
  EXPECT_EQ((FirstRefuted<SoundCounter, CounterClient<SoundCounter>>(Register{}, GetParam(), 200)),
            "");
}

TEST_P(RecordedTest, ACounterThatLoadsAndStoresIsRefuted) {
  EXPECT_THAT(
      (FirstRefuted<SplitCounter, CounterClient<SplitCounter>>(Register{}, GetParam(), 200)),
      HasSubstr("not linearizable"));
}

TEST_P(RecordedTest, ASlotTakenByOneExchangeIsLinearizable) {
  EXPECT_EQ((FirstRefuted<SoundSlot, SlotClient<SoundSlot>>(Slots{}, GetParam(), 200)), "");
}

TEST_P(RecordedTest, ASlotLookedAtBeforeItIsTakenIsRefuted) {
  EXPECT_THAT((FirstRefuted<UncheckedSlot, SlotClient<UncheckedSlot>>(Slots{}, GetParam(), 200)),
              HasSubstr("not linearizable"));
}

}  // namespace
}  // namespace spillway::testing
