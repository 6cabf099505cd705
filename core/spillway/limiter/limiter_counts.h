// How a limiter counts what it decides, and whether it only watches.
#ifndef SPILLWAY_LIMITER_LIMITER_COUNTS_H_
#define SPILLWAY_LIMITER_LIMITER_COUNTS_H_

#include <cstdint>

#include "spillway/limiter/limiter_decision.h"
#include "spillway/stats/owned_counter.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// The counters lie in the memory of the limiter; this says what is done with them.
class LimiterCounts {
 public:
  LimiterCounts(bool counted, bool dry_run, bool shared)
      : counted_(counted),
        refuses_plainly_(!counted && !dry_run),
        dry_run_(dry_run),
        owned_slots_(shared ? OwnedCounter::kOwnedByNobody : OwnedCounter::kOwnedByThreads),
        refusing_slots_(RefusingSlots(dry_run)) {}

  bool counted() const noexcept { return counted_; }
  bool dry_run() const noexcept { return dry_run_.load(std::memory_order_relaxed); }
  void set_dry_run(bool dry_run) noexcept {
    dry_run_.store(dry_run, std::memory_order_relaxed);
    refuses_plainly_.store(!counted_ && !dry_run, std::memory_order_relaxed);
    refusing_slots_.store(RefusingSlots(dry_run), std::memory_order_relaxed);
  }

  [[gnu::always_inline]] void Admit(OwnedCounter& admitted) const noexcept {
    if (counted_ && !admitted.TryIncrement(owned_slots_)) [[unlikely]]
      AdmitFirst(admitted);
  }

  // Refuse() where that is quick: false, with nothing counted, where it is not.
  [[gnu::always_inline]] bool TryRefuse(OwnedCounter& refused) const noexcept {
    if (refuses_plainly_.load(std::memory_order_relaxed)) [[likely]]
      return true;
    return refused.TryIncrement(refusing_slots_.load(std::memory_order_relaxed));
  }

  // A refusal, or the admission that a dry run makes of it.
  LimiterDecision Refuse(OwnedCounter& refused, Word& dry_runs,
                         const LimiterDecision& refusal) const noexcept {
    if (dry_run()) {
      CountDryRun(dry_runs);
      return {.detail = refusal.detail, .change = refusal.change};
    }
    if (counted_) refused.Increment(owned_slots_);
    return refusal;
  }

  void CountDryRun(Word& dry_runs) const noexcept {
    if (counted_) dry_runs.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  uint32_t RefusingSlots(bool dry_run) const noexcept {
    return counted_ && !dry_run ? owned_slots_ : OwnedCounter::kOwnedByNobody;
  }

  // The first of a thread, or of one that owns no counter.
  [[gnu::noinline]] void AdmitFirst(OwnedCounter& admitted) const noexcept {
    admitted.Increment(owned_slots_);
  }

  bool counted_;
  Atomic<bool> refuses_plainly_;  // neither counts refusals nor lets them through
  Atomic<bool> dry_run_;
  uint32_t owned_slots_;             // of OwnedCounter
  Atomic<uint32_t> refusing_slots_;  // the same where refusals are counted, else none
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_LIMITER_COUNTS_H_
