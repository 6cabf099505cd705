// Random options and random timed calls of a bucket that warms up: it answers as arithmetic without
// units does, to a unit, and lets through no more than its rate.
//
// A failure prints its seed. SPILLWAY_SEED=<seed> runs that one alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "spillway/base/rate.h"
#include "spillway/limiter/token_bucket.h"
#include "spillway/limiter/token_clock.h"
#include "spillway/limiter/warm_up_word.h"
#include "tests/support/buckets.h"
#include "tests/support/random.h"
#include "tests/support/seeds.h"

namespace spillway::testing {
namespace {

constexpr uint64_t kSeeds = 3000;
constexpr int kSteps = 100;

// 64 bits of digits: far below a unit.
using Real = long double;

// What a number may be.
struct Span {
  Real low;
  Real high;
};
Span Max(const Span& a, const Span& b) {
  return {std::max(a.low, b.low), std::max(a.high, b.high)};
}

TokenBucketSettings RandomSettings(Random& random) {
  for (;;) {
    TokenBucketSettings settings;
    settings.rate = random.Of<double>({1, 2, 10, 1000, 1e6, 1e9, 0.01, 1.0 / 3, 7.0 / 60, 33.33});
    settings.burst = 1 + random.Below(random.OneIn(4) ? 1'000'000 : 20);
    settings.cold_factor = random.Of<double>({1, 1.5, 2, 3, 3, 5, 10, 100});
    const double tokens = std::pow(10.0, 0.31 + static_cast<double>(random.Below(5000)) / 1000);
    settings.warm_up_ns = static_cast<Nanos>(tokens * 1e9 / settings.rate);
    settings.counted = random.OneIn(2);
    Error error;
    if (TokenBucket::Make("", settings, &error) != nullptr) return settings;
  }
}

// Counts in units of the clock, and keeps for each number what it may be.
class Duel {
 public:
  Duel(const TokenBucketSettings& settings, Random& random)
      : random_(random), settings_(settings), real_(MakeBucket(settings)) {
    const Rate rate = RateOf(settings.rate);
    const uint64_t most =
        WarmUp::MostUnits(settings.rate, settings.burst, settings.warm_up_ns, settings.cold_factor);
    token_ = static_cast<Real>(TokenClock(settings.rate, 1, settings.burst, most).token_units());
    period_ = static_cast<Real>(rate.nanos) / static_cast<Real>(rate.events);
    warm_up_ = static_cast<Real>(settings.warm_up_ns) * token_ / period_;
    ramp_ = 2 * warm_up_ / (1 + Factor());
    now_ = random_.Of<Nanos>({0, 1, random_.Below(Nanos{1} << 60), Nanos{1} << 61});
    story_ << "rate " << settings.rate << " burst " << settings.burst << " warm_up_ns "
           << settings.warm_up_ns << " cold_factor " << settings.cold_factor << "\n";
  }

  bool TakeStep() {
    PassTime();
    const Nanos at =
        random_.OneIn(6) ? now_ - random_.Below(std::min(now_, Periods(20)) + 1) : now_;
    const int64_t n = 1 + random_.Below<int64_t>(random_.OneIn(3) ? settings_.burst : 1);
    switch (random_.Below(8)) {
      case 0:
        return Force(at, n);
      case 1:
        return Refund(at, n);
      case 2:
        return Cancel(at);
      case 3:
      case 4:
        return Reserve(at, n, Periods(random_.Below(40)));
      default:
        return Reserve(at, n, 0);
    }
  }

  std::string Story() const { return story_.str(); }

 private:
  Real Factor() const { return settings_.cold_factor; }
  Nanos Periods(int64_t halves) const {
    return static_cast<Nanos>(period_ * static_cast<Real>(halves) / 2);
  }

  void PassTime() {
    const auto warm_up = settings_.warm_up_ns;
    switch (random_.Below(8)) {
      case 0:
        now_ += real_->Snapshot(now_).time_to_full_ns;
        break;
      case 1:
        now_ += random_.Below(Periods(8) + 1);
        break;
      case 2:
        now_ += real_->Snapshot(now_).time_to_full_ns + random_.Below(warm_up);
        break;
      case 3:
        if (random_.OneIn(8)) now_ += random_.Below(warm_up * random_.Of<Nanos>({2, 100}));
        break;
      default:
        break;
    }
  }

  // A time is read to a unit.
  Span Time(Nanos now) const {
    const Real exact = static_cast<Real>(std::max<Nanos>(now, 0)) / period_ * token_;
    return Max({exact - 1, exact + 1}, touched_);
  }

  Real Extra(Real warmth) const {
    const Real left = std::max<Real>(ramp_ - warmth, 0);
    return (Factor() - 1) * left * left / ramp_ / 2;
  }
  Real Cost(Real warmth, Real tokens) const {
    return tokens + Extra(warmth) - Extra(warmth + tokens);
  }

  void Take(const Span& time, int64_t n) {
    const Real tokens = static_cast<Real>(n) * token_;
    const Real most = ramp_ + warm_up_ / 2;
    const Real cools = most / warm_up_;
    const Span idle = Max({time.low - next_.high, time.high - next_.low}, {0, 0});
    warmth_ = Max({warmth_.low - idle.high * cools - 2, warmth_.high - idle.low * cools}, {0, 0});
    // The ramp is a whole number of units, too, and as much steeper or flatter.
    const Real slack = 2 + Factor();
    next_ = Max(next_, time);
    next_ = {next_.low + std::max(Cost(warmth_.high, tokens) - slack, tokens),
             next_.high + Cost(warmth_.low, tokens) + slack};
    warmth_ = {std::min(warmth_.low + tokens, most - 2), std::min(warmth_.high + tokens, most + 2)};
    touched_ = time;
  }

  // The real bucket says when it opens, which is as good as any of what it may be.
  bool Sees(const char* what, Nanos at, int64_t n) {
    const Nanos after = real_->Snapshot(at).time_to_full_ns;
    story_ << at << " " << what << " " << n << ": opens after " << after << ", "
           << static_cast<double>((next_.low / token_) * period_) - static_cast<double>(at)
           << " to "
           << static_cast<double>((next_.high / token_) * period_) - static_cast<double>(at)
           << "\n";
    const Span time = Time(at);
    if (after == 0) return next_.low <= time.high + 1;
    const Real then = (static_cast<Real>(at) + static_cast<Real>(after)) / period_ * token_;
    next_ = {std::max(next_.low, then - 2), std::min(next_.high, then + 2)};
    return next_.low <= next_.high;
  }

  bool Reserve(Nanos at, int64_t n, Nanos max_wait) {
    const Span time = Time(at);
    const LimiterReservation got = real_->Reserve(at, n, max_wait);
    const Real wait = static_cast<Real>(max_wait) / period_ * token_;
    if (!got) {
      if (next_.high + 1 <= time.low) return Sees("was refused though open", at, n) && false;
      const Nanos told = real_->Describe(got.decision, at, n, max_wait).retry_after;
      const Nanos exact = std::max<Nanos>(real_->Snapshot(at).time_to_full_ns - max_wait, 0);
      return Sees("refuses", at, n) && told == exact && told > 0;
    }
    if (next_.low > time.high + wait + 2) return Sees("was admitted though closed", at, n) && false;
    held_.push_back({got, Max(next_, time)});
    Take(time, n);
    return Sees("reserves", at, n);
  }

  bool Force(Nanos at, int64_t n) {
    const Span time = Time(at);
    if (!real_->ForceAcquire(at, n)) return real_->Snapshot(at).time_to_full_ns > Periods(2);
    Take(time, n);
    return Sees("forces", at, n);
  }

  void GiveBack(const Span& time, const Span& tokens) {
    if (next_.high <= time.low) return;
    const bool open = next_.low <= time.high;
    next_ = {std::max(open ? next_.low : time.low, next_.low - tokens.high),
             std::max(time.high, next_.high - tokens.low)};
    if (open) next_.low = std::min(next_.low, time.low);
    touched_ = open ? Span{touched_.low, time.high} : time;
  }

  bool Refund(Nanos at, int64_t n) {
    const Span time = Time(at);
    real_->Refund(at, n);
    const Real tokens = static_cast<Real>(n) * token_;
    GiveBack(time, {tokens, tokens});
    return Sees("refunds", at, n);
  }

  bool Cancel(Nanos at) {
    if (held_.empty()) return true;
    const Held held = held_.back();
    held_.pop_back();
    const Span time = Time(at);
    real_->Cancel(held.made, at);
    if (held.start.high <= time.low) return Sees("cancels what began", at, held.made.n);
    // Its own part, which is no less than its tokens and no more than they cost when cold.
    const Real least = static_cast<Real>(held.made.n) * token_;
    GiveBack(time, {held.start.low <= time.high ? 0 : least, least * Factor() + Factor() + 4});
    return Sees("cancels", at, held.made.n);
  }

  struct Held {
    LimiterReservation made;
    Span start;
  };

  Random& random_;
  TokenBucketSettings settings_;
  std::unique_ptr<TokenBucket> real_;
  Real token_ = 0;  // in units, as are these:
  Real warm_up_ = 0;
  Real ramp_ = 0;
  Span next_{0, 0};
  Span touched_{0, 0};
  Span warmth_{0, 0};
  Real period_ = 0;  // ns a token
  Nanos now_ = 0;
  std::vector<Held> held_;
  std::ostringstream story_;
};

TEST(TokenBucketWarmUpPropertyTest, AnswersAsExactArithmeticDoes) {
  ForEachSeed(kSeeds, [](uint64_t seed) {
    Random random(seed);
    Duel duel(RandomSettings(random), random);
    for (int i = 0; i < kSteps; ++i) {
      ASSERT_TRUE(duel.TakeStep()) << "seed " << seed << "\n" << duel.Story();
    }
  });
}

// Whoever reserves, cancels and asks, at whatever times: since a time at which nothing was owed, no
// more may act by a time than burst + rate * t.
TEST(TokenBucketWarmUpPropertyTest, LetsThroughNoMoreThanItsRate) {
  ForEachSeed(kSeeds, [](uint64_t seed) {
    Random random(seed);
    const TokenBucketSettings settings = RandomSettings(random);
    const std::unique_ptr<TokenBucket> bucket = MakeBucket(settings);
    const Real rate = settings.rate / Real{1e9};
    const auto period = static_cast<Nanos>(1 / rate) + 1;
    const Nanos start = random.Below(Nanos{1} << 60);
    Nanos now = start;
    struct Made {
      LimiterReservation slot;
      Nanos acts_at;
    };
    std::vector<Made> made;
    for (int i = 0; i < kSteps; ++i) {
      now += random.Below(period * random.Of<Nanos>({1, 1, 2, 10}));
      const Nanos late = random.Below(std::min(now - start, period * 20) + 1);
      const Nanos at = random.OneIn(5) ? now - late : now;
      const auto n = 1 + random.Below<int64_t>(std::min(settings.burst, 50));
      const LimiterReservation got =
          bucket->Reserve(at, n, random.OneIn(2) ? 0 : period * random.Below<Nanos>(100));
      // Who comes with an old time acts now.
      if (got) made.push_back({got, std::max(got.act_at, now)});
      if (random.OneIn(3) && !made.empty()) {
        const size_t which = random.Below(made.size());
        // What has not begun never acts.
        bucket->Cancel(made[which].slot, now);
        if (made[which].slot.act_at > now) made.erase(made.begin() + static_cast<ptrdiff_t>(which));
      }
    }
    for (const Made& last : made) {
      int64_t acted = 0;
      for (const Made& each : made) acted += each.acts_at <= last.acts_at ? each.slot.n : 0;
      const Real flowed = static_cast<Real>(last.acts_at - start) * rate;
      ASSERT_LE(static_cast<Real>(acted), flowed + settings.burst + 1) << "seed " << seed;
    }
  });
}

}  // namespace
}  // namespace spillway::testing
