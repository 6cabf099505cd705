// Buckets of the C interface that a multi limiter asks, each beside a twin of the core, from which
// is taken what must have been taken from it.
#ifndef SPILLWAY_TESTS_FUZZ_MULTI_LIMITER_MEMBERS_H_
#define SPILLWAY_TESTS_FUZZ_MULTI_LIMITER_MEMBERS_H_

#include <algorithm>
#include <cstdint>
#include <memory>

#include "spillway/base/time.h"
#include "spillway/c_api.h"
#include "spillway/limiter/leaky_bucket.h"
#include "spillway/limiter/limit_status.h"
#include "spillway/limiter/token_bucket.h"
#include "tests/fuzz/c_leaky_bucket.h"
#include "tests/fuzz/c_token_bucket.h"
#include "tests/fuzz/target.h"
#include "tests/support/policies.h"

namespace spillway::fuzz {

class Member {
 public:
  virtual ~Member() = default;

  // As it is passed to the C interface.
  virtual spillway_multi_limiter_member told() const = 0;

  // The most that it ever gives at once, and how much of that there is.
  virtual int64_t most() const = 0;
  virtual int64_t Room(Nanos now) const = 0;
  virtual bool dry_run() const = 0;

  // Calls of the twin.
  virtual LimiterDecision Take(Nanos now, int64_t n) = 0;
  virtual LimitStatus Describe(const LimiterDecision& decision, Nanos now, int64_t n) const = 0;

  // Calls of both.
  virtual void TakeAlone(Nanos now, int64_t n) = 0;
  virtual void RefundAlone(Nanos now, int64_t n) = 0;
  virtual void Compare(Nanos now) const = 0;
};

// The two nouns, told alike.
struct TokenBucketCalls {
  using Real = CTokenBucket;
  using Twin = TokenBucket;
  static constexpr auto kTryAcquireAt = spillway_token_bucket_try_acquire_at;
  static constexpr auto kRefundAt = spillway_token_bucket_refund_at;

  static spillway_multi_limiter_member Told(const Real& real) { return {real.handle(), nullptr}; }
  static int64_t Most(const TokenBucketSettings& settings) { return settings.burst; }
  static int64_t Room(const Twin& twin, Nanos now) { return twin.Snapshot(now).tokens; }
  static CSnapshot Snapshot(const Real& real, Nanos now) { return real.Snapshot(now); }
  template <class Snapshot>
  static Nanos TimeToRest(const Snapshot& snapshot) {
    return snapshot.time_to_full_ns;
  }
};
struct LeakyBucketCalls {
  using Real = CLeakyBucket;
  using Twin = LeakyBucket;
  static constexpr auto kTryAcquireAt = spillway_leaky_bucket_try_acquire_at;
  static constexpr auto kRefundAt = spillway_leaky_bucket_refund_at;

  static spillway_multi_limiter_member Told(const Real& real) { return {nullptr, real.handle()}; }
  static int64_t Most(const LeakyBucketSettings& settings) {
    return std::min(settings.free, settings.capacity);
  }
  static int64_t Room(const Twin& twin, Nanos now) {
    return Most(twin.settings()) - twin.Snapshot(now).level;
  }
  static auto Snapshot(const Real& real, Nanos now) { return real.policy().Snapshot(now); }
  template <class Snapshot>
  static Nanos TimeToRest(const Snapshot& snapshot) {
    return snapshot.time_to_empty_ns;
  }
};

template <class Calls>
class MemberOf : public Member {
 public:
  using Twin = typename Calls::Twin;

  explicit MemberOf(const typename Twin::Settings& settings)
      : real_(settings), twin_(testing::MakePolicy<Twin>(settings)) {}

  spillway_multi_limiter_member told() const override { return Calls::Told(real_); }
  int64_t most() const override { return Calls::Most(twin_->settings()); }
  int64_t Room(Nanos now) const override { return Calls::Room(*twin_, now); }
  bool dry_run() const override { return twin_->settings().dry_run; }

  LimiterDecision Take(Nanos now, int64_t n) override { return twin_->TryAcquire(now, n); }
  LimitStatus Describe(const LimiterDecision& decision, Nanos now, int64_t n) const override {
    return twin_->Describe(decision, now, n);
  }

  void TakeAlone(Nanos now, int64_t n) override {
    Require(
        Calls::kTryAcquireAt(real_.handle(), n, now, nullptr) == twin_->TryAcquire(now, n).reason,
        "a member alone decides otherwise");
  }
  void RefundAlone(Nanos now, int64_t n) override {
    Calls::kRefundAt(real_.handle(), n, now);
    twin_->Refund(now, n);
  }
  void Compare(Nanos now) const override {
    const auto told = Calls::Snapshot(real_, now);
    const auto expected = twin_->Snapshot(now);
    Require(Calls::TimeToRest(told) == Calls::TimeToRest(expected), "a member holds otherwise");
    Require(told.total_admitted == expected.total_admitted &&
                told.total_dry_run == expected.total_dry_run,
            "a member counts otherwise");
  }

 private:
  typename Calls::Real real_;
  std::unique_ptr<Twin> twin_;
};

}  // namespace spillway::fuzz

#endif  // SPILLWAY_TESTS_FUZZ_MULTI_LIMITER_MEMBERS_H_
