// A bulkhead of one process on memory that it shares with others, and who holds its slots.
#ifndef SPILLWAY_TESTS_KILL_BULKHEAD_ATTACHMENT_H_
#define SPILLWAY_TESTS_KILL_BULKHEAD_ATTACHMENT_H_

#include <cstdint>
#include <memory>

#include "spillway/concurrency/bulkhead.h"
#include "tests/kill/subject.h"

namespace spillway::testing {

// `taken` of the books counts what is held: slots and places in the queue. Processes stand for
// threads here: a bulkhead is not made to be shared by them, and theirs counts no calls.
class BulkheadAttachment : public ScriptedAttachment<BulkheadAttachment> {
 public:
  BulkheadAttachment(const BulkheadSettings& settings, const Script<BulkheadAttachment>& script,
                     void* memory);

  void Prepare(Books& books) override;

  // For the scripts.
  Bulkhead& bulkhead() { return *bulkhead_; }
  PermitFields Take();
  PermitFields Join();
  bool HoldsSlot(PermitFields* permit);
  void GiveBack(const PermitFields& permit);
  // A slot is given back by one who is cut off before he grants it.
  void ComeBackUndone();

  BulkheadGrants granted;
  PermitFields slot;
  PermitFields place;

 private:
  void CheckAll() override;
  void CallAny(Random& random) override;
  int64_t Held() const;
  void CheckArrival();
  void CheckTurns(PermitFields* taken, int free);

  BulkheadSettings settings_;
  BulkheadMemory* memory_;
  std::unique_ptr<Bulkhead> bulkhead_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_BULKHEAD_ATTACHMENT_H_
