// The bulkhead: the real one, in memory of the scenario. Nobody sleeps here: who waits asks again.
#include <memory>
#include <utility>

#include "spillway/concurrency/bulkhead.h"
#include "spillway/sync/thread_slot.h"
#include "tests/model/in_place.h"
#include "tests/model/scenarios.h"
#include "tests/support/policies.h"

namespace spillway::model {
namespace {

constexpr BulkheadSettings Small(int slots, int places) {
  return {.max_concurrent = slots, .max_queue = places, .counted = false};
}

struct BulkheadBase : Scenario {
  explicit BulkheadBase(const BulkheadSettings& settings) {
    internal::thread_slot = internal::kNoThreadSlot;
    KeepForEachThread(&internal::thread_slot);
    const InPlace in_place;
    bulkhead = testing::MakePolicy<Bulkhead>(settings, &memory);
  }

  PermitFields Take() { return bulkhead->Decide(0, Priority::kNormal, &granted).permit; }
  PermitFields Join() { return bulkhead->DecideOrQueue(0, Priority::kNormal, &granted).permit; }
  void GiveBack(const PermitFields& permit) {
    Require(bulkhead->Settle(permit, Outcome::kSuccess, 0, &granted) == Settlement::kCounted,
            "what is held can be given back");
  }
  bool HoldsSlot(PermitFields* permit) {
    const BulkheadPoll answer = bulkhead->Poll(permit, 0, &granted);
    Require(answer != BulkheadPoll::kMisused, "what is held is known");
    return answer == BulkheadPoll::kGranted;
  }

  // With one slot: what its holder does. Others may run in between, and must not be in here.
  void Use() {
    Require(!std::exchange(in_use, true), "one at a time");
    Require(written.load(std::memory_order_relaxed) == uses, "what was done before is seen");
    written.store(++uses, std::memory_order_relaxed);
    in_use = false;
  }
  // At once, or after a wait, or not at all.
  void UseOnce(PermitFields permit) {
    if (HoldsSlot(&permit)) Use();
    GiveBack(permit);
  }

  void RequireHeld(int slots, int places) {
    const BulkheadSnapshot seen = bulkhead->Snapshot(0);
    Require(seen.in_flight == slots, "each slot that is taken is somebody's");
    Require(seen.queued == places, "so is each place");
  }

  struct {
    BulkheadMemory words;
    Word places[2];
  } memory;
  std::unique_ptr<Bulkhead> bulkhead;
  BulkheadGrants granted;
  Word written;
  uint64_t uses = 0;
  bool in_use = false;
};

// More who ask than there are slots.
struct SlotTakers final : BulkheadBase {
  SlotTakers() : BulkheadBase(Small(1, 0)) {}
  void Run(int) override {
    const PermitFields permit = Take();
    if (permit.owner == 0) return;
    Use();
    GiveBack(permit);
  }
  void Check() override {
    Require(uses >= 1, "the first who came was admitted");
    RequireHeld(0, 0);
  }
};
const Registered<SlotTakers> takers("bulkhead: the only slot is one caller's at a time", 3,
                                    {.preemptions = 3, .surprises = 1});

// All of what callers do, with one slot and one place that is used again.
struct Crowd final : BulkheadBase {
  Crowd() : BulkheadBase(Small(1, 1)) {}
  void Run(int) override {
    const PermitFields permit = Join();
    if (permit.owner != 0) UseOnce(permit);
  }
  void Check() override {
    Require(uses >= 1, "the first who came was admitted");
    RequireHeld(0, 0);
  }
};
const Registered<Crowd> crowd("bulkhead: a place is used again by the next who waits", 3,
                              {.preemptions = 2, .surprises = 1});

// Somebody gives his slot back while those who wait look, or leave, or both.
struct Waiting : BulkheadBase {
  explicit Waiting(int places) : BulkheadBase(Small(1, places)), slot(Take()), first(Join()) {
    if (places == 2) second = Join();
  }
  PermitFields slot;
  PermitFields first;
  PermitFields second;
};

struct LeaveAsGranted final : Waiting {
  LeaveAsGranted() : Waiting(2) {}
  void Run(int thread) override { GiveBack(thread == 0 ? slot : thread == 1 ? first : second); }
  void Check() override {
    RequireHeld(0, 0);
    Require(Take().owner != 0, "the slot is free again");
  }
};
const Registered<LeaveAsGranted> leave("bulkhead: a slot outlives those who leave as it is granted",
                                       3, {.preemptions = 2, .surprises = 1});

struct UseWhatIsGranted final : Waiting {
  UseWhatIsGranted() : Waiting(2) {}
  void Run(int thread) override {
    if (thread == 0) {
      Use();
      GiveBack(slot);
    } else {
      UseOnce(thread == 1 ? first : second);
    }
  }
  void Check() override { RequireHeld(0, 0); }
};
const Registered<UseWhatIsGranted> use("bulkhead: who is granted a slot has it alone", 3,
                                       {.preemptions = 2, .surprises = 1});

// The second goes on with what the first has left behind.
struct InTheirOrder final : Waiting {
  InTheirOrder() : Waiting(2) {}
  void Run(int thread) override {
    if (thread == 0) return GiveBack(slot);
    if (thread == 1) {
      if (HoldsSlot(&second)) Require(first_left, "who came later has it later");
    } else {
      first_left = true;
      GiveBack(first);
    }
  }
  void Check() override {
    Require(HoldsSlot(&second), "nobody is forgotten");
    RequireHeld(1, 0);
  }
  bool first_left = false;
};
const Registered<InTheirOrder> order("bulkhead: slots are granted in order", 3,
                                     {.preemptions = 2, .surprises = 1});

// A newcomer, when a slot is given back that others wait for.
struct Newcomer final : Waiting {
  Newcomer() : Waiting(1) {}
  void Run(int thread) override {
    if (thread == 0) {
      GiveBack(slot);
    } else if (thread == 1) {
      Require(Take().owner == 0, "nobody overtakes");
    } else {
      HoldsSlot(&first);
    }
  }
  void Check() override {
    Require(HoldsSlot(&first), "nobody is forgotten");
    RequireHeld(1, 0);
  }
};
const Registered<Newcomer> newcomer("bulkhead: a newcomer does not overtake", 3,
                                    {.preemptions = 2, .surprises = 1});

// A late helper finds the one place in the hands of the next who waits, and has left.
struct LateHelper final : Waiting {
  LateHelper() : Waiting(1) {}
  void Run(int thread) override {
    if (thread == 0) return GiveBack(slot);
    if (!HoldsSlot(&first)) return;
    const PermitFields next = Join();
    if (next.owner != 0) GiveBack(next);
    GiveBack(first);
    first = {};
  }
  void Check() override {
    if (first.owner != 0) GiveBack(first);
    RequireHeld(0, 0);
  }
};
const Registered<LateHelper> late("bulkhead: a late helper spoils no later place", 2,
                                  {.preemptions = 3, .surprises = 1});

// All who have a slot give it back at once.
struct AllGiveBack final : BulkheadBase {
  AllGiveBack() : BulkheadBase(Small(3, 0)) {
    for (PermitFields& slot : slots) slot = Take();
  }
  void Run(int thread) override { GiveBack(slots[thread]); }
  void Check() override { RequireHeld(0, 0); }
  PermitFields slots[3];
};
const Registered<AllGiveBack> all("bulkhead: each slot comes back", 3,
                                  {.preemptions = 2, .surprises = 1});

// Nobody may wait while a slot is free once all is quiet: nobody comes by who would look.
struct Quiet : BulkheadBase {
  using BulkheadBase::BulkheadBase;
  void Change(int slots) {
    BulkheadSettings settings = bulkhead->settings();
    settings.max_concurrent = slots;
    Require(bulkhead->Reconfigure(settings, nullptr, &granted), "the change is good");
  }
  void Check() override {
    const BulkheadSnapshot seen = bulkhead->Snapshot(0);
    Require(seen.queued == 0 || seen.in_flight >= seen.max_concurrent,
            "nobody waits for a slot that is free");
  }
};

struct JoinAsItGrows final : Quiet {
  JoinAsItGrows() : Quiet(Small(1, 2)) { Take(); }
  void Run(int thread) override {
    if (thread == 0) {
      Join();
    } else {
      Change(2);
    }
  }
};
const Registered<JoinAsItGrows> join("bulkhead: who joins gets a slot that is added", 2,
                                     {.preemptions = 3, .surprises = 2});

struct GiveBackAsItGrows final : Quiet {
  GiveBackAsItGrows() : Quiet(Small(2, 2)) {
    slot = Take();
    Take();
    Join();
    Change(1);
  }
  void Run(int thread) override {
    if (thread == 0) {
      GiveBack(slot);
    } else {
      Change(2);
    }
  }
  PermitFields slot;
};
const Registered<GiveBackAsItGrows> grow(
    "bulkhead: who waits gets a slot that comes back as more are", 2,
    {.preemptions = 3, .surprises = 2});

}  // namespace
}  // namespace spillway::model
