// Recorded histories of threads that share one adaptive limiter, held against a count and a limit:
// each call is decided at one instant, by both. Where the limit finds itself it may move to any
// number within its bounds during a call that ends, or that ends a probe by being refused; what it
// moves to is left to other tests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "spillway/concurrency/adaptive_limiter.h"
#include "tests/linearizability/recorder.h"
#include "tests/linearizability/refutation.h"
#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

using ::testing::HasSubstr;
using Settings = AdaptiveLimiterSettings;

constexpr size_t kThreads = 4;
constexpr size_t kCalls = 100;  // of each

struct LimiterCall {
  enum class Kind { kAsk, kSettle, kChange, kLook };

  Kind kind;
  Nanos now = 0;
  PermitFields permit = {};  // of kSettle
  Outcome outcome = Outcome::kSuccess;
  int32_t limit = 0;  // of kChange: the only one from now on

  friend std::ostream& operator<<(std::ostream& out, const LimiterCall& call) {
    static constexpr const char* kNames[] = {"ask", "settle", "change", "look"};
    out << kNames[static_cast<size_t>(call.kind)];
    if (call.kind == Kind::kChange) out << " to " << call.limit;
    return out << " at " << call.now;
  }
};

struct LimiterAnswer {
  int64_t code = 0;  // why refused, how settled, or whether it changed
  int64_t limit = 0;
  int64_t in_flight = 0;

  friend bool operator==(const LimiterAnswer&, const LimiterAnswer&) = default;
  friend std::ostream& operator<<(std::ostream& out, const LimiterAnswer& answer) {
    return out << "code " << answer.code << " in flight " << answer.in_flight << " of "
               << answer.limit;
  }
};

class LimiterModel {
 public:
  using Operation = LimiterCall;
  using Answer = LimiterAnswer;
  using Kind = LimiterCall::Kind;

  struct State {
    int64_t limit = 0;
    int64_t in_flight = 0;

    friend bool operator==(const State&, const State&) = default;
    friend std::ostream& operator<<(std::ostream& out, const State& state) {
      return out << state.in_flight << " in flight of " << state.limit;
    }
  };
  using Next = NextOf<LimiterModel>;

  explicit LimiterModel(const Settings& settings) : settings_(settings) {}

  State Initial() const { return {.limit = settings_.initial_limit}; }

  // `progress` of a call that has given its place back: one more than how it settles.
  void Step(const State& state, const LimiterCall& call, Progress progress, Next* next) const {
    if (call.kind == Kind::kLook)
      return next->Done(state, {.limit = state.limit, .in_flight = state.in_flight});
    if (call.kind == Kind::kChange)
      return next->Done({.limit = call.limit, .in_flight = state.in_flight}, {.code = 1});
    if (settings_.min_limit != settings_.max_limit) MoveLimit(state, progress, next);
    if (call.kind == Kind::kAsk) {
      const bool full = state.in_flight >= state.limit;
      return next->Done({.limit = state.limit, .in_flight = state.in_flight + !full},
                        {.code = full});
    }
    if (progress != 0) return next->Done(state, {.code = static_cast<int64_t>(progress) - 1});
    const bool misused = state.in_flight == 0;
    const auto how = misused ? Settlement::kMisused : Settlement::kCounted;
    next->Goes({.limit = state.limit, .in_flight = state.in_flight - !misused},
               static_cast<Progress>(how) + 1);
  }

 private:
  // A probe admits less than the limit, but 1.
  void MoveLimit(const State& state, Progress progress, Next* next) const {
    for (int64_t limit = 1; limit <= settings_.max_limit; ++limit) {
      if (limit != state.limit)
        next->Goes({.limit = limit, .in_flight = state.in_flight}, progress);
    }
  }

  Settings settings_;
};

// The limiter, or one with a mistake of its own.
struct LimiterUnderTest {
  explicit LimiterUnderTest(const Settings& settings)
      : limiter(MakePolicy<AdaptiveLimiter>(settings)) {}
  virtual ~LimiterUnderTest() = default;
  virtual Settlement Settle(const LimiterCall& call) {
    return limiter->Settle(call.permit, call.outcome, call.now);
  }
  virtual AdaptiveLimiterSnapshot Snapshot() { return limiter->Snapshot(0); }

  std::unique_ptr<AdaptiveLimiter> limiter;
};

// What threads do.
struct Scenario {
  std::string name;
  Settings settings;
  Nanos step = 0;                     // time advances by less than this with each call
  std::vector<int32_t> changes = {};  // of the one who changes it
  bool copies = false;                // permits are settled twice

  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

class LimiterClient {
 public:
  using Operation = LimiterCall;
  using Answer = LimiterAnswer;
  using Kind = LimiterCall::Kind;

  LimiterClient(LimiterUnderTest* subject, const Scenario& scenario, std::atomic<Nanos>* clock,
                bool changes)
      : subject_(subject),
        scenario_(scenario),
        clock_(clock),
        changes_(changes && !scenario.changes.empty()) {}

  LimiterCall Next(Random& random) {
    const Nanos step = scenario_.step == 0 ? 0 : random.Below(scenario_.step);
    const Nanos now = clock_->fetch_add(step, std::memory_order_relaxed) + step;
    if (changes_ && random.OneIn(4)) {
      const std::vector<int32_t>& to = scenario_.changes;
      return {.kind = Kind::kChange, .now = now, .limit = to[random.Below(to.size())]};
    }
    if (random.OneIn(6)) return {.kind = Kind::kLook, .now = now};
    if (held_.empty() || (held_.size() < 3 && random.OneIn(2)))
      return {.kind = Kind::kAsk, .now = now};
    const size_t which = random.Below(held_.size());
    const LimiterCall call{.kind = Kind::kSettle,
                           .now = now,
                           .permit = held_[which],
                           .outcome = random.Of({Outcome::kSuccess, Outcome::kSuccess,
                                                 Outcome::kFailure, Outcome::kIgnored})};
    if (!scenario_.copies || random.OneIn(2))
      held_.erase(held_.begin() + static_cast<ptrdiff_t>(which));
    return call;
  }

  LimiterAnswer Run(const LimiterCall& call) {
    switch (call.kind) {
      case Kind::kAsk: {
        const DecisionFields decision = subject_->limiter->Decide(call.now);
        if (decision.reason == 0) held_.push_back(decision.permit);
        return {.code = decision.reason};
      }
      case Kind::kSettle:
        return {.code = static_cast<int64_t>(subject_->Settle(call))};
      case Kind::kChange: {
        Settings settings = scenario_.settings;
        settings.min_limit = settings.max_limit = call.limit;
        return {.code = subject_->limiter->Reconfigure(settings, nullptr)};
      }
      default: {
        const AdaptiveLimiterSnapshot seen = subject_->Snapshot();
        return {.limit = seen.limit, .in_flight = seen.in_flight};
      }
    }
  }

 private:
  LimiterUnderTest* subject_;
  const Scenario& scenario_;
  std::atomic<Nanos>* clock_;
  bool changes_;
  std::vector<PermitFields> held_;
};

using LimiterHistory = HistoryOf<LimiterModel>;
using Kind = LimiterCall::Kind;

Settings Fixed(int32_t limit) {
  return {.initial_limit = limit, .min_limit = limit, .max_limit = limit};
}

std::vector<Scenario> Scenarios() {
  Settings moving = Fixed(3);
  moving.algorithm = LimitAlgorithm::kAimd;
  moving.min_limit = 1;
  moving.max_limit = 5;
  moving.window_ns = 1'000'000;
  moving.drop_rate = 0.3;
  Settings probing = moving;
  probing.algorithm = LimitAlgorithm::kGradient;
  const Nanos step = 100'000;
  return {
      {"OnePlace", Fixed(1)},
      {"ThreePlaces", Fixed(3)},
      {"CopiesOfPermits", Fixed(2), 0, {}, true},
      {"Changes", Fixed(3), 0, {1, 2, 4, 3}},
      {"MovingLimit", moving, step},
      {"Probes", probing, step},
  };
}

LimiterHistory Record(const Scenario& scenario, LimiterUnderTest* subject, uint64_t seed) {
  Stamper stamper(seed % 2 == 0 ? Stamps::kTickets : Stamps::kClock);
  std::atomic<Nanos> clock{1'000'000'000};
  std::vector<LimiterClient> clients;
  for (size_t i = 0; i < kThreads; ++i) clients.emplace_back(subject, scenario, &clock, i == 0);
  LimiterHistory history = Burst<LimiterClient>(&stamper, seed).Run(&clients, kCalls);
  history.emplace_back();
  stamper.Record(&clients.back(), {.kind = Kind::kLook, .now = clock}, &history.back());
  return history;
}

// What is counted beside the word agrees with the answers once all have returned.
void ExpectTotals(const LimiterHistory& history, const AdaptiveLimiterSnapshot& snapshot) {
  uint64_t asked[2] = {};
  uint64_t settled[3] = {};
  for (const auto& thread : history) {
    for (const auto& [call, answer, invoked, returned] : thread) {
      if (call.kind == Kind::kAsk) ++asked[answer->code];
      if (call.kind == Kind::kSettle) ++settled[answer->code];
    }
  }
  EXPECT_EQ(snapshot.total_admitted, asked[0]);
  EXPECT_EQ(snapshot.total_refused, asked[1]);
  EXPECT_EQ(snapshot.total_succeeded + snapshot.total_failed + snapshot.total_ignored, settled[0]);
  EXPECT_EQ(snapshot.total_misused, settled[static_cast<size_t>(Settlement::kMisused)]);
}

template <typename Subject>
std::string FirstRefutedBurst(const Scenario& scenario, uint64_t bursts) {
  uint64_t windows = 0;
  const auto record = [&](uint64_t seed) {
    Subject subject(scenario.settings);
    LimiterHistory history = Record(scenario, &subject, seed);
    const AdaptiveLimiterSnapshot seen = subject.Snapshot();
    if constexpr (std::is_same_v<Subject, LimiterUnderTest>) ExpectTotals(history, seen);
    windows += seen.total_windows;
    return history;
  };
  const LimiterModel model(scenario.settings);
  std::string refuted = FirstRefuted(scenario.name, model, bursts, record);
  if (refuted.empty() && scenario.step > 0) {
    EXPECT_GT(windows, bursts) << "hardly any window was judged: this shows little";
  }
  return refuted;
}

class AdaptiveLimiterLinearizabilityTest : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(All, AdaptiveLimiterLinearizabilityTest, ::testing::ValuesIn(Scenarios()),
                         [](const auto& test) { return test.param.name; });

TEST_P(AdaptiveLimiterLinearizabilityTest, AnswersAsACountAndALimitDo) {
  EXPECT_EQ(FirstRefutedBurst<LimiterUnderTest>(GetParam(), Bursts(40)), "");
}

// ---- limiters with a mistake, each of which must be found

struct LosesAPlace : LimiterUnderTest {
  using LimiterUnderTest::LimiterUnderTest;
  std::atomic<uint32_t> settled{0};
  Settlement Settle(const LimiterCall& call) override {
    if (++settled % 16 == 0) return Settlement::kCounted;
    return LimiterUnderTest::Settle(call);
  }
};

struct GivesBackTwice : LimiterUnderTest {
  using LimiterUnderTest::LimiterUnderTest;
  std::atomic<uint32_t> settled{0};
  Settlement Settle(const LimiterCall& call) override {
    if (++settled % 16 == 0) LimiterUnderTest::Settle(call);
    return LimiterUnderTest::Settle(call);
  }
};

template <typename Mistake>
void ExpectRefutedInEach() {
  for (const Scenario& scenario : Scenarios()) {
    EXPECT_THAT(FirstRefutedBurst<Mistake>(scenario, 200), HasSubstr("not linearizable"))
        << scenario.name;
  }
}

TEST(MistakenAdaptiveLimiterTest, APlaceThatIsLostIsFound) { ExpectRefutedInEach<LosesAPlace>(); }
TEST(MistakenAdaptiveLimiterTest, APlaceThatComesBackTwiceIsFound) {
  ExpectRefutedInEach<GivesBackTwice>();
}

}  // namespace
}  // namespace spillway::testing
