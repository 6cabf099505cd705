// A circuit breaker of one process on memory that it shares with others, and the books of its
// calls.
#ifndef SPILLWAY_TESTS_KILL_BREAKER_ATTACHMENT_H_
#define SPILLWAY_TESTS_KILL_BREAKER_ATTACHMENT_H_

#include <array>
#include <memory>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/kill/subject.h"

namespace spillway::testing {

class BreakerAttachment : public ScriptedAttachment<BreakerAttachment> {
 public:
  BreakerAttachment(const CircuitBreakerSettings& settings, const Script<BreakerAttachment>& script,
                    void* memory);

  void Prepare(Books& books) override;

  // For the scripts.
  CircuitBreaker& breaker() { return *breaker_; }
  PermitFields Ask();
  void Tell(const PermitFields& permit, Outcome outcome);
  void Call(Outcome outcome) { Tell(Ask(), outcome); }
  void Calls(int count, Outcome outcome);
  void Trip();           // closed -> open
  void AskForProbe();    // open -> half open; `permit` is the probe's
  void LoseAllProbes();  // and wait until their lease is over

  PermitFields permit;
  std::array<Event, 8> events;

 private:
  void CheckAll() override;
  void CallAny(Random& random) override;
  uint64_t TripCalls() const;
  void CheckBooks(const char* settled, const char* refused);
  void CheckArrival();
  void CheckNewestEvent();
  void UseAllCounters();
  void CheckProbes();
  void Recover();
  void CheckCycle();
  void Rest();

  CircuitBreakerSettings settings_;
  std::unique_ptr<CircuitBreaker> breaker_;
  std::array<PermitFields, 4> held_;  // by Hammer
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_KILL_BREAKER_ATTACHMENT_H_
