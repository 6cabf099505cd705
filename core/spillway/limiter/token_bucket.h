// A token bucket: lets through `rate` tokens a second, and `burst` at once.
//
//   if (bucket->TryAcquire(now)) {
//     ... call ...
//   }
//
//   if (LimiterReservation slot = bucket->Reserve(now, 1, max_wait)) {
//     ... wait until slot.act_at, call; or bucket->Cancel(slot, later) ...
//   }
//
// limiter/token_bucket_options.h makes one. At every rate, what is admitted in a time t is at most
// burst + rate * t tokens, and somebody who asks whenever there is a token gets exactly that: no
// rounding adds up.
//
// With the option `warm_up` calls pay later, and pay more while the bucket is cold: a call of any
// size up to `burst` passes once what was taken before is paid for. Until then the bucket has
// nothing, and after it `burst`. docs/token_bucket.md says what that makes of each call; such a
// call writes a second word, which is raised first (token_bucket_warm_up.cc).
//
// Thread safety: every method may be called from any thread; only the destructor needs the object
// to itself. Progress: all are lock-free, throw nothing, and make no system call but for the clock
// in the overloads that take no time. None allocates, but for the first counted call of a thread to
// any policy, which makes a note of the thread's end in the C library. An admission is one
// compare-exchange of one word; a refusal reads it (and counts itself, unless `counted` is off).
#ifndef SPILLWAY_LIMITER_TOKEN_BUCKET_H_
#define SPILLWAY_LIMITER_TOKEN_BUCKET_H_

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
#include "spillway/limiter/limiter_decision.h"
#include "spillway/limiter/token_bucket_memory.h"
#include "spillway/limiter/token_bucket_settings.h"
#include "spillway/limiter/token_bucket_word.h"
#include "spillway/limiter/token_clock.h"
#include "spillway/limiter/warm_up_word.h"
#include "spillway/sync/atomic.h"

namespace spillway {

struct TokenBucketOptions;

class TokenBucket {
 public:
  using Settings = TokenBucketSettings;
  using Rejection = TokenBucketRejection;
  using Decision = LimiterDecision;
  using Reservation = LimiterReservation;

  // Null, with `error` filled, when the name is too long or an option is out of range, alone or
  // with the others. `memory` is null, or MemoryBytes() bytes, aligned to a cache line, all-zero or
  // in use by buckets with the same settings; it must outlive the bucket. `shared` says that other
  // processes use it too: such a bucket cannot be reconfigured yet.
  static std::unique_ptr<TokenBucket> Make(std::string_view name, const Settings& settings,
                                           Error* error, void* memory = nullptr,
                                           bool shared = false) noexcept;
  static constexpr size_t MemoryBytes() { return sizeof(TokenBucketMemory); }

  // An absl::StatusOr<std::unique_ptr<TokenBucket>>. Defined in limiter/token_bucket_options.h: who
  // does not include that header does not need Abseil.
  template <typename Options = TokenBucketOptions>
  static auto Create(std::string_view name, const Options& options);

  TokenBucket(const TokenBucket&) = delete;
  TokenBucket& operator=(const TokenBucket&) = delete;
  ~TokenBucket();

  // Takes `n` tokens, all or none. 0 takes none and tells what is there.
  [[gnu::always_inline]] Decision TryAcquire(Nanos now, int64_t n = 1) noexcept {
    const Attempt attempt = Begin(now, n);
    if (attempt.common) [[likely]] {
      if (attempt.ahead > static_cast<int64_t>(clock_.capacity() - attempt.cost)) {
        if (attempt.ahead <= TokenBucketWord::kMostAhead && CountRefusal()) [[likely]]
          return {.detail = static_cast<uint64_t>(attempt.ahead), .reason = kExhausted};
      } else if (Finish(attempt)) [[likely]] {
        return {.detail = attempt.after()};
      }
    }
    return TryAcquireSlowly(now, n);
  }
  // The same at SteadyNow().
  Decision TryAcquire() noexcept { return TryAcquire(SteadyNow()); }

  // Takes what is there, up to `n`; how many. -1 when `n` is below 0.
  int64_t AcquireUpTo(Nanos now, int64_t n) noexcept;

  // Takes `n` tokens whether they are there or not: what is not is owed, and later calls wait for
  // it. Refused (kExceedsBurst) only when more than kMostOwed would be owed.
  Decision ForceAcquire(Nanos now, int64_t n) noexcept;

  // Takes `n` tokens, to be used as soon as they are there, unless that is more than `max_wait`
  // away. Who reserves first waits less: nobody overtakes.
  [[gnu::always_inline]] Reservation Reserve(Nanos now, int64_t n, Nanos max_wait) noexcept {
    const Attempt attempt = Begin(now, n);
    if (attempt.common && attempt.ahead <= TokenBucketWord::kMostAhead) [[likely]] {
      const uint64_t owed = attempt.after() - std::min(attempt.after(), clock_.capacity());
      const Nanos delay = clock_.Until(now, owed);
      if (delay <= max_wait && attempt.after() <= most_ && Finish(attempt)) [[likely]]
        return Reserved(now, n, delay, {.detail = attempt.after()}, clock_);
    }
    return ReserveSlowly(now, n, max_wait);
  }

  // Gives back the tokens of a reservation that were not used, once: all before `act_at`, then as
  // many as would not have flowed in by themselves, from `worthless_at` on none. Never makes more
  // available than burst + rate * t.
  void Cancel(const Reservation& reservation, Nanos now) noexcept;

  // Gives back `n` tokens that were taken and not used; never more than fill the bucket.
  void Refund(Nanos now, int64_t n) noexcept;

  // What else is to be said of a decision that was made for `n` tokens at `now`; of a
  // reservation's, with the `max_wait` it was given.
  LimitStatus Describe(const Decision& decision, Nanos now, int64_t n,
                       Nanos max_wait = 0) const noexcept;

  // What the bucket holds at `now`. Writes nothing.
  TokenBucketSnapshot Snapshot(Nanos now) const noexcept;

  // Changes options that are not fixed; a call that races it is decided wholly by the old ones or
  // wholly by the new. Times that reservations were given stay, what is owed is paid at the new
  // rate, and cancelling a reservation of before gives nothing back. False, with `error` filled and
  // nothing changed, when an option is out of range or fixed, or while another change is under way
  // (kBusy): nobody waits. A time before that of the change before reads as that time, except with
  // kReset.
  bool Reconfigure(const Settings& settings, Inheritance inheritance, Nanos now,
                   Error* error) noexcept;
  Settings settings() const noexcept;

  std::string_view name() const noexcept { return name_; }

 private:
  friend class LeakyBucket;   // which is one, with a bound on what may be owed
  friend class MultiLimiter;  // which takes from several in steps

  // What a bucket is made for.
  struct Size {
    double rate;
    int32_t burst;     // as it was given: of a leaky bucket `free`, which may be above its capacity
    int32_t room = 0;  // what a leaky bucket holds; 0: a token bucket

    friend bool operator==(const Size&, const Size&) = default;
  };

  // A clock, what it was made for, and how many changes came before it.
  struct Scale {
    TokenClock clock;
    Size size;
    uint32_t change;

    static Scale Of(const Size& size, uint32_t change) {
      if (size.room == 0) return {TokenClock(size.rate, size.burst), size, change};
      return {TokenClock(size.rate, std::min(size.burst, size.room), size.room), size, change};
    }
    // The most that can be taken by one call, tokens; and that can be missing, on the clock.
    uint64_t limit() const {
      return size.room == 0 ? clock.burst() : static_cast<uint64_t>(size.room);
    }
    uint64_t most() const {
      return size.room == 0 ? uint64_t{TokenBucketWord::kMostOwed} : limit() * clock.token();
    }
  };

  // The clocks of a changed bucket take turns in two of these.
  class ScaleCell {
   public:
    void Store(const Scale& scale) noexcept;
    void Load(Scale* scale) const noexcept;
    bool Holds(uint32_t change) const noexcept;

   private:
    static constexpr size_t kWords = (sizeof(Scale) + sizeof(Word) - 1) / sizeof(Word);
    Word words_[kWords];
  };

  TokenBucket(std::string_view name, const Settings& settings, void* memory, bool shared,
              int32_t room = 0);

  // In place of how far ahead the word is to be: leave it.
  static constexpr uint64_t kStay = ~uint64_t{0};
  static constexpr int32_t kExhausted = static_cast<int32_t>(TokenBucketRejection::kExhausted);

  // One try at the word of a bucket.
  struct Attempt {
    uint64_t seen;
    uint64_t time;
    int64_t ahead;  // below 0: it has been full for so long
    uint64_t cost;
    bool common;  // the options are as made, and the bucket can hold the cost

    uint64_t after() const { return static_cast<uint64_t>(std::max<int64_t>(ahead, 0)) + cost; }
  };

  [[gnu::always_inline]] Attempt Begin(Nanos now, int64_t n) const noexcept {
    // Relaxed, here and below: the word is all there is, nothing else is read on its account. (The
    // clock of a changed bucket is: see LoadWord.)
    const TokenBucketWord word(memory_->word.load(std::memory_order_relaxed));
    const uint64_t time = clock_.At(now) | TokenBucketWord::kAsMade;
    return {.seen = word.bits(),
            .time = time,
            .ahead = word.Ahead(time),
            .cost = static_cast<uint64_t>(n) * clock_.token(),
            .common = word.scale() == TokenBucketWord::kAsMade &&
                      static_cast<uint64_t>(n) - 1 < clock_.burst()};
  }

  // False: somebody else was faster.
  [[gnu::always_inline]] bool Finish(const Attempt& attempt) noexcept {
    uint64_t seen = attempt.seen;
    uint64_t from = seen;
    if (attempt.ahead < 0) from = OnlyHere(attempt.time);
    if (!memory_->word.compare_exchange_weak(seen, from + attempt.cost, std::memory_order_relaxed))
      return false;
    CountAdmission();
    return true;
  }

  // What TryAcquire would do, told before it is done.
  struct Plan {
    enum class Kind : int32_t { kTakes, kRefuses, kNever, kLetsPass };  // the last: a dry run
    uint64_t seen;
    uint64_t next;  // the word after it
    uint64_t cost;
    uint32_t change;
    Kind kind;
  };

  // Field by field: a plan that is copied, of more words at a time than were written, would have to
  // wait until they have reached the cache.
  [[gnu::always_inline]] void Prepare(Nanos now, int64_t n, Plan* plan) const noexcept {
    const Attempt attempt = Begin(now, n);
    const bool fits = attempt.ahead <= static_cast<int64_t>(clock_.capacity() - attempt.cost);
    if (!attempt.common || attempt.ahead > TokenBucketWord::kMostAhead ||
        (!fits && dry_run_.load(std::memory_order_relaxed))) [[unlikely]]
      return PrepareSlowly(now, n, plan);
    plan->seen = attempt.seen;
    plan->next = attempt.time + attempt.after();
    plan->cost = attempt.cost;
    plan->change = 0;
    plan->kind = fits ? Plan::Kind::kTakes : Plan::Kind::kRefuses;
  }
  void PrepareSlowly(Nanos now, int64_t n, Plan* plan) const noexcept;
  // Does it. False: somebody else was faster.
  bool Take(const Plan& plan) noexcept {
    uint64_t seen = plan.seen;
    return memory_->word.compare_exchange_strong(seen, plan.next, std::memory_order_relaxed);
  }
  // Undoes it.
  void PutBack(const Plan& plan, Nanos now) noexcept;
  void CountDryRun() noexcept;
  // As the first call does, whatever it asks for.
  void BeginTime(Nanos now) noexcept {
    if (memory_->word.load(std::memory_order_relaxed) == TokenBucketWord::kFresh) [[unlikely]]
      BeginTime(Look(now));
  }

  static Reservation Reserved(Nanos now, int64_t n, Nanos delay, const Decision& decision,
                              const TokenClock& clock) noexcept {
    now = std::max<Nanos>(now, 0);
    // The last moment at which the clock does not yet show more than what was taken.
    const Nanos full_after = clock.Until(now, decision.detail + TokenBucketWord::kScales) - 1;
    return {.act_at = SaturatingAdd(now, delay),
            .worthless_at = SaturatingAdd(now, full_after),
            .n = n,
            .decision = decision};
  }

  // False: nothing was counted, and it takes longer to say what is to be done.
  bool CountRefusal() noexcept {
    if (refuses_plainly_.load(std::memory_order_relaxed)) [[likely]]
      return true;
    return counted_ && !dry_run_.load(std::memory_order_relaxed) &&
           memory_->refused.TryIncrement(owned_slots_);
  }
  void CountAdmission() noexcept {
    if (counted_ && !memory_->admitted.TryIncrement(owned_slots_)) [[unlikely]]
      CountFirstAdmission();
  }
  void CountFirstAdmission() noexcept;

  Scale AsMade() const noexcept {
    return {.clock = clock_, .size = {made_.rate, made_.burst, room_}, .change = 0};
  }

  // The bucket at one moment.
  struct View {
    uint64_t word;
    uint64_t time;   // on the clock of the word, with its scale
    uint64_t ahead;  // 0 when it is full
    uint64_t next;   // what Update made of `ahead`; kStay: nothing
    Scale scale;
  };

  static LimitStatus Status(const Scale& scale, uint64_t ahead, Nanos now) noexcept;
  static Nanos RetryAfter(const Scale& scale, uint64_t ahead, Nanos now, int64_t n,
                          Nanos max_wait) noexcept;
  Decision TryAcquireSlowly(Nanos now, int64_t n) noexcept;
  Reservation ReserveSlowly(Nanos now, int64_t n, Nanos max_wait) noexcept;
  Decision Refuse(TokenBucketRejection reason, uint64_t ahead, uint32_t change) noexcept;
  TokenBucketWord LoadWord(Scale* scale) const noexcept;
  View Look(Nanos now) const noexcept;
  bool BeginTime(const View& view) noexcept;
  template <class Decide>
  View Update(Nanos now, const Decide& decide) noexcept;
  bool ChangeAlone(const Size& size, bool dry_run, Inheritance inheritance, Nanos now,
                   Error* error) noexcept;
  bool Change(const Size& size, bool dry_run, Inheritance inheritance, Nanos now,
              Error* error) noexcept;
  bool ChangeScale(const Size& size, Inheritance inheritance, Nanos now) noexcept;

  // The same calls of a bucket that warms up, and what they are made of: token_bucket_warm_up.cc.
  struct WarmView {
    uint64_t word;
    uint64_t now;  // unit of the clock; not before `touched`
    WarmUp::State state;
    uint64_t touched;
    uint32_t change;
    bool stays;  // nothing came of it
  };
  WarmView LookWarm(Nanos now) const noexcept;
  bool Touch(uint64_t touched, Nanos now) noexcept;
  template <class Decide>
  WarmView UpdateWarm(Nanos now, const Decide& decide) noexcept;
  Decision TryAcquireWarm(Nanos now, int64_t n) noexcept;
  int64_t AcquireUpToWarm(Nanos now, int64_t n) noexcept;
  Decision ForceAcquireWarm(Nanos now, int64_t n) noexcept;
  Reservation ReserveWarm(Nanos now, int64_t n, Nanos max_wait) noexcept;
  void CancelWarm(const Reservation& reservation, Nanos now) noexcept;
  void RefundWarm(Nanos now, int64_t n) noexcept;
  LimitStatus DescribeWarm(const Decision& decision, Nanos now, int64_t n,
                           Nanos max_wait) const noexcept;
  TokenBucketSnapshot SnapshotWarm(Nanos now) const noexcept;
  void CoolDown() noexcept;
  static uint64_t Inherit(const View& from, const Scale& to, Inheritance inheritance) noexcept;

  // What the inline path reads comes first.
  TokenBucketMemory* memory_;
  TokenClock clock_;  // as made
  bool counted_;
  Atomic<bool> refuses_plainly_;  // neither counts refusals nor lets them through
  Atomic<bool> dry_run_;
  uint32_t owned_slots_;  // of OwnedCounter
  uint64_t most_;         // that can be missing, as made

  ScaleCell changed_[2];
  Atomic<bool> changing_{false};  // somebody is writing one of them
  Nanos changed_at_ = 0;          // the time of the change before; of who is changing
  uint64_t initially_ahead_;
  bool shared_;
  Settings made_;
  int32_t room_;                // as made
  WarmUp warm_up_;              // off, unless it was made with it
  Atomic<uint32_t> cooled_{0};  // how often by CoolDown()
  PolicyMemory owned_memory_;
  std::string name_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_TOKEN_BUCKET_H_
