// The adaptive limiter: the real one, in memory of the scenario.
#include <memory>

#include "spillway/concurrency/adaptive_limiter.h"
#include "tests/model/in_place.h"
#include "tests/model/scenarios.h"
#include "tests/support/policies.h"

namespace spillway::model {
namespace {

using Settings = AdaptiveLimiterSettings;

constexpr Nanos kWindow = 1024 * 1'000'000;
constexpr Nanos kStart = 8 * kWindow;

struct LimiterBase : Scenario {
  explicit LimiterBase(int32_t limit, LimitAlgorithm algorithm = LimitAlgorithm::kAimd) {
    Settings settings;
    settings.algorithm = algorithm;
    settings.initial_limit = limit;
    if (algorithm == LimitAlgorithm::kGradient) settings.max_limit = limit;
    settings.window_ns = kWindow;
    const InPlace in_place;
    limiter = testing::MakePolicy<AdaptiveLimiter>(settings, &memory, true);
  }

  PermitFields Ask(Nanos now = kStart) { return limiter->Decide(now).permit; }
  Settlement Tell(const PermitFields& permit, Nanos now, Outcome outcome = Outcome::kSuccess) {
    return limiter->Settle(permit, outcome, now);
  }
  AdaptiveLimiterSnapshot Look() const { return limiter->Snapshot(0); }

  AdaptiveLimiterMemory memory;
  std::unique_ptr<AdaptiveLimiter> limiter;
};

// More who ask than there are places.
struct Askers final : LimiterBase {
  explicit Askers(int32_t limit) : LimiterBase(limit + 1), places(limit) { Ask(); }
  void Run(int) override { admitted += Ask().owner != 0; }
  void Check() override {
    Require(admitted == places, "as many are admitted as there are places");
    Require(Look().in_flight == places + 1, "and each has one");
    Require(Look().total_admitted == static_cast<uint64_t>(places) + 1, "and was counted");
  }
  int places;
  int admitted = 0;
};
const Registered<Askers> last_place("adaptive limiter: the last place is given once", 3,
                                    {.preemptions = 3, .surprises = 2}, 1);
const Registered<Askers> two_places("adaptive limiter: two places are given to two", 3,
                                    {.preemptions = 3, .surprises = 1}, 2);

// A place that comes back while two want it.
struct GivesBack final : LimiterBase {
  GivesBack() : LimiterBase(1), permit(Ask()) {}
  void Run(int thread) override {
    if (thread == 0) {
      Require(Tell(permit, kStart) == Settlement::kCounted, "the permit is good");
    } else {
      admitted += Ask().owner != 0;
    }
  }
  void Check() override {
    Require(admitted <= 1 && Look().in_flight == admitted, "it is there once");
  }
  PermitFields permit;
  int admitted = 0;
};
const Registered<GivesBack> gives_back("adaptive limiter: a place comes back once", 3,
                                       {.preemptions = 3, .surprises = 1});

// Copies of a permit, which only C can make.
struct Copies final : LimiterBase {
  Copies() : LimiterBase(2), permit(Ask()) {}
  void Run(int) override { counted += Tell(permit, kStart) == Settlement::kCounted; }
  void Check() override {
    Require(counted == 1 && Look().in_flight == 0, "nobody's place is given back twice");
    Require(Look().total_misused == 2, "and the others were told");
  }
  PermitFields permit;
  int counted = 0;
};
const Registered<Copies> copies("adaptive limiter: no more comes back than is out", 3,
                                {.preemptions = 3, .surprises = 1});

// A smaller limit while somebody asks: the last place is gone, or was taken before.
struct Shrinks final : LimiterBase {
  Shrinks() : LimiterBase(2) { Ask(); }
  void Run(int thread) override {
    if (thread == 0) {
      Settings settings = limiter->settings();
      settings.max_limit = 1;
      Require(limiter->Reconfigure(settings, nullptr), "nothing stops the change");
      full_since = !Ask().owner;
    } else {
      admitted += Ask().owner != 0;
    }
  }
  void Check() override {
    Require(full_since, "nobody is admitted above the new limit");
    Require(admitted <= 1 && Look().in_flight == 1 + admitted, "no place is lost");
    Require(Look().limit == 1, "nor is the limit");
  }
  bool full_since = false;
  int admitted = 0;
};
const Registered<Shrinks> shrinks("adaptive limiter: a smaller limit holds from its moment on", 3,
                                  {.preemptions = 3, .surprises = 1});

// A window that is over, and two whose calls end then, beside one who asks.
struct Judges final : LimiterBase {
  static constexpr int32_t kLimit = 8;

  Judges() : LimiterBase(kLimit) {
    for (PermitFields& permit : permits) permit = Ask();
    Tell(Ask(), kStart - 1);  // begins the window
    Nanos now = kStart;
    for (int i = 0; i < 9; ++i) Tell(Ask(), now += kWindow / 64);
  }
  void Run(int thread) override {
    if (thread == 2) {
      admitted = Ask().owner != 0;
    } else {
      Tell(permits[thread], kStart + 2 * kWindow + thread * kWindow / 2);
    }
  }
  void Check() override {
    Require(Look().total_windows == 1, "one of them judges it");
    Require(Look().limit == kLimit + 1, "and moves the limit once");
    Require(admitted && Look().in_flight == 3, "no place is lost on the way");
  }
  // Half of the limit, so that it may rise.
  PermitFields permits[4];
  bool admitted = false;
};
const Registered<Judges> judges("adaptive limiter: a window has one judge", 3,
                                {.preemptions = 2, .surprises = 1});

// A window before a probe is judged while calls hold all the places that the probe leaves: who asks
// twice a probe's time later is let in, however far the judge has come.
struct HeldProbe final : LimiterBase {
  static constexpr int32_t kLimit = 8;
  static constexpr int32_t kHeld = 4;

  HeldProbe() : LimiterBase(kLimit, LimitAlgorithm::kGradient) {
    for (int i = 0; i < kHeld; ++i) Ask();
    Tell(Ask(), now);
    for (int i = 0; i < 4 * 16; ++i) {
      last = Ask(now);
      now += kWindow / 16;
      if (i != 4 * 16 - 1) Tell(last, now);
    }
  }
  void Run(int thread) override {
    if (thread == 0) {
      Tell(last, now);
    } else {
      Require(Ask(now + 2 * kWindow).owner != 0, "a probe that takes too long refuses nobody");
    }
  }
  void Check() override {
    Require(Look().in_flight == kHeld + 2, "no place is lost");
    Require(Ask(now + 5 * kWindow).owner != 0, "nor refused later");
    Require(Look().limit == kLimit, "and the limit is whole again");
  }
  Nanos now = kStart;
  PermitFields last;
};
const Registered<HeldProbe> held_probe("adaptive limiter: a probe that calls hold up is ended", 3,
                                       {.preemptions = 2, .surprises = 1});

}  // namespace
}  // namespace spillway::model
