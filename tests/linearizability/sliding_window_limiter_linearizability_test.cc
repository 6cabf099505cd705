// Recorded histories of threads that share one sliding window limiter, held against a list of
// times: each call is decided at one instant, and has the number that it has at that instant.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "spillway/limiter/sliding_window_limiter.h"
#include "tests/linearizability/recorder.h"
#include "tests/linearizability/refutation.h"
#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

using Settings = SlidingWindowLimiterSettings;

constexpr size_t kThreads = 4;
constexpr size_t kCalls = 120;  // of each
constexpr Nanos kPer = 1000;

struct WindowCall {
  Nanos now = 0;
  int64_t n = 1;  // 0: looks

  friend std::ostream& operator<<(std::ostream& out, const WindowCall& call) {
    return out << (call.n == 0 ? "look" : "take") << " at " << call.now;
  }
};

struct WindowAnswer {
  int64_t reason = 0;
  uint64_t admitted = 0;  // so many, with this one

  friend bool operator==(const WindowAnswer&, const WindowAnswer&) = default;
  friend std::ostream& operator<<(std::ostream& out, const WindowAnswer& answer) {
    return out << "reason " << answer.reason << ", " << answer.admitted << " in all";
  }
};

class WindowModel {
 public:
  using Operation = WindowCall;
  using Answer = WindowAnswer;
  static constexpr uint64_t kMost = 4;

  struct State {
    uint64_t admitted = 0;
    Nanos newest[kMost] = {};  // in a ring

    friend bool operator==(const State&, const State&) = default;
    friend std::ostream& operator<<(std::ostream& out, const State& state) {
      return out << state.admitted << " admitted, the last at "
                 << state.newest[(state.admitted - 1) % kMost];
    }
  };

  explicit WindowModel(const Settings& settings) : ring_(settings) {}

  State Initial() const { return {}; }
  Answer Apply(State* state, const WindowCall& call) const {
    if (call.n == 0) return {.admitted = state->admitted};
    for (const SlidingWindow& window : ring_.windows()) {
      if (window.limit == 0 || state->admitted < window.limit) continue;
      if (window.Holds(state->newest[(state->admitted - window.limit) % kMost], call.now))
        return {.reason = 1, .admitted = state->admitted};
    }
    const Nanos last = state->admitted == 0 ? 0 : state->newest[(state->admitted - 1) % kMost];
    state->newest[state->admitted % kMost] = std::max(last, call.now);
    return {.admitted = ++state->admitted};
  }

 private:
  SlidingWindowRing ring_;
};

// The limiter, or one with a mistake of its own.
struct WindowUnderTest {
  explicit WindowUnderTest(const Settings& settings)
      : limiter(MakePolicy<SlidingWindowLimiter>(settings)), ring(settings) {}
  virtual ~WindowUnderTest() = default;
  virtual LimiterDecision Take(Nanos now, int64_t n) { return limiter->TryAcquire(now, n); }

  std::unique_ptr<SlidingWindowLimiter> limiter;
  SlidingWindowRing ring;
};

// Forgets now and then what was admitted.
struct Forgets : WindowUnderTest {
  using WindowUnderTest::WindowUnderTest;
  std::atomic<uint32_t> calls{0};
  LimiterDecision Take(Nanos now, int64_t n) override {
    if (++calls % 64 == 0) limiter->Reset();
    return WindowUnderTest::Take(now, n);
  }
};

class WindowClient {
 public:
  using Operation = WindowCall;
  using Answer = WindowAnswer;

  WindowClient(WindowUnderTest* subject, std::atomic<Nanos>* clock)
      : subject_(subject), clock_(clock) {}

  // Times are drawn before the calls, so some are late.
  WindowCall Next(Random& random) {
    return {.now = clock_->fetch_add(random.Below(kPer), std::memory_order_relaxed),
            .n = !random.OneIn(8)};
  }
  WindowAnswer Run(const WindowCall& call) {
    const LimiterDecision decision = subject_->Take(call.now, call.n);
    return {.reason = decision.reason, .admitted = subject_->ring.Number(decision.detail)};
  }

 private:
  WindowUnderTest* subject_;
  std::atomic<Nanos>* clock_;
};

template <class Subject>
std::string FirstRefutedBurst(const std::string& name, const Settings& settings, uint64_t bursts) {
  return FirstRefuted(name, WindowModel(settings), bursts, [&](uint64_t seed) {
    Subject subject(settings);
    Stamper stamper(seed % 2 == 0 ? Stamps::kTickets : Stamps::kClock);
    std::atomic<Nanos> clock{1};
    std::vector<WindowClient> clients(kThreads, WindowClient(&subject, &clock));
    return Burst<WindowClient>(&stamper, seed).Run(&clients, kCalls);
  });
}

Settings AtMost(int32_t limit) {
  Settings settings;
  settings.limit = limit;
  settings.per_ns = limit * kPer;
  return settings;
}

TEST(SlidingWindowLimiterLinearizabilityTest, AnswersAsAListOfTimesDoes) {
  for (const int32_t limit : {1, 2, 3}) {
    EXPECT_EQ(FirstRefutedBurst<WindowUnderTest>("one window", AtMost(limit), Bursts(100)), "");
  }
  Settings two = AtMost(2);
  two.second_limit = 4;
  two.second_per_ns = 6 * kPer;
  EXPECT_EQ(FirstRefutedBurst<WindowUnderTest>("two windows", two, Bursts(100)), "");
}

TEST(SlidingWindowLimiterLinearizabilityTest, OneThatForgetsIsFound) {
  EXPECT_NE(FirstRefutedBurst<Forgets>("forgets", AtMost(3), 100), "");
}

}  // namespace
}  // namespace spillway::testing
