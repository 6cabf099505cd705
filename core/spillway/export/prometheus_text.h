// Metrics as Prometheus reads them: the text exposition format, version 0.0.4. Serve it as
// kPrometheusContentType.
#ifndef SPILLWAY_EXPORT_PROMETHEUS_TEXT_H_
#define SPILLWAY_EXPORT_PROMETHEUS_TEXT_H_

#include <string>

#include "spillway/base/time.h"
#include "spillway/export/metric_set.h"

namespace spillway {

inline constexpr const char* kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

// What the set shows at that time; empty when it has no policy. Whole numbers are written in full
// and others with as many digits as bring back the same double, whatever the locale.
std::string PrometheusText(const MetricSet& metrics, Nanos now);

}  // namespace spillway

#endif  // SPILLWAY_EXPORT_PROMETHEUS_TEXT_H_
