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
class BulkheadAttachment : public Attachment {
 public:
  BulkheadAttachment(const BulkheadSettings& settings, const Script<BulkheadAttachment>& script,
                     void* memory);

  void Prepare(Books& books) override;
  Done Run() override { return script_.run(*this); }
  void Survive(Books& books, Findings& findings) override;
  Done Hammer(Random& random, Nanos now) override;

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
  int64_t Held() const;
  void CheckArrival();
  void CheckTurns(PermitFields* taken, int free);
  void Expect(bool holds, const char* invariant) { findings_->Expect(holds, invariant); }

  BulkheadSettings settings_;
  Script<BulkheadAttachment> script_;
  BulkheadMemory* memory_;
  std::unique_ptr<Bulkhead> bulkhead_;
  Books* books_ = nullptr;
  Findings* findings_ = nullptr;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_BULKHEAD_ATTACHMENT_H_
