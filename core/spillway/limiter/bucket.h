// The bucket that token buckets and leaky buckets are, and that a multi limiter takes from in
// steps: one word, and the scale it is measured by. What it promises stands in token_bucket.h and
// leaky_bucket.h, whose names its verbs have.
//
// Bucket::Size::room tells the two apart. Without it a bucket holds `burst` tokens and may owe as
// many as its word can say. With it no more than `room` may be missing: what a leaky bucket holds.
#ifndef SPILLWAY_LIMITER_BUCKET_H_
#define SPILLWAY_LIMITER_BUCKET_H_

#include <algorithm>
#include <cstdint>

#include "spillway/base/branch.h"
#include "spillway/base/error.h"
#include "spillway/base/time.h"
#include "spillway/limiter/bucket_memory.h"
#include "spillway/limiter/bucket_scale.h"
#include "spillway/limiter/bucket_word.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/limiter_counts.h"
#include "spillway/limiter/limiter_decision.h"
#include "spillway/limiter/token_bucket_settings.h"
#include "spillway/limiter/token_clock.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// The word of a bucket and what it means while the options are as made, which is the common case.
// What is needed for that lies side by side, also for who asks several buckets.
struct BucketAsMade {
  // One look at the word, and what `n` tokens would make of it.
  struct Attempt {
    uint64_t seen;
    uint64_t time;
    int64_t ahead;  // below 0: it has been full for so long
    uint64_t cost;

    // The options are as made; all else holds only then.
    bool as_made() const { return BucketWord(seen).scale() == BucketWord::kAsMade; }
    // What is ahead is told right, not a time that the clock has wrapped since.
    bool is_near() const { return ahead <= BucketWord::kMostAhead; }
    uint64_t after() const { return static_cast<uint64_t>(std::max<int64_t>(ahead, 0)) + cost; }
  };

  Word* word;
  uint64_t token;
  uint64_t capacity;

  // `time`: Bucket::TimeAsMade.
  [[gnu::always_inline]] Attempt Look(uint64_t time, int64_t n) const noexcept {
    // Relaxed, here and below: the word is all there is, nothing else is read on its account. (The
    // clock of a changed bucket is: see Bucket::LoadWord.)
    const BucketWord seen(word->load(std::memory_order_relaxed));
    return {.seen = seen.bits(),
            .time = time,
            .ahead = seen.Ahead(time),
            .cost = static_cast<uint64_t>(n) * token};
  }
  // Of a cost that the bucket can hold.
  bool Fits(const Attempt& attempt) const noexcept {
    return attempt.ahead <= static_cast<int64_t>(capacity - attempt.cost);
  }
  // Counts nothing. False: somebody else was faster.
  [[gnu::always_inline]] bool Take(const Attempt& attempt) const noexcept {
    uint64_t seen = attempt.seen;
    uint64_t from = seen;
    if (attempt.ahead < 0) from = OnlyHere(attempt.time);
    return word->compare_exchange_weak(seen, from + attempt.cost, std::memory_order_relaxed);
  }
};

class Bucket {
 public:
  using Size = BucketSize;
  using Decision = LimiterDecision;
  using Reservation = LimiterReservation;

  // In these numbers, whatever the nouns call them.
  enum class Refusal : int32_t { kExhausted = 1, kExceedsLimit = 2, kExceedsWait = 3 };

  // `initial_tokens`: of memory that was never written.
  Bucket(BucketMemory* memory, const Size& size, int32_t initial_tokens, bool counted, bool dry_run,
         bool shared);

  // ---- taking

  [[gnu::always_inline]] Decision TryAcquire(Nanos now, int64_t n) noexcept {
    Decision decision;
    if (TryAcquireQuickly(now, n, &decision)) [[likely]]
      return decision;
    return TryAcquireSlowly(now, n);
  }
  // False, with nothing done, where it is not quick.
  [[gnu::always_inline]] bool TryAcquireQuickly(Nanos now, int64_t n, Decision* decision) noexcept {
    const BucketAsMade bucket = AsMade();
    const BucketAsMade::Attempt attempt = bucket.Look(TimeAsMade(now), n);
    if (!attempt.as_made() || !CanHold(n)) [[unlikely]]
      return false;
    if (!bucket.Fits(attempt)) {
      *decision = {.detail = static_cast<uint64_t>(attempt.ahead), .reason = kExhausted};
      if (attempt.is_near() && counts_.TryRefuse(memory_->refused)) [[likely]]
        return true;
      return false;
    }
    *decision = {.detail = attempt.after()};
    if (!bucket.Take(attempt)) [[unlikely]]
      return false;
    counts_.Admit(memory_->admitted);
    return true;
  }
  Decision TryAcquireSlowly(Nanos now, int64_t n) noexcept;
  int64_t AcquireUpTo(Nanos now, int64_t n) noexcept;
  Decision ForceAcquire(Nanos now, int64_t n) noexcept;

  // ---- reserving

  [[gnu::always_inline]] Reservation Reserve(Nanos now, int64_t n, Nanos max_wait) noexcept {
    Reservation reservation;
    if (ReserveQuickly(now, n, max_wait, &reservation)) [[likely]]
      return reservation;
    return ReserveSlowly(now, n, max_wait);
  }
  // False, with nothing done, where it is not quick.
  [[gnu::always_inline]] bool ReserveQuickly(Nanos now, int64_t n, Nanos max_wait,
                                             Reservation* reservation) noexcept {
    const BucketAsMade bucket = AsMade();
    const BucketAsMade::Attempt attempt = bucket.Look(TimeAsMade(now), n);
    if (!attempt.as_made() || !CanHold(n) || !attempt.is_near()) [[unlikely]]
      return false;
    const uint64_t owed = attempt.after() - std::min(attempt.after(), clock_.capacity());
    const Nanos delay = clock_.Until(now, owed);
    if (delay > max_wait || attempt.after() > most_ || !bucket.Take(attempt)) [[unlikely]]
      return false;
    counts_.Admit(memory_->admitted);
    *reservation = Reserved(now, n, delay, {.detail = attempt.after()}, clock_);
    return true;
  }
  Reservation ReserveSlowly(Nanos now, int64_t n, Nanos max_wait) noexcept;
  void Cancel(const Reservation& reservation, Nanos now) noexcept;
  void Refund(Nanos now, int64_t n) noexcept;

  // ---- taking in steps

  // What TryAcquire would do, told before it is done.
  struct Plan {
    enum class Kind : int32_t { kTakes, kRefuses, kNever, kLetsPass };  // the last: a dry run
    Kind kind;
    uint32_t change;
    uint64_t seen;
    uint64_t next;  // the word after it
    uint64_t cost;
  };
  Plan Prepare(Nanos now, int64_t n) const noexcept;
  // Does it, and counts nothing. False: somebody else was faster.
  bool Take(const Plan& plan) noexcept {
    uint64_t seen = plan.seen;
    return memory_->word.compare_exchange_strong(seen, plan.next, std::memory_order_relaxed);
  }
  // Undoes it.
  void PutBack(const Plan& plan, Nanos now) noexcept;

  BucketAsMade AsMade() const noexcept {
    return {.word = &memory_->word, .token = clock_.token(), .capacity = clock_.capacity()};
  }
  uint64_t TimeAsMade(Nanos now) const noexcept { return clock_.At(now) | BucketWord::kAsMade; }
  // The same of all buckets that are in_nanos().
  static uint64_t TimeInNanos(Nanos now) noexcept {
    return TokenClock::OfNanos(now) | BucketWord::kAsMade;
  }
  bool in_nanos() const noexcept { return clock_.is_nanos(); }
  // The most that one call can take, as made.
  uint64_t burst() const noexcept { return clock_.burst(); }
  // To put back what was taken AsMade.
  Plan TakenAsMade(int64_t n) const noexcept {
    return {.kind = Plan::Kind::kTakes,
            .change = 0,
            .seen = 0,
            .next = 0,
            .cost = static_cast<uint64_t>(n) * clock_.token()};
  }

  [[gnu::always_inline]] void CountAdmission() noexcept { counts_.Admit(memory_->admitted); }
  void CountDryRun() noexcept { counts_.CountDryRun(memory_->dry_run); }

  // As the first call does, whatever it asks for.
  void BeginTime(Nanos now) noexcept {
    if (memory_->word.load(std::memory_order_relaxed) == BucketWord::kFresh) [[unlikely]]
      BeginTime(Look(now));
  }
  // Whether it does anything: to a bucket that is full at first it does not.
  bool begins_time() const noexcept { return initially_ahead_ != 0; }

  // ---- looking and changing

  // The bucket at one moment.
  struct View {
    uint64_t word;
    uint64_t time;   // on the clock of the word, with its scale
    uint64_t ahead;  // 0 when it is full
    uint64_t next;   // what Update made of `ahead`; kStay: nothing
    BucketScale scale;
  };
  View Look(Nanos now) const noexcept;
  LimitStatus Describe(const Decision& decision, Nanos now, int64_t n,
                       Nanos max_wait) const noexcept;
  static LimitStatus Status(const BucketScale& scale, uint64_t ahead, Nanos now) noexcept;
  static Nanos RetryAfter(const BucketScale& scale, uint64_t ahead, Nanos now, int64_t n,
                          Nanos max_wait) noexcept;

  bool Change(const Size& size, bool dry_run, Inheritance inheritance, Nanos now,
              Error* error) noexcept;
  Size size() const noexcept;

  BucketMemory& memory() const noexcept { return *memory_; }
  LimiterCounts& counts() noexcept { return counts_; }
  const LimiterCounts& counts() const noexcept { return counts_; }

 private:
  // In place of how far ahead the word is to be: leave it.
  static constexpr uint64_t kStay = ~uint64_t{0};
  static constexpr int32_t kExhausted = static_cast<int32_t>(Refusal::kExhausted);

  // One token it can always hold, and where it is known to be one, nothing is left to ask.
  bool CanHold(int64_t n) const noexcept {
    return n == 1 || static_cast<uint64_t>(n) - 1 < clock_.burst();
  }

  static Reservation Reserved(Nanos now, int64_t n, Nanos delay, const Decision& decision,
                              const TokenClock& clock) noexcept {
    now = std::max<Nanos>(now, 0);
    // The last moment at which the clock does not yet show more than what was taken.
    const Nanos full_after = clock.Until(now, decision.detail + BucketWord::kScales) - 1;
    return {.act_at = SaturatingAdd(now, delay),
            .worthless_at = SaturatingAdd(now, full_after),
            .n = n,
            .decision = decision};
  }

  BucketScale ScaleAsMade() const noexcept { return {.clock = clock_, .size = made_, .change = 0}; }
  BucketWord LoadWord(BucketScale* scale) const noexcept;
  bool BeginTime(const View& view) noexcept;
  template <class Decide>
  View Update(Nanos now, const Decide& decide) noexcept;
  Decision Refuse(Refusal refusal, const View& view) noexcept;
  bool ChangeAlone(const Size& size, bool dry_run, Inheritance inheritance, Nanos now,
                   Error* error) noexcept;
  bool ChangeScale(const Size& size, Inheritance inheritance, Nanos now) noexcept;

  // What the inline path reads comes first.
  BucketMemory* memory_;
  TokenClock clock_;  // as made
  LimiterCounts counts_;
  uint64_t most_;  // that can be missing, as made

  BucketScaleCell changed_[2];
  Atomic<bool> changing_{false};  // somebody is writing one of them
  Nanos changed_at_ = 0;          // the time of the change before; of who is changing
  uint64_t initially_ahead_;
  bool shared_;
  Size made_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_BUCKET_H_
