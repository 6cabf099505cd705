// The token bucket that warms up.
#include "spillway/limiter/token_bucket.h"
#include "tests/model/scenarios.h"
#include "tests/model/token_bucket_base.h"

namespace spillway::model {
namespace {

using Settings = TokenBucketSettings;

// Cold, the first token takes 2 s, and those after it 1 s.
struct WarmUpBase : BucketBase {
  static Settings Warming() {
    Settings settings = Small(1, 2);
    settings.warm_up_ns = 2 * kSecond;
    return settings;
  }
  WarmUpBase() : BucketBase(Warming()) { Takes(kNow); }
  Nanos ClosedAt(Nanos now) const { return At(now).time_to_full_ns; }

  static constexpr Nanos kCold = 2 * kSecond;
  static constexpr Nanos kWarmer = kSecond;
  static constexpr Nanos kOpens = kNow + kCold;
  // The word has come round 63 times, and the time of before reads as three days ahead.
  static constexpr Nanos kLap = Nanos{1} << 24;  // in seconds
  static constexpr Nanos kFar = kNow + (64 * kLap - 3 * 86'400) * kSecond;
  static constexpr Nanos kLate = kFar - 9 * kSecond;
};

// Two come as it opens.
struct Gate final : WarmUpBase {
  void Run(int) override { admitted += Takes(kOpens); }
  void Check() override {
    Require(admitted == 1, "one passes");
    Require(ClosedAt(kOpens) == kWarmer, "and is paid for");
  }
  int32_t admitted = 0;
};
const Registered<Gate> gate("token bucket: one passes a gate, and the other pays", 2,
                            {.preemptions = 3, .surprises = 2});

// One of two who wait gives up, as another comes.
struct CancelAtGate final : WarmUpBase {
  CancelAtGate() { waits = bucket->Reserve(kNow, 1, kForever); }
  void Run(int thread) override {
    if (thread == 0) return bucket->Cancel(waits, kNow);
    comes = bucket->Reserve(kNow, 1, kForever);
  }
  void Check() override {
    const bool behind = comes.act_at == kOpens + kWarmer;
    Require(behind || comes.act_at == kOpens, "it waits for one or for two");
    Require(ClosedAt(kNow) == kCold + kSecond, "the time of one came back, and its warmth stayed");
  }
  LimiterReservation waits;
  LimiterReservation comes;
};
const Registered<CancelAtGate> cancel_at_gate(
    "token bucket: a cancel before a gate that others pass", 2, {.preemptions = 3, .surprises = 2});

// Somebody takes after longer than the word can tell, beside who looks and who takes.
struct LongIdle final : WarmUpBase {
  explicit LongIdle(Nanos time) : other(time) {}
  void Run(int thread) override {
    if (thread == 0) {
      admitted += Takes(kFar);
    } else if (other == 0) {
      const Nanos closed = ClosedAt(kFar);
      Require(closed == 0 || closed == kCold, "it is read as it was or as it is");
    } else {
      admitted += Takes(other);
    }
  }
  void Check() override {
    Require(other == kFar ? admitted == 1 : admitted >= 1, "a cold gate lets one pass");
    Require(ClosedAt(kFar) == kCold, "and is paid for as a cold one");
    bucket->Refund(kLate, 5);
    Require(ClosedAt(kLate) == 0, "a time that was seen is a high-water mark");
  }
  Nanos other;
  int32_t admitted = 0;
};
const Registered<LongIdle> idle_read("token bucket: a gate that was idle for long is read", 2,
                                     {.preemptions = 3, .surprises = 2}, Nanos{0});
const Registered<LongIdle> idle_taken("token bucket: a gate that was idle for long", 2,
                                      {.preemptions = 3, .surprises = 2}, WarmUpBase::kFar);
const Registered<LongIdle> idle_late("token bucket: a gate that was idle for long, and a late call",
                                     2, {.preemptions = 3, .surprises = 2}, WarmUpBase::kLate);

// It is cooled down as somebody is refused, who is told of the bucket that refused him.
struct CoolsDown final : WarmUpBase {
  CoolsDown() { bucket->ForceAcquire(kNow, 5); }
  void Run(int thread) override {
    if (thread != 0) {
      decision = bucket->TryAcquire(kNow);
      return;
    }
    Error error;
    Require(bucket->Reconfigure(bucket->settings(), Inheritance::kReset, kNow, &error), "resets");
    Takes(kNow);
  }
  void Check() override {
    Require(ClosedAt(kNow) == kCold, "one passes a bucket that was cooled down");
    const Nanos told = bucket->Describe(decision, kNow, 1).retry_after;
    Require(decision ? told == 0 : told == kCold, "of the bucket of before, nothing is told");
  }
  LimiterDecision decision;
};
const Registered<CoolsDown> cools_down("token bucket: cooled down beside a refusal", 2,
                                       {.preemptions = 3, .surprises = 2});

// Two cool it down: what was reserved between the two is not given back after both.
struct CooledTwice final : WarmUpBase {
  void Run(int thread) override {
    Require(bucket->Reconfigure(bucket->settings(), Inheritance::kReset, kNow, nullptr), "resets");
    if (thread == 0) between = bucket->Reserve(kNow, 1, kForever);
  }
  void Check() override {
    Require(bucket->TryAcquire(kNow, 0).change == 2, "each of the two is another bucket");
    bucket->ForceAcquire(kNow, 1);
    const Nanos closed = ClosedAt(kNow);
    if (between.decision.change == 1) bucket->Cancel(between, kNow);
    Require(ClosedAt(kNow) == closed, "a cancel of before gives nothing back");
  }
  LimiterReservation between;
};
const Registered<CooledTwice> cooled_twice("token bucket: cooled down by two", 2,
                                           {.preemptions = 3, .surprises = 1});

}  // namespace
}  // namespace spillway::model
