// The client throttle: the real one, in memory of the scenario.
#include <memory>

#include "spillway/concurrency/client_throttle.h"
#include "tests/model/in_place.h"
#include "tests/model/scenarios.h"
#include "tests/support/policies.h"

namespace spillway::model {
namespace {

constexpr Nanos kBucket = 10 * kNanosPerSecond;

struct ThrottleBase : Scenario {
  ThrottleBase() {
    ClientThrottleSettings settings;
    settings.seed = 1;
    const InPlace in_place;
    throttle = testing::MakePolicy<ClientThrottle>(settings, &memory, true);
  }

  PermitFields Ask(Nanos now) { return throttle->Decide(now).permit; }
  ClientThrottleSnapshot Look(Nanos now) const { return throttle->Snapshot(now); }

  ClientThrottleMemory memory;
  std::unique_ptr<ClientThrottle> throttle;
};

// The first calls of a bucket whose cell an old one has.
struct RollsOver final : ThrottleBase {
  RollsOver() {
    throttle->Settle(Ask(0), Outcome::kSuccess, 0);
    Ask(0);
  }
  void Run(int) override { throttle->Settle(Ask(kLater), Outcome::kSuccess, kLater); }
  void Check() override {
    Require(Look(kLater).requests == 3, "each call is counted once");
    Require(Look(kLater).accepts == 3, "and so is what came of it");
  }
  static constexpr Nanos kLater = ClientThrottleMemory::kSlots * kBucket;
};
const Registered<RollsOver> rolls_over("client throttle: calls are counted once across a roll-over",
                                       3, {.preemptions = 1, .surprises = 1});

// Callers whose clocks differ by some buckets.
struct ClocksDiffer final : ThrottleBase {
  void Run(int thread) override { Ask(thread * 5 * kBucket); }
  void Check() override { Require(Look(0).requests == 3, "the window moves forward alone"); }
};
const Registered<ClocksDiffer> clocks_differ("client throttle: the window only moves forward", 3,
                                             {.preemptions = 1, .surprises = 1});

// Calls that are as if they had not been asked for, while another asks.
struct Ignores final : ThrottleBase {
  Ignores() : permits{Ask(0), Ask(0)} {}
  void Run(int thread) override {
    if (thread == 2) {
      Ask(0);
    } else {
      throttle->Settle(permits[thread], Outcome::kIgnored, 0);
    }
  }
  void Check() override {
    Require(Look(0).requests == 1, "each is taken back once");
    Require(Look(0).total_ignored == 2, "and counted");
  }
  PermitFields permits[2];
};
const Registered<Ignores> ignores("client throttle: an ignored call is taken back", 3,
                                  {.preemptions = 1, .surprises = 1});

// The same while its bucket leaves: nothing of the next one is taken back.
struct IgnoresLate final : ThrottleBase {
  IgnoresLate() : permits{Ask(0), Ask(0)} {}
  void Run(int thread) override {
    if (thread == 2) {
      Ask(kLater);
    } else {
      throttle->Settle(permits[thread], Outcome::kIgnored, 0);
    }
  }
  void Check() override {
    const ClientThrottleSnapshot end = Look(kLater);
    Require(end.requests == 1, "what a later bucket counted stays");
    Require(end.total_ignored + end.total_stale == 2, "each is counted or stale");
  }
  static constexpr Nanos kLater = ClientThrottleMemory::kSlots * kBucket;
  PermitFields permits[2];
};
const Registered<IgnoresLate> ignores_late(
    "client throttle: nothing is taken back of another bucket", 3,
    {.preemptions = 2, .surprises = 1});

}  // namespace
}  // namespace spillway::model
