// The calls that are made for each request allocate nothing, in any state.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "spillway/breaker/circuit_breaker.h"
#include "spillway/concurrency/adaptive_limiter.h"
#include "spillway/concurrency/client_throttle.h"
#include "spillway/limiter/keyed_limiter.h"
#include "spillway/limiter/sliding_window_limiter.h"
#include "spillway/limiter/token_bucket.h"
#include "tests/support/allocations.h"
#include "tests/support/breakers.h"

namespace spillway {
namespace {

using testing::MakeBreaker;
using testing::MakePolicy;

uint64_t AllocationsOf(const std::function<void()>& work) {
  const uint64_t before = testing::allocations;
  work();
  return testing::allocations - before;
}

TEST(AllocationTest, TheCounterCounts) {
  std::unique_ptr<int> one;
  std::vector<int> many;
  void* volatile raw = nullptr;
  EXPECT_EQ(AllocationsOf([&] { one = std::make_unique<int>(1); }), 1u);
  EXPECT_EQ(AllocationsOf([&] { many.resize(1000); }), 1u);
  EXPECT_EQ(AllocationsOf([&] { raw = std::malloc(10); }), 1u);
  std::free(raw);
  EXPECT_EQ(AllocationsOf([&] { raw = ::operator new (64, std::align_val_t{64}); }), 1u);
  ::operator delete (raw, std::align_val_t{64});
  EXPECT_EQ(AllocationsOf([] {}), 0u);
}

std::vector<CircuitBreakerSettings> EachKind() {
  CircuitBreakerSettings time;
  time.min_calls = 1;
  std::vector<CircuitBreakerSettings> all(6, time);
  all[1].striped = true;
  all[2].in_flight = true;
  all[3].ramp_ns = time.open_for_ns;
  all[4].window_kind = WindowKind::kCount;
  all[5].window_kind = WindowKind::kConsecutive;
  all[5].window_failures = 1;
  return all;
}

// From closed through open and half open to closed again, with every look and every outcome.
void UseAll(CircuitBreaker& breaker, const CircuitBreakerSettings& settings) {
  std::array<Event, 8> events;
  Nanos now = SteadyNow();
  for (int i = 0; i < 50; ++i) {
    breaker.Settle(breaker.TryAcquire(now).permit, Outcome::kSuccess, now);
    breaker.Settle(breaker.TryAcquire().permit, Outcome::kIgnored);
  }
  Permit old = breaker.TryAcquire(now).permit;
  breaker.Settle(breaker.TryAcquire(now).permit, Outcome::kFailure, now);
  for (int i = 0; i < 100 && breaker.state() != CircuitBreakerState::kOpen; ++i) {
    breaker.Settle(breaker.TryAcquire(now).permit, Outcome::kFailure, now);
  }
  breaker.TryAcquire(now);
  breaker.Settle(std::move(old), Outcome::kSuccess, now);
  now += 2 * settings.open_for_ns;
  Permit probe = breaker.TryAcquire(now).permit;
  breaker.TryAcquire(now);
  breaker.Settle(std::move(probe), Outcome::kSuccess, now);
  for (int i = 0; i < 50; ++i) breaker.TryAcquire(now + i);
  breaker.Snapshot(now);
  breaker.Events(0, events);
  breaker.ForceOpen(now);
  breaker.TryAcquire(now);
  breaker.Disable(now);
  breaker.Settle(breaker.TryAcquire(now).permit, Outcome::kFailure, now);
  breaker.MetricsOnly(now);
  breaker.Settle(breaker.TryAcquire(now).permit, Outcome::kFailure, now);
  breaker.Reset(now);
  breaker.Reconfigure(settings, nullptr);
}

TEST(AllocationTest, NoCallOnABreakerAllocates) {
  for (const CircuitBreakerSettings& settings : EachKind()) {
    SCOPED_TRACE(testing::Describe(settings));
    const std::unique_ptr<CircuitBreaker> breaker = MakeBreaker(settings);
    const CircuitBreakerSettings made = breaker->settings();
    // A thread's first refusal may: it registers the return of the thread's slot.
    breaker->ForceOpen(0);
    breaker->TryAcquire(0);
    breaker->Reset(0);
    EXPECT_EQ(AllocationsOf([&] { UseAll(*breaker, made); }), 0u);
    EXPECT_EQ(breaker->generation() >= 8, true) << "all states were met";
  }
}

TEST(AllocationTest, AnAdmittedCallAllocatesNothingEvenInANewThread) {
  const std::unique_ptr<CircuitBreaker> breaker = MakeBreaker({});
  std::thread([&] {
    const uint64_t allocated = AllocationsOf(
        [&] { breaker->Settle(breaker->TryAcquire(0).permit, Outcome::kSuccess, 0); });
    EXPECT_EQ(allocated, 0u);
  }).join();
}

// Every call, admitted and refused, before and after a change of the rate.
void UseAll(TokenBucket& bucket, TokenBucketSettings settings) {
  const Nanos now = SteadyNow();
  for (const double rate : {1.0, 3.0, 7.0}) {
    settings.rate = rate;
    bucket.Reconfigure(settings, Inheritance::kReset, now, nullptr);
    for (int i = 0; i <= settings.burst; ++i) {
      bucket.Describe(bucket.TryAcquire(now), now, 1);
    }
    bucket.TryAcquire(now, settings.burst + 1);
    bucket.TryAcquire();
    bucket.Reserve(now, 1, 0);
    bucket.Cancel(bucket.Reserve(now, 1, kForever), now);
    bucket.ForceAcquire(now, 2 * settings.burst);
    bucket.Refund(now, 1);
    bucket.AcquireUpTo(now, 2);
    bucket.Snapshot(now);
    bucket.settings();
  }
}

TEST(AllocationTest, NoCallOnATokenBucketAllocates) {
  TokenBucketSettings settings;
  settings.rate = 1;
  settings.burst = 10;
  for (const bool counted : {true, false}) {
    for (const bool dry_run : {true, false}) {
      settings.counted = counted;
      settings.dry_run = dry_run;
      const std::unique_ptr<TokenBucket> bucket = MakePolicy<TokenBucket>(settings);
      // A thread's first call may: it registers the return of the thread's slot.
      bucket->TryAcquire(0);
      EXPECT_EQ(AllocationsOf([&] { UseAll(*bucket, settings); }), 0u);
    }
  }
}

// Every call, of keys old and new, with a table that is full.
void UseAll(KeyedLimiter& limiter, const std::string& long_key) {
  for (Nanos now = 0; now < 20; ++now) {
    const auto key = static_cast<uint64_t>(now);
    for (int i = 0; i < 3; ++i) limiter.Describe(limiter.TryAcquire(now, key), 0, 1);
  }
  limiter.TryAcquire(0, long_key, 100);
  limiter.Refund(0, uint64_t{1}, 1);
  limiter.Forget(long_key);
  limiter.Snapshot(0);
  limiter.CountLiveKeys(0);
}

TEST(AllocationTest, NoCallOnAKeyedLimiterAllocates) {
  for (int32_t when_full = 0; when_full < 3; ++when_full) {
    KeyedLimiterSettings settings{.rate = 1, .burst = 2, .max_keys = 4};
    settings.when_full = static_cast<KeyedLimiterWhenFull>(when_full);
    const std::unique_ptr<KeyedLimiter> limiter = MakePolicy<KeyedLimiter>(settings);
    const std::string long_key(1000, 'x');
    limiter->TryAcquire(0, long_key);  // a thread's first call may, as above
    EXPECT_EQ(AllocationsOf([&] { UseAll(*limiter, long_key); }), 0u);
  }
}

// Where nothing is counted, or all count in one place, there is no slot to take.
TEST(AllocationTest, ATokenBucketNeedsNoSlotWhereNoneIsUsed) {
  TokenBucketSettings settings;
  settings.rate = 1;
  BucketMemory memory;
  const std::unique_ptr<TokenBucket> shared = MakePolicy<TokenBucket>(settings, &memory, true);
  settings.counted = false;
  const std::unique_ptr<TokenBucket> uncounted = MakePolicy<TokenBucket>(settings);
  std::thread([&] {
    for (TokenBucket* bucket : {shared.get(), uncounted.get()}) {
      EXPECT_EQ(AllocationsOf([&] { bucket->TryAcquire(0); }), 0u);
      EXPECT_EQ(AllocationsOf([&] { bucket->TryAcquire(0); }), 0u);
    }
  }).join();
}

template <class Policy>
void AskAndTell(Policy& policy) {
  for (int i = 0; i < 200; ++i) {
    const Nanos now = i * kNanosPerSecond;
    const DecisionFields decision = policy.Decide(now);
    policy.Settle(decision.permit, static_cast<Outcome>(i / 10 % 4), now + kNanosPerSecond / 2);
    policy.Decide(now);
    policy.Snapshot(now);
  }
  policy.TryAcquire();
  policy.Reconfigure(policy.settings(), nullptr);
}

TEST(AllocationTest, NoCallOnAThrottleOrAnAdaptiveLimiterAllocates) {
  for (const bool dry_run : {true, false}) {
    ClientThrottleSettings throttling;
    throttling.dry_run = dry_run;
    const auto throttle = MakePolicy<ClientThrottle>(throttling);
    AskAndTell(*throttle);  // a thread's first call may
    EXPECT_EQ(AllocationsOf([&] { AskAndTell(*throttle); }), 0u);
    for (const LimitAlgorithm algorithm :
         {LimitAlgorithm::kGradient, LimitAlgorithm::kVegas, LimitAlgorithm::kAimd}) {
      AdaptiveLimiterSettings limiting;
      limiting.algorithm = algorithm;
      limiting.initial_limit = limiting.max_limit = 5;
      limiting.dry_run = dry_run;
      const auto limiter = MakePolicy<AdaptiveLimiter>(limiting);
      EXPECT_EQ(AllocationsOf([&] { AskAndTell(*limiter); }), 0u);
    }
  }
}

void UseAll(SlidingWindowLimiter& limiter) {
  const Nanos now = SteadyNow();
  for (int i = 0; i < 4; ++i) limiter.Describe(limiter.TryAcquire(now), now, 1);
  limiter.TryAcquire();
  limiter.TryAcquire(now, 0);
  limiter.TryAcquire(now, 2);
  limiter.Snapshot(now);
  limiter.Reset();
  limiter.Reconfigure(limiter.settings(), nullptr);
}

TEST(AllocationTest, NoCallOnASlidingWindowLimiterAllocates) {
  SlidingWindowLimiterSettings settings;
  settings.limit = 3;
  settings.per_ns = kNanosPerSecond;
  for (const bool dry_run : {false, true}) {
    settings.dry_run = dry_run;
    const auto limiter = MakePolicy<SlidingWindowLimiter>(settings);
    limiter->TryAcquire(0, 2);  // A thread's first refusal may.
    EXPECT_EQ(AllocationsOf([&] { UseAll(*limiter); }), 0u);
    EXPECT_EQ(limiter->Snapshot(0).total_admitted, 3u);
  }
}

}  // namespace
}  // namespace spillway
