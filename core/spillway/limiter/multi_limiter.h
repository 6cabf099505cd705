// A multi limiter: asks several buckets at once, and takes from all or from none.
//
//   MultiLimiter::Member members[] = {*per_second, *per_day};
//   ...
//   if (limiter->TryAcquire(now)) {
//     ... call ...
//   }
//
// limiter/multi_limiter_options.h makes one. The members are token buckets and leaky buckets. They
// stay usable alone and by other multi limiters, and must outlive this one.
//
// A call that is refused by what it finds writes nothing. Else it takes from one member after the
// other; when others empty one meanwhile, it gives back what it took before. So
//  - nobody is ever admitted beyond what one member allows, but for this: where another call has
//    moved a member meanwhile, giving back may add min(n, rate * d) to it, d being how far apart
//    the times are that the two calls gave;
//  - what a call has taken and is about to give back is missing to others for that moment;
//  - a caller that is killed in between loses at most `n` on each member.
//
// Thread safety and progress are those of limiter/token_bucket.h: every method but the destructor
// may be called from any thread, all are lock-free, none allocates (but for a thread's first
// counted call) or throws.
#ifndef SPILLWAY_LIMITER_MULTI_LIMITER_H_
#define SPILLWAY_LIMITER_MULTI_LIMITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "spillway/base/error.h"
#include "spillway/base/policy_memory.h"
#include "spillway/base/time.h"
#include "spillway/limiter/bucket.h"
#include "spillway/limiter/leaky_bucket.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/limiter_counts.h"
#include "spillway/limiter/limiter_decision.h"
#include "spillway/limiter/multi_limiter_memory.h"
#include "spillway/limiter/multi_limiter_settings.h"
#include "spillway/limiter/token_bucket.h"

namespace spillway {

struct MultiLimiterOptions;

// A bucket that a multi limiter asks; borrowed.
class MultiLimiterMember {
 public:
  MultiLimiterMember(TokenBucket& bucket)  // NOLINT: converts
      : bucket_(&bucket.bucket_), warms_up_(bucket.warm_up_.has_value()) {}
  MultiLimiterMember(LeakyBucket& bucket)  // NOLINT: converts
      : bucket_(&bucket.bucket_), warms_up_(false) {}

 private:
  friend class MultiLimiter;
  Bucket* bucket_;
  bool warms_up_;
};

class MultiLimiter {
 public:
  using Settings = MultiLimiterSettings;
  using Rejection = MultiLimiterRejection;
  using Decision = LimiterDecision;
  using Member = MultiLimiterMember;

  static constexpr size_t kMostMembers = 8;

  // Null, with `error` filled, when the name is too long, an option is out of range, or there are
  // no members, more than kMostMembers, one twice, or one that warms up. They are asked in the
  // order they are given in: put first who refuses most. `memory` and `shared` are those of
  // TokenBucket::Make; the members have memory of their own.
  static std::unique_ptr<MultiLimiter> Make(std::string_view name, std::span<const Member> members,
                                            const Settings& settings, Error* error,
                                            void* memory = nullptr, bool shared = false) noexcept;
  static constexpr size_t MemoryBytes() { return sizeof(MultiLimiterMemory); }

  // An absl::StatusOr<std::unique_ptr<MultiLimiter>>. Defined in limiter/multi_limiter_options.h:
  // who does not include that header does not need Abseil.
  template <typename Options = MultiLimiterOptions>
  static auto Create(std::string_view name, std::span<const Member> members,
                     const Options& options);

  // Takes `n` from each member, or from none. 0 takes nothing and tells what is there. A member's
  // own dry run lets the call through without taking from it. The members count what was taken from
  // them as admitted; what this limiter refuses only it counts.
  [[gnu::always_inline]] Decision TryAcquire(Nanos now, int64_t n = 1) noexcept {
    if (static_cast<uint64_t>(n) - 1 >= most_in_nanos_) [[unlikely]]
      return TryAcquireSlowly(now, n);
    const uint64_t time = Bucket::TimeInNanos(now);
    return TryAsMade(now, n, [=](size_t) { return time; });
  }
  // The same at SteadyNow().
  Decision TryAcquire() noexcept { return TryAcquire(SteadyNow()); }

  // The member that refused, by its place among the members.
  static size_t Refuser(const Decision& decision) noexcept {
    return static_cast<size_t>(decision.detail);
  }

  // What else is to be said of a decision that was made for `n` at `now`: of the member that
  // refused, or, of an admission, of the one that has least left; as it is by now. Waiting exactly
  // `retry_after` is enough for all members.
  LimitStatus Describe(const Decision& decision, Nanos now, int64_t n) const noexcept;

  // What was counted, whatever the time: it is asked for as it is of every policy.
  MultiLimiterSnapshot Snapshot(Nanos now) const noexcept;

  // Changes options that are not fixed. False, with `error` filled and nothing changed, when one is
  // out of range or fixed. The members are changed by themselves, at any time.
  bool Reconfigure(const Settings& settings, Error* error) noexcept;
  Settings settings() const noexcept;

  size_t members() const noexcept { return count_; }
  std::string_view name() const noexcept { return name_; }

 private:
  using Plan = Bucket::Plan;

  static constexpr int32_t kExhausted = static_cast<int32_t>(Rejection::kExhausted);

  MultiLimiter(std::string_view name, std::span<const Member> members, const Settings& settings,
               void* memory, bool shared);

  // For `n` that all members can hold. `time_of(place)`: now, on the clock of that member.
  template <class TimeOf>
  [[gnu::always_inline]] Decision TryAsMade(Nanos now, int64_t n, const TimeOf& time_of) noexcept {
    for (size_t i = 0; i < count_; ++i) {
      const BucketAsMade::Attempt attempt = as_made_[i].Look(time_of(i), n);
      if (!attempt.as_made()) [[unlikely]]
        return TryByPlan(now, n);
      if (as_made_[i].Fits(attempt)) [[likely]]
        continue;
      if (!attempt.is_near() || !RefuseQuickly(i, now)) [[unlikely]]
        return TryByPlan(now, n);
      return {.detail = i, .reason = kExhausted};
    }
    for (size_t i = 0; i < count_; ++i) {
      // Looked at again: what was seen would have to wait in memory, which takes longer.
      const BucketAsMade::Attempt attempt = as_made_[i].Look(time_of(i), n);
      if (!attempt.as_made() || !as_made_[i].Fits(attempt) || !as_made_[i].Take(attempt))
          [[unlikely]]
        return TakeOthers(i, now, n);
    }
    for (size_t i = 0; i < count_; ++i) members_[i]->CountAdmission();
    counts_.Admit(memory_->admitted);
    return {};
  }
  // Because the member of that `place` does. False: nothing was counted, and it takes longer to say
  // what is to be done.
  [[gnu::always_inline]] bool RefuseQuickly(size_t place, Nanos now) noexcept {
    if (members_[place]->counts().dry_run()) [[unlikely]]
      return false;
    if (begins_time_) [[unlikely]]
      BeginTime(now);
    return counts_.TryRefuse(memory_->refused);
  }
  // It may be the first call of any of them.
  void BeginTime(Nanos now) noexcept;
  Decision TryAcquireSlowly(Nanos now, int64_t n) noexcept;
  Decision TryByPlan(Nanos now, int64_t n) noexcept;
  Decision TakeOthers(size_t taken, Nanos now, int64_t n) noexcept;
  Decision TakeFrom(size_t first, Nanos now, int64_t n, Plan* plans) noexcept;
  bool TakeOne(size_t place, Nanos now, int64_t n, Plan* plan) noexcept;
  Decision Refuse(size_t place, Plan::Kind kind, Nanos now) noexcept;

  // What the inline path reads comes first.
  size_t count_;
  uint64_t most_in_nanos_;    // as `most_`; 0: some member's clock has another unit
  bool begins_time_ = false;  // of some member
  MultiLimiterMemory* memory_;
  LimiterCounts counts_;
  BucketAsMade as_made_[kMostMembers] = {};
  Bucket* members_[kMostMembers] = {};
  uint64_t most_ = kForever;  // that one call can take of all, as made
  PolicyMemory owned_memory_;
  std::string name_;
};

}  // namespace spillway

#endif  // SPILLWAY_LIMITER_MULTI_LIMITER_H_
