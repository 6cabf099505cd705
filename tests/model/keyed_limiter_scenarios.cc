// The keyed limiter: the real one, with one set of two cells, in memory of the scenario.
#include <memory>

#include "spillway/limiter/keyed_limiter.h"
#include "spillway/sync/thread_slot.h"
#include "tests/model/in_place.h"
#include "tests/model/scenarios.h"
#include "tests/support/policies.h"

namespace spillway::model {
namespace {

using Settings = KeyedLimiterSettings;
using WhenFull = KeyedLimiterWhenFull;

// A token comes every microsecond, whose unit is the nanosecond; calls may be late by 65.5 of them.
constexpr Nanos kPeriod = 1000;
constexpr Nanos kNow = 1'000'000;

// Keys of one set.
constexpr KeyHash kOne{1};
constexpr KeyHash kTwo{2};
constexpr KeyHash kThree{3};
constexpr KeyHash kFour{4};

Settings Small(int32_t burst, WhenFull when_full = WhenFull::kEvict) {
  return {.rate = 1e6,
          .burst = burst,
          .max_keys = 1,
          .when_full = when_full,
          .seed = 1,
          .counted = false};
}

struct KeyedBase : Scenario {
  explicit KeyedBase(const Settings& settings) {
    internal::thread_slot = internal::kNoThreadSlot;
    KeepForEachThread(&internal::thread_slot);
    const InPlace in_place;
    limiter = testing::MakePolicy<KeyedLimiter>(settings, &memory);
  }

  bool Takes(KeyHash key, Nanos now = kNow, int64_t n = 1) {
    return static_cast<bool>(limiter->TryAcquire(now, key, n));
  }
  // What the cells hold and what was forgiven is all that was taken.
  void RequireTaken(int64_t tokens) {
    auto found = static_cast<int64_t>(limiter->Snapshot(0).total_forgiven_tokens);
    for (const KeyHash key : {kOne, kTwo, kThree, kFour}) {
      found += static_cast<int64_t>(limiter->TryAcquire(kNow, key, 0).detail) / kPeriod;
    }
    Require(found == tokens, "no token is taken that is not counted");
  }
  // What a call that was killed in between leaves behind.
  void Claim(size_t cell, KeyHash key) {
    memory.set.cells[cell].store(
        KeyedLimiterWord::Claimed(KeyedLimiterWord::TagOf(key), kNow + kPeriod).bits(),
        std::memory_order_relaxed);
  }

  struct {
    KeyedLimiterMemory counters;
    KeyedLimiterSet set;
  } memory;
  std::unique_ptr<KeyedLimiter> limiter;
};

// Calls that all enter the same key.
struct FirstCalls final : KeyedBase {
  FirstCalls(int32_t there, int calls_of_each) : KeyedBase(Small(there)), calls(calls_of_each) {}
  void Run(int) override {
    for (int i = 0; i < calls; ++i) admitted += Takes(kOne);
  }
  void Check() override {
    const auto tokens = static_cast<int>(limiter->settings().burst);
    Require(admitted == tokens, "as many are admitted as there are tokens");
    Require(limiter->CountLiveKeys(kNow) == 1, "the key has one cell");
    Require(!Takes(kOne, kNow + kPeriod - 1) && Takes(kOne, kNow + kPeriod) &&
                !Takes(kOne, kNow + kPeriod),
            "the next token comes in its time, and once");
  }
  int calls;
  int admitted = 0;
};
const Registered<FirstCalls> first_calls("keyed limiter: a key is entered once", 3,
                                         {.preemptions = 3, .surprises = 1}, 1, 1);
const Registered<FirstCalls> next_calls("keyed limiter: a key is entered once, and used", 2,
                                        {.preemptions = 4, .surprises = 1}, 2, 2);

// Calls that enter the same key, each in another cell. (They are two keys of one tag, which look
// for room from another cell on.)
struct EitherCell final : KeyedBase {
  static constexpr KeyHash kOneToo{kOne.bits | 1 << 24};
  EitherCell() : KeyedBase(Small(1)) {
    memory.counters.newest.store(kNow, std::memory_order_relaxed);
  }
  void Run(int thread) override { admitted += Takes(thread == 0 ? kOne : kOneToo); }
  void Check() override {
    Require(admitted == 1, "the token is taken once");
    Require(!Takes(kOne, kNow + kPeriod - 1) && Takes(kOne, kNow + kPeriod) &&
                !Takes(kOne, kNow + kPeriod),
            "the next token comes in its time, and once");
  }
  int admitted = 0;
};
const Registered<EitherCell> either_cell("keyed limiter: a key is entered once, in either cell", 2,
                                         {.preemptions = 3, .surprises = 1});
// So many preemptions because two of three calls are stopped twice, with the same claim to make.
const Registered<EitherCell> same_claim("keyed limiter: a cancelled claim does not come back", 3,
                                        {.preemptions = 4, .surprises = 0});

// Claims that nobody completes, in one cell or in both.
struct LeftBehind final : KeyedBase {
  explicit LeftBehind(int claims) : KeyedBase(Small(1, WhenFull::kRefuse)) {
    for (int i = 0; i < claims; ++i) Claim(static_cast<size_t>(1 - i), kOne);
  }
  void Run(int thread) override { admitted[thread == 2] += Takes(thread == 2 ? kTwo : kOne); }
  void Check() override {
    Require(admitted[0] == 1, "the key has one token");
    RequireTaken(admitted[0] + admitted[1]);
  }
  int admitted[2] = {};
};
const Registered<LeftBehind> one_claim("keyed limiter: a claim left behind is completed once", 3,
                                       {.preemptions = 2, .surprises = 1}, 1);
const Registered<LeftBehind> two_claims("keyed limiter: two claims left behind", 3,
                                        {.preemptions = 2, .surprises = 1}, 2);

// More keys than cells.
struct MoreKeys final : KeyedBase {
  MoreKeys(WhenFull full, int keys) : KeyedBase(Small(1, full)), when_full(full), taken(keys) {
    Takes(kThree);
    if (taken == 2) Takes(kFour);
  }
  void Run(int thread) override { admitted += Takes(thread == 0 ? kOne : kTwo); }
  void Check() override {
    const KeyedLimiterSnapshot seen = limiter->Snapshot(0);
    const auto without = static_cast<uint64_t>(taken);
    Require(admitted == (when_full == WhenFull::kRefuse ? 2 - taken : 2), "all who can be are");
    if (when_full == WhenFull::kEvict) {
      RequireTaken(taken + 2);
      Require(seen.total_evicted == seen.total_forgiven_tokens, "each had a token");
    } else {
      Require(seen.total_refused_without_cell + seen.total_admitted_without_cell == without,
              "those without a cell are counted");
    }
    Require(limiter->CountLiveKeys(kNow) == 2, "no cell is lost");
  }
  WhenFull when_full;
  int taken;
  int admitted = 0;
};
const Registered<MoreKeys> last_evicts("keyed limiter: the last cell, or another's", 2,
                                       {.preemptions = 4, .surprises = 1}, WhenFull::kEvict, 1);
const Registered<MoreKeys> last_refuses("keyed limiter: the last cell, or none", 2,
                                        {.preemptions = 4, .surprises = 1}, WhenFull::kRefuse, 1);
const Registered<MoreKeys> evicts("keyed limiter: two keys evict two", 2,
                                  {.preemptions = 4, .surprises = 1}, WhenFull::kEvict, 2);
const Registered<MoreKeys> refuses("keyed limiter: two keys are refused without a cell", 2,
                                   {.preemptions = 4, .surprises = 1}, WhenFull::kRefuse, 2);
const Registered<MoreKeys> admits("keyed limiter: two keys are admitted without a cell", 2,
                                  {.preemptions = 4, .surprises = 1}, WhenFull::kAdmit, 2);

// Time moves on from several sides.
struct TimeMoves final : KeyedBase {
  TimeMoves() : KeyedBase(Small(1)) {}
  void Run(int thread) override { Takes(thread == 0 ? kOne : kTwo, kNow * (thread + 1)); }
  void Check() override {
    Require(!Takes(kTwo, kNow), "the latest time is known to all");
    Require(memory.counters.newest.load(std::memory_order_relaxed) == 2 * kNow, "as it was given");
  }
};
const Registered<TimeMoves> time_moves("keyed limiter: time only moves on", 2,
                                       {.preemptions = 4, .surprises = 1});

// A key is evicted while it takes tokens.
struct Evicted final : KeyedBase {
  Evicted() : KeyedBase(Small(2)) {
    Takes(kTwo, kNow, 2);
    Takes(kOne);
  }
  void Run(int thread) override {
    if (thread == 0) {
      admitted += Takes(kOne);
      admitted += Takes(kOne);
    } else {
      Require(Takes(kThree), "a new key gets a cell");
    }
  }
  void Check() override { RequireTaken(2 + 1 + 1 + admitted); }
  int admitted = 0;
};
const Registered<Evicted> while_taking("keyed limiter: a key is evicted while it takes", 2,
                                       {.preemptions = 4, .surprises = 1});

// Somebody whose clock is behind, and whose cell is another's, since its time has passed for that
// one.
struct Behind final : KeyedBase {
  Behind() : KeyedBase(Small(1, WhenFull::kRefuse)) {
    Takes(kOne, kNow);
    Takes(kTwo, kNow + kPeriod);
  }
  void Run(int thread) override {
    if (thread == 0) {
      for (int i = 0; i < 2; ++i) admitted += Takes(kOne, kNow + kPeriod / 2);
    } else {
      Takes(kThree, kNow + kPeriod);
      limiter->Forget(kTwo);
    }
  }
  void Check() override {
    Require(admitted <= 1, "a token comes once");
    if (admitted == 1)
      Require(!Takes(kOne, kNow + 2 * kPeriod - 1), "at a time that somebody has seen");
  }
  int admitted = 0;
};
const Registered<Behind> behind("keyed limiter: a clock that is behind mints nothing", 2,
                                {.preemptions = 4, .surprises = 2});

// A clock that is far behind does not take the cell of a later call for one whose time has passed.
struct FarBehind final : KeyedBase {
  FarBehind() : KeyedBase(Small(1)) {}
  void Run(int thread) override {
    if (thread == 0) {
      admitted += Takes(kOne, kNow);
    } else {
      for (int i = 0; i < 3; ++i) admitted += Takes(kOne, i);
    }
  }
  void Check() override {
    Require(admitted == 1 || admitted == 2, "a token for the beginning, and one for the end");
    Require(!Takes(kOne, 0) && !Takes(kOne, kNow + kPeriod - 1), "time has moved on for all");
  }
  int admitted = 0;
};
const Registered<FarBehind> far_behind("keyed limiter: a clock that is far behind mints nothing", 2,
                                       {.preemptions = 4, .surprises = 2});

// A call that is stopped before it claims a cell, while its key comes and goes in the other one.
struct Overtaken final : KeyedBase {
  static constexpr Nanos kLater = kNow + 100 * kPeriod;
  Overtaken() : KeyedBase(Small(1, WhenFull::kRefuse)) { Takes(kTwo); }
  void Run(int thread) override {
    if (thread == 0) {
      first = Takes(kOne, kNow);
      return;
    }
    limiter->Forget(kTwo);
    second = Takes(kOne, kNow + kPeriod / 2);
    Takes(kThree, kLater);
    limiter->Forget(kThree);
    Takes(kTwo, kLater);
  }
  void Check() override {
    if (first && second)
      Require(!Takes(kOne, kLater), "of two tokens one is of a time that somebody has seen");
  }
  bool first = false;
  bool second = false;
};
const Registered<Overtaken> overtaken("keyed limiter: who is overtaken is late", 2,
                                      {.preemptions = 3, .surprises = 1});

// A reset between calls that enter the same key, each from another cell on.
struct ResetMeanwhile final : KeyedBase {
  explicit ResetMeanwhile(bool another) : KeyedBase(Small(1)), was_another(another) {
    if (another) Takes(kTwo, kNow / 2);
    memory.counters.newest.store(kNow, std::memory_order_relaxed);
  }
  void Run(int thread) override {
    if (thread == 1) {
      if (!was_another) Takes(kOne);
      limiter->Reset();
    }
    Takes(thread == 2 ? EitherCell::kOneToo : kOne);
  }
  void Check() override {
    Require(limiter->CountLiveKeys(kNow) <= 1, "the key has one cell");
    limiter->Reset();
    Require(limiter->CountLiveKeys(kNow) == 0, "a later reset holds");
    Require(Takes(kTwo, 0) && Takes(kThree, 0), "and leaves room, at any time");
  }
  bool was_another;  // the cell that is looked for first
};
const Registered<ResetMeanwhile> reset("keyed limiter: a reset makes no second cell", 3,
                                       {.preemptions = 3, .surprises = 0}, false);
const Registered<ResetMeanwhile> reset_another(
    "keyed limiter: a reset makes no second cell in that of another", 3,
    {.preemptions = 3, .surprises = 0}, true);

// A reset forgets a key that takes meanwhile, or that call comes after it.
struct ResetWhileTaking final : KeyedBase {
  ResetWhileTaking() : KeyedBase(Small(2)) { Takes(kOne); }
  void Run(int thread) override {
    if (thread == 0) {
      limiter->Reset();
    } else {
      admitted += Takes(kOne);
    }
  }
  void Check() override {
    int rest = 0;
    while (Takes(kOne)) ++rest;
    Require(admitted == 1 || admitted == 2, "who calls once finds a token");
    Require(rest <= 2 && admitted + rest >= 2, "what was taken before the reset came back");
  }
  int admitted = 0;
};
const Registered<ResetWhileTaking> reset_while_taking(
    "keyed limiter: a reset forgets what was taken before it", 2,
    {.preemptions = 4, .surprises = 1});

// Tokens that come back, and keys that are forgotten, while others take.
struct GivesBack final : KeyedBase {
  explicit GivesBack(bool forgets) : KeyedBase(Small(2)), forget(forgets) { Takes(kOne, kNow, 2); }
  void Run(int thread) override {
    if (thread != 0) {
      admitted += Takes(kOne);
    } else if (forget) {
      limiter->Forget(kOne);
    } else {
      limiter->Refund(kNow, kOne, 1);
    }
  }
  void Check() override {
    int rest = 0;
    while (Takes(kOne)) ++rest;
    Require(admitted + rest == (forget ? 2 : 1), "what came back is taken, and once");
  }
  bool forget;
  int admitted = 0;
};
const Registered<GivesBack> refunds("keyed limiter: a refund mints and loses nothing", 3,
                                    {.preemptions = 3, .surprises = 1}, false);
const Registered<GivesBack> forgets("keyed limiter: a key is forgotten while others take", 3,
                                    {.preemptions = 3, .surprises = 1}, true);

}  // namespace
}  // namespace spillway::model
