// The calls that are made for each request. Nothing here allocates or throws.
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
#include "spillway/limiter/warm_up_bucket.h"

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

WarmUpBucket::View WarmUpBucket::Look(Nanos now) const noexcept {
  // (110) acquire: pairs with (111). Who sees that the bucket was cooled down sees no word of
  // before.
  View view{.word = 0,
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
bool WarmUpBucket::Touch(uint64_t touched, Nanos now) noexcept {
  if (static_cast<Nanos>(touched) >= now) return true;
  // (115) release: pairs with (114).
  return memory_->touched.compare_exchange_strong(
      touched, static_cast<uint64_t>(now), std::memory_order_release, std::memory_order_relaxed);
}

// As Update(): `decide(view, &state)` says whether the state is to change, and to what. The view
// that is returned holds the state after it, unless it `stays`.
template <class Decide>
WarmUpBucket::View WarmUpBucket::Update(Nanos now, const Decide& decide) noexcept {
  View view = Look(now);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt, view = Look(now)) {
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

void WarmUpBucket::CoolDown() noexcept {
  memory_->word.store(WarmUp::kCold, std::memory_order_relaxed);
  // (111) release: pairs with (110).
  cooled_.fetch_add(1, std::memory_order_release);
}

LimiterDecision WarmUpBucket::Refuse(TokenBucketRejection reason, const View& view) noexcept {
  return counts_->Refuse(
      memory_->refused, memory_->dry_run,
      {.detail = view.state.next, .reason = static_cast<int32_t>(reason), .change = view.change});
}

// ---- taking

LimiterDecision WarmUpBucket::TryAcquire(Nanos now, int64_t n) noexcept {
  if (n != 0) return Reserve(now, n, 0).decision;
  const View view = Look(now);
  return {.detail = view.state.next, .change = view.change};
}

int64_t WarmUpBucket::AcquireUpTo(Nanos now, int64_t n) noexcept {
  if (n <= 0) return n == 0 ? 0 : -1;
  const auto most = static_cast<int64_t>(clock_.burst());
  const Reservation taken = Reserve(now, std::min(n, most), 0);
  return taken && taken.n == 0 ? n : taken.n;  // none of what it asked for: a dry run
}

LimiterDecision WarmUpBucket::ForceAcquire(Nanos now, int64_t n) noexcept {
  if (n < 0) return {.reason = static_cast<int32_t>(StatusCode::kMisuse)};
  const auto count = static_cast<uint64_t>(n);
  const View view = Update(now, [&](const View& from, WarmUp::State* state) {
    if (count > warm_up_.most_owed() / clock_.token_units()) return false;
    *state = warm_up_.Take(from.state, from.now, count * clock_.token_units());
    return state->next - from.now <= warm_up_.most_owed();
  });
  if (view.stays) return Refuse(TokenBucketRejection::kExceedsBurst, view);
  counts_->Admit(memory_->admitted);
  return {.detail = view.state.next, .change = view.change};
}

// ---- reserving

LimiterReservation WarmUpBucket::Reserve(Nanos now, int64_t n, Nanos max_wait) noexcept {
  if (n < 0) return {.decision = {.reason = static_cast<int32_t>(StatusCode::kMisuse)}};
  now = std::max<Nanos>(now, 0);
  const auto count = static_cast<uint64_t>(n);
  Nanos delay = 0;
  const View view = Update(now, [&](const View& from, WarmUp::State* state) {
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
    return {.act_at = now, .worthless_at = now, .decision = Refuse(reason, view)};
  }
  counts_->Admit(memory_->admitted);
  const Nanos act_at = SaturatingAdd(now, delay);
  return {.act_at = act_at,
          .worthless_at = act_at,
          .n = n,
          .decision = {.detail = view.state.next, .change = view.change}};
}

// What it warmed stays: those behind it have paid for what they found.
void WarmUpBucket::Cancel(const Reservation& reservation, Nanos now) noexcept {
  if (reservation.n <= 0) return;
  const uint64_t act_at = clock_.Units(reservation.act_at);
  // What it cost; of a forged one, at most what that many can cost.
  const uint64_t count = std::min(static_cast<uint64_t>(reservation.n), clock_.burst());
  const uint64_t own =
      std::min(reservation.decision.detail - std::min(reservation.decision.detail, act_at),
               warm_up_.Cost(0, count * clock_.token_units()));
  Update(now, [&](const View& from, WarmUp::State* state) {
    if (from.change != reservation.decision.change || from.now >= act_at) return false;
    state->next -= std::min(own, from.state.next - std::min(from.state.next, from.now));
    return true;
  });
}

void WarmUpBucket::Refund(Nanos now, int64_t n) noexcept {
  if (n <= 0) return;
  Update(now, [&](const View& from, WarmUp::State* state) {
    if (from.state.next <= from.now) return false;
    const uint64_t ahead = from.state.next - from.now;
    const bool all = static_cast<uint64_t>(n) > ahead / clock_.token_units();
    state->next -= all ? ahead : static_cast<uint64_t>(n) * clock_.token_units();
    return true;
  });
}

// ---- looking

LimitStatus WarmUpBucket::Describe(const Decision& decision, Nanos now, int64_t n,
                                   Nanos max_wait) const noexcept {
  now = std::max<Nanos>(now, 0);
  const View view = Look(now);
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

TokenBucketSnapshot WarmUpBucket::Snapshot(Nanos now) const noexcept {
  now = std::max<Nanos>(now, 0);
  const View view = Look(now);
  const Nanos delay = view.state.next <= view.now ? 0 : UntilNext(clock_, now, view.state.next);
  return {.tokens = delay == 0 ? static_cast<int64_t>(clock_.burst()) : 0,
          .burst = static_cast<int32_t>(clock_.burst()),
          .time_to_full_ns = delay,
          .total_admitted = memory_->admitted.Sum(),
          .total_refused = memory_->refused.Sum(),
          .total_dry_run = memory_->dry_run.load(std::memory_order_relaxed)};
}

}  // namespace spillway
