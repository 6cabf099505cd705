// What a circuit breaker costs a call. The time is given unless a name says otherwise; each
// benchmark owns its breaker and says how many calls it admitted and refused, so that none measures
// another path than it names.
#include "spillway/breaker/circuit_breaker.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "spillway/base/time.h"
#include "spillway/stats/count_window.h"

namespace {

using spillway::CircuitBreaker;
using spillway::CircuitBreakerSettings;
using spillway::CircuitBreakerSnapshot;
using spillway::Decision;
using spillway::Nanos;
using spillway::Outcome;

constexpr Nanos kNow = 1'000'000'000;

std::unique_ptr<CircuitBreaker> Make(const CircuitBreakerSettings& settings) {
  spillway::Error error;
  std::unique_ptr<CircuitBreaker> breaker = CircuitBreaker::Make("bench", settings, &error);
  if (breaker == nullptr) std::abort();
  return breaker;
}

void Report(benchmark::State& state, const CircuitBreaker& breaker) {
  const CircuitBreakerSnapshot snapshot = breaker.Snapshot(kNow);
  state.counters["settled"] = static_cast<double>(snapshot.total_successes);
  state.counters["rejected"] = static_cast<double>(snapshot.total_rejected);
}

// Hides a value from the optimizer, as it is where requests come in.
template <typename T>
T Opaque(T value) {
  benchmark::DoNotOptimize(value);
  return value;
}

void Breaker_TryAcquire(benchmark::State& state) {
  const auto breaker = Make({});
  const Nanos now = Opaque(kNow);
  for (auto _ : state) {
    Decision decision = breaker->TryAcquire(now);
    benchmark::DoNotOptimize(decision.permit.fields().token);
  }
  Report(state, *breaker);
}
BENCHMARK(Breaker_TryAcquire);

void AcquireAndSettleWith(benchmark::State& state, const CircuitBreakerSettings& settings) {
  const auto breaker = Make(settings);
  const Nanos now = Opaque(kNow);
  for (auto _ : state) {
    Decision decision = breaker->TryAcquire(now);
    breaker->Settle(std::move(decision.permit), Outcome::kSuccess, now);
  }
  Report(state, *breaker);
}

void Breaker_AcquireSettle(benchmark::State& state) { AcquireAndSettleWith(state, {}); }
BENCHMARK(Breaker_AcquireSettle);

void Breaker_AcquireSettle_InFlight(benchmark::State& state) {
  AcquireAndSettleWith(state, {.in_flight = true});
}
BENCHMARK(Breaker_AcquireSettle_InFlight);

void Breaker_AcquireSettle_Count20(benchmark::State& state) {
  AcquireAndSettleWith(state, {.window_kind = spillway::WindowKind::kCount, .window_size = 20});
}
BENCHMARK(Breaker_AcquireSettle_Count20);

void Breaker_AcquireSettle_Count100(benchmark::State& state) {
  AcquireAndSettleWith(state, {.window_kind = spillway::WindowKind::kCount, .window_size = 100});
}
BENCHMARK(Breaker_AcquireSettle_Count100);

void Breaker_AcquireSettle_OneClock(benchmark::State& state) {
  const auto breaker = Make({});
  for (auto _ : state) {
    const Nanos now = spillway::SteadyNow();
    Decision decision = breaker->TryAcquire(now);
    breaker->Settle(std::move(decision.permit), Outcome::kSuccess, now);
  }
  Report(state, *breaker);
}
BENCHMARK(Breaker_AcquireSettle_OneClock);

void Breaker_AcquireSettle_TwoClocks(benchmark::State& state) {
  const auto breaker = Make({});
  for (auto _ : state) {
    Decision decision = breaker->TryAcquire();
    breaker->Settle(std::move(decision.permit), Outcome::kSuccess);
  }
  Report(state, *breaker);
}
BENCHMARK(Breaker_AcquireSettle_TwoClocks);

// Every other call fails, below the threshold: the window is read after each failure.
void Breaker_AcquireSettle_HalfFail(benchmark::State& state) {
  const auto breaker = Make({.failure_rate = 0.9});
  const Nanos now = Opaque(kNow);
  uint64_t n = 0;
  for (auto _ : state) {
    Decision decision = breaker->TryAcquire(now);
    breaker->Settle(std::move(decision.permit), ++n % 2 ? Outcome::kFailure : Outcome::kSuccess,
                    now);
  }
  Report(state, *breaker);
}
BENCHMARK(Breaker_AcquireSettle_HalfFail);

void Breaker_Reject(benchmark::State& state) {
  const auto breaker =
      Make({.window_kind = spillway::WindowKind::kConsecutive, .window_failures = 1});
  breaker->Settle(breaker->TryAcquire(kNow).permit.fields(), Outcome::kFailure, kNow);
  const Nanos now = Opaque(kNow);
  for (auto _ : state) {
    Decision decision = breaker->TryAcquire(now);
    benchmark::DoNotOptimize(decision.retry_after);
  }
  Report(state, *breaker);
}
BENCHMARK(Breaker_Reject);

// One breaker for all threads of a run: made by the first, used by all once the loop has begun.
template <bool kStriped>
void Breaker_Threads(benchmark::State& state) {
  static std::unique_ptr<CircuitBreaker> breaker;
  if (state.thread_index() == 0) breaker = Make({.striped = kStriped});
  const Nanos now = Opaque(kNow);
  for (auto _ : state) {
    Decision decision = breaker->TryAcquire(now);
    breaker->Settle(std::move(decision.permit), Outcome::kSuccess, now);
  }
  if (state.thread_index() == 0) Report(state, *breaker);
}
BENCHMARK(Breaker_Threads<true>)->Name("Breaker_Striped")->ThreadRange(1, 2);
BENCHMARK(Breaker_Threads<false>)->Name("Breaker_Shared")->ThreadRange(1, 2);

void CountWindow_Record(benchmark::State& state) {
  static std::unique_ptr<spillway::CountWindow> window;
  static std::vector<spillway::Word> cells;
  if (state.thread_index() == 0) {
    window = std::make_unique<spillway::CountWindow>(static_cast<uint32_t>(state.range(0)));
    cells = std::vector<spillway::Word>(window->words());
  }
  spillway::OutcomeCounts counts;
  uint64_t n = 0;
  for (auto _ : state) {
    // A register of nothing but successes would not even be written: give it a failure now and
    // then.
    const bool fails = state.range(0) <= spillway::OutcomeRegister::kMaxSize && ++n % 16 == 0;
    const spillway::CallClass call = spillway::ClassOf(fails, false);
    benchmark::DoNotOptimize(window->RecordInWindow(cells.data(), call, 0, 20, &counts));
  }
  if (state.thread_index() == 0) {
    state.counters["in_window"] = static_cast<double>(window->Counts(cells.data(), 0).total());
  }
}
BENCHMARK(CountWindow_Record)->Arg(20)->Arg(100)->ThreadRange(1, 2);

void Breaker_Snapshot(benchmark::State& state) {
  const auto breaker = Make({});
  for (auto _ : state) benchmark::DoNotOptimize(breaker->Snapshot(kNow));
}
BENCHMARK(Breaker_Snapshot);

}  // namespace
