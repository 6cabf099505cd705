// The calls of a token bucket that warms up. Nothing here allocates or throws.
//
// The word says when the next call passes, but only modulo a lap; `touched` says which lap is
// meant: the one true time lies within half a lap of it. That is so because
//   - `touched` is raised to the time of a call before the call changes the word, and a call leaves
//     no more owed than a quarter of a lap;
//   - before it is raised to more than a quarter of a lap after the word's time, the word is made
//     cold, as it is by then: cold words need no time.
// Both are true at each step, so a caller that is killed between two leaves nothing that another
// reads wrongly. What is not excluded: two calls that overlap on a cold word, at times more than a
// quarter of a lap apart, where the older one writes between the two steps of the newer one.
#include "spillway/limiter/token_bucket.h"

namespace spillway {
namespace {

// How long after `now` the bucket's next call passes.
Nanos UntilNext(const TokenClock& clock, Nanos now, uint64_t next) {
  const uint64_t units = clock.Units(now);
  constexpr auto kMost = static_cast<uint64_t>(kForever);
  return next <= units ? 0 : clock.UntilUnits(now, std::min(next - units, kMost));
}

}  // namespace

// ---- the word

TokenBucket::WarmView TokenBucket::LookWarm(Nanos now) const noexcept {
  // (110) acquire: pairs with (111). Who sees that the bucket was cooled down sees no word of
  // before.
  WarmView view{.word = 0,
                .now = 0,
                .state = {0, 0},
                .touched = 0,
                .change = cooled_.load(std::memory_order_acquire),
                .stays = true};
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    // (112) acquire: pairs with (113). Whoever sees a word sees its time, or a later one.
    view.word = memory_->word.load(std::memory_order_acquire);
    // (114) acquire: pairs with (115). Whoever sees a time sees that older words have been left,
    // when the next line reads the word once more.
    view.touched = memory_->touched.load(std::memory_order_acquire);
    if (memory_->word.load(std::memory_order_relaxed) == view.word) break;
  }
  const uint64_t near = clock_.Units(static_cast<Nanos>(view.touched));
  view.now = std::max(clock_.Units(now), near);
  view.state = warm_up_.Read(view.word, near);
  return view;
}

// False: others raised it.
bool TokenBucket::Touch(uint64_t touched, Nanos now) noexcept {
  if (static_cast<Nanos>(touched) >= now) return true;
  // (115) release: pairs with (114).
  return memory_->touched.compare_exchange_strong(
      touched, static_cast<uint64_t>(now), std::memory_order_release, std::memory_order_relaxed);
}

// As Update(): `decide(view, &state)` says whether the state is to change, and to what. The view
// that is returned holds the state after it, unless it `stays`.
template <class Decide>
TokenBucket::WarmView TokenBucket::UpdateWarm(Nanos now, const Decide& decide) noexcept {
  WarmView view = LookWarm(now);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt, view = LookWarm(now)) {
    WarmUp::State state = view.state;
    if (!decide(view, &state)) return view;
    uint64_t seen = view.word;
    if (view.state.warmth != 0 && view.now > view.state.next + warm_up_.most_owed()) {
      memory_->word.compare_exchange_strong(seen, WarmUp::kCold, std::memory_order_relaxed);
      continue;
    }
    if (!Touch(view.touched, now)) continue;
    // (113) release: pairs with (112).
    if (memory_->word.compare_exchange_strong(seen, warm_up_.Word(state), std::memory_order_release,
                                              std::memory_order_relaxed)) {
      view.state = state;
      view.stays = false;
      return view;
    }
  }
  return view;
}

void TokenBucket::CoolDown() noexcept {
  memory_->word.store(WarmUp::kCold, std::memory_order_relaxed);
  // (111) release: pairs with (110). Who changes them is alone.
  cooled_.store(cooled_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

// ---- taking

LimiterDecision TokenBucket::TryAcquireWarm(Nanos now, int64_t n) noexcept {
  if (n != 0) return ReserveWarm(now, n, 0).decision;
  const WarmView view = LookWarm(now);
  return {.detail = view.state.next, .change = view.change};
}

int64_t TokenBucket::AcquireUpToWarm(Nanos now, int64_t n) noexcept {
  if (n == 0) return 0;
  const auto most = static_cast<int64_t>(clock_.burst());
  const Reservation taken = ReserveWarm(now, std::min(n, most), 0);
  return taken && taken.n == 0 ? n : taken.n;  // none of what it asked for: a dry run
}

LimiterDecision TokenBucket::ForceAcquireWarm(Nanos now, int64_t n) noexcept {
  const auto count = static_cast<uint64_t>(n);
  const WarmView view = UpdateWarm(now, [&](const WarmView& from, WarmUp::State* state) {
    if (count > warm_up_.most_owed() / clock_.token_units()) return false;
    *state = warm_up_.Take(from.state, from.now, count * clock_.token_units());
    return state->next - from.now <= warm_up_.most_owed();
  });
  if (view.stays) return Refuse(TokenBucketRejection::kExceedsBurst, view.state.next, view.change);
  CountAdmission();
  return {.detail = view.state.next, .change = view.change};
}

// ---- reserving

LimiterReservation TokenBucket::ReserveWarm(Nanos now, int64_t n, Nanos max_wait) noexcept {
  now = std::max<Nanos>(now, 0);
  const auto count = static_cast<uint64_t>(n);
  Nanos delay = 0;
  const WarmView view = UpdateWarm(now, [&](const WarmView& from, WarmUp::State* state) {
    const uint64_t ahead = from.state.next - std::min(from.state.next, from.now);
    delay = ahead == 0 ? 0 : UntilNext(clock_, now, from.state.next);
    if (count > clock_.burst() || ahead > warm_up_.most_wait() ||
        delay > std::max<Nanos>(max_wait, 0))
      return false;
    *state = warm_up_.Take(from.state, from.now, count * clock_.token_units());
    return true;
  });
  if (view.stays) {
    auto reason = TokenBucketRejection::kExceedsBurst;
    if (count <= clock_.burst())
      reason = max_wait > 0 ? TokenBucketRejection::kExceedsWait : TokenBucketRejection::kExhausted;
    return {.act_at = now,
            .worthless_at = now,
            .decision = Refuse(reason, view.state.next, view.change)};
  }
  CountAdmission();
  const Nanos act_at = SaturatingAdd(now, delay);
  return {.act_at = act_at,
          .worthless_at = act_at,
          .n = n,
          .decision = {.detail = view.state.next, .change = view.change}};
}

// What it warmed stays: those behind it have paid for what they found.
void TokenBucket::CancelWarm(const Reservation& reservation, Nanos now) noexcept {
  if (reservation.n <= 0) return;
  const uint64_t act_at = clock_.Units(reservation.act_at);
  // What it cost; of a forged one, at most what that many can cost.
  const uint64_t count = std::min(static_cast<uint64_t>(reservation.n), clock_.burst());
  const uint64_t own =
      std::min(reservation.decision.detail - std::min(reservation.decision.detail, act_at),
               warm_up_.Cost(0, count * clock_.token_units()));
  UpdateWarm(now, [&](const WarmView& from, WarmUp::State* state) {
    if (from.change != reservation.decision.change || from.now >= act_at) return false;
    state->next -= std::min(own, from.state.next - std::min(from.state.next, from.now));
    return true;
  });
}

void TokenBucket::RefundWarm(Nanos now, int64_t n) noexcept {
  UpdateWarm(now, [&](const WarmView& from, WarmUp::State* state) {
    if (from.state.next <= from.now) return false;
    const uint64_t ahead = from.state.next - from.now;
    const bool all = static_cast<uint64_t>(n) > ahead / clock_.token_units();
    state->next -= all ? ahead : static_cast<uint64_t>(n) * clock_.token_units();
    return true;
  });
}

// ---- looking

LimitStatus TokenBucket::DescribeWarm(const Decision& decision, Nanos now, int64_t n,
                                      Nanos max_wait) const noexcept {
  now = std::max<Nanos>(now, 0);
  const WarmView view = LookWarm(now);
  const uint64_t next = view.change == decision.change ? decision.detail : view.state.next;
  const auto limit = static_cast<int64_t>(clock_.burst());
  const Nanos delay = UntilNext(clock_, now, next);
  LimitStatus status{.remaining = delay == 0 ? limit : 0,
                     .limit = limit,
                     .reset_after = delay,
                     .next_after = delay};
  if (decision.reason > 0) {
    const uint64_t most = warm_up_.most_wait();
    status.retry_after = n > limit ? kForever
                                   : std::max(delay - std::clamp<Nanos>(max_wait, 0, delay),
                                              UntilNext(clock_, now, next - std::min(next, most)));
  }
  return status;
}

TokenBucketSnapshot TokenBucket::SnapshotWarm(Nanos now) const noexcept {
  now = std::max<Nanos>(now, 0);
  const WarmView view = LookWarm(now);
  const Nanos delay = view.state.next <= view.now ? 0 : UntilNext(clock_, now, view.state.next);
  return {.tokens = delay == 0 ? static_cast<int64_t>(clock_.burst()) : 0,
          .burst = static_cast<int32_t>(clock_.burst()),
          .time_to_full_ns = delay,
          .total_admitted = memory_->admitted.Sum(),
          .total_refused = memory_->refused.Sum(),
          .total_dry_run = memory_->dry_run.load(std::memory_order_relaxed)};
}

}  // namespace spillway
