// What the machine charges for the operations that everything here is made of. The figures of the
// policies are read as multiples of these, taken in the same run.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "spillway/base/time.h"

namespace {

void Floor_FetchAdd(benchmark::State& state) {
  auto word = std::make_unique<std::atomic<uint64_t>>(0);
  for (auto _ : state) benchmark::DoNotOptimize(word->fetch_add(1, std::memory_order_relaxed));
}
BENCHMARK(Floor_FetchAdd);

void Floor_CasLoop(benchmark::State& state) {
  auto word = std::make_unique<std::atomic<uint64_t>>(0);
  for (auto _ : state) {
    uint64_t seen = word->load(std::memory_order_relaxed);
    while (!word->compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) {
    }
    benchmark::DoNotOptimize(seen);
  }
}
BENCHMARK(Floor_CasLoop);

void Floor_SteadyClock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(spillway::SteadyNow());
}
BENCHMARK(Floor_SteadyClock);

// One after the other, as where the time decides what is written: the processor overlaps less of
// the two than of each with itself.
void Floor_SteadyClockThenCasLoop(benchmark::State& state) {
  auto word = std::make_unique<std::atomic<uint64_t>>(0);
  for (auto _ : state) {
    const auto now = static_cast<uint64_t>(spillway::SteadyNow());
    uint64_t seen = word->load(std::memory_order_relaxed);
    while (!word->compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
    }
    benchmark::DoNotOptimize(seen);
  }
}
BENCHMARK(Floor_SteadyClockThenCasLoop);

void Floor_CoarseClock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(spillway::CoarseNow());
}
BENCHMARK(Floor_CoarseClock);

}  // namespace
