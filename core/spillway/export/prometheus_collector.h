// Spillway's metrics in a program that exports with prometheus-cpp.
//
//   auto collector = std::make_shared<spillway::prometheus::Collector>();
//   collector->Add(*breaker, &error);
//   exposer.RegisterCollectable(collector);
#ifndef SPILLWAY_EXPORT_PROMETHEUS_COLLECTOR_H_
#define SPILLWAY_EXPORT_PROMETHEUS_COLLECTOR_H_

#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "spillway/base/error.h"
#include "spillway/base/time.h"
#include "spillway/export/metric_set.h"

namespace spillway::prometheus {

// A scrape reads each policy's snapshot: counting stays in the policies, off the way of every
// request. Thread safety: that of MetricSet.
class Collector final : public ::prometheus::Collectable {
 public:
  // `clock` gives the time that the policies are asked with; for those of a clock of their own.
  explicit Collector(Nanos (*clock)() = SteadyNow) : clock_(clock) {}

  // As MetricSet::Add: the policy is borrowed, and must be removed before it dies unless it lives
  // longer than the collector. Of two policies of a kind and name, the second is refused.
  template <class Policy>
  bool Add(const Policy& policy, Error* error) {
    return metrics_.Add(policy, error);
  }

  // Once this has returned, no scrape reads the policy. False: it was not there.
  template <class Policy>
  bool Remove(const Policy& policy) {
    return metrics_.Remove(&policy);
  }

  std::vector<::prometheus::MetricFamily> Collect() const override;

 private:
  Nanos (*clock_)();
  MetricSet metrics_;
};

}  // namespace spillway::prometheus

#endif  // SPILLWAY_EXPORT_PROMETHEUS_COLLECTOR_H_
