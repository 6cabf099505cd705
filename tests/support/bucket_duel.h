// A bucket and the exact one side by side: the same calls, chosen at random, and the same
// answers, but for what the unit of the real one's clock excuses.
#ifndef SPILLWAY_TESTS_SUPPORT_BUCKET_DUEL_H_
#define SPILLWAY_TESTS_SUPPORT_BUCKET_DUEL_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "spillway/limiter/leaky_bucket.h"
#include "spillway/limiter/token_bucket.h"
#include "tests/support/buckets.h"
#include "tests/support/exact_bucket.h"
#include "tests/support/random.h"
#include "tests/support/random_buckets.h"

namespace spillway::testing {

// `Random` chooses: testing::Random, or whatever answers as it does.
template <class Bucket, class Random = testing::Random>
class BucketDuel {
 public:
  using Settings = typename Bucket::Settings;

  BucketDuel(Bucket& real, const Settings& settings, Random& random)
      : random_(random),
        settings_(settings),
        real_(real),
        model_(TokensOf(settings), RoomOf(settings)) {
    now_ = random_.template Of<Nanos>({0, 1, random_.Below(Nanos{1} << 60), (Nanos{1} << 61) - 1000,
                                       (Nanos{1} << 62) - 1000, Nanos{1} << 62});
    last_ = now_ + kLongest;
    story_ << "rate " << settings.rate << " burst " << TokensOf(settings).burst << " room "
           << RoomOf(settings) << " initial_tokens " << TokensOf(settings).initial_tokens << "\n";
    story_.precision(17);
  }

  // Makes one call. False when the real bucket's answer cannot be explained.
  bool TakeStep() {
    PassTime();
    const Nanos at = random_.OneIn(5) ? Lag() : now_;
    switch (random_.Below(16)) {
      case 0:
        return Change(at);
      case 1:
        return Refund(at);
      case 2:
        if constexpr (kIsTokenBucket) return Force(at);
        return Take(at);
      case 3:
      case 4:
        return Cancel(at);
      case 5:
      case 6:
        if constexpr (kIsTokenBucket) return TakeUpTo(at);
        return Reserve(at);
      case 7:
      case 8:
      case 9:
        return Reserve(at);
      default:
        return Take(at);
    }
  }

  // Whether both look the same, seen from some moment.
  bool Agree() {
    const Nanos at = random_.OneIn(4) ? Lag() : now_;
    const auto got = real_.Snapshot(at);
    if constexpr (kIsTokenBucket) {
      return Says("snapshot", at, got.burst, got.tokens) &&
             Check(Tokens(at).Holds(got.tokens) && got.burst == model_.burst()) &&
             Check(Waits(model_.Missing(at), at).Holds(got.time_to_full_ns));
    } else {
      return Says("snapshot", at, got.capacity, got.level) &&
             Check(Room(at).Holds(got.capacity - got.level) && got.capacity == model_.limit()) &&
             Check(Waits(model_.Missing(at), at).Holds(got.time_to_empty_ns));
    }
  }

  std::string Story() const { return story_.str(); }

 private:
  // What an answer may be.
  struct Span {
    SignedWide low;
    SignedWide high;
    bool Holds(SignedWide value) const { return low <= value && value <= high; }
  };

  struct Held {
    LimiterReservation real;
    SignedWide full_at;
  };

  // Less than what the clock takes to wrap.
  static constexpr Nanos kLongest = Nanos{1} << 60;
  // With the most that can be owed.
  static constexpr Nanos kLongestLag = Nanos{1} << 57;
  // The counts that are chosen are below, or above all there can be.
  static constexpr int64_t kMostCount = int64_t{1} << 40;
  static constexpr int kMostChanges = 4;

  static constexpr bool kIsTokenBucket = std::is_same_v<Bucket, TokenBucket>;

  // What a leaky bucket is as a token bucket.
  static TokenBucketSettings TokensOf(const TokenBucketSettings& settings) { return settings; }
  static TokenBucketSettings TokensOf(const LeakyBucketSettings& settings) {
    return {.rate = settings.rate, .burst = settings.free};
  }
  static int32_t RoomOf(const TokenBucketSettings&) { return 0; }
  static int32_t RoomOf(const LeakyBucketSettings& settings) { return settings.capacity; }

  static SignedWide DivideDown(SignedWide value, SignedWide by) {
    return value / by - (value % by < 0);
  }

  Span Tokens(SignedWide balance) const {
    return {DivideDown(balance - model_.slack(), model_.token()),
            DivideDown(balance + model_.slack(), model_.token())};
  }
  Span Tokens(Nanos at) const { return Tokens(model_.Balance(at)); }
  // With what may be owed.
  Span Room(Nanos at) const { return Tokens(model_.all() - model_.Missing(at)); }

  // How long until `parts` have flowed in; at the end of time all waits end.
  Span Waits(SignedWide parts, Nanos at) const {
    const SignedWide slack = model_.slack();
    const SignedWide left = kForever - std::max<Nanos>(at, 0);
    const Span wait{model_.Wait(parts - slack) - (slack != 0),
                    model_.Wait(parts + slack) + (slack != 0)};
    return {std::min(wait.low, left), wait.high > left ? SignedWide{kForever} : wait.high};
  }

  // Whether `missing` more than `limit` was rightly refused, or rightly not.
  bool Judge(bool admitted, SignedWide missing, SignedWide limit) const {
    return admitted ? missing <= limit + model_.slack() : missing > limit - model_.slack();
  }

  bool Says(const char* what, Nanos at, int64_t n, int64_t answer) {
    story_ << at << " " << what << " " << n << " -> " << answer << "\n";
    return true;
  }
  bool Check(bool holds) {
    if (!holds) {
      const Nanos at = now_;
      story_ << "exact at " << at << ": tokens from " << static_cast<int64_t>(Tokens(at).low)
             << " to " << static_cast<int64_t>(Tokens(at).high) << "\n";
    }
    return holds;
  }

  // ---- choosing

  Nanos Period() const {
    return static_cast<Nanos>(std::min<SignedWide>(model_.Wait(model_.token()), kLongest / 64));
  }

  void PassTime() {
    Nanos pass = 0;
    switch (random_.Below(8)) {
      case 0:
        pass = Period();
        break;
      case 1:
        pass = random_.Below(Period() + 1);
        break;
      case 2:
        pass = random_.Below(Period() * 3 + 1);
        break;
      case 3:
        pass = random_.template Below<Nanos>(3);
        break;
      case 4:
        if (random_.OneIn(16)) pass = random_.Below(kLongest >> random_.Below(50));
        break;
      default:
        break;
    }
    now_ = std::min(now_ + pass, last_);
  }

  Nanos Lag() {
    const Nanos longest = random_.OneIn(8) ? kLongestLag : std::min(Period() * 4, kLongestLag);
    return now_ - random_.Below(longest + 1);
  }

  int64_t Count() {
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
    if (random_.OneIn(24))
      return random_.template Of<int64_t>({-1, -kMost - 1, kMost, kMost / 2 + 1});
    if (random_.OneIn(12))
      return random_.template Of<int64_t>(
          {0, model_.burst() + int64_t{1}, model_.limit() + int64_t{1}});
    return 1 + random_.template Below<int64_t>(random_.OneIn(3) ? model_.limit()
                                                                : std::min(model_.burst(), 3));
  }

  // ---- the calls

  bool Take(Nanos at) {
    const int64_t n = Count();
    const LimiterDecision got = real_.TryAcquire(at, n);
    Says("take", at, n, got.reason);
    if (n < 0) return Check(got.reason < 0);
    if (n > model_.burst()) return Exceeds(got, at);
    const SignedWide missing = model_.Missing(at) + n * model_.token();
    if (n == 0) {
      model_.Leave(at);
      return Check(got.reason == 0);
    }
    const auto exhausted = static_cast<int32_t>(TokenBucketRejection::kExhausted);
    if (!Check(got.reason == 0 || got.reason == exhausted)) return false;
    if (!Check(Judge(got.reason == 0, missing, model_.capacity()))) return false;
    Follow(got.reason == 0, at, n);
    return Describes(got, at, n);
  }

  bool Describes(const LimiterDecision& decision, Nanos at, int64_t n) {
    const LimitStatus got = real_.Describe(decision, at, n);
    Says("remaining", at, n, got.remaining);
    const Span room = Room(at);
    const Span remaining{std::max<SignedWide>(room.low, 0), std::max<SignedWide>(room.high, 0)};
    const Span reset = Waits(model_.Missing(at), at);
    const SignedWide owed = n * model_.token() - model_.Balance(at);
    const Span retry = decision ? Span{0, 0} : Waits(owed, at);
    const SignedWide to_next =
        (SignedWide{got.remaining} + 1) * model_.token() - (model_.all() - model_.Missing(at));
    const Span next = got.remaining == model_.limit() ? Span{0, 0} : Waits(to_next, at);
    return Check(remaining.Holds(got.remaining) && got.limit == model_.limit() &&
                 reset.Holds(got.reset_after) && retry.Holds(got.retry_after) &&
                 next.Holds(got.next_after));
  }

  void Follow(bool admitted, Nanos at, int64_t n) {
    if (admitted) {
      model_.Take(at, n);
    } else {
      model_.Leave(at);
    }
  }

  bool Exceeds(const LimiterDecision& got, Nanos at) {
    model_.Leave(at);
    return Check(got.reason == static_cast<int32_t>(TokenBucketRejection::kExceedsBurst));
  }

  bool TakeUpTo(Nanos at) requires kIsTokenBucket {
    const int64_t n = Count();
    const int64_t got = real_.AcquireUpTo(at, n);
    Says("take up to", at, n, got);
    if (n < 0) return Check(got == -1);
    const Span tokens = Tokens(at);
    const Span can{std::clamp<SignedWide>(tokens.low, 0, n),
                   std::clamp<SignedWide>(tokens.high, 0, n)};
    if (!Check(can.Holds(got))) return false;
    Follow(got > 0, at, got);
    return true;
  }

  bool Force(Nanos at) requires kIsTokenBucket {
    const int64_t n = Count();
    const LimiterDecision got = real_.ForceAcquire(at, n);
    Says("force", at, n, got.reason);
    if (n < 0) return Check(got.reason < 0);
    // More than can be owed; the model would overflow.
    const SignedWide missing = n > kMostCount ? model_.most() + model_.slack() + 1
                                              : model_.Missing(at) + n * model_.token();
    if (!Check(Judge(static_cast<bool>(got), missing, model_.most()))) return false;
    Follow(static_cast<bool>(got), at, n);
    return true;
  }

  bool Reserve(Nanos at) {
    const int64_t n = Count();
    const Nanos max_wait = random_.template Of<Nanos>(
        {-1, 0, Period(), random_.Below(Period() * 4 + 1), Nanos{1} << 60});
    const LimiterReservation got = real_.Reserve(at, n, max_wait);
    story_ << "max wait " << max_wait << " act at " << got.act_at << " ";
    Says("reserve", at, n, got.decision.reason);
    if (n < 0) return Check(got.decision.reason < 0);
    if (n > (max_wait > 0 ? model_.limit() : model_.burst())) return Exceeds(got.decision, at);
    const SignedWide missing = model_.Missing(at) + n * model_.token();
    const Span delay = Waits(missing - model_.capacity(), at);
    const bool must =
        delay.high <= std::max<Nanos>(max_wait, 0) && missing + model_.slack() <= model_.most();
    const bool may =
        delay.low <= std::max<Nanos>(max_wait, 0) && missing - model_.slack() <= model_.most();
    const bool admitted = got.decision.reason == 0;
    if (!Check(admitted ? may : !must)) return false;
    Follow(admitted, at, n);
    const Nanos start = std::max<Nanos>(at, 0);
    if (!admitted) return Check(got.act_at == start && got.n == 0);
    held_.push_back({got, model_.full_at()});
    return Check(delay.Holds(got.act_at - start) && got.n == n);
  }

  bool Cancel(Nanos at) {
    if (held_.empty()) return true;
    const size_t which = random_.Below(held_.size());
    const Held held = held_[which];
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(which));
    const SignedWide before = model_.Before(held.full_at, at);
    // Whether that is worth anything is open.
    const bool same = held.real.decision.change == changes_;
    if (same && model_.slack() != 0 && before <= model_.slack() && before >= -model_.slack())
      return true;
    real_.Cancel(held.real, at);
    story_ << "act at " << held.real.act_at << " worthless at " << held.real.worthless_at << " ";
    Says("cancel", at, held.real.n, same);
    const SignedWide all = held.real.n * model_.token();
    SignedWide worth = std::min(all, before);
    if (held.real.worthless_at >= kForever - 1) {
      // All that can be told: what has flowed in since it could be used is lost.
      const Nanos act_at = held.real.act_at;
      worth = std::max<SignedWide>(all - model_.Flow(act_at, std::max(at, act_at)), 0);
    }
    if (!same || before <= 0) {
      model_.Leave(at);
    } else {
      model_.Set(at, model_.Missing(at) - worth);
      if (worth < all || before < all + model_.slack()) model_.AddSlack();
    }
    return true;
  }

  bool Refund(Nanos at) {
    const int64_t n = Count();
    real_.Refund(at, n);
    Says("refund", at, n, 0);
    if (n <= 0) return true;
    // More than can ever be missing; the model would overflow.
    model_.Set(at, n > kMostCount ? 0 : model_.Missing(at) - n * model_.token());
    return true;
  }

  bool Change(Nanos at) {
    if (changes_ == kMostChanges) return true;
    Settings settings = settings_;
    if (random_.OneIn(2)) settings.rate = RandomRate(random_);
    if (random_.OneIn(2)) {
      if constexpr (kIsTokenBucket) {
        settings.burst = RandomBurst(random_);
      } else {
        settings.capacity = RandomBurst(random_);
        settings.free = RandomBurst(random_);
      }
    }
    const auto inheritance = static_cast<Inheritance>(random_.Below(4));
    Error error;
    const bool changed = real_.Reconfigure(settings, inheritance, at, &error);
    story_ << "rate " << settings.rate << " ";
    story_ << "room " << RoomOf(settings) << " ";
    Says("change", at, TokensOf(settings).burst, static_cast<int64_t>(inheritance));
    if (!Check(changed)) return false;
    if (settings.rate == settings_.rate && TokensOf(settings).burst == TokensOf(settings_).burst &&
        RoomOf(settings) == RoomOf(settings_) && inheritance == Inheritance::kKeep)
      return true;
    settings_ = settings;
    changed_at_ = inheritance == Inheritance::kReset ? at : std::max(at, changed_at_);
    model_.Change(TokensOf(settings), RoomOf(settings), inheritance, changed_at_);
    ++changes_;
    return true;
  }

  Random& random_;
  Settings settings_;
  Bucket& real_;
  ExactBucket model_;
  Nanos now_ = 0;
  Nanos last_ = 0;
  Nanos changed_at_ = 0;
  uint32_t changes_ = 0;
  std::vector<Held> held_;
  std::ostringstream story_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_BUCKET_DUEL_H_
