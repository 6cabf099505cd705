// The calls that are made for each request. Nothing here allocates or throws.
#include "spillway/limiter/multi_limiter.h"

#include <algorithm>

namespace spillway {

// Others were faster: takes from one member what can still be taken. False: it has not enough any
// more, or cannot be taken from for all the others.
bool MultiLimiter::TakeAnew(size_t place, Nanos now, int64_t n, Plan* plan) noexcept {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    members_[place]->Prepare(now, n, plan);
    if (plan->kind == Plan::Kind::kLetsPass) return true;
    if (plan->kind != Plan::Kind::kTakes) return false;
    if (members_[place]->Take(*plan)) return true;
  }
  plan->kind = Plan::Kind::kRefuses;
  return false;
}

LimiterDecision MultiLimiter::TryAcquire(Nanos now, int64_t n) noexcept {
  if (n < 0) [[unlikely]]
    return {.reason = static_cast<int32_t>(StatusCode::kMisuse)};
  if (n == 0) [[unlikely]] {
    for (size_t i = 0; i < count_; ++i) members_[i]->BeginTime(now);
    return {};
  }
  Plan plans[kMostMembers];
  for (size_t i = 0; i < count_; ++i) {
    members_[i]->Prepare(now, n, &plans[i]);
    if (plans[i].kind == Plan::Kind::kRefuses || plans[i].kind == Plan::Kind::kNever)
      return Refuse(i, plans[i].kind, now);
  }
  for (size_t i = 0; i < count_; ++i) {
    const bool takes = plans[i].kind == Plan::Kind::kTakes;
    if (!takes || members_[i]->Take(plans[i]) || TakeAnew(i, now, n, &plans[i])) [[likely]]
      continue;
    if (i > 0 && counted_) memory_->given_back.fetch_add(1, std::memory_order_relaxed);
    // Backwards, so that what was taken first, and is asked for first, is back last.
    for (size_t taken = i; taken-- > 0;) {
      if (plans[taken].kind == Plan::Kind::kTakes) members_[taken]->PutBack(plans[taken], now);
    }
    return Refuse(i, plans[i].kind, now);
  }
  for (size_t i = 0; i < count_; ++i) {
    if (plans[i].kind == Plan::Kind::kTakes) [[likely]] {
      members_[i]->CountAdmission();
    } else {
      members_[i]->BeginTime(now);
      members_[i]->CountDryRun();
    }
  }
  if (counted_ && !memory_->admitted.TryIncrement(owned_slots_)) [[unlikely]]
    memory_->admitted.Increment(owned_slots_);
  return {};
}

LimiterDecision MultiLimiter::Refuse(size_t place, Plan::Kind kind, Nanos now) noexcept {
  // It may be the first call of any of them.
  for (size_t i = 0; i < count_; ++i) members_[i]->BeginTime(now);
  if (dry_run_.load(std::memory_order_relaxed)) {
    if (counted_) memory_->dry_run.fetch_add(1, std::memory_order_relaxed);
    return {.detail = place};
  }
  if (counted_ && !memory_->refused.TryIncrement(owned_slots_)) [[unlikely]]
    memory_->refused.Increment(owned_slots_);
  const auto reason = kind == Plan::Kind::kNever ? MultiLimiterRejection::kExceedsMember
                                                 : MultiLimiterRejection::kExhausted;
  return {.detail = place, .reason = static_cast<int32_t>(reason)};
}

LimitStatus MultiLimiter::Describe(const Decision& decision, Nanos now, int64_t n) const noexcept {
  now = std::max<Nanos>(now, 0);
  LimitStatus told{.remaining = kForever};
  Nanos retry_after = 0;
  for (size_t i = 0; i < count_; ++i) {
    const TokenBucket& member = *members_[i];
    const TokenBucket::View view = member.Look(now);
    const LimitStatus status = TokenBucket::Status(view.scale, view.ahead, now);
    const bool refused = decision.reason > 0;
    if (refused ? i == Refuser(decision) : status.remaining < told.remaining) told = status;
    // A dry run refuses nothing.
    if (refused && !member.dry_run_.load(std::memory_order_relaxed))
      retry_after =
          std::max(retry_after, TokenBucket::RetryAfter(view.scale, view.ahead, now, n, 0));
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
