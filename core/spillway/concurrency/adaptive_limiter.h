// An adaptive limiter: lets as many calls be in flight as the callee can work on, and finds out by
// itself how many these are.
//
//   if (Decision decision = limiter->TryAcquire(now)) {
//     ... call ...
//     limiter->Settle(std::move(decision.permit), Outcome::kSuccess, later);
//   }
//
// concurrency/adaptive_limiter_options.h makes one. Calls that take longer than they would without
// a queue say that there is one, and calls that fail say that the callee drops them: the limit
// falls. Else it rises, while it is made use of. How long calls take without a queue is measured
// now and then with half of the calls in flight, which the callee's own queue cannot spoil.
//
// Thread safety: every method may be called from any thread; only the destructor needs the object
// to itself. Progress: TryAcquire, Settle and Snapshot are lock-free, throw nothing, and make no
// system call but for the clock in the overloads that take no time. None allocates, but for the
// first call of a thread to any policy, which makes a note of the thread's end in the C library.
// Asking and telling are one compare-exchange each, of one word that holds both the limit and what
// is in flight: there are never more in flight than the limit when a call is admitted. At most 128
// calls of a window are looked at more closely.
#ifndef SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_H_
#define SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "spillway/base/decision.h"
#include "spillway/base/error.h"
#include "spillway/base/outcome.h"
#include "spillway/base/permit.h"
#include "spillway/base/policy_memory.h"
#include "spillway/base/time.h"
#include "spillway/concurrency/adaptive_limiter_memory.h"
#include "spillway/concurrency/adaptive_limiter_rule.h"
#include "spillway/concurrency/adaptive_limiter_settings.h"
#include "spillway/concurrency/adaptive_limiter_word.h"
#include "spillway/sync/atomic.h"

namespace spillway {

struct AdaptiveLimiterOptions;

class AdaptiveLimiter {
 public:
  using Settings = AdaptiveLimiterSettings;

  // Null, with `error` filled, when the name is too long or an option is out of range. `memory` is
  // null, or MemoryBytes() bytes, aligned to a cache line, all-zero or in use by limiters with the
  // same options; it must outlive the limiter. `shared` says that other processes use it too.
  static std::unique_ptr<AdaptiveLimiter> Make(std::string_view name, const Settings& settings,
                                               Error* error, void* memory = nullptr,
                                               bool shared = false) noexcept;
  static constexpr size_t MemoryBytes() { return sizeof(AdaptiveLimiterMemory); }

  // An absl::StatusOr<std::unique_ptr<AdaptiveLimiter>>. Defined in
  // concurrency/adaptive_limiter_options.h: who does not include that header does not need Abseil.
  template <typename Options = AdaptiveLimiterOptions>
  static auto Create(std::string_view name, const Options& options);

  AdaptiveLimiter(const AdaptiveLimiter&) = delete;
  AdaptiveLimiter& operator=(const AdaptiveLimiter&) = delete;
  ~AdaptiveLimiter();

  // Asks for a permit to make one call. Refused, `retry_after` is 0: nobody knows.
  Decision TryAcquire(Nanos now) noexcept { return Decision(Decide(now)); }
  // The same at SteadyNow().
  Decision TryAcquire() noexcept { return TryAcquire(SteadyNow()); }

  // Tells how the call ended, and gives its place back: a failure is one that the callee dropped or
  // that took too long, an ignored one says nothing. A permit settles once; foreign and empty ones
  // change nothing but a counter. One that never comes back keeps its place for good.
  Settlement Settle(Permit permit, Outcome outcome, Nanos now) noexcept {
    return Settle(std::move(permit).Release(), outcome, now);
  }
  // The same at SteadyNow().
  Settlement Settle(Permit permit, Outcome outcome) noexcept {
    return Settle(std::move(permit), outcome, SteadyNow());
  }

  // The same with plain contents, for faces that hold permits in their own form and see to it
  // themselves that each settles once.
  DecisionFields Decide(Nanos now) noexcept;
  Settlement Settle(const PermitFields& call, Outcome outcome, Nanos now) noexcept;

  // What the limiter looks like. Writes nothing.
  AdaptiveLimiterSnapshot Snapshot(Nanos now) const noexcept;

  // Changes options that are not fixed. A limit out of its new bounds moves into them at once;
  // calls that are then too many may end. False, with `error` filled and nothing changed, when an
  // option is out of range or fixed. A call that races it may see some options old and some new.
  bool Reconfigure(const Settings& settings, Error* error) noexcept;
  Settings settings() const noexcept;

  std::string_view name() const noexcept { return name_; }

 private:
  // What a window had, and the words it was read from.
  struct Window {
    WindowWord word;
    uint64_t calls;
    uint64_t calls_before;
    uint64_t drops;
    uint64_t drops_before;
    uint64_t baseline;
    LimitWord limit;

    CallTimes times() const { return CallTimes::Between(calls_before, calls); }
    uint64_t dropped() const { return drops - drops_before; }
    uint64_t total() const { return times().calls + dropped(); }
    Nanos call_time() const;
    // How long calls took in a probe; 0 in any other window, and in one that was no probe because
    // its judge had not come so far.
    Nanos probed() const {
      const bool probe = word.phase() == WindowPhase::kMeasure && limit.probe() == word.probe();
      return probe ? call_time() : 0;
    }
    // A probe found that the queue was part of the baseline.
    bool much_lower() const;
  };

  AdaptiveLimiter(std::string_view name, const Settings& settings, void* memory, bool shared);

  void Store(const Settings& settings) noexcept;
  uint64_t LimitOf(LimitWord word) const noexcept {
    return word.limit() != 0 ? word.limit() : initial_limit_;
  }
  uint64_t Bounded(double limit) const noexcept;
  void BoundLimit() noexcept;

  void Look(Nanos start, Outcome outcome, bool busy, Nanos now) noexcept;
  Nanos WindowLength() const noexcept;
  void Judge(WindowWord word, Nanos now) noexcept;
  bool EndProbe(Nanos now) noexcept;
  bool Dropped(const Window& window) const noexcept;
  WindowWord After(const Window& window, Nanos now) const noexcept;
  void NoteBaseline(const Window& window) noexcept;
  void MoveLimit(const Window& window, Probe probe) noexcept;

  AdaptiveLimiterMemory* memory_;
  uint64_t id_;
  uint64_t initial_limit_;  // in units of LimitWord
  uint32_t owned_slots_;    // of OwnedCounter
  LimitAlgorithm algorithm_;
  // Each option is one atomic value, read relaxed: one that is read a moment late is as good as a
  // call that came a moment earlier.
  Atomic<bool> dry_run_;
  Atomic<uint64_t> drop_rate_;  // 0.01 %
  Atomic<int32_t> min_limit_;
  Atomic<int32_t> max_limit_;
  Atomic<Nanos> window_;
  Atomic<double> tolerance_;
  Atomic<double> smoothing_;
  PolicyMemory owned_memory_;
  std::string name_;
};

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_H_
