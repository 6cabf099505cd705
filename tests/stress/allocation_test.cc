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
#include "tests/support/allocations.h"
#include "tests/support/breakers.h"

namespace spillway {
namespace {

using testing::MakeBreaker;

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

}  // namespace
}  // namespace spillway
