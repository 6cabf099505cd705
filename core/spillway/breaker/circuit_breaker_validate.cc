#include "spillway/breaker/circuit_breaker_validate.h"

#include <algorithm>

#include "spillway/base/option.h"
#include "spillway/base/time.h"

namespace spillway {
namespace {

constexpr Nanos kShortestBucket = 1'000'000;

double Seconds(Nanos time) {
  return static_cast<double>(time) / static_cast<double>(kNanosPerSecond);
}

bool Refuse(Error* error, const char* format, double value, double bound) {
  SetError(error, StatusCode::kInvalidArgument, format, value, bound);
  return false;
}

bool ValidateInFlight(const CircuitBreakerSettings& settings, Error* error) {
  if (settings.slow_call_ns == 0) {
    SetError(error, StatusCode::kInvalidArgument,
             "in_flight is true; it needs slow_call, which is off");
    return false;
  }
  const Nanos bucket =
      std::max(settings.window_ns / settings.buckets, (settings.slow_call_ns + 7) / 8);
  if (settings.slow_call_ns + bucket <= settings.window_ns) return true;
  return Refuse(
      error, "slow_call plus one bucket is %.9g s; with in_flight it must fit the window of %.9g s",
      Seconds(settings.slow_call_ns + bucket), Seconds(settings.window_ns));
}

}  // namespace

bool Validate(const CircuitBreakerSettings& settings, Error* error) noexcept {
  if (!CheckOptions(kCircuitBreakerOptions, &settings, error)) return false;
  if (settings.max_open_ns < settings.open_for_ns) {
    return Refuse(error, "max_open is %.9g s; it must be at least open_for, %.9g s",
                  Seconds(settings.max_open_ns), Seconds(settings.open_for_ns));
  }
  if (settings.window_kind == WindowKind::kTime) {
    if (settings.window_ns / settings.buckets < kShortestBucket) {
      return Refuse(error, "window / buckets is %.9g s; a bucket must last at least %.9g s",
                    Seconds(settings.window_ns / settings.buckets), Seconds(kShortestBucket));
    }
    return !settings.in_flight || ValidateInFlight(settings, error);
  }
  if (settings.in_flight || settings.striped) {
    SetError(error, StatusCode::kInvalidArgument, "%s is true; it needs a time window",
             settings.in_flight ? "in_flight" : "striped");
    return false;
  }
  if (settings.window_kind == WindowKind::kKOfN &&
      settings.window_failures > settings.window_size) {
    return Refuse(error, "window_failures is %.9g; it must be 1 to window_size, %.9g",
                  settings.window_failures, settings.window_size);
  }
  return true;
}

bool ValidateChange(const CircuitBreakerSettings& before, const CircuitBreakerSettings& after,
                    Error* error) noexcept {
  if (!Validate(after, error) || !CheckFixed(kCircuitBreakerOptions, &before, &after, error))
    return false;
  if (before.in_flight && before.slow_call_ns != after.slow_call_ns) {
    return Refuse(error, "slow_call cannot change to %.9g s with in_flight; it is %.9g s",
                  Seconds(after.slow_call_ns), Seconds(before.slow_call_ns));
  }
  return true;
}

}  // namespace spillway
