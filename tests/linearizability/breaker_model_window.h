// The window of breaker_model.h: what it holds, and when it trips.
#ifndef SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_MODEL_WINDOW_H_
#define SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_MODEL_WINDOW_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "spillway/breaker/circuit_breaker_settings.h"

namespace spillway::testing {

struct ModelWindow {
  uint64_t failed = 0;
  uint64_t total = 0;
  uint64_t strays = 0;    // places held by calls of generations that are over
  uint64_t opened = 0;    // a call of its own generation has been counted
  uint64_t outcomes = 1;  // of a window that forgets: a bit a call behind a leading 1

  friend bool operator==(const ModelWindow&, const ModelWindow&) = default;
};

class ModelWindowRule {
 public:
  explicit ModelWindowRule(const CircuitBreakerSettings& settings) : settings_(settings) {}

  bool by_rate() const {
    return settings_.window_kind == WindowKind::kTime ||
           settings_.window_kind == WindowKind::kCount;
  }
  // In calls; 0 for a window of time.
  uint64_t size() const {
    if (settings_.window_kind == WindowKind::kTime) return 0;
    const bool consecutive = settings_.window_kind == WindowKind::kConsecutive;
    return static_cast<uint64_t>(consecutive ? settings_.window_failures : settings_.window_size);
  }
  bool in_one_word() const { return size() != 0 && size() <= 30; }
  bool in_many_words() const { return size() > 30; }
  uint64_t Minimum() const {
    const auto least = static_cast<uint64_t>(settings_.min_calls);
    return size() == 0 ? least : std::min(least, size());
  }

  void Add(ModelWindow* window, bool failed) const {
    window->failed += failed;
    if (in_one_word()) {
      const bool full = window->total == size();
      const uint64_t oldest = full ? window->outcomes >> (size() - 1) & 1 : 0;
      window->failed -= oldest;
      window->outcomes = (window->outcomes << 1 | failed);
      if (!full) {
        ++window->total;
      } else {
        const uint64_t leading = uint64_t{1} << size();
        window->outcomes = leading | (window->outcomes & (leading - 1));
      }
    } else {
      ++window->total;  // bursts are shorter than the windows
    }
  }

  // As far as whoever empties it can see: a window of time shows no outcomes before a call of its
  // own has begun a bucket.
  bool LooksEmpty(const ModelWindow& window) const {
    return size() == 0 ? window.opened == 0 : window.total == 0;
  }

  bool Trips(uint64_t failed, uint64_t total) const {
    if (!by_rate()) return failed >= static_cast<uint64_t>(settings_.window_failures);
    return total >= Minimum() &&
           static_cast<double>(failed) >= settings_.failure_rate * static_cast<double>(total);
  }

  // How many of so many probes must fail to open again.
  uint64_t FatalProbes(uint64_t whole) const {
    const double share = by_rate() ? settings_.failure_rate : 0;
    return std::max<uint64_t>(
        1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(whole) - 1e-9)));
  }

 private:
  CircuitBreakerSettings settings_;
};

}  // namespace spillway::testing

#endif  // SPILLWAY_TESTS_LINEARIZABILITY_BREAKER_MODEL_WINDOW_H_
