// What the benchmarks of limiters share.
#ifndef SPILLWAY_BENCH_MEASURE_H_
#define SPILLWAY_BENCH_MEASURE_H_

#include <benchmark/benchmark.h>

#include <cstdint>

namespace spillway::bench {

// Hides a value from the optimizer, as it is where requests come in.
template <typename T>
T Opaque(T value) {
  benchmark::DoNotOptimize(value);
  return value;
}

// `admits` is checked against what was answered.
template <class Call>
void Measure(benchmark::State& state, bool admits, Call call) {
  uint64_t admitted = 0;
  for (auto _ : state) admitted += call();
  const auto wanted = admits ? static_cast<uint64_t>(state.iterations()) : 0;
  if (admitted != wanted) state.SkipWithError("it did not take the path it is named for");
}

}  // namespace spillway::bench

#endif  // SPILLWAY_BENCH_MEASURE_H_
