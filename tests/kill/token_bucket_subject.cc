#include "tests/kill/token_bucket_subject.h"

#include <vector>

#include "tests/kill/token_bucket_attachment.h"

namespace spillway::testing {
namespace {

using Bucket = TokenBucketAttachment;
using Settings = TokenBucketSettings;

Settings ThreeTokens() {
  Settings settings;
  settings.rate = 1;
  settings.burst = 3;
  return settings;
}

// All tokens cost the same, and take a whole number of units.
Settings WarmsUp() {
  Settings settings = ThreeTokens();
  settings.rate = 1e9 / (1 << 30);
  settings.warm_up_ns = Nanos{3} << 30;
  settings.cold_factor = 1;
  return settings;
}

// ---- what comes before

void Nothing(Bucket&) {}
void OneTaken(Bucket& on) { on.Take(1); }
void AllTaken(Bucket& on) { on.Take(3); }
void OneCameBack(Bucket& on) {
  AllTaken(on);
  on.now += on.token();
}
void TwoReserved(Bucket& on) {
  OneTaken(on);
  on.Reserve(2, 0);
}
void TwoWaitedFor(Bucket& on) {
  AllTaken(on);
  on.Reserve(2, kForever);
}
void NoPlaceLeft(Bucket& on) {
  AllTaken(on);
  on.Reserve(1, kForever);
}
void FullSinceReserved(Bucket& on) {
  TwoReserved(on);
  on.now += 3 * on.token();
}
void OneTakenLongAgo(Bucket& on) {
  OneTaken(on);
  on.StartAt(on.now + Bucket::kLongIdle);
}
void ByTheClock(Bucket& on) {
  on.StartAt(SteadyNow());
  OneTaken(on);
}

// ---- the operations

Done Took(bool taken, int64_t n) {
  return {.refused = !taken, .admitted = taken, .taken = taken ? n : 0};
}
template <int64_t n>
Done Take(Bucket& on) {
  return Took(static_cast<bool>(on.bucket().TryAcquire(on.now, n)), n);
}
Done TakeByTheClock(Bucket& on) { return Took(static_cast<bool>(on.bucket().TryAcquire()), 1); }
Done TakeWhatIsThere(Bucket& on) {
  const int64_t n = on.bucket().AcquireUpTo(on.now, 5);
  return Took(n != 0, n);
}
Done Force(Bucket& on) { return Took(static_cast<bool>(on.bucket().ForceAcquire(on.now, 5)), 5); }
Done Reserve(Bucket& on) {
  return Took(static_cast<bool>(on.bucket().Reserve(on.now, 2, kForever)), 2);
}
Done ReserveAtOnce(Bucket& on) {
  return Took(static_cast<bool>(on.bucket().Reserve(on.now, 2, 0)), 2);
}
Done WaitInLeakyBucket(Bucket& on) {
  return Took(static_cast<bool>(on.leaky().Reserve(on.now, 1, kForever)), 1);
}
Done Cancel(Bucket& on) {
  on.bucket().Cancel(on.reservation, on.now);
  return {.taken = -2};
}
Done CancelTooLate(Bucket& on) {
  on.bucket().Cancel(on.reservation, on.now);
  return {};
}
Done Refund(Bucket& on) {
  on.bucket().Refund(on.now, 2);
  return {.taken = -2};
}
Done Snapshot(Bucket& on) {
  on.bucket().Snapshot(on.now);
  return {};
}
Done Describe(Bucket& on) {
  on.bucket().Describe({.reason = 1}, on.now, 1);
  return {};
}

Done TakeInTwoSteps(Bucket& on) {
  // The unit of its clock is the nanosecond, shown in quarters.
  const uint64_t seen = on.word().load(std::memory_order_relaxed);
  on.word().store(seen + 4 * static_cast<uint64_t>(on.token()), std::memory_order_relaxed);
  return {.admitted = 1, .taken = 1};
}

void ReadClock() { SteadyNow(); }

constexpr Done kRefused = {.refused = 1};
constexpr Done kTaken(int64_t n) { return {.admitted = 1, .taken = n}; }

Operation Make(const char* name, const Settings& settings, void (*prepare)(Bucket&),
               Done (*run)(Bucket&), const Done& whole, void (*asks)() = nullptr) {
  return MakeOperation<Bucket>(name, TokenBucket::MemoryBytes(), settings, {prepare, run}, whole,
                               asks);
}

std::vector<Operation> Operations() {
  const Settings three = ThreeTokens();
  Settings empty = three;
  empty.initial_tokens = 0;
  Settings uncounted = three;
  uncounted.counted = false;
  Settings slow = three;  // an hour a token
  slow.rate = 1.0 / 3600;
  return {
      Make("admit", three, OneTaken, Take<1>, kTaken(1)),
      Make("admit, the last token", three, OneCameBack, Take<1>, kTaken(1)),
      Make("admit, first call", three, Nothing, Take<1>, kTaken(1)),
      Make("admit by the clock", slow, ByTheClock, TakeByTheClock, kTaken(1), ReadClock),
      Make("admit, uncounted", uncounted, OneTaken, Take<1>, kTaken(1)),
      Make("refuse", three, AllTaken, Take<1>, kRefused),
      Make("refuse, uncounted", uncounted, AllTaken, Take<1>, kRefused),
      Make("refuse, first call of an empty bucket", empty, Nothing, Take<1>, kRefused),
      Make("refuse more than the burst", three, OneTaken, Take<4>, kRefused),
      Make("take what is there", three, OneTaken, TakeWhatIsThere, kTaken(2)),
      Make("take what is there, nothing", three, AllTaken, TakeWhatIsThere, kRefused),
      Make("force", three, OneTaken, Force, kTaken(5)),
      Make("reserve at once", three, OneTaken, ReserveAtOnce, kTaken(2)),
      Make("reserve, to wait", three, AllTaken, Reserve, kTaken(2)),
      Make("reserve, too long to wait", three, AllTaken, ReserveAtOnce, kRefused),
      Make("leaky bucket: the last place", three, AllTaken, WaitInLeakyBucket, kTaken(1)),
      Make("leaky bucket: no place left", three, NoPlaceLeft, WaitInLeakyBucket, kRefused),
      Make("cancel", three, TwoReserved, Cancel, {.taken = -2}),
      Make("cancel what is waited for", three, TwoWaitedFor, Cancel, {.taken = -2}),
      Make("cancel too late", three, FullSinceReserved, CancelTooLate, {}),
      Make("refund", three, AllTaken, Refund, {.taken = -2}),
      Make("snapshot", three, OneTaken, Snapshot, {}),
      Make("describe", three, AllTaken, Describe, {}),
      Make("warming up: pass", WarmsUp(), Nothing, Take<1>, kTaken(1)),
      Make("warming up: pass after long", WarmsUp(), OneTakenLongAgo, Take<1>, kTaken(1)),
      Make("warming up: refuse", WarmsUp(), OneTaken, Take<1>, kRefused),
      Make("warming up: force", WarmsUp(), OneTaken, Force, kTaken(5)),
      Make("warming up: reserve, to wait", WarmsUp(), OneTaken, Reserve, kTaken(2)),
      Make("warming up: cancel what is waited for", WarmsUp(), TwoWaitedFor, Cancel, {.taken = -2}),
  };
}

// Less flows in than the storm takes, so that it is never full.
Settings Scarce() {
  Settings settings;
  settings.rate = 50'000;
  settings.burst = 50;
  return settings;
}
void TakeAll(Bucket& on) { on.Take(Scarce().burst); }

}  // namespace

Operation TokenBucketOfTwoSteps() {
  Settings uncounted = ThreeTokens();
  uncounted.counted = false;
  return Make("token bucket of a load and a store", uncounted, OneTaken, TakeInTwoSteps, kTaken(1));
}

Subject TokenBucketSubject() {
  return {.name = "token bucket",
          .operations = Operations(),
          .storm =
              Make("storm", Scarce(), TakeAll, Take<1>, {.refused = 1, .admitted = 1, .taken = 3})};
}

}  // namespace spillway::testing
