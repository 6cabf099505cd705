// The sliding window limiter: the real one, in memory of the scenario.
#include <algorithm>
#include <memory>

#include "spillway/limiter/sliding_window_limiter.h"
#include "spillway/sync/thread_slot.h"
#include "tests/model/in_place.h"
#include "tests/model/scenarios.h"
#include "tests/support/policies.h"

namespace spillway::model {
namespace {

using Settings = SlidingWindowLimiterSettings;

constexpr Nanos kPer = 10;

Settings Small(int32_t limit) {
  Settings settings;
  settings.limit = limit;
  settings.per_ns = kPer;
  settings.counted = false;
  return settings;
}

// With a window that never binds: all calls go the long way.
Settings Two(int32_t limit) {
  Settings settings = Small(limit);
  settings.second_limit = 1;
  settings.second_per_ns = 1;
  return settings;
}

struct LimiterBase : Scenario {
  static constexpr size_t kSlots = 4;
  static constexpr int kMost = 8;

  explicit LimiterBase(const Settings& made) : settings(made) {
    internal::thread_slot = internal::kNoThreadSlot;
    KeepForEachThread(&internal::thread_slot);
    const InPlace in_place;
    limiter = testing::MakePolicy<SlidingWindowLimiter>(settings, &memory, true);
  }

  bool Takes(Nanos now) {
    const bool admitted = static_cast<bool>(limiter->TryAcquire(now));
    if (admitted) times[count++] = now;
    return admitted;
  }

  // Of the times that callers gave, and of those that were recorded.
  void RequireStrict() const {
    Nanos sorted[kMost] = {};
    std::copy_n(times, count, sorted);
    std::sort(sorted, sorted + count);
    for (int last = settings.limit; last < count; ++last) {
      Require(sorted[last] - sorted[last - settings.limit] >= kPer,
              "no interval holds more than the limit");
    }
    Require(limiter->Snapshot(0).total_admitted == static_cast<uint64_t>(count),
            "each admission has a number of its own");
  }
  void RequireInOrder() const {
    // Of those that are still in the ring.
    for (int i = std::max(count - settings.limit, 0) + 1; i < count; ++i) {
      Require(TimeOf(i - 1) <= TimeOf(i), "no time is recorded after a later one");
    }
  }
  Nanos TimeOf(int number) const {
    const Word& slot = memory.slots[number % settings.limit];
    return SlidingWindowSlot(slot.load(std::memory_order_relaxed)).time();
  }

  Settings settings;
  struct Memory {
    SlidingWindowLimiterMemory words;
    Word slots[kSlots];
  } memory{};
  std::unique_ptr<SlidingWindowLimiter> limiter;
  Nanos times[kMost] = {};
  int count = 0;
};

// Three at one moment, in a fresh ring or in a later lap.
struct AtOnce final : LimiterBase {
  AtOnce(int32_t limit, int before) : LimiterBase(Small(limit)) {
    for (int i = 0; i < before; ++i) Takes(i * kPer);
    earlier = count;
  }
  void Run(int) override { Takes(kNow); }
  void Check() override {
    Require(count - earlier == settings.limit, "as many are admitted as there is room for");
    Require(limiter->Snapshot(kNow).in_window == settings.limit, "all of them are in the log");
    RequireStrict();
  }
  static constexpr Nanos kNow = 5 * kPer;
  int earlier;
};
const Registered<AtOnce> last("sliding window: the only permit is taken once", 3,
                              {.preemptions = 3, .surprises = 1}, 1, 0);
const Registered<AtOnce> two("sliding window: two permits are taken by two", 3,
                             {.preemptions = 2, .surprises = 1}, 2, 0);
const Registered<AtOnce> later("sliding window: two permits of a later lap", 3,
                               {.preemptions = 2, .surprises = 1}, 2, 3);

// One is stopped anywhere while another goes through several laps.
struct Laps final : LimiterBase {
  explicit Laps(const Settings& made) : LimiterBase(made) {}
  void Run(int thread) override {
    if (thread == 0) {
      Takes(kPer);
    } else {
      for (int lap = 0; lap < 3; ++lap) Takes(lap * kPer);
    }
  }
  void Check() override {
    Require(count >= 2 && count <= 3, "one of each window");
    RequireStrict();
  }
};
const Registered<Laps> laps("sliding window: a thread stopped for laps takes no place twice", 2,
                            {.preemptions = 2, .surprises = 2}, Small(1));
const Registered<Laps> long_way("sliding window: nor one that looks at several windows", 2,
                                {.preemptions = 2, .surprises = 2}, Two(1));

// One is stopped while another goes on by more than a lap: to the oldest slot it knew of, which
// then holds the newest.
struct Overtaken final : LimiterBase {
  Overtaken() : LimiterBase(Small(2)) {
    for (int i = 0; i < 2; ++i) Takes(0);
  }
  void Run(int thread) override {
    if (thread == 0) {
      Require(Takes(2 * kPer), "nobody is refused by a window that was never full");
    } else {
      for (const Nanos now : {kPer, kPer, 2 * kPer}) Takes(now);
    }
  }
  void Check() override { RequireStrict(); }
};
const Registered<Overtaken> overtaken("sliding window: who is overtaken is not refused for it", 2,
                                      {.preemptions = 2, .surprises = 1});

// Whoever is stopped between its two exchanges is helped, and does not move the head back later.
struct Helped final : LimiterBase {
  Helped() : LimiterBase(Small(2)) {}
  void Run(int thread) override {
    if (thread == 0) {
      Takes(0);
    } else {
      for (const Nanos now : {Nanos{0}, kPer, kPer, 2 * kPer, 2 * kPer})
        Require(Takes(now), "nobody is refused while there is room");
    }
  }
  void Check() override { RequireStrict(); }
};
const Registered<Helped> helped("sliding window: who is stopped holds up nobody", 2,
                                {.preemptions = 2, .surprises = 0});

// Two whose clocks disagree.
struct Clocks final : LimiterBase {
  Clocks() : LimiterBase(Small(3)) {}
  void Run(int thread) override {
    for (int i = 0; i < 2; ++i) Takes(thread == 0 ? 3 * kPer : i);
  }
  void Check() override {
    Require(count >= 3, "three at least, whoever they are");
    RequireInOrder();
    RequireStrict();
  }
};
const Registered<Clocks> clocks("sliding window: recorded times go forward only", 2,
                                {.preemptions = 3, .surprises = 1});

// The log is never full, so nobody is refused, whatever is read beside a reset.
struct Resets final : LimiterBase {
  Resets() : LimiterBase(Small(3)) {
    Takes(kNow);
    Takes(kNow);
  }
  void Run(int thread) override {
    if (thread == 0) {
      limiter->Reset();
      Require(Takes(kNow), "there is room after a reset");
      limiter->Reset();
    } else {
      Require(Takes(kNow), "there is room before a reset and after it");
    }
  }
  void Check() override {
    Require(count == 4 && limiter->Snapshot(kNow).total_admitted == 4, "all have a number");
    Require(limiter->Snapshot(kNow).in_window <= 1, "the last reset forgot all before it");
  }
  static constexpr Nanos kNow = kPer / 2;
};
const Registered<Resets> resets("sliding window: a reset makes room and takes none", 2,
                                {.preemptions = 3, .surprises = 2});

// A reset that is stopped does not undo a later one.
struct TwoResets final : LimiterBase {
  TwoResets() : LimiterBase(Small(1)) { Takes(0); }
  void Run(int thread) override {
    limiter->Reset();
    if (thread == 0) return;
    Require(Takes(0), "there is room after a reset");
    limiter->Reset();
    Require(Takes(0), "and after the next one");
  }
  void Check() override { Require(limiter->Snapshot(0).total_admitted == 3, "all have a number"); }
};
const Registered<TwoResets> two_resets("sliding window: a later reset holds", 2,
                                       {.preemptions = 3, .surprises = 1});

}  // namespace
}  // namespace spillway::model
