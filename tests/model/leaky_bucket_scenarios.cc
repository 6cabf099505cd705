// The leaky bucket: what it adds to the token bucket, the bound on what waits.
#include <algorithm>
#include <array>
#include <memory>

#include "spillway/limiter/leaky_bucket.h"
#include "spillway/sync/thread_slot.h"
#include "tests/model/in_place.h"
#include "tests/model/scenarios.h"
#include "tests/support/policies.h"

namespace spillway::model {
namespace {

constexpr Nanos kSecond = kNanosPerSecond;
constexpr Nanos kNow = 10 * kSecond;

struct LeakyBase : Scenario {
  // With one of its `capacity` poured in.
  explicit LeakyBase(int32_t capacity) {
    internal::thread_slot = internal::kNoThreadSlot;
    KeepForEachThread(&internal::thread_slot);
    const InPlace in_place;
    bucket = testing::MakePolicy<LeakyBucket>(Sized(1, capacity), &memory);
    bucket->TryAcquire(kNow);
  }
  static LeakyBucketSettings Sized(double rate, int32_t capacity) {
    return {.rate = rate, .capacity = capacity, .free = 1, .counted = false};
  }

  void Pour(size_t thread) {
    const LimiterReservation got = bucket->Reserve(kNow, 1, kForever);
    if (got) act_at[thread] = got.act_at;
  }
  int admitted() const {
    int count = 0;
    for (const Nanos at : act_at) count += at != 0;
    return count;
  }
  void RequireLevel(int64_t level) {
    Require(bucket->Snapshot(kNow).level == level, "what was poured in is there, and once");
  }

  BucketMemory memory;
  std::unique_ptr<LeakyBucket> bucket;
  std::array<Nanos, 3> act_at = {};  // 0: refused
};

// More who reserve than there is room for.
struct AtTheCapacity final : LeakyBase {
  AtTheCapacity() : LeakyBase(3) {}
  void Run(int thread) override { Pour(static_cast<size_t>(thread)); }
  void Check() override {
    Require(admitted() == 2, "as many are admitted as there is room for");
    RequireLevel(3);
    int places = 0;
    for (const Nanos at : act_at) {
      if (at != 0) places += 1 << (at - kNow) / kSecond;
    }
    Require(places == 0b110, "each has a place of its own, and none is left free");
  }
};
const Registered<AtTheCapacity> at_the_capacity("leaky bucket: no more wait than there is room for",
                                                3, {.preemptions = 3, .surprises = 1});

// The capacity grows or shrinks, and the rate changes, while two reserve.
struct ChangeOfCapacity final : LeakyBase {
  ChangeOfCapacity(int32_t before, int32_t after) : LeakyBase(before), capacity(after) {}
  void Run(int thread) override {
    if (thread != 0) return Pour(static_cast<size_t>(thread));
    Require(bucket->Reconfigure(Sized(7, capacity), Inheritance::kKeep, kNow, nullptr),
            "nothing stops the change");
  }
  void Check() override {
    Require(admitted() >= 1, "there was room for one");
    const LeakyBucketSnapshot seen = bucket->Snapshot(kNow);
    Require(seen.capacity == capacity && bucket->settings().rate == 7, "all options are the new");
    Require(seen.level <= capacity, "no more is in it than it holds");
    RequireLevel(std::min<int64_t>(1 + admitted(), capacity));
    // A change rounds the level up to a whole unit of its clock.
    const Nanos off = seen.time_to_empty_ns - (seen.level * kSecond + 6) / 7;
    Require(0 <= off && off <= 8, "the clock is that of the capacity");
  }
  int32_t capacity;
};
const Registered<ChangeOfCapacity> grows("leaky bucket: the capacity grows under reservers", 3,
                                         {.preemptions = 2, .surprises = 1}, 2, 3);
const Registered<ChangeOfCapacity> shrinks("leaky bucket: the capacity shrinks under reservers", 3,
                                           {.preemptions = 3, .surprises = 1}, 3, 2);

}  // namespace
}  // namespace spillway::model
