#include "tests/kill/keyed_limiter_subject.h"

#include <vector>

#include "tests/kill/keyed_limiter_attachment.h"

namespace spillway::testing {
namespace {

using Keyed = KeyedLimiterAttachment;
using Settings = KeyedLimiterSettings;
using WhenFull = KeyedLimiterWhenFull;

constexpr uint64_t kNew = Keyed::kCells + 1;

Settings ThreeTokens(WhenFull when_full = WhenFull::kRefuse) {
  return {.rate = 1, .burst = 3, .max_keys = 4, .when_full = when_full, .seed = 1};
}

// ---- what comes before

void Nothing(Keyed&) {}
void OneTaken(Keyed& on) { on.Take(1, 1); }
void AllTaken(Keyed& on) { on.Take(1, 3); }
void FullTable(Keyed& on) { on.FillTable(2); }
void FullTableToEvict(Keyed& on) {
  FullTable(on);
  on.MayLose(2);  // cut off before what it forgave was counted
}
void TimeHasPassed(Keyed& on) {
  FullTable(on);
  on.now += 2 * on.token();
}
void ClaimLeft(Keyed& on) {
  on.Take(2, 1);
  on.LeaveClaim(1);
}

// ---- the operations

template <uint64_t key, int64_t n>
Done Take(Keyed& on) {
  const bool taken = static_cast<bool>(on.limiter().TryAcquire(on.now, Keyed::Key(key), n));
  return {.refused = !taken, .admitted = taken, .taken = taken ? n : 0};
}
// One that is resumed late counts then that two were forgiven.
Done TakeFromAnother(Keyed& on) {
  Take<kNew, 1>(on);
  return {.admitted = 1, .taken = 3};
}
Done TakeWithoutCell(Keyed& on) {
  const bool taken = static_cast<bool>(on.limiter().TryAcquire(on.now, Keyed::Key(kNew), 1));
  return {.refused = !taken, .admitted = taken};
}
Done Refund(Keyed& on) {
  on.limiter().Refund(on.now, Keyed::Key(1), 2);
  return {.taken = -2};
}
Done Forget(Keyed& on) {
  on.limiter().Forget(Keyed::Key(1));
  return {.taken = -3};
}
Done Snapshot(Keyed& on) {
  on.limiter().Snapshot(on.now);
  return {};
}
Done CountKeys(Keyed& on) {
  on.limiter().CountLiveKeys(on.now);
  return {};
}
Done Describe(Keyed& on) {
  on.limiter().Describe({.reason = 1}, on.now, 1);
  return {};
}
Done HashBytes(Keyed& on) {
  on.limiter().HashOf("a key of more than eight bytes");
  return {};
}

constexpr Done kRefused = {.refused = 1};
constexpr Done kTaken = {.admitted = 1, .taken = 1};

Operation Make(const char* name, const Settings& settings, void (*prepare)(Keyed&),
               Done (*run)(Keyed&), const Done& whole) {
  return MakeOperation<Keyed>(name, KeyedLimiter::MemoryBytes(settings), settings, {prepare, run},
                              whole);
}

std::vector<Operation> Operations() {
  const Settings three = ThreeTokens();
  const Settings evict = ThreeTokens(WhenFull::kEvict);
  const Settings admit = ThreeTokens(WhenFull::kAdmit);
  Settings uncounted = three;
  uncounted.counted = false;
  return {
      Make("admit", three, OneTaken, Take<1, 1>, kTaken),
      Make("admit, a new key", three, OneTaken, Take<2, 1>, kTaken),
      Make("admit, in a cell whose time has passed", three, TimeHasPassed, Take<kNew, 1>, kTaken),
      Make("admit, by a claim that was left", three, ClaimLeft, Take<1, 1>, kTaken),
      Make("admit, in the cell of another", evict, FullTableToEvict, TakeFromAnother,
           {.admitted = 1, .taken = 3}),
      Make("admit, without a cell", admit, FullTable, TakeWithoutCell, {.admitted = 1}),
      Make("refuse", three, AllTaken, Take<1, 1>, kRefused),
      Make("refuse, uncounted", uncounted, AllTaken, Take<1, 1>, kRefused),
      Make("refuse more than the burst", three, OneTaken, Take<1, 4>, kRefused),
      Make("refund", three, AllTaken, Refund, {.taken = -2}),
      Make("forget", three, AllTaken, Forget, {.taken = -3}),
      Make("snapshot", three, OneTaken, Snapshot, {}),
      Make("count keys", three, OneTaken, CountKeys, {}),
      Make("describe", three, AllTaken, Describe, {}),
      Make("hash", three, Nothing, HashBytes, {}),
  };
}

// So slow that nothing comes back by itself while the storm lasts.
Settings Slow() {
  Settings settings = ThreeTokens();
  settings.rate = 1e-6;
  return settings;
}

}  // namespace

Subject KeyedLimiterSubject() {
  return {.name = "keyed limiter",
          .operations = Operations(),
          .storm = Make("storm", Slow(), Nothing, Take<1, 1>,
                        {.refused = 1, .admitted = 1, .taken = 2})};
}

}  // namespace spillway::testing
