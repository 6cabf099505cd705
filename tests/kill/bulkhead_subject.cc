#include "tests/kill/bulkhead_subject.h"

#include <vector>

#include "tests/kill/bulkhead_attachment.h"

namespace spillway::testing {
namespace {

using On = BulkheadAttachment;

constexpr BulkheadSettings kThreeSlots{.max_concurrent = 3, .max_queue = 4, .counted = false};

// ---- what comes before

void Nothing(On&) {}
void OneTaken(On& on) { on.slot = on.Take(); }
void TwoTaken(On& on) {
  OneTaken(on);
  on.Take();
}
void AllTaken(On& on) {
  TwoTaken(on);
  on.Take();
}
void OneWaits(On& on) {
  AllTaken(on);
  on.place = on.Join();
}
void QueueIsFull(On& on) {
  OneWaits(on);
  for (int i = 1; i < kThreeSlots.max_queue; ++i) on.Join();
}
void ASlotCameBackUndone(On& on) {
  OneWaits(on);
  on.ComeBackUndone();
}
void TheNextHasLeft(On& on) {
  OneWaits(on);
  on.GiveBack(on.Join());
}

// ---- the operations

Done Take(On& on) { return {.taken = on.Take().owner != 0}; }
Done Join(On& on) { return {.taken = on.Join().owner != 0}; }
Done GiveBackSlot(On& on) {
  on.GiveBack(on.slot);
  return {.taken = -1};
}
Done LeavePlace(On& on) {
  on.GiveBack(on.place);
  return {.taken = -1};
}
Done Poll(On& on) {
  PermitFields place = on.place;
  on.HoldsSlot(&place);
  return {};
}
Done Snapshot(On& on) {
  on.bulkhead().Snapshot(0);
  return {};
}

constexpr Done kTaken = {.taken = 1};
constexpr Done kGivenBack = {.taken = -1};

Operation Make(const char* name, void (*prepare)(On&), Done (*run)(On&), const Done& whole,
               const BulkheadSettings& settings = kThreeSlots) {
  return MakeOperation<On>(name, Bulkhead::MemoryBytes(settings), settings, {prepare, run}, whole);
}

std::vector<Operation> Operations() {
  return {
      Make("admit", OneTaken, Take, kTaken),
      Make("admit, the last slot", TwoTaken, Take, kTaken),
      Make("refuse", AllTaken, Take, {}),
      Make("refuse, with a grant to finish", ASlotCameBackUndone, Take, {}),
      Make("join the queue", AllTaken, Join, kTaken),
      Make("refuse, the queue is full", QueueIsFull, Join, {}),
      Make("poll", OneWaits, Poll, {}),
      Make("poll, with one's own grant to finish", ASlotCameBackUndone, Poll, {}),
      Make("give back a slot", OneTaken, GiveBackSlot, kGivenBack),
      Make("give back a slot that others came after", AllTaken, GiveBackSlot, kGivenBack),
      Make("give back a slot and grant it", OneWaits, GiveBackSlot, kGivenBack),
      Make("leave the queue", OneWaits, LeavePlace, kGivenBack),
      Make("leave the queue with one who has left", TheNextHasLeft, LeavePlace, kGivenBack),
      Make("leave the queue as one is granted", ASlotCameBackUndone, LeavePlace, kGivenBack),
      Make("snapshot", OneTaken, Snapshot, {}),
  };
}

}  // namespace

// Those who are killed with a slot keep it: there are more than the storm kills.
Subject BulkheadSubject() {
  constexpr BulkheadSettings kMany{.max_concurrent = 120, .max_queue = 64, .counted = false};
  return {.name = "bulkhead",
          .operations = Operations(),
          .storm = Make("storm", Nothing, Take, kTaken, kMany)};
}

}  // namespace spillway::testing
