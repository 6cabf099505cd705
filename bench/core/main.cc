// Runs the benchmarks, then prints each figure that has a bound beside the floors it is measured
// by.
#include <cstdio>

#include "bench/least_times.h"
#include "spillway/breaker/circuit_breaker.h"

namespace {

using spillway::bench::LeastTimes;

struct Bound {
  const char* benchmark;
  double factor;
  const char* floor_name;
  double floor;
};

void PrintBounds(const LeastTimes& least) {
  const double add = least.of("Floor_FetchAdd");
  const double cas = least.of("Floor_CasLoop");
  const double clock = least.of("Floor_SteadyClock");
  const Bound bounds[] = {
      {"Breaker_TryAcquire", 0.5, "fetch_add", add},
      {"Breaker_AcquireSettle", 1.5, "fetch_add", add},
      {"Breaker_AcquireSettle_InFlight", 3.2, "fetch_add", add},
      {"Breaker_AcquireSettle_OneClock", 1.3, "clock + fetch_add", clock + add},
      {"Breaker_Reject", 0.5, "fetch_add", add},
      {"Bulkhead_AcquireSettle", 1.15, "CAS + fetch_add", cas + add},
      {"Bulkhead_Reject", 1.3, "fetch_add", add},
      {"CountWindow_Record/20/threads:1", 1.4, "CAS loop", cas},
      {"CountWindow_Record/100/threads:1", 3.8, "fetch_add", add},
      {"Breaker_Striped/threads:2", 1.5, "one thread", least.of("Breaker_Striped/threads:1")},
      {"KeyedLimiter_Allow/1", 2.0, "CAS loop", cas},
      {"KeyedLimiter_Allow/16", 2.5, "CAS loop", cas},
      {"KeyedLimiter_Allow_SecondCell", 2.5, "CAS loop", cas},
      {"KeyedLimiter_Allow/4096", 3.0, "CAS loop", cas},
      {"KeyedLimiter_Allow/1000000", 1.0, "3 CAS loops + load",
       3 * cas + least.of("KeyedLimiter_RandomLoad/1000000")},
      {"LeakyBucket_Allow", 1.25, "CAS loop", cas},
      {"LeakyBucket_Reserve", 1.6, "CAS loop", cas},
      {"MultiLimiter_Allow/3", 3.0, "CAS loop", cas},
      {"MultiLimiter_Reject_ByFirst/3", 0.7, "fetch_add", add},
      {"MultiLimiter_Reject_ByFirst_Uncounted/3", 0.7, "fetch_add", add},
      {"MultiLimiter_Reject_ByLast/3", 0.7, "fetch_add", add},
      {"MultiLimiter_Reject_ByLast_Uncounted/3", 0.7, "fetch_add", add},
      {"SlidingWindow_Allow/10", 2.8, "CAS loop", cas},
      {"SlidingWindow_Allow/1000", 2.8, "CAS loop", cas},
      {"SlidingWindow_Allow/100000", 2.8, "CAS loop", cas},
      {"SlidingWindow_Reject/10", 0.7, "fetch_add", add},
      {"SlidingWindow_Reject/100000", 0.7, "fetch_add", add},
      {"SlidingWindow_Reject_Uncounted/10", 0.7, "fetch_add", add},
      {"ClientThrottle_AcquireSettle", 5.0, "fetch_add", add},
      {"AdaptiveLimiter_AcquireSettle", 3.8, "CAS loop", cas},
      {"AdaptiveLimiter_Reject", 2.0, "CAS loop", cas},
      {"TokenBucket_Allow", 1.25, "CAS loop", cas},
      {"TokenBucket_Allow_Uncounted", 1.25, "CAS loop", cas},
      {"TokenBucket_Reject", 0.5, "fetch_add", add},
      {"TokenBucket_Reject_Uncounted", 0.5, "fetch_add", add},
      {"TokenBucket_Allow_Clock", 1.1, "clock + CAS loop", clock + cas},
      {"TokenBucket_Allow_Clock", 1.1, "clock, then CAS", least.of("Floor_SteadyClockThenCasLoop")},
      {"TokenBucket_Reserve", 1.6, "CAS loop", cas},
  };
  std::printf("\n%-38s %9s   %-18s %8s %7s %8s\n", "least CPU ns a call of a thread", "ns", "floor",
              "ns", "ratio", "at most");
  for (const Bound& bound : bounds) {
    const double time = least.of(bound.benchmark);
    if (time == 0.0 || bound.floor == 0.0) continue;  // filtered out
    const double ratio = time / bound.floor;
    std::printf("%-38s %9.2f   %-18s %8.2f %7.2f %8.2f%s\n", bound.benchmark, time,
                bound.floor_name, bound.floor, ratio, bound.factor,
                ratio <= bound.factor ? "" : "  exceeded");
  }
  const size_t object = sizeof(spillway::CircuitBreaker);
  const size_t memory = spillway::CircuitBreaker::MemoryBytes({});
  std::printf("%-38s %9zu   object %zu + memory %zu, at most 1024%s\n",
              "bytes of a default breaker", object + memory, object, memory,
              object + memory <= 1024 ? "" : "  exceeded");
}

}  // namespace

int main(int argc, char** argv) {
  LeastTimes least;
  if (!least.RunAll(argc, argv)) return 1;
  PrintBounds(least);
}
