#include "spillway/breaker/circuit_breaker_tunables.h"

#include <cmath>

namespace spillway {
namespace {

uint32_t RateUnits(double rate) {
  return static_cast<uint32_t>(std::lround(rate * static_cast<double>(kWholeRate)));
}

double Rate(uint32_t units) { return static_cast<double>(units) / static_cast<double>(kWholeRate); }

}  // namespace

CircuitBreakerFixed::CircuitBreakerFixed(const CircuitBreakerSettings& settings) noexcept
    : window_kind(settings.window_kind),
      buckets(settings.buckets),
      window_size(settings.window_size),
      window_failures(settings.window_failures),
      initial_state(settings.initial_state),
      in_flight(settings.in_flight),
      striped(settings.striped),
      window(settings.window_ns),
      seed(settings.seed) {}

void CircuitBreakerFixed::CopyTo(CircuitBreakerSettings* settings) const noexcept {
  settings->window_kind = window_kind;
  settings->buckets = buckets;
  settings->window_size = window_size;
  settings->window_failures = window_failures;
  settings->initial_state = initial_state;
  settings->in_flight = in_flight;
  settings->striped = striped;
  settings->window_ns = window;
  settings->seed = seed;
}

void CircuitBreakerTunables::Store(const CircuitBreakerSettings& settings) noexcept {
  const bool has_slow = settings.slow_call_ns != 0;
  slow_call_.store(has_slow ? static_cast<uint64_t>(settings.slow_call_ns) : kNever,
                   std::memory_order_relaxed);
  min_calls_.store(static_cast<uint32_t>(settings.min_calls), std::memory_order_relaxed);
  failure_rate_.store(RateUnits(settings.failure_rate), std::memory_order_relaxed);
  slow_rate_.store(RateUnits(settings.slow_rate), std::memory_order_relaxed);
  probes_.store(static_cast<uint32_t>(settings.probes), std::memory_order_relaxed);
  probes_in_flight_.store(static_cast<uint32_t>(settings.probes_in_flight),
                          std::memory_order_relaxed);
  open_for_.store(settings.open_for_ns, std::memory_order_relaxed);
  max_open_.store(settings.max_open_ns, std::memory_order_relaxed);
  probe_lease_.store(settings.probe_lease_ns, std::memory_order_relaxed);
  ramp_.store(settings.ramp_ns, std::memory_order_relaxed);
  backoff_.store(settings.backoff, std::memory_order_relaxed);
  jitter_.store(settings.jitter, std::memory_order_relaxed);
}

void CircuitBreakerTunables::CopyTo(CircuitBreakerSettings* settings) const noexcept {
  settings->slow_call_ns =
      knows_slow() ? static_cast<Nanos>(slow_call_.load(std::memory_order_relaxed)) : 0;
  settings->min_calls = static_cast<int32_t>(min_calls());
  settings->failure_rate = Rate(failure_rate_.load(std::memory_order_relaxed));
  settings->slow_rate = Rate(slow_rate_.load(std::memory_order_relaxed));
  settings->probes = static_cast<int32_t>(probes());
  settings->probes_in_flight = static_cast<int32_t>(probes_in_flight());
  settings->open_for_ns = open_for();
  settings->max_open_ns = max_open_.load(std::memory_order_relaxed);
  settings->probe_lease_ns = probe_lease();
  settings->ramp_ns = ramp();
  settings->backoff = backoff_.load(std::memory_order_relaxed);
  settings->jitter = jitter_.load(std::memory_order_relaxed);
}

}  // namespace spillway
