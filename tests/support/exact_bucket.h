// What a token bucket or a leaky bucket holds, in whole numbers that never round, and how far the
// real one, whose clock has a unit, may be from it.
#ifndef SPILLWAY_TESTS_SUPPORT_EXACT_BUCKET_H_
#define SPILLWAY_TESTS_SUPPORT_EXACT_BUCKET_H_

#include <algorithm>
#include <cstdint>

#include "spillway/base/rate.h"
#include "spillway/base/time.h"
#include "spillway/limiter/bucket_word.h"
#include "spillway/limiter/token_bucket_settings.h"
#include "spillway/limiter/token_clock.h"
#include "tests/support/exact.h"

namespace spillway::testing {

// Tokens are counted in parts: as many a nanosecond as the rate has events, so that a token is as
// many as it has nanoseconds. Times of parts are since time 0.
class ExactBucket {
 public:
  // `room` is the capacity of a leaky bucket, whose `burst` is what is free; 0: a token bucket.
  explicit ExactBucket(const TokenBucketSettings& settings, int32_t room = 0)
      : settings_(settings), room_(room) {
    Rescale();
    missing_at_first_ =
        static_cast<SignedWide>(burst() - std::min(settings.initial_tokens, burst())) * token_;
  }

  // The most that a call can take at once, and with a wait.
  int32_t burst() const { return room_ == 0 ? settings_.burst : std::min(settings_.burst, room_); }
  int32_t limit() const { return room_ == 0 ? settings_.burst : room_; }

  SignedWide token() const { return token_; }
  SignedWide capacity() const { return token_ * burst(); }
  SignedWide all() const { return token_ * limit(); }
  // How far the real bucket's balance may be off: nothing where its unit is the nanosecond.
  SignedWide slack() const { return slack_; }
  // The most that can be missing.
  SignedWide most() const { return most_; }

  SignedWide Missing(Nanos now) const {
    if (!begun_) return missing_at_first_;
    return std::max<SignedWide>(full_at_ - Parts(now), 0);
  }
  // The balance at `now`, as parts; below 0 when tokens are owed.
  SignedWide Balance(Nanos now) const { return capacity() - Missing(now); }

  void Set(Nanos now, SignedWide missing) {
    begun_ = true;
    full_at_ = Parts(now) + std::max<SignedWide>(missing, 0);
  }
  void Take(Nanos now, int64_t n) { Set(now, Missing(now) + n * token_); }
  // Nothing is taken, but for a bucket that was not full time begins with the first call.
  void Leave(Nanos now) {
    if (!begun_ && missing_at_first_ != 0) Set(now, missing_at_first_);
  }

  // When it is full again, and how long before that `now` is.
  SignedWide full_at() const { return full_at_; }
  SignedWide Before(SignedWide full_at, Nanos now) const { return full_at - Parts(now); }

  // What flows in from one time to another.
  SignedWide Flow(Nanos from, Nanos to) const { return Parts(to) - Parts(from); }

  // How long it takes until `parts` have flowed in.
  SignedWide Wait(SignedWide parts) const {
    return parts <= 0 ? 0
                      : static_cast<SignedWide>(DivideUp(static_cast<Wide>(parts), rate_.events));
  }

  // A worth is off by as much as a balance, and adds that to the balance it is paid into.
  void AddSlack() { slack_ += slack_of_worth_; }

  void Change(const TokenBucketSettings& settings, int32_t room, Inheritance inheritance,
              Nanos now) {
    const SignedWide missing = Missing(now);
    const SignedWide token = token_;
    const SignedWide all = this->all();
    const int32_t burst = settings_.burst;
    const SignedWide slack = slack_;
    settings_ = settings;
    room_ = room;
    Rescale();
    SignedWide next = 0;
    if (inheritance == Inheritance::kProportional) {
      next = Converted(missing, all, limit());
      slack_ += Converted(slack, all, limit());
    } else if (inheritance != Inheritance::kReset) {
      next = Converted(missing, token);
      slack_ += Converted(slack, token);
      if (inheritance == Inheritance::kKeep && room == 0)
        next += (static_cast<SignedWide>(settings.burst) - burst) * token_;
    }
    // The bucket rounds up by less than a unit more.
    slack_of_worth_ = slack_ = std::min(slack_ + unit_ + 2, most_);
    Set(now, std::min(next, most_));
  }

 private:
  SignedWide Parts(Nanos now) const {
    return static_cast<SignedWide>(std::max<Nanos>(now, 0)) * static_cast<SignedWide>(rate_.events);
  }

  // `parts` of which `whole` were `times` tokens, in the parts of now, rounded up; as many as can
  // be told where they are too many.
  SignedWide Converted(SignedWide parts, SignedWide whole, int64_t times = 1) const {
    constexpr auto kMost = SignedWide{1} << 124;
    const SignedWide now = token_ * times;
    if (parts / whole > kMost / now) return kMost;
    const Quotient got =
        MultiplyDivide(static_cast<Wide>(parts), static_cast<Wide>(now), static_cast<Wide>(whole));
    return static_cast<SignedWide>(got.whole + (got.rest != 0));
  }

  void Rescale() {
    rate_ = RateOf(settings_.rate);
    token_ = static_cast<SignedWide>(rate_.nanos);
    const uint64_t units = TokenClock(settings_.rate, limit()).token() / 4;
    const bool is_nanos = rate_.nanos == Wide{rate_.events} * units;
    unit_ = is_nanos ? 0 : token_ / static_cast<SignedWide>(units) + 1;
    // A time is off by less than a unit, below or above: a span by less than two.
    slack_of_worth_ = slack_ = unit_ * 2;
    most_ = room_ != 0 ? all()
                       : static_cast<SignedWide>(
                             MultiplyDivide(BucketWord::kMostOwed / 4, rate_.nanos, units).whole);
  }

  TokenBucketSettings settings_;
  int32_t room_;
  Rate rate_{1, 1};
  SignedWide token_ = 1;
  SignedWide unit_ = 0;
  SignedWide slack_ = 0;
  SignedWide slack_of_worth_ = 0;
  SignedWide most_ = 0;
  SignedWide missing_at_first_ = 0;
  SignedWide full_at_ = 0;
  bool begun_ = false;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_EXACT_BUCKET_H_
