// A bulkhead: lets at most `max_concurrent` calls be in flight at once, and `max_queue` more wait
// for a slot, first come first served.
//
//   if (Decision decision = bulkhead->TryAcquire(now)) {
//     ... call ...
//     bulkhead->Settle(std::move(decision.permit), Outcome::kSuccess, later);
//   }
//
// concurrency/bulkhead_options.h makes one, base/run.h does the above around a callable, and
// concurrency/wait_for_slot.h blocks until there is a slot. Who must not block joins the queue:
//
//   Decision decision = bulkhead->Enqueue(now);    // reason kQueued: the permit holds a place
//   ... bulkhead->Poll(decision.permit, later) ... // true: it holds a slot now
//   bulkhead->Settle(std::move(decision.permit), outcome, later);
//
// A permit holds a place or a slot, and Settle gives back whichever it is: who gives up need not
// know whether he was granted a slot at that very moment. One that is dropped is lost: its slot
// stays taken, its place goes on to hold a slot once it is granted.
//
// Nobody overtakes: while somebody waits, a free slot is his, and a newcomer is refused or waits
// behind him. A slot is granted whether he looks or not: one who is stopped holds his slot, and
// keeps nobody else from the others. Whoever finds a grant half done, because its thread was
// stopped or killed, does the rest.
//
// Thread safety: every method may be called from any thread; only the destructor needs the object
// to itself. Progress: all but Park are lock-free and throw nothing. Decide, DecideOrQueue, Poll of
// PermitFields, Settle of PermitFields and Snapshot make no system call; the rest makes one when it
// grants a slot to a thread that sleeps. None allocates, but for the first counted call of a thread
// to any policy, which makes a note of the thread's end in the C library. Memory order: what a
// thread did before it gave back a slot is seen by who gets it, as with a semaphore.
#ifndef SPILLWAY_CONCURRENCY_BULKHEAD_H_
#define SPILLWAY_CONCURRENCY_BULKHEAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
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
#include "spillway/concurrency/bulkhead_memory.h"
#include "spillway/concurrency/bulkhead_settings.h"
#include "spillway/concurrency/bulkhead_word.h"
#include "spillway/sync/atomic.h"

namespace spillway {

struct BulkheadOptions;

// The slots that a call granted: to the tickets from `first` up to `end`, without `end`. Some in
// between may have left, or been granted by others.
struct BulkheadGrants {
  uint32_t first = 0;
  uint32_t end = 0;

  bool empty() const { return first == end; }
  bool Has(uint32_t ticket) const { return ticket - first < end - first; }
};

enum class BulkheadPoll : int32_t {
  kGranted = 0,  // the permit holds a slot
  kWaiting = 1,  // the permit holds a place in the queue
  kMisused = 2,  // empty or foreign, or a copy of one that has left: counted
};

class Bulkhead {
 public:
  using Settings = BulkheadSettings;

  // Null, with `error` filled, when the name is too long or an option is out of range. `memory` is
  // null, or MemoryBytes(settings) bytes, aligned to a cache line, all-zero or in use by bulkheads
  // of this process with the same `max_queue`; it must outlive the bulkhead. `shared` with other
  // processes is refused for now: a slot of one that was killed would not come back.
  static std::unique_ptr<Bulkhead> Make(std::string_view name, const Settings& settings,
                                        Error* error, void* memory = nullptr,
                                        bool shared = false) noexcept;

  // What Make needs as `memory`, for settings that are valid.
  static size_t MemoryBytes(const Settings& settings) noexcept;

  // An absl::StatusOr<std::unique_ptr<Bulkhead>>. Defined in concurrency/bulkhead_options.h: who
  // does not include that header does not need Abseil.
  template <typename Options = BulkheadOptions>
  static auto Create(std::string_view name, const Options& options);

  Bulkhead(const Bulkhead&) = delete;
  Bulkhead& operator=(const Bulkhead&) = delete;
  ~Bulkhead();

  // Asks for a slot, without waiting for one.
  [[gnu::always_inline]] Decision TryAcquire(Nanos now,
                                             Priority priority = Priority::kNormal) noexcept {
    BulkheadGrants granted;
    const DecisionFields decision = Decide(now, priority, &granted);
    Wake(granted);
    return Decision(decision);
  }
  // The same at SteadyNow().
  Decision TryAcquire(Priority priority = Priority::kNormal) noexcept {
    return TryAcquire(SteadyNow(), priority);
  }

  // Asks for a slot, or else for a place in the queue. Critical calls may wait, and others while
  // their share is the whole.
  Decision Enqueue(Nanos now, Priority priority = Priority::kNormal) noexcept {
    BulkheadGrants granted;
    const DecisionFields decision = DecideOrQueue(now, priority, &granted);
    Wake(granted);
    return Decision(decision);
  }

  // Whether the permit holds a slot by now; then its call starts at `now`.
  bool Poll(Permit& permit, Nanos now) noexcept;

  // Gives back the slot or the place that the permit holds. The outcome is not judged. An empty or
  // foreign permit changes nothing but a counter.
  [[gnu::always_inline]] Settlement Settle(Permit permit, Outcome outcome, Nanos now) noexcept {
    BulkheadGrants granted;
    const Settlement settlement = Settle(std::move(permit).Release(), outcome, now, &granted);
    Wake(granted);
    return settlement;
  }
  Settlement Settle(Permit permit, Outcome outcome) noexcept {
    return Settle(std::move(permit), outcome, 0);
  }

  // ---- The same with plain contents, for faces that hold permits in their own form and see to it
  // themselves that each settles once. They decide and wake nobody: what they granted is added to
  // `granted`, which begins empty, for Wake and for whoever waits in a way of his own.

  [[gnu::always_inline]] DecisionFields Decide(Nanos now, Priority priority,
                                               BulkheadGrants* granted) noexcept {
    // Relaxed: the exchange below finds out whether it is still so.
    const BulkheadWord word(memory_->word.load(std::memory_order_relaxed));
    const BulkheadLimits limits(limits_.load(std::memory_order_relaxed));
    if (limits.Admits(word, priority)) [[likely]] {
      if (Admit(word)) [[likely]]
        return Admission(now, word.Admitted());
    } else if (word.queued() == 0) {
      return Refuse(limits.ReasonFor(word), priority);
    }
    return DecideSlowly(now, priority, /*may_wait=*/false, granted);
  }
  DecisionFields DecideOrQueue(Nanos now, Priority priority, BulkheadGrants* granted) noexcept {
    return DecideSlowly(now, priority, /*may_wait=*/true, granted);
  }

  BulkheadPoll Poll(PermitFields* permit, Nanos now, BulkheadGrants* granted) noexcept;

  [[gnu::always_inline]] Settlement Settle(const PermitFields& call, Outcome, Nanos,
                                           BulkheadGrants* granted) noexcept {
    // The word as this call's own admission left it: right when nobody came meanwhile, and a guess
    // costs less than a look.
    const BulkheadWord guess(call.token);
    uint64_t seen = guess.bits();
    if (call.owner == id_ && guess.queued() == 0 && guess.in_use() != 0 &&
        // (71) release: pairs with (70) and (75).
        memory_->word.compare_exchange_strong(seen, guess.Released().bits(),
                                              std::memory_order_release, std::memory_order_relaxed))
        [[likely]]
      return Settlement::kCounted;
    return SettleSlowly(call.owner, call.token, granted);
  }

  // The ticket of a permit that holds a place in the queue.
  static uint32_t TicketOf(const PermitFields& permit) { return BulkheadWord(permit.token).head(); }

  // Wakes those who sleep in Park for what was granted.
  void Wake(const BulkheadGrants& granted) noexcept {
    if (!granted.empty()) [[unlikely]]
      WakeSleepers(granted);
  }

  // Sleeps while the permit holds a place in the queue, until the steady clock shows `until`, a
  // signal comes or a stop is asked for; now and then for no reason, so Poll afterwards. Not at all
  // once a slot was granted.
  void Park(const PermitFields& permit, Nanos until, const std::stop_token& stop = {}) noexcept;

  // ----

  // Reads; the time is not looked at.
  BulkheadSnapshot Snapshot(Nanos now) const noexcept;

  // Changes options that are not fixed. Fewer slots: calls in flight end as they would. More: those
  // who wait get them. Fewer places: who waits stays. False, with `error` filled and nothing
  // changed, when an option is out of range or fixed, or when there would be more places than when
  // it was made. A call that races it is decided wholly by the old slots, places and shares, or
  // wholly by the new.
  bool Reconfigure(const Settings& settings, Error* error) noexcept {
    BulkheadGrants granted;
    const bool good = Reconfigure(settings, error, &granted);
    Wake(granted);
    return good;
  }
  bool Reconfigure(const Settings& settings, Error* error, BulkheadGrants* granted) noexcept;
  Settings settings() const noexcept;
  Nanos max_wait() const noexcept { return max_wait_.load(std::memory_order_relaxed); }

  std::string_view name() const noexcept { return name_; }

 private:
  Bulkhead(std::string_view name, const Settings& settings, void* memory);

  [[gnu::always_inline]] bool Admit(BulkheadWord from) noexcept {
    uint64_t seen = from.bits();
    // (70) acquire: pairs with (71), (72) and (73). Who gets a slot sees what was done before it
    // was given back.
    if (!memory_->word.compare_exchange_weak(seen, from.Admitted().bits(),
                                             std::memory_order_acquire, std::memory_order_relaxed))
      return false;
    if (counted_) memory_->admitted.Count(OwnedCounter::kOwnedByThreads);
    return true;
  }
  // Its token is a word that holds slots and no places; that of a place in the queue is one that
  // holds places and no slots, with its ticket for a head.
  DecisionFields Admission(Nanos now, BulkheadWord word) const noexcept {
    return {.permit = {.owner = id_, .start = now, .token = word.bits()}};
  }

  // A place and the word.
  struct View {
    BulkheadPlace place;
    BulkheadWord word;
  };

  [[gnu::always_inline]] DecisionFields Refuse(BulkheadRejection reason,
                                               Priority priority) noexcept {
    const auto row = static_cast<uint32_t>(priority) % kPriorities;
    const auto column = static_cast<uint32_t>(reason) - 1;
    if (counted_) memory_->refused[row][column].Count(OwnedCounter::kOwnedByThreads);
    return {.permit = {}, .reason = static_cast<int32_t>(reason)};
  }

  DecisionFields DecideSlowly(Nanos now, Priority priority, bool may_wait,
                              BulkheadGrants* granted) noexcept;
  Settlement SettleSlowly(uint64_t owner, uint64_t token, BulkheadGrants* granted) noexcept;
  Settlement LeavePlace(uint32_t ticket, BulkheadGrants* granted) noexcept;
  Settlement GiveBackSlot(BulkheadGrants* granted) noexcept;
  Settlement Misused() noexcept;
  View Look(uint32_t ticket) const noexcept;
  void Promote(BulkheadGrants* granted) noexcept;
  bool MarkParked(uint32_t ticket) noexcept;
  void UnmarkParked(uint32_t ticket) noexcept;
  void WakeSleepers(const BulkheadGrants& granted) noexcept;

  Word& PlaceOf(uint32_t ticket) const noexcept { return memory_->places()[ticket & place_mask_]; }
  void Count(Word& counter) const noexcept {
    if (counted_) counter.fetch_add(1, std::memory_order_relaxed);
  }

  // What the inline paths read comes first.
  BulkheadMemory* memory_;
  uint64_t id_;
  Word limits_;  // BulkheadLimits
  bool counted_;
  uint32_t place_mask_;
  int32_t most_places_;  // `max_queue` as made
  Atomic<Nanos> max_wait_;
  PolicyMemory owned_memory_;
  std::string name_;
};

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_BULKHEAD_H_
