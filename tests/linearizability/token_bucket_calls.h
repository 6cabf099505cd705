// Threads that use one token bucket, or one leaky bucket, which is a token bucket with a bound on
// what may be owed: what they call and what they get, in a form that a model can compare.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_TOKEN_BUCKET_CALLS_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_TOKEN_BUCKET_CALLS_H_

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include "spillway/limiter/leaky_bucket.h"
#include "spillway/limiter/token_bucket.h"
#include "tests/support/policies.h"
#include "tests/support/random_settings.h"

namespace spillway::testing {

// What changes of a bucket.
struct BucketSize {
  double rate = 0;
  int32_t burst = 0;  // what passes at once
  int32_t room = 0;   // of a leaky bucket: what may be missing; 0: a token bucket

  // The most that can be asked for.
  int64_t whole() const { return room == 0 ? burst : room; }
};

inline BucketSize SizeOf(const TokenBucketSettings& settings) {
  return {settings.rate, settings.burst};
}
inline BucketSize SizeOf(const LeakyBucketSettings& settings) {
  return {settings.rate, std::min(settings.free, settings.capacity), settings.capacity};
}

struct TokenBucketCall {
  enum class Kind { kTake, kTakeUpTo, kForce, kReserve, kCancel, kRefund, kChange, kLook };

  Kind kind;
  Nanos now = 0;
  int64_t n = 1;
  Nanos max_wait = 0;                   // of kReserve
  LimiterReservation reservation = {};  // of kCancel
  BucketSize size = {};                 // of kChange, which fills the bucket

  friend std::ostream& operator<<(std::ostream& out, const TokenBucketCall& call) {
    static constexpr const char* kNames[] = {"take",   "take up to", "force",  "reserve",
                                             "cancel", "refund",     "change", "look"};
    out << kNames[static_cast<size_t>(call.kind)] << " " << call.n << " at " << call.now;
    if (call.kind == Kind::kReserve) out << " within " << call.max_wait;
    if (call.kind == Kind::kCancel) out << " of " << call.reservation.act_at;
    if (call.kind == Kind::kChange)
      out << " to " << call.size.rate << "/s, " << call.size.burst << " of " << call.size.room;
    return out;
  }
};

struct TokenBucketAnswer {
  int64_t code = 0;     // why refused, how many taken, whether it changed
  Nanos ahead = 0;      // how long until it is full
  uint64_t change = 0;  // how many changes came before
  Nanos act_at = 0;
  int64_t tokens = 0;
  int64_t burst = 0;

  friend bool operator==(const TokenBucketAnswer&, const TokenBucketAnswer&) = default;
  friend std::ostream& operator<<(std::ostream& out, const TokenBucketAnswer& answer) {
    return out << "code " << answer.code << " full in " << answer.ahead << " change "
               << answer.change << " act at " << answer.act_at << " tokens " << answer.tokens << "/"
               << answer.burst;
  }
};

// The bucket, or one with a mistake of its own.
template <class Kind>
class BucketUnderTest {
 public:
  using Bucket = Kind;
  using Settings = typename Bucket::Settings;

  explicit BucketUnderTest(const Settings& settings) : bucket_(MakePolicy<Bucket>(settings)) {}
  virtual ~BucketUnderTest() = default;

  virtual LimiterDecision Take(Nanos now, int64_t n) { return bucket_->TryAcquire(now, n); }
  virtual LimiterReservation Reserve(Nanos now, int64_t n, Nanos max_wait) {
    return bucket_->Reserve(now, n, max_wait);
  }
  virtual void Cancel(const LimiterReservation& reservation, Nanos now) {
    bucket_->Cancel(reservation, now);
  }
  virtual void Refund(Nanos now, int64_t n) { bucket_->Refund(now, n); }
  virtual auto Snapshot(Nanos now) -> decltype(std::declval<const Bucket&>().Snapshot(now)) {
    return bucket_->Snapshot(now);
  }

  Bucket& bucket() { return *bucket_; }

 private:
  std::unique_ptr<Bucket> bucket_;
};
using TokenBucketUnderTest = BucketUnderTest<TokenBucket>;
using LeakyBucketUnderTest = BucketUnderTest<LeakyBucket>;

// What threads do.
struct TokenBucketUse {
  std::vector<TokenBucketCall::Kind> kinds;
  Nanos step = 0;                        // time advances by less than this with each call
  std::vector<BucketSize> changes = {};  // of the one who changes it, again and again
};

template <class Bucket>
class BucketClient {
 public:
  using Operation = TokenBucketCall;
  using Answer = TokenBucketAnswer;
  using Kind = TokenBucketCall::Kind;

  // Two changes at a time are not: one client `changes` it.
  BucketClient(BucketUnderTest<Bucket>* subject, const TokenBucketUse& use,
               std::atomic<Nanos>* clock, bool changes = false)
      : subject_(subject), use_(use), clock_(clock), changes_(changes) {}

  TokenBucketCall Next(Random& random) {
    const Nanos step = use_.step == 0 ? 0 : random.Below(use_.step) + 1;
    const Nanos now = clock_->fetch_add(step, std::memory_order_relaxed) + step;
    if (changes_ && !use_.changes.empty() && random.OneIn(4)) {
      const BucketSize& to = use_.changes[next_change_++ % use_.changes.size()];
      return {.kind = Kind::kChange, .now = now, .size = to};
    }
    TokenBucketCall call{.kind = use_.kinds[random.Below(use_.kinds.size())],
                         .now = now,
                         .n = 1 + random.Below<int64_t>(2),
                         .max_wait = random.Of<Nanos>({kForever, kForever, 5'000'000, 0})};
    if (call.kind == Kind::kCancel && held_.empty()) call.kind = Kind::kReserve;
    if (call.kind != Kind::kCancel) return call;
    const size_t which = random.Below(held_.size());
    call.reservation = held_[which];
    call.n = call.reservation.n;
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(which));
    return call;
  }

  TokenBucketAnswer Run(const TokenBucketCall& call) {
    Bucket& bucket = subject_->bucket();
    if constexpr (std::same_as<Bucket, TokenBucket>) {
      if (call.kind == Kind::kTakeUpTo) return {.code = bucket.AcquireUpTo(call.now, call.n)};
      if (call.kind == Kind::kForce) return Of(bucket.ForceAcquire(call.now, call.n));
    }
    switch (call.kind) {
      case Kind::kTake:
        return Of(subject_->Take(call.now, call.n));
      case Kind::kReserve:
        return Reserve(call);
      case Kind::kCancel:
        subject_->Cancel(call.reservation, call.now);
        return {};
      case Kind::kRefund:
        subject_->Refund(call.now, call.n);
        return {};
      case Kind::kChange:
        return {.code = bucket.Reconfigure(Settings(call.size), Inheritance::kReset, call.now,
                                           nullptr)};
      default:
        return Of(subject_->Snapshot(call.now));
    }
  }

 private:
  static typename Bucket::Settings Settings(const BucketSize& size) {
    if constexpr (std::same_as<Bucket, TokenBucket>) {
      return {.rate = size.rate, .burst = size.burst};
    } else {
      return {.rate = size.rate, .capacity = size.room, .free = size.burst};
    }
  }

  static TokenBucketAnswer Of(const TokenBucketSnapshot& seen) {
    return {.ahead = seen.time_to_full_ns, .tokens = seen.tokens, .burst = seen.burst};
  }
  static TokenBucketAnswer Of(const LeakyBucketSnapshot& seen) {
    return {.ahead = seen.time_to_empty_ns,
            .tokens = seen.capacity - seen.level,
            .burst = seen.capacity};
  }
  // The unit of the clock is the nanosecond, shown in quarters.
  static TokenBucketAnswer Of(const LimiterDecision& decision) {
    return {.code = decision.reason,
            .ahead = static_cast<Nanos>(decision.detail / 4),
            .change = decision.change};
  }

  TokenBucketAnswer Reserve(const TokenBucketCall& call) {
    const LimiterReservation got = subject_->Reserve(call.now, call.n, call.max_wait);
    if (got) held_.push_back(got);
    TokenBucketAnswer answer = Of(got.decision);
    answer.act_at = got.act_at;
    return answer;
  }

  BucketUnderTest<Bucket>* subject_;
  TokenBucketUse use_;
  std::atomic<Nanos>* clock_;
  bool changes_;
  size_t next_change_ = 0;
  std::vector<LimiterReservation> held_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_TOKEN_BUCKET_CALLS_H_
