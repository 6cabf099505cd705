// A token bucket told simply, one call after the other: what the real one must answer, to the
// nanosecond, where a token is a whole number of nanoseconds that is its clock's unit.
#ifndef SPILLWAY_TESTS_FUZZ_TOKEN_BUCKET_REFERENCE_H_
#define SPILLWAY_TESTS_FUZZ_TOKEN_BUCKET_REFERENCE_H_

#include <algorithm>
#include <cstdint>

#include "spillway/base/rate.h"
#include "spillway/base/time.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/token_bucket.h"
#include "spillway/limiter/token_bucket_settings.h"

namespace spillway::fuzz {

class ReferenceTokenBucket {
 public:
  using Decision = LimiterDecision;
  using Reservation = LimiterReservation;

  // `token` is what 1e9 / rate is.
  ReferenceTokenBucket(const TokenBucketSettings& settings, Nanos token)
      : settings_(settings),
        token_(token),
        initially_ahead_((settings.burst - std::min(settings.initial_tokens, settings.burst)) *
                         token) {}

  const TokenBucketSettings& settings() const { return settings_; }
  Nanos token() const { return token_; }

  Decision TryAcquire(Nanos now, int64_t n) {
    if (n < 0) return {.reason = kMisuse};
    const Nanos ahead = Ahead(now);
    if (n == 0) return Look(now, ahead);
    if (n <= settings_.burst && ahead + n * token_ <= capacity())
      return Admit(now, ahead + n * token_);
    return Refuse(now, ahead,
                  n > settings_.burst ? TokenBucketRejection::kExceedsBurst
                                      : TokenBucketRejection::kExhausted);
  }

  int64_t AcquireUpTo(Nanos now, int64_t n) {
    const Nanos ahead = Ahead(now);
    const int64_t taken = std::min(n, ahead < capacity() ? (capacity() - ahead) / token_ : 0);
    if (taken != 0) {
      Admit(now, ahead + taken * token_);
    } else if (n == 0) {
      Look(now, ahead);
    } else if (Refuse(now, ahead, TokenBucketRejection::kExhausted)) {
      return n;  // a dry run
    }
    return taken;
  }

  Decision ForceAcquire(Nanos now, int64_t n) {
    if (n < 0) return {.reason = kMisuse};
    const Nanos ahead = Ahead(now);
    if (ahead > kMostOwed || n > (kMostOwed - ahead) / token_)
      return Refuse(now, ahead, TokenBucketRejection::kExceedsBurst);
    return Admit(now, ahead + n * token_);
  }

  Reservation Reserve(Nanos now, int64_t n, Nanos max_wait) {
    if (n < 0) return {.decision = {.reason = kMisuse}};
    const Nanos start = std::max<Nanos>(now, 0);
    const Nanos ahead = Ahead(now);
    auto why = TokenBucketRejection::kExceedsBurst;
    if (n <= settings_.burst) {
      const Nanos next = ahead + n * token_;
      const Nanos delay = Until(now, next - capacity());
      if (next <= kMostOwed && delay <= std::max<Nanos>(max_wait, 0)) {
        return {.act_at = SaturatingAdd(start, delay),
                .worthless_at = start + Until(now, next + 1) - 1,
                .n = n,
                .decision = Admit(now, next)};
      }
      why = max_wait > 0 && delay > max_wait ? TokenBucketRejection::kExceedsWait
                                             : TokenBucketRejection::kExhausted;
    }
    return {.act_at = start, .worthless_at = start, .decision = Refuse(now, ahead, why)};
  }

  void Cancel(const Reservation& reservation, Nanos now) {
    const Nanos ahead = Ahead(now);
    if (reservation.decision.change != change_ || reservation.n > settings_.burst ||
        now >= reservation.worthless_at) {
      Look(now, ahead);
      return;
    }
    // Of a forged one this may be years away, beyond the 62 bits of the clock.
    Nanos worth = Apart(now, reservation.worthless_at);
    if (reservation.worthless_at >= kForever - 1) {
      // It cannot be said when it is worthless: all but what has flowed in since it could be used.
      const Nanos all = reservation.n * token_;
      worth = all - std::min(all, Apart(reservation.act_at, std::max(now, reservation.act_at)));
    }
    SetAhead(now, ahead - std::min({ahead, reservation.n * token_, worth}));
  }

  void Refund(Nanos now, int64_t n) {
    if (n == 0) return;
    const Nanos ahead = Ahead(now);
    SetAhead(now, n > ahead / token_ ? 0 : ahead - n * token_);
  }

  // `settings` differ from the present ones at most in what may change.
  void Reconfigure(const TokenBucketSettings& settings, Nanos token, Inheritance inheritance,
                   Nanos now) {
    const bool same = settings.rate == settings_.rate && settings.burst == settings_.burst;
    if (!same || inheritance != Inheritance::kKeep) {
      // Back at an older time, it would be paid once more; a reset may begin time again.
      if (inheritance != Inheritance::kReset) now = std::max(now, changed_at_);
      changed_at_ = now;
      const Nanos next = Inherit(Ahead(now), token, settings.burst, inheritance);
      token_ = token;
      settings_ = settings;
      SetAhead(now, std::min(next, kMostOwed));
      ++change_;
    }
    settings_ = settings;
  }

  LimitStatus Describe(const Decision& decision, Nanos now, int64_t n, Nanos max_wait) const {
    const auto ahead = static_cast<Nanos>(decision.detail);
    LimitStatus status{.remaining = ahead < capacity() ? (capacity() - ahead) / token_ : 0,
                       .limit = settings_.burst,
                       .reset_after = Until(now, ahead)};
    if (status.remaining < settings_.burst)
      status.next_after = Until(now, ahead + (status.remaining + 1) * token_ - capacity());
    if (decision.reason > 0) {
      status.retry_after =
          n > settings_.burst
              ? kForever
              : std::max(Until(now, ahead + n * token_ - capacity()) - std::max<Nanos>(max_wait, 0),
                         Until(now, ahead + n * token_ - kMostOwed));
    }
    return status;
  }

  TokenBucketSnapshot Snapshot(Nanos now) const {
    const Nanos there = capacity() - Ahead(now);
    TokenBucketSnapshot snapshot = totals_;
    snapshot.tokens = there >= 0 ? there / token_ : -((-there + token_ - 1) / token_);
    snapshot.burst = settings_.burst;
    snapshot.time_to_full_ns = Until(now, Ahead(now));
    return snapshot;
  }

 private:
  static constexpr int32_t kMisuse = static_cast<int32_t>(StatusCode::kMisuse);
  // What lies further ahead is long past.
  static constexpr Nanos kMostAhead = Nanos{1} << 60;
  static constexpr Nanos kMostOwed = kMostAhead - kMostAhead / 8;

  static Nanos Apart(Nanos from, Nanos to) {
    return (std::max<Nanos>(to, 0) - std::max<Nanos>(from, 0)) % (Nanos{1} << 62);
  }

  Nanos capacity() const { return settings_.burst * token_; }

  static Nanos Until(Nanos now, Nanos span) {
    return std::min(std::max<Nanos>(span, 0), kForever - std::max<Nanos>(now, 0));
  }

  // How long until it is full. Its clock has 62 bits.
  Nanos Ahead(Nanos now) const {
    if (!begun_) return initially_ahead_;
    const uint64_t apart = full_at_ - static_cast<uint64_t>(std::max<Nanos>(now, 0));
    const Nanos ahead = static_cast<Nanos>(apart << 2) >> 2;
    return ahead <= kMostAhead ? std::max<Nanos>(ahead, 0) : 0;
  }
  void SetAhead(Nanos now, Nanos ahead) {
    begun_ = true;
    full_at_ = static_cast<uint64_t>(std::max<Nanos>(now, 0)) + static_cast<uint64_t>(ahead);
  }

  // A bucket that is not full begins to fill at its first call.
  Decision Look(Nanos now, Nanos ahead) {
    if (!begun_ && initially_ahead_ != 0) SetAhead(now, ahead);
    return {.detail = static_cast<uint64_t>(ahead), .change = change_};
  }
  Decision Admit(Nanos now, Nanos ahead) {
    SetAhead(now, ahead);
    totals_.total_admitted += settings_.counted;
    return {.detail = static_cast<uint64_t>(ahead), .change = change_};
  }
  Decision Refuse(Nanos now, Nanos ahead, TokenBucketRejection why) {
    Decision decision = Look(now, ahead);
    if (!settings_.dry_run) decision.reason = static_cast<int32_t>(why);
    (settings_.dry_run ? totals_.total_dry_run : totals_.total_refused) += settings_.counted;
    return decision;
  }

  // Rounded so that no part of a token comes from nowhere.
  Nanos Inherit(Nanos ahead, Nanos token, int32_t burst, Inheritance inheritance) const {
    const Nanos next_all = burst * token;
    switch (inheritance) {
      case Inheritance::kKeep:
        if (ahead > capacity()) return next_all + RoundedUp(ahead - capacity(), token, token_);
        return next_all - RoundedDown(capacity() - ahead, token, token_, next_all);
      case Inheritance::kReset:
        return 0;
      case Inheritance::kProportional:
        return RoundedUp(ahead, next_all, capacity());
      case Inheritance::kAdditive:
        return RoundedUp(ahead, token, token_);
    }
    return 0;
  }

  // value * by / of, as far as it can be owed.
  static Nanos RoundedUp(Nanos value, Nanos by, Nanos of) {
    const Wide product = static_cast<Wide>(value) * static_cast<Wide>(by);
    const Wide scaled = (product + static_cast<Wide>(of) - 1) / static_cast<Wide>(of);
    return static_cast<Nanos>(std::min(scaled, static_cast<Wide>(kMostAhead)));
  }
  static Nanos RoundedDown(Nanos value, Nanos by, Nanos of, Nanos most) {
    const Wide product = static_cast<Wide>(value) * static_cast<Wide>(by);
    return static_cast<Nanos>(std::min(product / static_cast<Wide>(of), static_cast<Wide>(most)));
  }

  TokenBucketSettings settings_;
  Nanos token_;
  Nanos initially_ahead_;
  bool begun_ = false;
  uint64_t full_at_ = 0;
  Nanos changed_at_ = 0;
  uint32_t change_ = 0;
  TokenBucketSnapshot totals_;
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_TOKEN_BUCKET_REFERENCE_H_
