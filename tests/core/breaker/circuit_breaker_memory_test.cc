// Breakers on memory that they are given: shared, used again, forked, and full of garbage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "spillway/base/cache_line.h"
#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/breakers.h"
#include "tests/support/memory.h"
#include "tests/support/random_settings.h"

namespace spillway {
namespace {

using testing::MakeBreaker;
using testing::Memory;
using State = CircuitBreakerState;

CircuitBreakerSettings Strict() {
  CircuitBreakerSettings settings;
  settings.min_calls = 1;
  settings.jitter = 0;
  return settings;
}

TEST(CircuitBreakerMemoryTest, AUsualBreakerTakesAtMostAKibibyte) {
  EXPECT_LE(CircuitBreaker::MemoryBytes({}), 1024u);
}

TEST(CircuitBreakerMemoryTest, MemoryMustBeAligned) {
  Memory memory(CircuitBreaker::MemoryBytes({}) + kCacheLine);
  Error error;
  EXPECT_EQ(CircuitBreaker::Make("test", {}, &error, static_cast<char*>(memory.get()) + 8),
            nullptr);
  EXPECT_EQ(error.code, StatusCode::kInvalidArgument);
  EXPECT_THAT(error.message, ::testing::HasSubstr("aligned to 64 bytes"));
}

TEST(CircuitBreakerMemoryTest, TwoBreakersOnOneMemoryAreOne) {
  const CircuitBreakerSettings settings = Strict();
  Memory memory(CircuitBreaker::MemoryBytes(settings));
  const auto one = MakeBreaker(settings, memory.get());
  const auto other = MakeBreaker(settings, memory.get());
  Permit of_other = other->TryAcquire(0).permit;
  one->Settle(one->TryAcquire(0).permit, Outcome::kFailure, 0);
  EXPECT_EQ(other->state(), State::kOpen);
  EXPECT_FALSE(other->TryAcquire(1));
  EXPECT_EQ(one->Snapshot(1), other->Snapshot(1));
  EXPECT_EQ(one->Snapshot(1).total_rejected, 1u);
  // A permit belongs to the object that gave it.
  EXPECT_EQ(one->Settle(std::move(of_other), Outcome::kFailure, 0), Settlement::kMisused);
  Decision probe = other->TryAcquire(settings.open_for_ns);
  EXPECT_TRUE(probe);
  EXPECT_FALSE(one->TryAcquire(settings.open_for_ns)) << "there is one probe for both";
  other->Settle(std::move(probe.permit), Outcome::kSuccess, settings.open_for_ns);
  EXPECT_EQ(one->state(), State::kClosed);
}

TEST(CircuitBreakerMemoryTest, StateOutlivesTheBreaker) {
  CircuitBreakerSettings settings = Strict();
  settings.initial_state = State::kMetricsOnly;
  Memory memory(CircuitBreaker::MemoryBytes(settings));
  MakeBreaker(settings, memory.get())->ForceOpen(5);
  const auto next = MakeBreaker(settings, memory.get());
  EXPECT_EQ(next->state(), State::kForcedOpen) << "initial_state is that of fresh memory";
  EXPECT_EQ(next->Snapshot(5).generation, 2u);
}

TEST(CircuitBreakerMemoryTest, LooksWriteNothing) {
  std::mt19937_64 random(1);
  CircuitBreakerSettings settings = Strict();
  settings.in_flight = true;
  Memory memory(CircuitBreaker::MemoryBytes(settings));
  for (int i = 0; i < 100; ++i) {
    const auto breaker = MakeBreaker(settings, memory.get());
    const std::string before = memory.Bytes();
    const CircuitBreakerSnapshot snapshot = breaker->Snapshot(i * kNanosPerSecond);
    EXPECT_EQ(snapshot.state, breaker->state());
    EXPECT_EQ(snapshot.generation, breaker->generation());
    std::array<Event, 8> events;
    breaker->Events(0, events);
    breaker->settings();
    EXPECT_EQ(memory.Bytes(), before);
    memory.Fill(random);
  }
}

// ---- other processes

// A breaker in memory that a fork shares.
class Shared {
 public:
  explicit Shared(const CircuitBreakerSettings& settings)
      : bytes_(CircuitBreaker::MemoryBytes(settings)),
        at_(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    breaker = MakeBreaker(settings, at_, true);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { munmap(at_, bytes_); }

  std::unique_ptr<CircuitBreaker> breaker;

 private:
  size_t bytes_;
  void* at_;
};

// Runs `work` in a child. Returns the child's id.
pid_t InChild(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  return child;
}

// The child's exit status, or minus the signal that ended it.
int StatusOf(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(CircuitBreakerForkTest, AForkInMidCallLeavesTheParentAsItWas) {
  const auto breaker = MakeBreaker(Strict());
  Permit permit = breaker->TryAcquire(0).permit;
  const pid_t child = InChild([&] {
    // The child has its own copy of the breaker and of the permit.
    const Settlement settlement = breaker->Settle(std::move(permit), Outcome::kFailure, 0);
    const bool refused = !breaker->TryAcquire(1);
    _exit(settlement == Settlement::kCounted && refused ? 7 : 1);
  });
  EXPECT_EQ(StatusOf(child), 7);
  EXPECT_EQ(breaker->state(), State::kClosed);
  EXPECT_EQ(breaker->Settle(std::move(permit), Outcome::kSuccess, 0), Settlement::kCounted);
  EXPECT_EQ(breaker->Snapshot(0).total_failures, 0u);
}

TEST(CircuitBreakerForkTest, ProcessesThatShareMemoryShareTheBreaker) {
  Shared shared(Strict());
  const pid_t child = InChild([&] {
    shared.breaker->Settle(shared.breaker->TryAcquire(0).permit, Outcome::kFailure, 0);
    for (int i = 0; i < 1000; ++i) shared.breaker->TryAcquire(1);
  });
  EXPECT_EQ(StatusOf(child), 0);
  EXPECT_FALSE(shared.breaker->TryAcquire(1));
  EXPECT_EQ(shared.breaker->Snapshot(1).total_rejected, 1001u);
}

TEST(CircuitBreakerForkTest, ProcessesLoseNoCount) {
  CircuitBreakerSettings settings;
  settings.initial_state = State::kMetricsOnly;
  settings.in_flight = true;
  Shared shared(settings);
  constexpr int kChildren = 4;
  constexpr int kCalls = 20'000;
  std::vector<pid_t> children;
  for (int child = 0; child < kChildren; ++child) {
    children.push_back(InChild([&, child] {
      for (int i = 0; i < kCalls; ++i) {
        const Outcome outcome = child % 2 == 0 ? Outcome::kSuccess : Outcome::kFailure;
        shared.breaker->Settle(shared.breaker->TryAcquire(i).permit, outcome, i);
      }
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(StatusOf(child), 0);
  const CircuitBreakerSnapshot snapshot = shared.breaker->Snapshot(kCalls);
  EXPECT_EQ(testing::SettledCalls(snapshot), uint64_t{kChildren} * kCalls);
}

// Killed at any moment, a process blocks nobody and leaves a breaker that works.
TEST(CircuitBreakerForkTest, AKilledProcessBlocksNobody) {
  CircuitBreakerSettings settings = Strict();
  settings.open_for_ns = settings.max_open_ns = 1'000'000;
  settings.probe_lease_ns = 1'000'000;
  settings.ramp_ns = 1'000'000;
  Shared shared(settings);
  constexpr Nanos kTick = 300'000;
  for (int round = 0; round < 30; ++round) {
    std::array<int, 2> started{};
    ASSERT_EQ(pipe(started.data()), 0);
    const pid_t child = InChild([&] {
      for (Nanos now = 0;; now += kTick) {
        Decision decision = shared.breaker->TryAcquire(now);
        const auto outcome = now % 7 < 3 ? Outcome::kFailure : Outcome::kSuccess;
        if (decision) shared.breaker->Settle(std::move(decision.permit), outcome, now);
        if (now == 1000 * kTick && write(started[1], "x", 1) != 1) _exit(1);
      }
    });
    char byte = 0;
    ASSERT_EQ(read(started[0], &byte, 1), 1) << "wait until the child is at it";
    kill(child, SIGKILL);
    EXPECT_EQ(StatusOf(child), -SIGKILL);
    close(started[0]);
    close(started[1]);
    // Whatever the child left, the breaker closes again within some leases and openings.
    Nanos now = Nanos{1} << 40;
    now += now * round;
    int waits = 0;
    while (shared.breaker->state() != State::kClosed && ++waits < 100) {
      Decision decision = shared.breaker->TryAcquire(now);
      if (decision) shared.breaker->Settle(std::move(decision.permit), Outcome::kSuccess, now);
      now += 1'000'000'000;
    }
    EXPECT_EQ(shared.breaker->state(), State::kClosed);
  }
}

// ---- garbage

// Whatever words the memory holds: every call returns, and answers something that can be.
TEST(CircuitBreakerGarbageTest, GarbageNeverCrashesOrHangs) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    testing::Random random(seed);
    std::mt19937_64 words(seed);
    const CircuitBreakerSettings settings = testing::RandomSettings(random);
    Memory memory(CircuitBreaker::MemoryBytes(settings));
    memory.Fill(words);
    const auto breaker = MakeBreaker(settings, memory.get(), random.OneIn(2));
    for (int i = 0; i < 30; ++i) {
      const Nanos now = random.Of<Nanos>(
          {0, 1, random.Below<Nanos>(kForever), -1, kForever, std::numeric_limits<Nanos>::min()});
      const auto outcome = random.Of({Outcome::kSuccess, Outcome::kFailure, Outcome::kIgnored});
      const DecisionFields decision = breaker->Decide(now);
      EXPECT_TRUE(decision.reason >= 0 && decision.reason <= 4);
      EXPECT_GE(decision.retry_after, 0);
      breaker->Settle(decision.permit, outcome, now);
      const CircuitBreakerSnapshot snapshot = breaker->Snapshot(now);
      EXPECT_LT(snapshot.generation, kGenerations);
      EXPECT_GE(snapshot.time_to_half_open_ns, 0);
      std::array<Event, 16> events;
      EXPECT_LE(breaker->Events(static_cast<uint32_t>(words()), events).count, EventRing::kSlots);
      if (random.OneIn(8)) breaker->MetricsOnly(now);
      if (random.OneIn(8)) memory.Fill(words);
    }
    breaker->Reset(0);
    EXPECT_EQ(breaker->state(), State::kClosed);
    EXPECT_TRUE(settings.in_flight || breaker->TryAcquire(0));
  }
}

}  // namespace
}  // namespace spillway
