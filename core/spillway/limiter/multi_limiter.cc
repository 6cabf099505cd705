// The calls that are made for each request. Nothing here allocates or throws.
#include "spillway/limiter/multi_limiter.h"

#include <algorithm>

namespace spillway {

void MultiLimiter::BeginTime(Nanos now) noexcept {
  for (size_t i = 0; i < count_; ++i) members_[i]->BeginTime(now);
}

// Does a plan, or what became of it since. False: it is not to be taken any more.
bool MultiLimiter::TakeOne(size_t place, Nanos now, int64_t n, Plan* plan) noexcept {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (plan->kind == Plan::Kind::kLetsPass) return true;
    if (plan->kind != Plan::Kind::kTakes) return false;
    if (members_[place]->Take(*plan)) return true;
    *plan = members_[place]->Prepare(now, n);
  }
  plan->kind = Plan::Kind::kRefuses;
  return false;
}

LimiterDecision MultiLimiter::TryAcquireSlowly(Nanos now, int64_t n) noexcept {
  if (n < 0) return {.reason = static_cast<int32_t>(StatusCode::kMisuse)};
  if (n == 0) {
    BeginTime(now);
    return {};
  }
  if (static_cast<uint64_t>(n) - 1 >= most_) return TryByPlan(now, n);
  return TryAsMade(now, n, [&](size_t i) { return members_[i]->TimeAsMade(now); });
}

// Whatever the options of the members are by now.
LimiterDecision MultiLimiter::TryByPlan(Nanos now, int64_t n) noexcept {
  Plan plans[kMostMembers];
  for (size_t i = 0; i < count_; ++i) {
    plans[i] = members_[i]->Prepare(now, n);
    if (plans[i].kind == Plan::Kind::kRefuses || plans[i].kind == Plan::Kind::kNever)
      return Refuse(i, plans[i].kind, now);
  }
  return TakeFrom(0, now, n, plans);
}

// The members before `taken` have been taken from, as made.
LimiterDecision MultiLimiter::TakeOthers(size_t taken, Nanos now, int64_t n) noexcept {
  Plan plans[kMostMembers];
  for (size_t i = 0; i < count_; ++i)
    plans[i] = i < taken ? members_[i]->TakenAsMade(n) : members_[i]->Prepare(now, n);
  return TakeFrom(taken, now, n, plans);
}

// From the member `first` on. What those before it say has been done.
LimiterDecision MultiLimiter::TakeFrom(size_t first, Nanos now, int64_t n, Plan* plans) noexcept {
  for (size_t i = first; i < count_; ++i) {
    if (TakeOne(i, now, n, &plans[i])) [[likely]]
      continue;
    if (i > 0 && counts_.counted()) memory_->given_back.fetch_add(1, std::memory_order_relaxed);
    // Backwards, so that what was taken first, and is asked for first, is back last.
    for (size_t taken = i; taken-- > 0;) {
      if (plans[taken].kind == Plan::Kind::kTakes) members_[taken]->PutBack(plans[taken], now);
    }
    return Refuse(i, plans[i].kind, now);
  }
  for (size_t i = 0; i < count_; ++i) {
    if (plans[i].kind == Plan::Kind::kTakes) {
      members_[i]->CountAdmission();
    } else {
      members_[i]->BeginTime(now);
      members_[i]->CountDryRun();
    }
  }
  counts_.Admit(memory_->admitted);
  return {};
}

LimiterDecision MultiLimiter::Refuse(size_t place, Plan::Kind kind, Nanos now) noexcept {
  BeginTime(now);
  const auto reason = kind == Plan::Kind::kNever ? MultiLimiterRejection::kExceedsMember
                                                 : MultiLimiterRejection::kExhausted;
  return counts_.Refuse(memory_->refused, memory_->dry_run,
                        {.detail = place, .reason = static_cast<int32_t>(reason)});
}

LimitStatus MultiLimiter::Describe(const Decision& decision, Nanos now, int64_t n) const noexcept {
  now = std::max<Nanos>(now, 0);
  LimitStatus told{.remaining = kForever};
  Nanos retry_after = 0;
  for (size_t i = 0; i < count_; ++i) {
    const Bucket& member = *members_[i];
    const Bucket::View view = member.Look(now);
    const LimitStatus status = Bucket::Status(view.scale, view.ahead, now);
    const bool refused = decision.reason > 0;
    if (refused ? i == Refuser(decision) : status.remaining < told.remaining) told = status;
    // A dry run refuses nothing.
    if (refused && !member.counts().dry_run())
      retry_after = std::max(retry_after, Bucket::RetryAfter(view.scale, view.ahead, now, n, 0));
  }
  told.retry_after = retry_after;
  return told;
}

MultiLimiterSnapshot MultiLimiter::Snapshot(Nanos /*now*/) const noexcept {
  return {.total_admitted = memory_->admitted.Sum(),
          .total_refused = memory_->refused.Sum(),
          .total_dry_run = memory_->dry_run.load(std::memory_order_relaxed),
          .total_given_back = memory_->given_back.load(std::memory_order_relaxed)};
}

}  // namespace spillway
