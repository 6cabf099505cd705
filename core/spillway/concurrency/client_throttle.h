// A client throttle: sends less to a callee that refuses much, by what became of the calls before.
//
//   if (Decision decision = throttle->TryAcquire(now)) {
//     ... call ...
//     throttle->Settle(std::move(decision.permit), Outcome::kSuccess, later);
//   }
//
// concurrency/client_throttle_options.h makes one. Over a rolling window it knows how many calls
// were asked for and how many of them the callee accepted. When more than k are asked for each one
// accepted, calls are refused by chance: just as many that the callee gets about k times what it
// accepts, and finds the rest refused before they cost it anything.
//
// A call counts as asked for from its beginning, also when it is refused here: so a callee that
// hangs is seen before its calls time out, and a caller that stops asking is not punished for what
// others ask.
//
// Thread safety: every method may be called from any thread; only the destructor needs the object
// to itself. Progress: TryAcquire, Settle and Snapshot are lock-free, throw nothing, and make no
// system call but for the clock in the overloads that take no time. None allocates, but for the
// first call of a thread to any policy, which makes a note of the thread's end in the C library.
// An admission is one addition; only where few calls are accepted, a look at the 24 counts of the
// window too, and a second addition for the draw.
#ifndef SPILLWAY_CONCURRENCY_CLIENT_THROTTLE_H_
#define SPILLWAY_CONCURRENCY_CLIENT_THROTTLE_H_

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
#include "spillway/base/priority.h"
#include "spillway/base/time.h"
#include "spillway/concurrency/client_throttle_memory.h"
#include "spillway/concurrency/client_throttle_rule.h"
#include "spillway/concurrency/client_throttle_settings.h"
#include "spillway/stats/epoch_cells.h"
#include "spillway/sync/atomic.h"

namespace spillway {

struct ClientThrottleOptions;

class ClientThrottle {
 public:
  using Settings = ClientThrottleSettings;

  // Null, with `error` filled, when the name is too long or an option is out of range. `memory` is
  // null, or MemoryBytes() bytes, aligned to a cache line, all-zero or in use by throttles with the
  // same options; it must outlive the throttle. `shared` says that other processes use it too.
  static std::unique_ptr<ClientThrottle> Make(std::string_view name, const Settings& settings,
                                              Error* error, void* memory = nullptr,
                                              bool shared = false) noexcept;
  static constexpr size_t MemoryBytes() { return sizeof(ClientThrottleMemory); }

  // An absl::StatusOr<std::unique_ptr<ClientThrottle>>. Defined in
  // concurrency/client_throttle_options.h: who does not include that header does not need Abseil.
  template <typename Options = ClientThrottleOptions>
  static auto Create(std::string_view name, const Options& options);

  ClientThrottle(const ClientThrottle&) = delete;
  ClientThrottle& operator=(const ClientThrottle&) = delete;
  ~ClientThrottle();

  // Asks for a permit to make one call. Refused, `retry_after` is 0: nobody knows.
  Decision TryAcquire(Nanos now, Priority priority = Priority::kNormal) noexcept {
    return Decision(Decide(now, priority));
  }
  // The same at SteadyNow().
  Decision TryAcquire(Priority priority = Priority::kNormal) noexcept {
    return TryAcquire(SteadyNow(), priority);
  }

  // Tells how the call ended: a success is one that the callee accepted, a failure one that it
  // refused or that failed, an ignored one is as if it had not been asked for. A permit settles
  // once. One that comes back after its call has left the window is stale; stale, foreign and empty
  // ones change nothing but a counter. One that never comes back is a call that was not accepted.
  Settlement Settle(Permit permit, Outcome outcome, Nanos now) noexcept {
    return Settle(std::move(permit).Release(), outcome, now);
  }
  // The same at SteadyNow().
  Settlement Settle(Permit permit, Outcome outcome) noexcept {
    return Settle(std::move(permit), outcome, SteadyNow());
  }

  // The same with plain contents, for faces that hold permits in their own form and see to it
  // themselves that each settles once. A priority that is none reads as normal.
  DecisionFields Decide(Nanos now, Priority priority = Priority::kNormal) noexcept;
  Settlement Settle(const PermitFields& call, Outcome outcome, Nanos now) noexcept;

  // What the window holds at `now`. Writes nothing.
  ClientThrottleSnapshot Snapshot(Nanos now) const noexcept;

  // Changes options that are not fixed; the window stays. False, with `error` filled and nothing
  // changed, when an option is out of range or fixed. A call that races it may see some options old
  // and some new.
  bool Reconfigure(const Settings& settings, Error* error) noexcept;
  Settings settings() const noexcept;

  std::string_view name() const noexcept { return name_; }

 private:
  struct Window {
    ThrottleCounts counts;
    uint64_t newest = 0;  // requests in the newest bucket
  };

  ClientThrottle(std::string_view name, const Settings& settings, void* memory, bool shared);

  void Store(const Settings& settings) noexcept;
  ThrottleRule rule(size_t priority) const noexcept {
    return {.k = k_[priority].load(std::memory_order_relaxed),
            .most = most_.load(std::memory_order_relaxed)};
  }

  uint64_t NewestEpoch(Nanos now) const noexcept;
  uint64_t MoveWindow(Nanos now) noexcept;
  Window Look(uint64_t newest) const noexcept;
  DecisionFields DecideByCounts(uint64_t epoch, Nanos now, size_t priority) noexcept;
  void Spare(uint64_t epoch, uint64_t seen, const ThrottleCounts& counts, uint64_t newest) noexcept;
  Settlement Count(Word& counter, Settlement settlement) noexcept;

  ClientThrottleMemory* memory_;
  uint64_t id_;
  EpochCells cells_;
  uint32_t owned_slots_;  // of OwnedCounter
  // Each option is one atomic value, read relaxed: one that is read a moment late is as good as a
  // call that came a moment earlier.
  Atomic<uint64_t> k_[kPriorities];
  Atomic<uint64_t> most_;
  Atomic<uint64_t> min_calls_;
  Atomic<bool> dry_run_;
  Atomic<uint64_t> changes_{0};  // of the options
  uint64_t seed_;
  Nanos window_;
  PolicyMemory owned_memory_;
  std::string name_;
};

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_CLIENT_THROTTLE_H_
