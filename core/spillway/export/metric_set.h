// The policies that are exported together: their metrics are read at one time and grouped by
// family, as every exporter needs them.
//
//   spillway::MetricSet metrics;
//   metrics.Add(*breaker, &error);
//   std::string text = spillway::PrometheusText(metrics, spillway::SteadyNow());
//
// Thread safety: every method may be called from any thread. A lock guards the list of policies,
// and a scrape holds it; no call of a policy takes it. Only in a child of fork() is the set of no
// use, if another thread was calling it at that moment.
#ifndef SPILLWAY_EXPORT_METRIC_SET_H_
#define SPILLWAY_EXPORT_METRIC_SET_H_

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spillway/base/error.h"
#include "spillway/base/time.h"
#include "spillway/telemetry/metric.h"

// The tables of what can be added.
#include "spillway/breaker/circuit_breaker_metrics.h"
#include "spillway/concurrency/adaptive_limiter_metrics.h"
#include "spillway/concurrency/bulkhead_metrics.h"
#include "spillway/concurrency/client_throttle_metrics.h"
#include "spillway/limiter/keyed_limiter_metrics.h"
#include "spillway/limiter/leaky_bucket_metrics.h"
#include "spillway/limiter/multi_limiter_metrics.h"
#include "spillway/limiter/sliding_window_limiter_metrics.h"
#include "spillway/limiter/token_bucket_metrics.h"

namespace spillway {

// Where samples go. All samples of a family come one after the other.
class MetricSink {
 public:
  virtual ~MetricSink() = default;
  // Comes before its first sample; a family that has no sample now does not come at all.
  virtual void Family(const MetricFamily& family) = 0;
  // `name` is UTF-8; `label_value` is empty where the family has no label of its own.
  virtual void Sample(const MetricFamily& family, std::string_view name,
                      std::string_view label_value, double value) = 0;
};

class MetricSet {
 public:
  // Adds a borrowed policy: it must live until Remove has returned, or longer than the set. False,
  // with `error` (may be null) filled and nothing changed, when it has no name or when the set has
  // a policy of its kind and name: two series of one name and one set of labels make a scrape
  // invalid.
  template <class Policy>
  bool Add(const Policy& policy, Error* error) {
    return AddSource(MetricSourceOf(policy), error);
  }

  // The same for what brings its own owner.
  bool AddSource(const MetricSource& source, Error* error);

  // Takes a policy out; once this has returned, no scrape reads it. False: it was not there.
  bool Remove(const void* policy);

  // What every policy shows at that time: families in the order of their tables, in each the
  // policies in the order of their names.
  void Read(Nanos now, MetricSink* sink) const;

 private:
  // The policies of one noun, by their names as exported.
  struct Group {
    std::span<const MetricFamily> families;
    std::map<std::string, MetricSource> sources;
  };

  Group* GroupOf(std::span<const MetricFamily> families);
  static void ReadGroup(const Group& group, Nanos now, MetricSink* sink);

  mutable std::mutex mutex_;
  std::vector<Group> groups_;
};

}  // namespace spillway

#endif  // SPILLWAY_EXPORT_METRIC_SET_H_
