// What a bulkhead costs a call. The time is given; each benchmark checks that the calls went the
// way it is named for.
#include "spillway/concurrency/bulkhead.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "spillway/base/time.h"

namespace {

using spillway::Bulkhead;
using spillway::BulkheadGrants;
using spillway::BulkheadPoll;
using spillway::BulkheadSettings;
using spillway::Nanos;
using spillway::Outcome;
using spillway::PermitFields;
using spillway::Priority;
using spillway::Settlement;

constexpr Nanos kNow = 1'000'000'000;

std::unique_ptr<Bulkhead> Make(const BulkheadSettings& settings) {
  spillway::Error error;
  std::unique_ptr<Bulkhead> bulkhead = Bulkhead::Make("bench", settings, &error);
  if (bulkhead == nullptr) std::abort();
  return bulkhead;
}

// Hides a value from the optimizer, as it is where requests come in.
template <typename T>
T Opaque(T value) {
  benchmark::DoNotOptimize(value);
  return value;
}

template <class Call>
void Measure(benchmark::State& state, Call call) {
  bool good = true;
  for (auto _ : state) good = good && call();
  if (!good) state.SkipWithError("it did not take the path it is named for");
}

template <bool kCounted>
void Bulkhead_AcquireSettle(benchmark::State& state) {
  const auto owner = Make({.counted = kCounted});
  Bulkhead* const bulkhead = Opaque(owner.get());
  const Nanos now = Opaque(kNow);
  Measure(state, [=] {
    spillway::Decision decision = bulkhead->TryAcquire(now);
    return bulkhead->Settle(std::move(decision.permit), Outcome::kSuccess, now) ==
           Settlement::kCounted;
  });
}
BENCHMARK(Bulkhead_AcquireSettle<true>)->Name("Bulkhead_AcquireSettle");
BENCHMARK(Bulkhead_AcquireSettle<false>)->Name("Bulkhead_AcquireSettle_Uncounted");

// Settled in the order of asking, with others in flight: the word is never as the permit left it.
void Bulkhead_AcquireSettle_Others(benchmark::State& state) {
  const auto owner = Make({});
  Bulkhead* const bulkhead = Opaque(owner.get());
  const Nanos now = Opaque(kNow);
  BulkheadGrants granted;
  PermitFields oldest = bulkhead->Decide(now, Priority::kNormal, &granted).permit;
  Measure(state, [&] {
    const PermitFields next = bulkhead->Decide(now, Priority::kNormal, &granted).permit;
    const PermitFields done = std::exchange(oldest, next);
    return bulkhead->Settle(done, Outcome::kSuccess, now, &granted) == Settlement::kCounted;
  });
}
BENCHMARK(Bulkhead_AcquireSettle_Others);

void Bulkhead_Reject(benchmark::State& state) {
  const auto owner = Make({.max_concurrent = 1});
  Bulkhead* const bulkhead = Opaque(owner.get());
  const Nanos now = Opaque(kNow);
  [[maybe_unused]] const spillway::Decision slot = bulkhead->TryAcquire(now);
  Measure(state, [=] { return !bulkhead->TryAcquire(now); });
}
BENCHMARK(Bulkhead_Reject);

// Join the queue, be granted the slot that comes back, and so on.
void Bulkhead_QueueAndGrant(benchmark::State& state) {
  const auto owner = Make({.max_concurrent = 1, .max_queue = 1});
  Bulkhead* const bulkhead = Opaque(owner.get());
  const Nanos now = Opaque(kNow);
  BulkheadGrants granted;
  PermitFields slot = bulkhead->Decide(now, Priority::kNormal, &granted).permit;
  Measure(state, [&] {
    PermitFields place = bulkhead->DecideOrQueue(now, Priority::kNormal, &granted).permit;
    bulkhead->Settle(slot, Outcome::kSuccess, now, &granted);
    slot = place;
    return bulkhead->Poll(&slot, now, &granted) == BulkheadPoll::kGranted;
  });
}
BENCHMARK(Bulkhead_QueueAndGrant);

// One bulkhead for all threads of a run, with slots for all.
void Bulkhead_Shared(benchmark::State& state) {
  static std::unique_ptr<Bulkhead> bulkhead;
  if (state.thread_index() == 0) bulkhead = Make({});
  for (auto _ : state) {
    spillway::Decision decision = bulkhead->TryAcquire(kNow);
    bulkhead->Settle(std::move(decision.permit), Outcome::kSuccess, kNow);
  }
}
BENCHMARK(Bulkhead_Shared)->ThreadRange(1, 2);

}  // namespace
