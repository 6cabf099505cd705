// How a limit finds itself. Pure functions: no atomics, no clock.
#ifndef SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_RULE_H_
#define SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_RULE_H_

#include <algorithm>
#include <cstdint>

#include "spillway/concurrency/adaptive_limiter_settings.h"

namespace spillway {

// What a window says of the limit: the times are those of its calls on average, without a queue and
// now.
struct LimitRule {
  LimitAlgorithm algorithm;
  double tolerance;
  double smoothing;

  static constexpr double kBackoff = 0.9;    // of a window with drops
  static constexpr double kMostQueued = 4;   // Gradient2's
  static constexpr double kLeastStep = 0.5;  // no window asks for less of the limit, or for more
  static constexpr double kMostStep = 2;     // than this

  // The next limit, within no bounds, of a window that had half of the limit in flight.
  constexpr double Next(double limit, double baseline, double now) const {
    if (algorithm == LimitAlgorithm::kAimd) return limit + 1;
    const double wanted = algorithm == LimitAlgorithm::kVegas ? Vegas(limit, baseline, now)
                                                              : Gradient(limit, baseline, now);
    return Smoothed(limit, wanted);
  }

  static constexpr double AfterDrops(double limit) { return limit * kBackoff; }

  constexpr double Smoothed(double limit, double wanted) const {
    return (1 - smoothing) * limit + smoothing * wanted;
  }

  // So many calls that they take `tolerance` times as long as without a queue, and a few to wait: a
  // quarter of the limit, at most 4.
  constexpr double Gradient(double limit, double baseline, double now) const {
    const double step = std::clamp(tolerance * baseline / now, kLeastStep, kMostStep);
    return step * limit + std::min(limit / 4, kMostQueued);
  }

  // Between three and six times log10 of the limit wait.
  static constexpr double Vegas(double limit, double baseline, double now) {
    const double step = Log10(limit);
    const double waiting = limit * (1 - baseline / now);
    // Of whole calls, rounded up: `waiting` <= n says the same of n.
    if (waiting <= step) return limit + 6 * step;
    if (waiting <= 3 * step - 1) return limit + step;
    if (waiting > 6 * step) return limit - step;
    return limit;
  }

  // Rounded down, at least 1.
  static constexpr double Log10(double limit) {
    double log = 1;
    for (double power = 100; power <= limit; power *= 10) ++log;
    return log;
  }
};

}  // namespace spillway

#endif  // SPILLWAY_CONCURRENCY_ADAPTIVE_LIMITER_RULE_H_
