// A circuit breaker: stops calling what does not answer, and finds out by itself when it answers
// again.
//
//   if (Decision decision = breaker->TryAcquire(now)) {
//     ... call ...
//     breaker->Settle(std::move(decision.permit), Outcome::kSuccess, later);
//   } else {
//     ... decision.reason, decision.retry_after ...
//   }
//
// breaker/circuit_breaker_options.h makes one, base/run.h does the above around a callable.
//
//   closed ----- a rate reaches its threshold -----------> open
//   open ------- the open time is over, somebody asks ---> half open
//   half open -- the probes pass ------------------------> closed (with `ramp`: for a growing share
//   of the calls) half open -- too many probes fail or are slow -------> open, for longer
//
// Thread safety: every method may be called from any thread; only the destructor needs the object
// to itself. Progress: TryAcquire, Settle and Snapshot are lock-free, allocate nothing, throw
// nothing and make no system call but for the clock in the overloads that take no time. While
// closed, TryAcquire is one load and Settle one addition.
#ifndef SPILLWAY_BREAKER_CIRCUIT_BREAKER_H_
#define SPILLWAY_BREAKER_CIRCUIT_BREAKER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "spillway/base/decision.h"
#include "spillway/base/error.h"
#include "spillway/base/outcome.h"
#include "spillway/base/permit.h"
#include "spillway/base/policy_memory.h"
#include "spillway/base/time.h"
#include "spillway/breaker/circuit_breaker_memory.h"
#include "spillway/breaker/circuit_breaker_settings.h"
#include "spillway/breaker/circuit_breaker_tunables.h"
#include "spillway/breaker/circuit_breaker_word.h"
#include "spillway/stats/count_window.h"
#include "spillway/stats/in_flight_window.h"
#include "spillway/stats/time_window.h"
#include "spillway/telemetry/event.h"

namespace spillway {

struct CircuitBreakerOptions;

class CircuitBreaker {
 public:
  using Settings = CircuitBreakerSettings;

  // Null, with `error` filled, when the name is too long or an option is out of range. `memory` is
  // null, or at least MemoryBytes(settings) bytes, aligned to a cache line, all-zero or in use by
  // breakers with the same fixed settings; it must outlive the breaker. `shared` says that other
  // processes use it too.
  static std::unique_ptr<CircuitBreaker> Make(std::string_view name, const Settings& settings,
                                              Error* error, void* memory = nullptr,
                                              bool shared = false) noexcept;

  // What Make needs as `memory`, for settings that are valid.
  static size_t MemoryBytes(const Settings& settings) noexcept;

  // An absl::StatusOr<std::unique_ptr<CircuitBreaker>>. Defined in
  // breaker/circuit_breaker_options.h: who does not include that header does not need Abseil.
  template <typename Options = CircuitBreakerOptions>
  static auto Create(std::string_view name, const Options& options);

  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;
  ~CircuitBreaker();

  // Asks for a permit to make one call.
  [[gnu::always_inline]] Decision TryAcquire(Nanos now) noexcept { return Decision(Decide(now)); }

  // The same at SteadyNow(), which is read only where the time matters.
  Decision TryAcquire() noexcept { return Decision(Decide()); }

  // Tells how the call ended. A permit settles once; a stale, foreign or empty one changes nothing
  // but a counter.
  [[gnu::always_inline]] Settlement Settle(Permit permit, Outcome outcome, Nanos now) noexcept {
    return Settle(std::move(permit).Release(), outcome, now);
  }

  // The same at SteadyNow().
  Settlement Settle(Permit permit, Outcome outcome) noexcept {
    return Settle(std::move(permit).Release(), outcome, SteadyNow());
  }

  // The same with plain contents, for faces that hold permits in their own form and see to it
  // themselves that each settles once.
  [[gnu::always_inline]] DecisionFields Decide(Nanos now) noexcept {
    CircuitBreakerMemory* const memory = memory_;
    // (18) acquire: pairs with (20). Whoever sees a half-open word sees the lease of its probes.
    const BreakerWord word(memory->word.load(std::memory_order_acquire));
    if (word.phase() == Phase::kClosed && now >= 0) [[likely]] {
      if (!in_flight_on_) [[likely]]
        return Admit(word, now);
      const uint64_t epoch = in_flight_.Epoch(now, word.period());
      if (in_flight_.TryRecordStart(in_flight_cells_, epoch)) return Admit(word, now, kTracked);
    }
    // (22) acquire: pairs with (23). The time belongs to the word when its copy does. As unsigned
    // numbers: a time before zero goes the slow way.
    if (memory->open_word.load(std::memory_order_acquire) == word.bits()) {
      const uint64_t until = memory->open_until.load(std::memory_order_relaxed);
      const uint64_t time = static_cast<uint64_t>(now);
      if (time < until && memory->rejected.TryIncrement(owned_slots_)) {
        return Refusal(CircuitBreakerRejection::kOpen, static_cast<Nanos>(until - time));
      }
    }
    return DecideSlowly(now);
  }
  DecisionFields Decide() noexcept;

  [[gnu::always_inline]] Settlement Settle(PermitFields call, Outcome outcome, Nanos now) noexcept {
    CircuitBreakerMemory* const memory = memory_;
    // (19) acquire: pairs with (20), as in Decide.
    const BreakerWord word(memory->word.load(std::memory_order_acquire));
    const bool plain =
        call.owner == plain_id_ && call.token == word.stamp() && word.phase() == Phase::kClosed;
    // As unsigned numbers: a call that ends before it began goes the slow way.
    const bool in_time =
        static_cast<uint64_t>(now) - static_cast<uint64_t>(call.start) <= tunables_.slow_call();
    if (plain && outcome == Outcome::kSuccess && in_time && now >= 0) [[likely]] {
      const uint64_t epoch = time_.Epoch(now, word.period());
      if (time_.NeedsOnlyAdding(memory->cells(), epoch)) [[likely]] {
        time_.AddSuccess(memory->cells());
        return Settlement::kCounted;
      }
    }
    return SettleSlowly(call.owner, call.start, call.token, outcome, now);
  }

  // Set a state by hand; permits that are out become stale. False when the breaker is in that state
  // already, which changes nothing and makes no event.
  bool ForceOpen(Nanos now) noexcept {
    return SetPhase(Phase::kForcedOpen, CircuitBreakerEventReason::kManual, now);
  }
  bool Disable(Nanos now) noexcept {
    return SetPhase(Phase::kDisabled, CircuitBreakerEventReason::kManual, now);
  }
  bool MetricsOnly(Nanos now) noexcept {
    return SetPhase(Phase::kMetricsOnly, CircuitBreakerEventReason::kManual, now);
  }
  // Closed, with an empty window and the first open time again, whatever it was before. Always an
  // event.
  void Reset(Nanos now) noexcept {
    SetPhase(Phase::kClosed, CircuitBreakerEventReason::kReset, now);
  }

  // What the breaker looks like at `now`. Writes nothing.
  CircuitBreakerSnapshot Snapshot(Nanos now) const noexcept;
  CircuitBreakerState state() const noexcept { return PublicState(LoadWord().phase()); }

  // Number of the current state: the `since` after which all events are still to come.
  uint32_t generation() const noexcept { return LoadWord().generation(); }

  // The events after generation `since`, oldest first, as many as fit. The last 8 are kept.
  EventBatch Events(uint32_t since, std::span<Event> buffer) const noexcept {
    return memory_->events.Read(since, generation(), buffer);
  }

  // Changes options that are not fixed; window and state stay. False, with `error` filled and
  // nothing changed, when an option is out of range or fixed. A call that races it may see some
  // options old and some new.
  bool Reconfigure(const Settings& settings, Error* error) noexcept;
  Settings settings() const noexcept;

  std::string_view name() const noexcept { return name_; }

 private:
  // An owner that no permit has, not even an empty one.
  static constexpr uint64_t kNobody = ~uint64_t{0};

  // Set in the token of a permit whose start the in-flight window has counted.
  static constexpr uint64_t kTracked = uint64_t{1} << 63;

  CircuitBreaker(std::string_view name, const Settings& settings, void* memory, bool shared);

  static CircuitBreakerState PublicState(Phase phase) {
    return phase == Phase::kRecovering ? CircuitBreakerState::kClosed
                                       : static_cast<CircuitBreakerState>(phase);
  }
  BreakerWord LoadWord() const noexcept {
    // (21) acquire: pairs with (20).
    return BreakerWord(memory_->word.load(std::memory_order_acquire));
  }

  DecisionFields Admit(BreakerWord word, Nanos now, uint64_t flags = 0) const noexcept {
    return {.permit = {.owner = id_, .start = now, .token = word.stamp() | flags}};
  }

  static DecisionFields Refusal(CircuitBreakerRejection reason, Nanos retry_after) noexcept {
    return {.permit = {}, .reason = static_cast<int32_t>(reason), .retry_after = retry_after};
  }

  DecisionFields Refuse(CircuitBreakerRejection reason, Nanos retry_after) noexcept {
    memory_->rejected.Increment(owned_slots_);
    return Refusal(reason, retry_after);
  }

  // In the three below, false: the word moved, look again.
  DecisionFields DecideSlowly(Nanos now) noexcept;
  bool DecideProbe(BreakerWord word, Nanos now, DecisionFields* decision) noexcept;
  bool DecideInRamp(BreakerWord word, Nanos now, DecisionFields* decision) noexcept;
  bool DecideTracked(BreakerWord word, Nanos now, DecisionFields* decision) noexcept;

  // Takes the permit apart: what is passed in registers need not be put in memory before.
  Settlement SettleSlowly(uint64_t owner, Nanos start, uint64_t token, Outcome outcome,
                          Nanos now) noexcept;
  Settlement SettleUnusual(const PermitFields& call, Outcome outcome, Nanos now) noexcept;
  Settlement SettleProbe(const PermitFields& call, Outcome outcome, Nanos now) noexcept;
  Settlement Misused() noexcept;
  void RecordCall(BreakerWord word, const PermitFields& call, Outcome outcome, Nanos now) noexcept;
  void RecordInTime(BreakerWord word, CallClass call, Nanos now) noexcept;
  Nanos NotBefore(BreakerWord word, Nanos now) const noexcept;
  void EvaluateTimeWindow(BreakerWord word, Nanos now) noexcept;
  void Trip(BreakerWord word, Verdict verdict, double rate, Nanos now) noexcept;

  Nanos OpenUntil(BreakerWord word) const noexcept;
  void FillCounts(const OutcomeCounts& window, CircuitBreakerSnapshot* snapshot) const noexcept;

  void ExtendLease(Nanos now) noexcept;
  bool SetPhase(Phase phase, CircuitBreakerEventReason reason, Nanos now) noexcept;
  // These fail when the word is no longer `from`.
  bool Open(BreakerWord from, uint32_t step, CircuitBreakerEventReason reason, double rate,
            Nanos now) noexcept;
  bool BeginGeneration(BreakerWord from, BreakerWord to, CircuitBreakerEventReason reason,
                       double rate, Nanos now) noexcept;
  bool Replace(BreakerWord from, BreakerWord to) noexcept;
  BreakerWord Counting(BreakerWord from, Phase phase, uint32_t step, Nanos now) const noexcept;

  TripRule rule() const noexcept { return tunables_.rule(fixed_); }

  // What the inline paths read comes first.
  CircuitBreakerMemory* memory_;
  uint64_t id_;
  CircuitBreakerTunables tunables_;
  TimeWindow time_;
  // `id_`, or kNobody unless a time window with one stripe and no in-flight window is all that
  // Settle needs.
  uint64_t plain_id_;
  bool in_flight_on_;
  Word* in_flight_cells_;
  InFlightWindow in_flight_;
  uint32_t owned_slots_;  // of OwnedCounter
  CountWindow count_;
  PolicyMemory owned_memory_;
  CircuitBreakerFixed fixed_;
  std::string name_;
};

}  // namespace spillway

#endif  // SPILLWAY_BREAKER_CIRCUIT_BREAKER_H_
