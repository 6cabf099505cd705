// Threads that use one breaker at the same time, through all its states. Also run under the
// sanitizers.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "spillway/breaker/circuit_breaker.h"
#include "tests/support/breakers.h"
#include "tests/support/random_settings.h"
#include "tests/support/threads.h"

namespace spillway {
namespace {

using testing::InThreads;
using testing::MakeBreaker;
using testing::Random;
using State = CircuitBreakerState;

constexpr int kThreads = 4;

// One of each way to count, all quick to open and to close.
std::vector<CircuitBreakerSettings> EachKind() {
  CircuitBreakerSettings quick;
  quick.window_ns = 10'000'000;
  quick.min_calls = 5;
  quick.slow_call_ns = 500'000;
  quick.open_for_ns = 1'000'000;
  quick.max_open_ns = 4'000'000;
  quick.probes = 5;
  quick.probes_in_flight = 2;
  quick.probe_lease_ns = 2'000'000;
  std::vector<CircuitBreakerSettings> all(8, quick);
  all[1].striped = true;
  all[2].in_flight = true;
  all[3].ramp_ns = 3'000'000;
  all[4].window_kind = WindowKind::kCount;
  all[4].window_size = 20;
  all[5].window_kind = WindowKind::kCount;
  all[5].window_size = 100;
  all[6].window_kind = WindowKind::kConsecutive;
  all[7].window_kind = WindowKind::kKOfN;
  all[7].window_size = 40;
  return all;
}

Phase PhaseOf(const PermitFields& permit) {
  return static_cast<Phase>(permit.token >> kGenerationBits & 7);
}

// What all threads did, to be compared with what the breaker says.
struct Tally {
  std::atomic<uint64_t> counted{0};
  std::atomic<uint64_t> stale{0};
  std::atomic<uint64_t> misused{0};
  std::atomic<uint64_t> rejected{0};
};

class Hammer {
 public:
  explicit Hammer(const CircuitBreakerSettings& settings)
      : settings_(settings), breaker_(MakeBreaker(settings)) {}

  void Run(int steps) {
    std::atomic<bool> stop{false};
    std::thread watcher([&] { Watch(stop); });
    InThreads(kThreads, [&](uint32_t thread) { Work(thread, steps); });
    stop = true;
    watcher.join();
    const CircuitBreakerSnapshot snapshot = breaker_->Snapshot(now_);
    EXPECT_EQ(testing::SettledCalls(snapshot), tally_.counted + tally_.stale + tally_.misused);
    EXPECT_EQ(snapshot.total_stale, tally_.stale);
    EXPECT_EQ(snapshot.total_misused, tally_.misused);
    EXPECT_EQ(tally_.misused, 0u);
    EXPECT_EQ(snapshot.total_rejected, tally_.rejected);
    for (const Phase phase :
         {Phase::kClosed, Phase::kHalfOpen, Phase::kDisabled, Phase::kMetricsOnly}) {
      EXPECT_GT(admitted_in_[static_cast<size_t>(phase)], 0u) << static_cast<uint32_t>(phase);
    }
    for (const auto reason : {CircuitBreakerRejection::kOpen, CircuitBreakerRejection::kHalfOpen,
                              CircuitBreakerRejection::kForcedOpen}) {
      EXPECT_GT(rejected_as_[static_cast<size_t>(reason)], 0u) << NameOf(reason);
    }
  }

 private:
  // Asks, holds some permits for a while, tells; now and then changes the state by hand.
  void Work(uint32_t thread, int steps) {
    Random random(thread + 1);
    std::vector<PermitFields> held;
    for (int i = 0; i < steps; ++i) {
      const Nanos now = now_.fetch_add(random.Below<Nanos>(20'000)) + 1;
      const DecisionFields decision = breaker_->Decide(now);
      if (decision.reason != 0) {
        ++tally_.rejected;
        ++rejected_as_[static_cast<size_t>(decision.reason)];
      } else {
        Hold(decision.permit, &held);
      }
      if (held.size() > 4 || random.OneIn(2)) Tell(random, now, &held);
      if (random.OneIn(400)) ChangeByHand(random, now);
    }
    while (!held.empty()) Tell(random, now_, &held);
  }

  void Hold(const PermitFields& permit, std::vector<PermitFields>* held) {
    held->push_back(permit);
    ++admitted_in_[static_cast<size_t>(PhaseOf(permit))];
    if (PhaseOf(permit) != Phase::kHalfOpen) return;
    // Counted after the breaker admitted it and until before it settles: never too many.
    const int running = ++running_[permit.token % kGenerations];
    EXPECT_LE(running, settings_.probes_in_flight);
  }

  void Tell(Random& random, Nanos now, std::vector<PermitFields>* held) {
    if (held->empty()) return;
    const PermitFields permit = held->back();
    held->pop_back();
    const uint64_t generation = permit.token % kGenerations;
    if (PhaseOf(permit) == Phase::kHalfOpen) --running_[generation];
    // Long stretches of health and of failure, so that breakers close and open.
    const uint32_t failures = (now >> 23) % 2 == 0 ? 2 : 50;
    const Outcome outcome = random.OneIn(20)         ? Outcome::kIgnored
                            : random.OneIn(failures) ? Outcome::kFailure
                                                     : Outcome::kSuccess;
    switch (breaker_->Settle(permit, outcome, now)) {
      case Settlement::kCounted:
        tally_.counted += PhaseOf(permit) != Phase::kDisabled;
        if (PhaseOf(permit) == Phase::kHalfOpen && outcome != Outcome::kIgnored) {
          EXPECT_LE(++done_[generation], settings_.probes);
        }
        break;
      case Settlement::kStale:
        ++tally_.stale;
        break;
      case Settlement::kMisused:
        ++tally_.misused;
        break;
    }
  }

  void ChangeByHand(Random& random, Nanos now) {
    switch (random.Below(8)) {
      case 0:
        breaker_->ForceOpen(now);
        break;
      case 1:
        breaker_->Disable(now);
        break;
      case 2:
        breaker_->MetricsOnly(now);
        break;
      case 3: {
        CircuitBreakerSettings settings = breaker_->settings();
        settings.min_calls = 1 + random.Below(5);
        EXPECT_TRUE(breaker_->Reconfigure(settings, nullptr));
        break;
      }
      default:
        breaker_->Reset(now);
    }
  }

  // Looks on: generations only go forward, events come in order, a window never holds more than
  // was ever counted.
  void Watch(const std::atomic<bool>& stop) {
    uint32_t generation = 0;
    uint32_t since = 0;
    std::array<Event, 4> buffer;
    while (!stop) {
      const CircuitBreakerSnapshot snapshot = breaker_->Snapshot(now_);
      EXPECT_TRUE(snapshot.generation == generation ||
                  IsLaterGeneration(snapshot.generation, generation));
      generation = snapshot.generation;
      EXPECT_LE(snapshot.successes, snapshot.total_successes);
      EXPECT_LE(snapshot.slow_failures, snapshot.total_slow_failures);
      EXPECT_LE(snapshot.probes_done, snapshot.probes_issued);
      const EventBatch batch = breaker_->Events(since, buffer);
      for (size_t i = 0; i < batch.count; ++i) {
        EXPECT_TRUE(IsLaterGeneration(buffer[i].generation, since));
        since = buffer[i].generation;
      }
      since = batch.generation;
    }
  }

  CircuitBreakerSettings settings_;
  std::unique_ptr<CircuitBreaker> breaker_;
  std::atomic<Nanos> now_{0};
  Tally tally_;
  std::array<std::atomic<uint64_t>, 8> admitted_in_{};  // by phase
  std::array<std::atomic<uint64_t>, 8> rejected_as_{};  // by reason
  std::vector<std::atomic<int>> running_ = std::vector<std::atomic<int>>(kGenerations);
  std::vector<std::atomic<int>> done_ = std::vector<std::atomic<int>>(kGenerations);
};

TEST(CircuitBreakerStressTest, EverySettledCallIsCountedOnceThroughAllStates) {
  for (const CircuitBreakerSettings& settings : EachKind()) {
    SCOPED_TRACE(testing::Describe(settings));
    Hammer(settings).Run(30'000);
  }
}

// Calls that together reach a threshold open the breaker, however they interleave, and once.
TEST(CircuitBreakerStressTest, TheCallThatCompletesATripIsNotMissed) {
  constexpr int kRounds = 2000;
  for (CircuitBreakerSettings settings : EachKind()) {
    settings.min_calls = kThreads;
    settings.window_failures = kThreads;
    settings.failure_rate = 1.0;
    SCOPED_TRACE(testing::Describe(settings));
    const std::unique_ptr<CircuitBreaker> breaker = MakeBreaker(settings);
    std::atomic<int> missed{0};
    uint32_t generation = 0;
    std::barrier rounds(kThreads, [&]() noexcept {
      const bool once = breaker->generation() == ++generation;
      missed += breaker->state() != State::kOpen || !once;
      breaker->Reset(0);
      generation = breaker->generation();
    });
    InThreads(kThreads, [&](uint32_t) {
      for (int round = 0; round < kRounds; ++round) {
        breaker->Settle(breaker->Decide(0).permit, Outcome::kFailure, 0);
        rounds.arrive_and_wait();
      }
    });
    EXPECT_EQ(missed, 0);
  }
}

// However many ask when the open time is over: as many probes run as may, no more and no fewer.
TEST(CircuitBreakerStressTest, ExactlyTheProbesThatMayRunAreAdmitted) {
  constexpr int kRounds = 2000;
  for (const int32_t may_run : {1, 2, 3}) {
    CircuitBreakerSettings settings = EachKind().front();
    settings.min_calls = 1;
    settings.probes = settings.probes_in_flight = may_run;
    const std::unique_ptr<CircuitBreaker> breaker = MakeBreaker(settings);
    const auto open = [&] { breaker->Settle(breaker->Decide(0).permit, Outcome::kFailure, 0); };
    open();
    std::atomic<int> admitted{0};
    std::atomic<int> wrong{0};
    std::barrier rounds(kThreads, [&]() noexcept {
      wrong += admitted.exchange(0) != may_run;
      breaker->Reset(0);
      open();
    });
    InThreads(kThreads, [&](uint32_t) {
      for (int round = 0; round < kRounds; ++round) {
        admitted += breaker->Decide(settings.max_open_ns).reason == 0;
        rounds.arrive_and_wait();
      }
    });
    EXPECT_EQ(wrong, 0);
  }
}

// The probes' outcomes race: one verdict, one close.
TEST(CircuitBreakerStressTest, ProbesThatSettleTogetherCloseOnce) {
  constexpr int kRounds = 2000;
  CircuitBreakerSettings settings = EachKind().front();
  settings.min_calls = 1;
  settings.probes = settings.probes_in_flight = kThreads;
  settings.failure_rate = 1.0;
  const std::unique_ptr<CircuitBreaker> breaker = MakeBreaker(settings);
  std::atomic<int> wrong{0};
  std::array<PermitFields, kThreads> permits;
  const auto ask = [&] {
    breaker->Reset(0);
    breaker->Settle(breaker->Decide(0).permit, Outcome::kFailure, 0);
    for (PermitFields& permit : permits) permit = breaker->Decide(settings.max_open_ns).permit;
  };
  ask();
  uint32_t half_open = breaker->generation();
  std::barrier rounds(kThreads, [&]() noexcept {
    wrong += breaker->state() != State::kClosed;
    wrong += breaker->generation() != (half_open + 1) % kGenerations;
    ask();
    half_open = breaker->generation();
  });
  InThreads(kThreads, [&](uint32_t thread) {
    for (int round = 0; round < kRounds; ++round) {
      breaker->Settle(permits[thread], Outcome::kSuccess, settings.max_open_ns);
      rounds.arrive_and_wait();
    }
  });
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace spillway
