// What a keyed limiter costs a call, by how much of its table is in which cache, and what hashing a
// key adds. Each benchmark says how many calls were admitted and refused, so that none measures
// another path than it names.
#include "spillway/limiter/keyed_limiter.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "spillway/base/time.h"

namespace {

using spillway::KeyedLimiter;
using spillway::KeyedLimiterSettings;
using spillway::KeyHash;
using spillway::Nanos;
using spillway::bench::Measure;
using spillway::bench::Opaque;

constexpr Nanos kNow = 1'000'000'000;

std::unique_ptr<KeyedLimiter> Make(const KeyedLimiterSettings& settings) {
  spillway::Error error;
  std::unique_ptr<KeyedLimiter> limiter = KeyedLimiter::Make("bench", settings, &error);
  if (limiter == nullptr) std::abort();
  return limiter;
}

// So many keys, each of which has a cell.
std::vector<KeyHash> Enter(KeyedLimiter& limiter, size_t count) {
  std::vector<KeyHash> keys;
  for (uint64_t number = 0; keys.size() < count; ++number) {
    const KeyHash key = limiter.HashOf(number);
    const uint64_t without = limiter.Snapshot(0).total_refused_without_cell;
    limiter.TryAcquire(kNow, key);
    if (limiter.Snapshot(0).total_refused_without_cell == without) keys.push_back(key);
  }
  return keys;
}

// Keys that have their cells, one after the other; hashed before.
void KeyedLimiter_Allow(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  const auto owner = Make({.rate = 1e-3,
                           .burst = 16'000'000,
                           .max_keys = static_cast<int32_t>(count),
                           .when_full = spillway::KeyedLimiterWhenFull::kRefuse});
  const std::vector<KeyHash> keys = Enter(*owner, count);
  KeyedLimiter* const limiter = Opaque(owner.get());
  const KeyHash* const first = Opaque(keys.data());
  const Nanos now = Opaque(kNow);
  size_t next = 0;
  Measure(state, true, [=]() mutable {
    next = next + 1 == count ? 0 : next + 1;
    return static_cast<bool>(limiter->TryAcquire(now, first[next]));
  });
}
BENCHMARK(KeyedLimiter_Allow)->Arg(1)->Arg(16)->Arg(4096)->Arg(1'000'000);

// A key that lies in the second cell it is looked for in.
void KeyedLimiter_Allow_SecondCell(benchmark::State& state) {
  const auto owner = Make({.rate = 1e-3, .burst = 16'000'000, .max_keys = 1});
  owner->TryAcquire(kNow, KeyHash{1});
  KeyedLimiter* const limiter = Opaque(owner.get());
  const KeyHash key = Opaque(KeyHash{2});
  const Nanos now = Opaque(kNow);
  Measure(state, true, [=] { return static_cast<bool>(limiter->TryAcquire(now, key)); });
}
BENCHMARK(KeyedLimiter_Allow_SecondCell);

// What the memory of so many keys charges for one load of which nobody knows the place before.
void KeyedLimiter_RandomLoad(benchmark::State& state) {
  std::vector<uint32_t> next(static_cast<size_t>(state.range(0)) * 16 / sizeof(uint32_t));
  std::iota(next.begin(), next.end(), 0);
  std::mt19937_64 random(1);
  for (size_t i = next.size() - 1; i > 0; --i) std::swap(next[i], next[random() % i]);
  uint32_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(at = next[at]);
}
BENCHMARK(KeyedLimiter_RandomLoad)->Arg(1'000'000);

void KeyedLimiter_Reject(benchmark::State& state) {
  const auto owner = Make({.rate = 1e-3, .max_keys = 16});
  KeyedLimiter* const limiter = Opaque(owner.get());
  const KeyHash key = Opaque(limiter->HashOf(1));
  const Nanos now = Opaque(kNow);
  limiter->TryAcquire(now, key);
  Measure(state, false, [=] { return static_cast<bool>(limiter->TryAcquire(now, key)); });
}
BENCHMARK(KeyedLimiter_Reject);

// Each call enters a key, in a cell whose time has passed.
void KeyedLimiter_NewKey(benchmark::State& state) {
  const auto limiter = Make({.rate = 1e6, .max_keys = 4096});
  Nanos now = kNow;
  uint64_t key = 0;
  Measure(state, true, [&] {
    return static_cast<bool>(limiter->TryAcquire(now += 1000, KeyHash{++key << 24 | key << 40}));
  });
}
BENCHMARK(KeyedLimiter_NewKey);

void KeyedLimiter_HashOfBytes(benchmark::State& state) {
  const auto limiter = Make({.rate = 1, .max_keys = 1});
  std::string key(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(key.data());
    benchmark::ClobberMemory();
    benchmark::DoNotOptimize(limiter->HashOf(key).bits);
  }
}
BENCHMARK(KeyedLimiter_HashOfBytes)->Arg(8)->Arg(16)->Arg(64);

void KeyedLimiter_HashOfNumber(benchmark::State& state) {
  const auto limiter = Make({.rate = 1, .max_keys = 1});
  for (auto _ : state) benchmark::DoNotOptimize(limiter->HashOf(Opaque(uint64_t{42})).bits);
}
BENCHMARK(KeyedLimiter_HashOfNumber);

// The share of live keys that find no cell when so many hundredths of the cells are used.
void KeyedLimiter_WithoutCell(benchmark::State& state) {
  double share = 0;
  for (auto _ : state) {
    const auto limiter = Make({.rate = 1e-3,
                               .max_keys = 1 << 19,
                               .when_full = spillway::KeyedLimiterWhenFull::kRefuse,
                               .seed = 1});
    const auto cells = static_cast<uint64_t>(limiter->Snapshot(0).cells);
    const uint64_t keys = cells * static_cast<uint64_t>(state.range(0)) / 100;
    for (uint64_t key = 0; key < keys; ++key) limiter->TryAcquire(kNow, key);
    share = static_cast<double>(limiter->Snapshot(0).total_refused_without_cell) /
            static_cast<double>(keys);
  }
  state.counters["percent"] = 100 * share;
}
BENCHMARK(KeyedLimiter_WithoutCell)->Arg(50)->Arg(60)->Arg(80)->Arg(91)->Iterations(1);

}  // namespace
