// Recorded histories of threads that share one client throttle, held against
// client_throttle_model.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tests/linearizability/client_throttle_model.h"
#include "tests/linearizability/recorder.h"
#include "tests/linearizability/refutation.h"
#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

using ::testing::HasSubstr;
using Kind = ThrottleCall::Kind;
using ThrottleHistory = HistoryOf<ThrottleModel>;

// Few: a call that is stopped has seen one of many numbers, and then one of many others.
constexpr size_t kThreads = 3;
constexpr size_t kCalls = 20;  // of each

// The throttle, or one with a mistake of its own.
struct ThrottleUnderTest {
  explicit ThrottleUnderTest(const ClientThrottleSettings& settings)
      : throttle(MakePolicy<ClientThrottle>(settings)) {}
  virtual ~ThrottleUnderTest() = default;
  virtual Settlement Settle(const ThrottleCall& call) {
    return throttle->Settle(call.permit, call.outcome, call.now);
  }

  std::unique_ptr<ClientThrottle> throttle;
};

struct Scenario {
  std::string name;
  Nanos step;                     // time advances by less than this with each call
  std::vector<Outcome> outcomes;  // of calls
  ClientThrottleSettings settings = {.window_ns = 12'000'000,
                                     .k = 1.5,
                                     .critical_k = 2.5,
                                     .sheddable_k = 1.25,
                                     .min_calls = 6,
                                     .max_rejection = 0.75,
                                     .seed = 7};

  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

class ThrottleClient {
 public:
  using Operation = ThrottleCall;
  using Answer = ThrottleAnswer;

  ThrottleClient(ThrottleUnderTest* subject, const Scenario& scenario, std::atomic<Nanos>* clock)
      : subject_(subject), scenario_(scenario), clock_(clock) {}

  ThrottleCall Next(Random& random) {
    const Nanos step = scenario_.step == 0 ? 0 : random.Below(scenario_.step);
    const Nanos now = clock_->fetch_add(step, std::memory_order_relaxed) + step;
    if (random.OneIn(8)) return {.kind = Kind::kLook, .now = now};
    if (held_.empty() || (held_.size() < 6 && random.OneIn(2))) {
      return {.kind = Kind::kAsk,
              .now = now,
              .priority = static_cast<Priority>(random.Below(kPriorities))};
    }
    const size_t which = random.Below(held_.size());
    const ThrottleCall call{.kind = Kind::kSettle,
                            .now = now,
                            .permit = held_[which],
                            .outcome = scenario_.outcomes[random.Below(scenario_.outcomes.size())]};
    held_.erase(held_.begin() + static_cast<ptrdiff_t>(which));
    return call;
  }

  ThrottleAnswer Run(const ThrottleCall& call) {
    ClientThrottle& throttle = *subject_->throttle;
    if (call.kind == Kind::kSettle) return {.code = static_cast<int64_t>(subject_->Settle(call))};
    if (call.kind == Kind::kLook) {
      const ClientThrottleSnapshot seen = throttle.Snapshot(call.now);
      return {.requests = seen.requests, .accepts = seen.accepts};
    }
    const DecisionFields decision = throttle.Decide(call.now, call.priority);
    if (decision.reason == 0) held_.push_back(decision.permit);
    return {.code = decision.reason, .bucket = decision.permit.token};
  }

 private:
  ThrottleUnderTest* subject_;
  const Scenario& scenario_;
  std::atomic<Nanos>* clock_;
  std::vector<PermitFields> held_;
};

std::vector<Scenario> Scenarios() {
  constexpr Outcome kYes = Outcome::kSuccess;
  constexpr Outcome kNo = Outcome::kFailure;
  return {
      {"OneBucket", 0, {kYes, kYes, kNo}},
      {"IgnoredCalls", 0, {kYes, kNo, Outcome::kIgnored}},
  };
}

ThrottleHistory Record(const Scenario& scenario, ThrottleUnderTest* subject, uint64_t seed) {
  Stamper stamper(seed % 2 == 0 ? Stamps::kTickets : Stamps::kClock);
  std::atomic<Nanos> clock{1'000'000'000};
  std::vector<ThrottleClient> clients(kThreads, ThrottleClient(subject, scenario, &clock));
  ThrottleHistory history = Burst<ThrottleClient>(&stamper, seed).Run(&clients, kCalls);
  history.emplace_back();
  stamper.Record(&clients.back(), {.kind = Kind::kLook, .now = clock}, &history.back());
  return history;
}

// What is counted beside the window agrees with the answers once all have returned.
void ExpectTotals(const ThrottleHistory& history, const ClientThrottleSnapshot& snapshot) {
  uint64_t asked[2] = {};
  uint64_t settled[3] = {};
  uint64_t stale = 0;
  for (const auto& thread : history) {
    for (const auto& [call, answer, invoked, returned] : thread) {
      if (call.kind == Kind::kAsk) ++asked[answer->code];
      if (call.kind != Kind::kSettle) continue;
      ++(answer->code == 0 ? settled[static_cast<size_t>(call.outcome)] : stale);
    }
  }
  EXPECT_EQ(snapshot.total_admitted, asked[0]);
  EXPECT_EQ(snapshot.total_throttled_normal + snapshot.total_throttled_critical +
                snapshot.total_throttled_sheddable,
            asked[1]);
  EXPECT_EQ(snapshot.total_accepted, settled[0]);
  EXPECT_EQ(snapshot.total_failed, settled[1]);
  EXPECT_EQ(snapshot.total_ignored, settled[2]);
  EXPECT_EQ(snapshot.total_stale, stale);
}

template <typename Subject>
std::string FirstRefutedBurst(const Scenario& scenario, uint64_t bursts) {
  uint64_t throttled = 0;
  const auto record = [&](uint64_t seed) {
    Subject subject(scenario.settings);
    ThrottleHistory history = Record(scenario, &subject, seed);
    const ClientThrottleSnapshot seen = subject.throttle->Snapshot(0);
    if constexpr (std::is_same_v<Subject, ThrottleUnderTest>) ExpectTotals(history, seen);
    throttled += seen.total_throttled_normal + seen.total_throttled_sheddable;
    return history;
  };
  const ThrottleModel model(scenario.settings);
  std::string refuted = FirstRefuted(scenario.name, model, bursts, record);
  if (refuted.empty()) {
    EXPECT_GT(throttled, bursts) << "hardly any call was refused: this shows little";
  }
  return refuted;
}

class ClientThrottleLinearizabilityTest : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(All, ClientThrottleLinearizabilityTest, ::testing::ValuesIn(Scenarios()),
                         [](const auto& test) { return test.param.name; });

TEST_P(ClientThrottleLinearizabilityTest, AnswersAsTheModelMay) {
  EXPECT_EQ(FirstRefutedBurst<ThrottleUnderTest>(GetParam(), Bursts(80)), "");
}

// ---- throttles with a mistake, each of which must be found

struct CountsTwice : ThrottleUnderTest {
  using ThrottleUnderTest::ThrottleUnderTest;
  std::atomic<uint32_t> settled{0};
  Settlement Settle(const ThrottleCall& call) override {
    if (++settled % 4 == 0) ThrottleUnderTest::Settle(call);
    return ThrottleUnderTest::Settle(call);
  }
};

TEST(MistakenClientThrottleTest, CountingTwiceIsFound) {
  EXPECT_THAT(FirstRefutedBurst<CountsTwice>(Named(Scenarios(), "OneBucket"), 200),
              HasSubstr("not linearizable"));
}

}  // namespace
}  // namespace spillway::testing
