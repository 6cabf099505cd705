// The options of a circuit breaker that may change while it runs.
#ifndef SPILLWAY_BREAKER_CIRCUIT_BREAKER_TUNABLES_H_
#define SPILLWAY_BREAKER_CIRCUIT_BREAKER_TUNABLES_H_

#include <algorithm>
#include <cstdint>
#include <limits>

#include "spillway/base/time.h"
#include "spillway/breaker/circuit_breaker_settings.h"
#include "spillway/breaker/circuit_breaker_word.h"
#include "spillway/sync/atomic.h"

namespace spillway {

// The options that never change.
struct CircuitBreakerFixed {
  WindowKind window_kind;
  int32_t buckets;
  int32_t window_size;
  int32_t window_failures;
  CircuitBreakerState initial_state;
  bool in_flight;
  bool striped;
  Nanos window;
  uint64_t seed;

  explicit CircuitBreakerFixed(const CircuitBreakerSettings& settings) noexcept;
  void CopyTo(CircuitBreakerSettings* settings) const noexcept;

  bool has_time_window() const { return window_kind == WindowKind::kTime; }

  // The failures that trip a window without rates; 0 for those with.
  uint64_t fatal_failures() const {
    const bool by_rate = has_time_window() || window_kind == WindowKind::kCount;
    return by_rate ? 0 : static_cast<uint64_t>(window_failures);
  }

  // Of a window that counts calls; 0 for those that do not. Consecutive failures are the failures
  // of the last n when n are needed.
  uint64_t calls_in_window() const {
    if (has_time_window()) return 0;
    const bool consecutive = window_kind == WindowKind::kConsecutive;
    return static_cast<uint64_t>(consecutive ? window_failures : window_size);
  }
};

// Each option is one atomic value, read relaxed: options are independent, and one that is read a
// moment late is as good as a call that came a moment earlier.
class CircuitBreakerTunables {
 public:
  // Settings must be valid. Rates are kept in units of 0.01 %, rounded to nearest.
  void Store(const CircuitBreakerSettings& settings) noexcept;
  void CopyTo(CircuitBreakerSettings* settings) const noexcept;

  bool IsSlow(Nanos start, Nanos now) const noexcept { return Elapsed(start, now) > slow_call(); }
  // The longest a call may take without being slow.
  uint64_t slow_call() const noexcept { return slow_call_.load(std::memory_order_relaxed); }
  bool knows_slow() const noexcept { return slow_call() != kNever; }
  uint64_t min_calls() const noexcept { return min_calls_.load(std::memory_order_relaxed); }
  uint32_t probes() const noexcept { return probes_.load(std::memory_order_relaxed); }
  uint32_t probes_in_flight() const noexcept {
    return probes_in_flight_.load(std::memory_order_relaxed);
  }
  Nanos probe_lease() const noexcept { return probe_lease_.load(std::memory_order_relaxed); }
  Nanos ramp() const noexcept { return ramp_.load(std::memory_order_relaxed); }
  Nanos open_for() const noexcept { return open_for_.load(std::memory_order_relaxed); }

  OpenTime open_time(uint64_t seed) const noexcept {
    return {.base = open_for(),
            .backoff = backoff_.load(std::memory_order_relaxed),
            .longest = max_open_.load(std::memory_order_relaxed),
            .jitter = jitter_.load(std::memory_order_relaxed),
            .seed = seed};
  }

  TripRule rule(const CircuitBreakerFixed& fixed) const noexcept {
    const uint64_t most = fixed.calls_in_window();
    return {.failure_rate = failure_rate_.load(std::memory_order_relaxed),
            .slow_rate = knows_slow() ? slow_rate_.load(std::memory_order_relaxed) : 0,
            .min_calls = most != 0 ? std::min(most, min_calls()) : min_calls(),
            .failures = fixed.fatal_failures()};
  }

 private:
  // Of slow_call: longer than any call, so that none is slow.
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

  Atomic<uint64_t> slow_call_;
  Atomic<uint32_t> min_calls_;
  Atomic<uint32_t> failure_rate_;
  Atomic<uint32_t> slow_rate_;
  Atomic<uint32_t> probes_;
  Atomic<uint32_t> probes_in_flight_;
  Atomic<Nanos> open_for_;
  Atomic<Nanos> max_open_;
  Atomic<Nanos> probe_lease_;
  Atomic<Nanos> ramp_;
  Atomic<double> backoff_;
  Atomic<double> jitter_;
};

}  // namespace spillway

#endif  // SPILLWAY_BREAKER_CIRCUIT_BREAKER_TUNABLES_H_
