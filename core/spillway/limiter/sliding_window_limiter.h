// A sliding window limiter: never more than `limit` within any `per`.
//
//   if (limiter->TryAcquire(now)) {
//     ... call ...
//   }
//
// limiter/sliding_window_limiter_options.h makes one. Of the times that callers gave, no half-open
// interval as long as `per` holds more than `limit` of those admitted, wherever it begins; nor of
// the times it was recorded at, which only go forward. Up to two more windows are held over the
// same log, all of them by each admission or none. That takes 8 bytes for each permit of the
// largest limit; a TokenBucket takes one word, and lets through up to burst more within some `per`.
//
// A call takes one permit. There is no Reserve: a place in the log cannot be given back, so a
// reservation that was cancelled would stay taken.
//
// Thread safety: every method may be called from any thread; only the destructor needs the object
// to itself. Progress: all are lock-free, throw nothing, and make no system call but for the clock
// in the overload that takes no time. None allocates, but for the first counted refusal of a thread
// by any policy, which makes a note of the thread's end in the C library. An admission is one
// compare-exchange of one word, its slot, and one of a hint; a refusal only reads
// (and counts itself, unless `counted` is off).
#ifndef SPILLWAY_LIMITER_SLIDING_WINDOW_LIMITER_H_
#define SPILLWAY_LIMITER_SLIDING_WINDOW_LIMITER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "spillway/base/error.h"
#include "spillway/base/policy_memory.h"
#include "spillway/base/time.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/limiter_counts.h"
#include "spillway/limiter/limiter_decision.h"
#include "spillway/limiter/sliding_window_limiter_memory.h"
#include "spillway/limiter/sliding_window_limiter_settings.h"
#include "spillway/limiter/sliding_window_ring.h"
#include "spillway/sync/atomic.h"

namespace spillway {

struct SlidingWindowLimiterOptions;

class SlidingWindowLimiter {
 public:
  using Settings = SlidingWindowLimiterSettings;
  using Decision = LimiterDecision;
  using Rejection = SlidingWindowLimiterRejection;

  // Null, with `error` filled, when the name is too long, an option is out of range or a window has
  // only one of its two options. `memory` is null, or MemoryBytes(settings) bytes, aligned to a
  // cache line, all-zero or in use by limiters with the same settings; it must outlive the limiter.
  // `shared` says that other processes use it too.
  static std::unique_ptr<SlidingWindowLimiter> Make(std::string_view name, const Settings& settings,
                                                    Error* error, void* memory = nullptr,
                                                    bool shared = false) noexcept;
  // For settings that Make accepts.
  static size_t MemoryBytes(const Settings& settings) noexcept;

  // An absl::StatusOr<std::unique_ptr<SlidingWindowLimiter>>. Defined in
  // limiter/sliding_window_limiter_options.h: who does not include that header does not need
  // Abseil.
  template <typename Options = SlidingWindowLimiterOptions>
  static auto Create(std::string_view name, const Options& options);

  SlidingWindowLimiter(const SlidingWindowLimiter&) = delete;
  SlidingWindowLimiter& operator=(const SlidingWindowLimiter&) = delete;
  ~SlidingWindowLimiter();

  // Takes a permit. `n` = 0 takes none and tells what is there; more than 1 is refused for good
  // (kExceedsOne).
  [[gnu::always_inline]] Decision TryAcquire(Nanos now, int64_t n = 1) noexcept {
    now = std::max<Nanos>(now, 0);
    // A copy stays in registers: an acquire load makes the compiler forget what `this` holds.
    const Words words = words_;
    const uint64_t head = words.Head();
    const uint64_t index = ring_.Index(head);
    if (n == 1 && index < quick_size_) [[likely]] {
      // Of as many admissions before as the limit, or of this one.
      const SlidingWindowSlot oldest = words.Slot(index);
      if (!oldest.IsOf(ring_.Lap(head))) [[likely]] {
        if (!ring_.first().Holds(oldest.time(), now)) {
          if (words.IsStill(head) && Finish(now, head, oldest)) [[likely]]
            return {.detail = ring_.Next(head)};
        } else if (head - words.Floor() >= ring_.lap() && words.IsStill(head) &&
                   counts_.TryRefuse(words.memory->refused)) [[likely]] {
          return {.detail = head, .reason = kExhausted};
        }
      }
    }
    return TryAcquireSlowly(now, n);
  }
  // The same at SteadyNow().
  Decision TryAcquire() noexcept { return TryAcquire(SteadyNow()); }

  // Forgets what was admitted before this call, so that as many as at first may come; what is
  // admitted while it runs counts. If the next call comes more than the longest window before the
  // newest admission, because a clock had run ahead, time begins again with it.
  void Reset() noexcept;

  // What else is to be said of a decision that was made for `n` permits at `now`. `max_wait` is of
  // limiters that reserve, and says nothing here.
  LimitStatus Describe(const Decision& decision, Nanos now, int64_t n,
                       Nanos max_wait = 0) const noexcept;

  // What the limiter holds at `now`. Writes nothing.
  SlidingWindowLimiterSnapshot Snapshot(Nanos now) const noexcept;

  // Changes `dry_run`; all else is fixed, because the memory has the size of the limits. False,
  // with `error` filled and nothing changed, when another option differs.
  bool Reconfigure(const Settings& settings, Error* error) noexcept;
  Settings settings() const noexcept;

  std::string_view name() const noexcept { return name_; }

 private:
  SlidingWindowLimiter(std::string_view name, const Settings& settings, void* memory, bool shared);

  static constexpr int32_t kExhausted = static_cast<int32_t>(Rejection::kExhausted);

  // What callers share, read in the order that it needs.
  struct Words {
    SlidingWindowLimiterMemory* memory;

    uint64_t Head() const noexcept {
      // (50) acquire: pairs with (53). Whoever sees a place sees the slots of those before it, and
      // no floor older than theirs.
      return memory->head.load(std::memory_order_acquire);
    }
    // That of the admission that is due there, or of one a lap before or later.
    SlidingWindowSlot Slot(uint64_t index) const noexcept {
      // (51) acquire: pairs with (54). Whoever sees a slot of the next lap sees that the head has
      // moved on, when it looks again.
      return SlidingWindowSlot(memory->slots()[index].load(std::memory_order_acquire));
    }
    uint64_t Floor() const noexcept {
      // (52) acquire: pairs with (55). Whoever sees a reset sees a head that is not below it, when
      // it looks again.
      return memory->floor.load(std::memory_order_acquire);
    }
    // Whether what was read since the head belongs to its lap. Of two who saw the same head one
    // would otherwise take its slot a lap later.
    bool IsStill(uint64_t head) const noexcept {
      return memory->head.load(std::memory_order_relaxed) == head;
    }
  };
  SlidingWindowSlot Slot(uint64_t place) const noexcept { return words_.Slot(ring_.Index(place)); }

  // The log as an admission finds it.
  struct View {
    uint64_t head = 0;  // its place
    uint64_t floor = 0;
    SlidingWindowSlot slot = SlidingWindowSlot(0);  // what it writes over
  };
  bool Read(View* view) noexcept;
  bool IsFull(const View& view, const SlidingWindow& window, Nanos now) const noexcept;
  bool Finish(Nanos now, uint64_t head, SlidingWindowSlot slot) noexcept;
  void MoveHead(uint64_t from) noexcept;

  // The log as Describe and Snapshot ask it.
  struct Log {
    uint64_t head;   // the place after its newest
    uint64_t count;  // how many it holds
  };

  Decision TryAcquireSlowly(Nanos now, int64_t n) noexcept;
  Decision Refuse(Rejection reason, uint64_t head) noexcept;
  uint64_t Admitted() const noexcept;
  Log LogAt(uint64_t head, uint64_t admitted) const noexcept;
  Nanos TimeOf(const Log& log, uint64_t back) const noexcept;
  uint64_t InWindow(const Log& log, const SlidingWindow& window, Nanos now) const noexcept;
  Nanos WaitFor(const Log& log, uint64_t permits, Nanos now) const noexcept;

  // What the calls read comes first.
  Words words_;
  SlidingWindowRing ring_;
  uint64_t quick_size_;  // of a ring that only the first window asks; else 0
  LimiterCounts counts_;

  Settings made_;
  PolicyMemory owned_memory_;
  std::string name_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_SLIDING_WINDOW_LIMITER_H_
