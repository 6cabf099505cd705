#include "tests/kill/bulkhead_attachment.h"

#include <algorithm>

#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

// More than there are slots.
constexpr int kMostSlots = 128;

}  // namespace

BulkheadAttachment::BulkheadAttachment(const BulkheadSettings& settings,
                                       const Script<BulkheadAttachment>& script, void* memory)
    : ScriptedAttachment(script),
      settings_(settings),
      memory_(static_cast<BulkheadMemory*>(memory)),
      bulkhead_(MakePolicy<Bulkhead>(settings, memory)) {}

void BulkheadAttachment::Prepare(Books& books) {
  ScriptedAttachment::Prepare(books);
  books.taken = {Held(), Held()};
}

// ---- calls

PermitFields BulkheadAttachment::Take() {
  return bulkhead_->Decide(0, Priority::kNormal, &granted).permit;
}

PermitFields BulkheadAttachment::Join() {
  return bulkhead_->DecideOrQueue(0, Priority::kNormal, &granted).permit;
}

bool BulkheadAttachment::HoldsSlot(PermitFields* permit) {
  return bulkhead_->Poll(permit, 0, &granted) == BulkheadPoll::kGranted;
}

void BulkheadAttachment::GiveBack(const PermitFields& permit) {
  bulkhead_->Settle(permit, Outcome::kSuccess, 0, &granted);
}

void BulkheadAttachment::ComeBackUndone() {
  const BulkheadWord word(memory_->word.load(std::memory_order_relaxed));
  memory_->word.store(word.Released().bits(), std::memory_order_relaxed);
}

// ---- what must hold, whoever was cut off where

int64_t BulkheadAttachment::Held() const {
  const BulkheadWord word(memory_->word.load(std::memory_order_relaxed));
  int64_t held = word.in_use();
  for (uint32_t i = 0; i < word.queued(); ++i) {
    const uint32_t ticket = word.head() + i;
    // `max_queue` is a power of two here.
    const Word& cell = memory_->places()[ticket % static_cast<uint32_t>(settings_.max_queue)];
    held += !BulkheadPlace(cell.load(std::memory_order_relaxed)).IsLeft(ticket);
  }
  return held;
}

void BulkheadAttachment::CheckAll() {
  CheckArrival();
  PermitFields taken[kMostSlots];
  const int free = settings_.max_concurrent - bulkhead_->Snapshot(0).in_flight;
  for (int i = 0; i < 40; ++i) CheckTurns(taken, free);
  // All free slots are taken, or none: who is late meets it.
  for (int i = 0; books().rest != 0 && i < free; ++i) Take();
  books().taken = {Held(), Held()};
}

// What was cut off took what it asked for or did not, gave back what it held or did not.
void BulkheadAttachment::CheckArrival() {
  Expect(books().taken.Hold(Held()), "each slot and place is somebody's");
  const PermitFields mine = Take();
  if (mine.owner != 0) GiveBack(mine);
  Expect(books().taken.Hold(Held()), "who comes by changes nothing");
  const BulkheadSnapshot seen = bulkhead_->Snapshot(0);
  Expect(seen.in_flight <= settings_.max_concurrent, "no more in flight than there are slots");
  Expect(seen.queued == 0 || seen.in_flight == settings_.max_concurrent,
         "nobody waits for a slot that is free");
}

// Every slot that is not held by somebody who is gone can be had, and no other.
void BulkheadAttachment::CheckTurns(PermitFields* taken, int free) {
  for (int i = 0; i < free; ++i) {
    taken[i] = Take();
    Expect(taken[i].owner != 0, "a slot that is free is had");
  }
  Expect(Take().owner == 0, "who wants more is refused");
  const int32_t before = bulkhead_->Snapshot(0).queued;
  PermitFields waiting = Join();
  Expect((waiting.owner != 0) == (before < settings_.max_queue), "or waits in the queue");
  if (waiting.owner == 0) return;
  Expect(!HoldsSlot(&waiting), "without a slot");
  if (free > 0) {
    GiveBack(taken[0]);
    Expect(HoldsSlot(&waiting), "until one is given back");
  }
  GiveBack(waiting);
  for (int i = 1; i < free; ++i) GiveBack(taken[i]);
}

// ---- storm

// Holds one slot or place at a time, and none in the end.
void BulkheadAttachment::CallAny(Random& random) {
  PermitFields held = random.OneIn(2) ? Take() : Join();
  if (held.owner == 0) return;
  if (random.OneIn(2)) HoldsSlot(&held);
  GiveBack(held);
}

}  // namespace spillway::testing
