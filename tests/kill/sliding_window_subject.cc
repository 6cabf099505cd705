#include "tests/kill/sliding_window_subject.h"

#include <memory>
#include <vector>

#include "spillway/limiter/sliding_window_limiter.h"
#include "tests/support/policies.h"

namespace spillway::testing {
namespace {

using Settings = SlidingWindowLimiterSettings;

// More than all that resets add to calls at one nanosecond.
constexpr Nanos kLater = 1'000'000;

class WindowAttachment final : public ScriptedAttachment<WindowAttachment> {
 public:
  WindowAttachment(const Settings& settings, const Script<WindowAttachment>& script, void* memory)
      : ScriptedAttachment(script),
        settings_(settings),
        words_(static_cast<SlidingWindowLimiterMemory*>(memory)),
        limiter_(MakePolicy<SlidingWindowLimiter>(settings, memory, true)) {}

  bool Take(int64_t n = 1) {
    const bool taken = static_cast<bool>(limiter_->TryAcquire(now, n));
    books().Add({.refused = !taken, .admitted = taken});
    return taken;
  }
  // As a caller leaves it that dies before it moves the head.
  void TakeAndDie() {
    const uint64_t head = words_->head.load(std::memory_order_relaxed);
    words_->slots()[ring().Index(head)].store(SlidingWindowSlot(now, ring().Lap(head)).bits(),
                                              std::memory_order_relaxed);
    books().Add({.admitted = 1});
  }

  SlidingWindowLimiter& limiter() { return *limiter_; }
  SlidingWindowLimiterMemory& words() { return *words_; }
  SlidingWindowRing ring() const { return SlidingWindowRing(settings_); }
  Nanos per() const { return settings_.per_ns; }

 private:
  void CheckAll() override;
  void CallAny(Random& random) override;
  void CheckTotals(const char* admitted, const char* refused) {
    const SlidingWindowLimiterSnapshot snapshot = limiter_->Snapshot(now);
    Expect(books().admitted.Hold(snapshot.total_admitted), admitted);
    Expect(settings_.counted ? books().refused.Hold(snapshot.total_refused)
                             : snapshot.total_refused == 0,
           refused);
  }

  Settings settings_;
  SlidingWindowLimiterMemory* words_;
  std::unique_ptr<SlidingWindowLimiter> limiter_;
};

void WindowAttachment::CheckAll() {
  now += kLater;
  CheckTotals("admissions before have a number each, the one cut off at most one",
              "refusals before were counted once, the one cut off at most once");
  const int32_t limit = settings_.limit;
  int32_t inside = limiter_->Snapshot(now).in_window;
  while (inside < limit && Take()) ++inside;
  Expect(inside == limit && !Take(), "what is not in the window can be taken, no more");
  now += 2 * per();
  for (int32_t taken = 0; taken < limit; ++taken)
    Expect(Take(), "an empty window has room for all");
  for (int i = 0; i < 25; ++i) {
    now += per() - 1;
    Expect(!Take(), "the window lasts as long as it should");
    ++now;
    for (int32_t taken = 0; taken < limit; ++taken) Expect(Take(), "and then there is room again");
    Expect(!Take(), "as much as at first");
  }
  now += kLater;
  limiter_->Reset();
  for (int32_t taken = 0; taken < limit; ++taken) Expect(Take(), "a reset makes room");
  Expect(!Take() && !Take(2), "for as many as at first");
  // Full, or empty: who is late meets either.
  if (books().rest != 0) now += 2 * per();
  CheckTotals("each admission has a number", "each refusal was counted once");
}

void WindowAttachment::CallAny(Random& random) {
  if (random.OneIn(50)) {
    limiter_->Reset();
  } else {
    Take(random.OneIn(50) ? 2 : 1);
  }
}

// ---- what comes before

using Windows = WindowAttachment;

void Nothing(Windows&) {}
void OneTaken(Windows& on) { on.Take(); }
void AllTaken(Windows& on) {
  for (int i = 0; i < 3; ++i) on.Take();
}
void ALapLater(Windows& on) {
  AllTaken(on);
  on.now += on.per();
  AllTaken(on);
  on.now += on.per();
}
void OneDied(Windows& on) {
  on.Take();
  on.TakeAndDie();
}

// ---- the operations

Done Take(Windows& on) {
  const bool taken = static_cast<bool>(on.limiter().TryAcquire(on.now));
  return {.refused = !taken, .admitted = taken};
}
Done Reset(Windows& on) {
  on.limiter().Reset();
  return {};
}
Done Describe(Windows& on) {
  on.limiter().Describe({.detail = 3, .reason = 1}, on.now, 1);
  return {};
}
// The head first, and the slot when the number is one's own.
Done TakeTheNumberFirst(Windows& on) {
  const SlidingWindowRing ring = on.ring();
  const uint64_t head = on.words().head.load(std::memory_order_relaxed);
  on.words().head.store(ring.Next(head), std::memory_order_relaxed);
  on.words().slots()[ring.Index(head)].store(SlidingWindowSlot(on.now, ring.Lap(head)).bits(),
                                             std::memory_order_relaxed);
  return {.admitted = 1};
}

Settings Three(Nanos per) {
  Settings settings;
  settings.limit = 3;
  settings.per_ns = per;
  return settings;
}

Operation Make(const char* name, const Settings& settings, void (*prepare)(Windows&),
               Done (*run)(Windows&), const Done& whole) {
  return MakeOperation<Windows>(name, SlidingWindowLimiter::MemoryBytes(settings), settings,
                                {prepare, run}, whole);
}

std::vector<Operation> Operations() {
  constexpr Done kTaken = {.admitted = 1};
  constexpr Done kRefused = {.refused = 1};
  const Settings three = Three(kNanosPerSecond);
  Settings uncounted = three;
  uncounted.counted = false;
  Settings two = three;
  two.second_limit = 100;
  two.second_per_ns = 1;
  return {
      Make("admit, first call", three, Nothing, Take, kTaken),
      Make("admit, in a later lap", three, ALapLater, Take, kTaken),
      Make("admit, after one who died", three, OneDied, Take, kTaken),
      Make("admit, two windows", two, OneTaken, Take, kTaken),
      Make("refuse", three, AllTaken, Take, kRefused),
      Make("refuse, uncounted", uncounted, AllTaken, Take, kRefused),
      Make("reset, after one who died", three, OneDied, Reset, {}),
      Make("describe", three, AllTaken, Describe, {}),
  };
}

}  // namespace

Operation SlidingWindowLimiterByNumber() {
  return Make("sliding window limiter that takes its number first", Three(kNanosPerSecond),
              OneTaken, TakeTheNumberFirst, {.admitted = 1});
}

Subject SlidingWindowLimiterSubject() {
  return {.name = "sliding window limiter",
          .operations = Operations(),
          .storm = Make("storm", Three(20'000), Nothing, Take, {.refused = 1, .admitted = 1})};
}

}  // namespace spillway::testing
