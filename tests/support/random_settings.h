// Settings that make a breaker meet its corners within a few hundred calls.
#ifndef SPILLWAY_TESTS_SUPPORT_RANDOM_SETTINGS_H_
#define SPILLWAY_TESTS_SUPPORT_RANDOM_SETTINGS_H_

#include <array>
#include <cstdint>

#include "spillway/breaker/circuit_breaker_settings.h"
#include "spillway/breaker/circuit_breaker_validate.h"
#include "tests/support/random.h"

namespace spillway::testing {

// Sets what may change at run time and fits the rest. `random` is a Random, or what answers as one.
template <class Choices>
void RandomTunables(Choices& random, CircuitBreakerSettings* settings) {
  settings->failure_rate = random.Of({0.0001, 0.1, 0.25, 0.3333, 0.5, 0.5001, 0.75, 0.9999, 1.0});
  settings->slow_rate = random.Of({0.0001, 0.25, 0.5, 0.6667, 1.0});
  settings->min_calls = 1 + random.Below(random.OneIn(4) ? 40 : 6);
  if (!settings->in_flight) {
    settings->slow_call_ns = random.template Of<Nanos>({0, 1, 5, 1'000'000, 3'000'001, 20'000'000});
  }
  settings->open_for_ns =
      random.template Of<Nanos>({1'000'000, 2'500'000, 10'000'000, 1'000'000'000});
  settings->backoff = random.Of({1.0, 1.5, 2.0, 3.3, 100.0});
  settings->max_open_ns = settings->open_for_ns * random.template Of<Nanos>({1, 3, 7, 1000});
  settings->probes = 1 + random.Below(random.OneIn(8) ? 63 : 4);
  settings->probes_in_flight = 1 + random.Below(random.OneIn(8) ? 63 : 4);
  settings->probe_lease_ns =
      random.template Of<Nanos>({1'000'000, 3'000'000, 50'000'000, 1'000'000'000});
  settings->ramp_ns = random.template Of<Nanos>({0, 0, 1'000'000, 20'000'000, 77'777'777});
}

template <class Choices>
CircuitBreakerSettings RandomSettings(Choices& random) {
  CircuitBreakerSettings settings;
  settings.jitter = 0;
  settings.seed = 1;
  settings.window_kind = static_cast<WindowKind>(random.OneIn(2) ? 0 : random.Below(4));
  settings.buckets = random.OneIn(8) ? 128 : 1 + random.Below(6);
  settings.window_ns =
      settings.buckets * random.template Of<Nanos>({1'000'000, 1'234'567, 10'000'000});
  settings.window_ns += random.template Of<Nanos>({0, 0, 1, 3});
  settings.window_size = 1 + random.Below(random.OneIn(2) ? 10 : 70);
  settings.window_failures = 1 + random.Below(6);
  if (settings.window_kind == WindowKind::kConsecutive && random.OneIn(8)) {
    settings.window_failures += 30;
  }
  settings.initial_state = random.Of(
      {CircuitBreakerState::kClosed, CircuitBreakerState::kClosed, CircuitBreakerState::kForcedOpen,
       CircuitBreakerState::kDisabled, CircuitBreakerState::kMetricsOnly});
  RandomTunables(random, &settings);
  if (settings.window_kind == WindowKind::kTime) {
    settings.in_flight = random.OneIn(2);
    settings.striped = !settings.in_flight && random.OneIn(4);
  }
  if (settings.in_flight)
    settings.slow_call_ns = random.template Of<Nanos>({1, 1'000'000, 7'654'321});
  if (settings.window_failures > settings.window_size) {
    settings.window_size = settings.window_failures;
  }
  if (!Validate(settings, nullptr)) settings.in_flight = false;
  return settings;
}

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_SUPPORT_RANDOM_SETTINGS_H_
