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

// Claims that nobody completes, in one cell or in both.
struct LeftBehind final : KeyedBase {
  explicit LeftBehind(size_t claims) : KeyedBase(Small(1)) {
    for (size_t i = 0; i < claims; ++i) Claim(1 - i, kOne);
  }
  void Run(int thread) override { admitted += Takes(thread == 2 ? kTwo : kOne); }
  void Check() override {
    Require(admitted == 2, "each key has one token");
    Require(!Takes(kOne) && !Takes(kTwo), "and it is taken");
    Require(limiter->Snapshot(0).total_evicted == 0, "no tokens are forgiven");
  }
  int admitted = 0;
};
const Registered<LeftBehind> one_claim("keyed limiter: a claim left behind is completed once", 3,
                                       {.preemptions = 3, .surprises = 1}, 1);
const Registered<LeftBehind> two_claims("keyed limiter: two claims left behind", 3,
                                        {.preemptions = 3, .surprises = 1}, 2);

// More keys than cells.
struct LastCell final : KeyedBase {
  explicit LastCell(WhenFull full) : KeyedBase(Small(1, full)), when_full(full) { Takes(kThree); }
  void Run(int thread) override { admitted += Takes(thread == 0 ? kOne : kTwo); }
  void Check() override {
    const KeyedLimiterSnapshot seen = limiter->Snapshot(0);
    if (when_full == WhenFull::kRefuse) {
      Require(admitted == 1 && seen.total_refused_without_cell == 1, "one gets the last cell");
    } else {
      Require(admitted == 2, "nobody is refused");
      Require(seen.total_evicted + seen.total_admitted_without_cell == 1, "one without a cell");
    }
    Require(limiter->CountLiveKeys(kNow) == 2, "no cell is lost");
    Require(seen.total_forgiven_tokens == seen.total_evicted, "what is forgiven is counted");
  }
  WhenFull when_full;
  int admitted = 0;
};
const Registered<LastCell> evicted("keyed limiter: two keys for the last cell, one is evicted", 2,
                                   {.preemptions = 4, .surprises = 1}, WhenFull::kEvict);
const Registered<LastCell> refused("keyed limiter: two keys for the last cell, one is refused", 2,
                                   {.preemptions = 4, .surprises = 1}, WhenFull::kRefuse);
const Registered<LastCell> without("keyed limiter: two keys for the last cell, one has none", 2,
                                   {.preemptions = 4, .surprises = 1}, WhenFull::kAdmit);

// A key is evicted while it takes tokens.
struct Evicted final : KeyedBase {
  Evicted() : KeyedBase(Small(2)) {
    Takes(kTwo, kNow, 2);
    admitted += Takes(kOne);
  }
  void Run(int thread) override {
    if (thread == 0) {
      admitted += Takes(kOne);
      admitted += Takes(kOne);
    } else {
      Require(Takes(kThree), "a new key gets the cell");
    }
  }
  void Check() override {
    const auto forgiven = static_cast<int>(limiter->Snapshot(0).total_forgiven_tokens);
    Require(admitted <= 2 + forgiven, "more than the burst only of what was forgiven");
  }
  int admitted = 0;
};
const Registered<Evicted> while_taking("keyed limiter: a key is evicted while it takes", 2,
                                       {.preemptions = 4, .surprises = 1});

// Somebody whose clock is behind, and a cell that is another's once its time has passed. Nobody is
// late by more than the limiter allows for; so what "late" means is for it to say.
struct Behind final : KeyedBase {
  Behind() : KeyedBase(Small(1)) {
    Takes(kOne, kNow);
    Takes(kTwo, kNow + 10 * kPeriod);
  }
  void Run(int thread) override {
    if (thread == 0) {
      for (int i = 0; i < 2; ++i) admitted += Takes(kOne, kNow + kPeriod / 2);
    } else {
      Takes(kThree, kNow + kPeriod);
    }
  }
  void Check() override {
    Require(admitted <= 1, "a token comes once");
    if (admitted == 1) Require(!Takes(kOne, kNow + kPeriod), "at the time that somebody has seen");
  }
  int admitted = 0;
};
const Registered<Behind> behind("keyed limiter: a clock that is behind mints nothing", 2,
                                {.preemptions = 4, .surprises = 2});

// A clock that is far behind does not take the cell of a later call for one that has passed.
struct FarBehind final : KeyedBase {
  FarBehind() : KeyedBase(Small(1)) {}
  void Run(int thread) override {
    if (thread == 0) {
      admitted += Takes(kOne, kNow);
    } else {
      for (int i = 0; i < 2; ++i) late += Takes(kOne, i);
    }
  }
  void Check() override {
    Require(admitted == 1 || late == 1, "the token is taken");
    Require(late <= 1, "and it comes back only once time has moved on");
    Require(!Takes(kOne, 0) && !Takes(kOne, kNow + kPeriod - 1), "which it has for all");
  }
  int admitted = 0;
  int late = 0;
};
const Registered<FarBehind> far_behind("keyed limiter: a clock that is far behind mints nothing", 2,
                                       {.preemptions = 4, .surprises = 2});

// A call that is stopped before it enters its key, while the key comes and goes.
struct Overtaken final : KeyedBase {
  Overtaken() : KeyedBase(Small(1)) {}
  void Run(int thread) override {
    if (thread == 0) {
      first = Takes(kOne, kNow);
    } else {
      second = Takes(kOne, kNow + kPeriod / 2);
      Takes(kTwo, kNow + 2 * kPeriod);
      Takes(kThree, kNow + 2 * kPeriod);
    }
  }
  void Check() override {
    if (!first || !second) return;
    // Both could only be admitted by tokens of their own: the later one's is taken at the earliest
    // when the first one's has come back.
    Require(!Takes(kOne, kNow + kPeriod), "no token comes before its time");
  }
  bool first = false;
  bool second = false;
};
const Registered<Overtaken> overtaken("keyed limiter: who is overtaken is late", 2,
                                      {.preemptions = 3, .surprises = 1});

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
