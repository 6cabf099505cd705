// The windows and counters, each by itself.
#include <algorithm>

#include "spillway/stats/count_window.h"
#include "spillway/stats/in_flight_window.h"
#include "spillway/stats/owned_counter.h"
#include "spillway/stats/time_window.h"
#include "spillway/sync/thread_slot.h"
#include "tests/model/scenarios.h"

namespace spillway::model {
namespace {

constexpr Nanos kBucket = 1'000'000;

// ---- time window

struct TimeWindowBase : Scenario {
  explicit TimeWindowBase(uint32_t buckets) : window(kBucket * buckets, buckets, 1) {}

  void Record(CallClass call, Nanos now) {
    window.Record(cells, 0, call, window.Epoch(now, 0), /*min_calls=*/1);
  }
  OutcomeCounts At(Nanos now) const { return window.Counts(cells, now, 0); }

  TimeWindow window;
  Word cells[64];
};

// Two buckets. Calls of the older and of the newer one race to open it; each is counted in one of
// the two, and no call of a bucket that is over comes back.
struct RollOver final : TimeWindowBase {
  RollOver() : TimeWindowBase(2) {
    Record(kFailed, 0);  // in the bucket that the newer one replaces
    Record(kFailed, kBucket);
  }
  void Run(int thread) override { Record(kFailed, thread == 0 ? kBucket : 2 * kBucket); }
  void Check() override {
    Require(window.Totals(cells).by_class[kFailed] == 5, "each call is in the totals");
    const uint64_t live = At(2 * kBucket).by_class[kFailed];
    Require(live == 4, "each call is in a live bucket, once");
    const uint64_t newest = At(3 * kBucket).by_class[kFailed];
    Require(newest == 2 || newest == 3, "the older bucket left with its own calls");
    Require(At(4 * kBucket).total() == 0, "the window empties");
  }
};
const Registered<RollOver> roll_over("time window: a call is counted once across a roll-over", 3,
                                     {.preemptions = 3, .surprises = 1});

// A reader sees at least what was counted before it began and at most what is counted in the end.
struct ReadDuringRollOver final : TimeWindowBase {
  ReadDuringRollOver() : TimeWindowBase(2) {
    Record(kFailed, 0);
    Record(kFailed, kBucket);
  }
  void Run(int thread) override {
    if (thread < 2) {
      Record(kFailed, 2 * kBucket);
      return;
    }
    const uint64_t seen = At(2 * kBucket).by_class[kFailed];
    Require(seen >= 1, "what was counted before is seen");
    Require(seen <= 3, "no more than all calls is seen");
  }
};
const Registered<ReadDuringRollOver> read_during_roll_over(
    "time window: a sum lies between those before and after", 3,
    {.preemptions = 3, .surprises = 1});

// Of two that count and then look, at least one sees both: whoever trips is never missed by all.
struct TimeWindowTrip final : TimeWindowBase {
  TimeWindowTrip() : TimeWindowBase(2) {
    Record(kFailed, 0);
    Record(kSlowFailed, 0);
  }
  void Run(int thread) override {
    Record(thread == 0 ? kFailed : kSlowFailed, 0);
    saw_both[thread] = At(0).failed() == 4;
  }
  void Check() override { Require(saw_both[0] || saw_both[1], "somebody sees both calls"); }
  bool saw_both[2] = {};
};
const Registered<TimeWindowTrip> time_window_trip(
    "time window: the call that completes a trip is seen", 2, {.preemptions = 3, .surprises = 2});

// An opener that is stopped comes back when its bucket is over and its place in the ring belongs to
// a newer one.
struct LateOpener final : TimeWindowBase {
  LateOpener() : TimeWindowBase(2) {}
  void Run(int thread) override { Record(kFailed, (thread == 0 ? 1 : 3) * kBucket); }
  void Check() override {
    const uint64_t live = At(3 * kBucket).by_class[kFailed];
    Require(live == 1 || live == 2, "the newer bucket keeps its call");
  }
};
const Registered<LateOpener> late_opener("time window: a late opener gives way", 2,
                                         {.preemptions = 3, .surprises = 1});

// Successes by the path that only adds, as the breaker takes it.
struct Successes : TimeWindowBase {
  Successes(uint32_t buckets, uint64_t enough) : TimeWindowBase(buckets), min_calls(enough) {}

  // Whether the call had to look at the window, having added itself.
  bool Succeed(Nanos now) {
    const uint64_t epoch = window.Epoch(now, 0);
    if (!window.NeedsOnlyAdding(cells, epoch)) {
      return window.Record(cells, 0, kOk, epoch, min_calls);
    }
    TimeWindow::AddSuccess(cells);
    return false;
  }
  bool UsesShortcut(Nanos now) { return window.NeedsOnlyAdding(cells, window.Epoch(now, 0)); }

  uint64_t min_calls;
};

struct Shortcut final : Successes {
  Shortcut() : Successes(1, 1) { Succeed(0); }
  void Run(int thread) override { Succeed(thread == 0 ? 0 : kBucket); }
  void Check() override {
    const uint64_t live = At(kBucket).by_class[kOk];
    Require(live == 2 || live == 3, "the new bucket holds its calls");
    Require(window.Totals(cells).by_class[kOk] == 4, "each call is in the totals");
    Succeed(kBucket);
    Require(UsesShortcut(kBucket), "a busy healthy bucket takes the shortcut");
  }
};
const Registered<Shortcut> shortcut("time window: the shortcut counts right and stays usable", 3,
                                    {.preemptions = 2, .surprises = 1});

// A success that completes min_calls can make failures a rate, so somebody must look who sees it.
struct CompletesMinCalls final : Successes {
  explicit CompletesMinCalls(bool without) : Successes(2, 3), without_shortcut(without) {
    Succeed(0);
    Succeed(0);
    Succeed(0);
  }
  void Run(int thread) override {
    // The calls of bucket 0 are over in bucket 2: only the three here are left.
    const Nanos now = 2 * kBucket;
    const uint64_t epoch = window.Epoch(now, 0);
    const bool looks =
        without_shortcut ? window.Record(cells, 0, kOk, epoch, min_calls) : Succeed(now);
    if (looks) saw[thread] = At(now).total();
  }
  void Check() override {
    Require(saw[0] == 3 || saw[1] == 3 || saw[2] == 3, "somebody looks and sees enough calls");
  }
  bool without_shortcut;
  uint64_t saw[3] = {};
};
const Registered<CompletesMinCalls> completes_min_calls(
    "time window: the success that completes min_calls is looked at", 3,
    {.preemptions = 2, .surprises = 1}, false);
const Registered<CompletesMinCalls> completes_without_shortcut(
    "time window: the same without the shortcut", 3, {.preemptions = 2, .surprises = 1}, true);

// The same while an older bucket is opened late: what is enough must not fall back.
struct EnoughOfTwo final : Successes {
  EnoughOfTwo() : Successes(2, 2) { Succeed(2 * kBucket); }
  void Run(int thread) override {
    for (int i = 0; i < (thread == 0 ? 1 : 3); ++i) {
      const Nanos now = (thread == 0 ? 1 : i == 0 ? 2 : 5) * kBucket;
      if (Succeed(now) && At(5 * kBucket).total() >= 2) looked = true;
    }
  }
  void Check() override { Require(looked, "somebody looks and sees enough calls"); }
  bool looked = false;
};
const Registered<EnoughOfTwo> enough_of_two("time window: a late opener hides no success", 2,
                                            {.preemptions = 3, .surprises = 1});

// ---- count window

// The ring. Whoever is a lap late gives way, and somebody sees all calls.
struct CountRing final : Scenario {
  CountRing() {
    for (int i = 0; i < 30; ++i) Push(kOk);
  }
  bool Push(CallClass call) { return window.Record(cells, call, 0, 1, &ignored); }
  void Run(int thread) override {
    OutcomeCounts counts;
    window.Record(cells, kFailed, 0, 1, &counts);
    saw_all[thread] = counts.failed() == 2;
  }
  void Check() override {
    Require(window.Counts(cells, 0).failed() == 2, "both are in the window");
    Require(window.Counts(cells, 0).total() == 31, "the window is as long as it is");
    Require(CountWindow::Totals(cells).total() == 32, "each call is in the totals");
    Require(saw_all[0] || saw_all[1], "somebody sees both calls");
  }
  CountWindow window{31};
  Word cells[64];
  OutcomeCounts ignored;
  bool saw_all[2] = {};
};
const Registered<CountRing> count_ring(
    "count window: the ring keeps each call and somebody sees all", 2,
    {.preemptions = 3, .surprises = 2});

// A writer that is stopped between its ticket and its place must not overwrite a later call. Its
// place comes again after a lap of 32.
struct LateWriter final : Scenario {
  LateWriter() {
    for (int i = 0; i < 5; ++i) Push(kOk);
  }
  void Push(CallClass call) { window.Record(cells, call, 0, 1, &ignored); }
  void Run(int thread) override {
    for (int i = 0; i < (thread == 0 ? 1 : 32); ++i) Push(thread == 0 ? kFailed : kOk);
  }
  void Check() override {
    Require(window.Counts(cells, 0).total() == 31, "each place holds its latest call");
  }
  CountWindow window{31};
  Word cells[64];
  OutcomeCounts ignored;
};
const Registered<LateWriter> late_writer("count window: a late writer gives way", 2,
                                         {.preemptions = 2, .surprises = 0});

struct RegisterPush final : Scenario {
  void Run(int thread) override {
    OutcomeCounts counts;
    window.Record(cells, thread == 0 ? kOk : kFailed, 0, 1, &counts);
    saw_all[thread] = counts.failed() == 2;
  }
  void Check() override {
    Require(window.Counts(cells, 0).total() == 3, "no call is lost");
    Require(window.Counts(cells, 0).failed() == 2, "each call is what it was");
    Require(CountWindow::Totals(cells).failed() == 2, "each call is in the totals");
    Require(saw_all[0] || saw_all[1] || saw_all[2], "somebody sees both failures");
  }
  CountWindow window{8};
  Word cells[32];
  bool saw_all[3] = {};
};
const Registered<RegisterPush> register_push("count window: the register loses no call", 3,
                                             {.preemptions = 3, .surprises = 1});

// ---- in-flight window

struct InFlightBase : Scenario {
  InFlightWindow window{4 * kBucket, kBucket, kBucket};
  Word cells[128];

  uint64_t Epoch(Nanos now) const { return window.Epoch(now, 0); }
};

// The first calls of a bucket replace the cell of an old one: none is lost, one of them opened it.
struct InFlightRollOver final : InFlightBase {
  InFlightRollOver() { window.RecordStart(cells, Epoch(0)); }
  void Run(int) override {
    // 8 buckets share a cell each; this one is a lap later.
    const auto start = window.RecordStart(cells, Epoch(8 * kBucket));
    opened += start == InFlightWindow::Start::kOpenedBucket;
    Require(start != InFlightWindow::Start::kUntracked, "each call is tracked");
  }
  void Check() override {
    Require(opened == 1, "one call opens the bucket");
    Require(window.Counts(cells, 11 * kBucket, 0).calls == 3, "each call is counted once");
  }
  int opened = 0;
};
const Registered<InFlightRollOver> in_flight_roll_over(
    "in-flight window: a start is counted once across a roll-over", 3,
    {.preemptions = 3, .surprises = 1});

// A call that is seen as started is one of which it will be seen that it finished before: of two
// calls one after the other, one at most looks as if it still ran.
struct InFlightAnswer final : InFlightBase {
  InFlightAnswer() { Call(); }
  void Call() {
    window.RecordStart(cells, Epoch(0));
    window.RecordOnTime(cells, Epoch(0));
  }
  void Run(int thread) override {
    if (thread == 0) {
      Call();
      Call();
      return;
    }
    const auto judged = window.Counts(cells, 3 * kBucket, 0);
    Require(judged.calls >= 1, "what was counted before is seen");
    Require(judged.calls <= 3, "no more than all calls is seen");
    Require(judged.slow <= 1, "no finished call is taken for a slow one");
  }
  void Check() override {
    const auto judged = window.Counts(cells, 3 * kBucket, 0);
    Require(judged.calls == 3 && judged.slow == 0, "all are in time");
  }
};
const Registered<InFlightAnswer> in_flight_answer(
    "in-flight window: what finished is seen as finished", 2, {.preemptions = 3, .surprises = 2});

// A bucket that leaves the window while it is read, and whose cells a later one takes: the answers
// that are gone do not make its calls slow.
struct InFlightTurn final : InFlightBase {
  explicit InFlightTurn(bool ends_ignored) : ignored(ends_ignored) { Call(0); }
  void Call(Nanos now) {
    window.RecordStart(cells, Epoch(now));
    ignored ? window.RecordIgnored(cells, Epoch(now)) : window.RecordOnTime(cells, Epoch(now));
  }
  void Run(int thread) override {
    if (thread == 0) {
      Call(8 * kBucket);
    } else {
      Require(window.Counts(cells, 3 * kBucket, 0).slow == 0, "no call was slow");
    }
  }
  bool ignored;
};
const Registered<InFlightTurn> in_flight_turn_on_time(
    "in-flight window: calls in time stay so when their bucket leaves", 2,
    {.preemptions = 3, .surprises = 2}, false);
const Registered<InFlightTurn> in_flight_turn_ignored(
    "in-flight window: ignored calls stay so when their bucket leaves", 2,
    {.preemptions = 3, .surprises = 2}, true);

// ---- counters that belong to a thread

// A slot that is given back is taken by another thread, which goes on from the last count.
struct SlotHandedOver final : Scenario {
  SlotHandedOver() {
    // All slots are free, also after an execution that a mutation has spoilt.
    for (uint32_t slot = 0; slot < kThreadSlots; ++slot) {
      internal::thread_slot = slot;
      internal::ReturnThreadSlot();
    }
    internal::thread_slot = internal::kThreadSlotUnasked;
    KeepForEachThread(&internal::thread_slot);
  }
  void Run(int thread) override {
    CountTwice();
    if (thread == 2) {
      // A fourth thread, which begins while the third still has its slot.
      internal::thread_slot = internal::kThreadSlotUnasked;
      CountTwice();
    }
    internal::ReturnThreadSlot();
  }
  void CountTwice() {
    counter.Increment(OwnedCounter::kOwnedByThreads);
    counter.Increment(OwnedCounter::kOwnedByThreads);
  }
  void Check() override { Require(counter.Sum() == 8, "no count is lost"); }
  OwnedCounter counter;
};
const Registered<SlotHandedOver> slot_handed_over(
    "owned counter: a slot changes hands without loss", 3, {.preemptions = 2, .surprises = 1});

}  // namespace
}  // namespace spillway::model
