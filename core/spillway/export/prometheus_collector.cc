#include "spillway/export/prometheus_collector.h"

#include <string>
#include <string_view>
#include <utility>

namespace spillway::prometheus {
namespace {

class FamilySink final : public MetricSink {
 public:
  void Family(const MetricFamily& family) override {
    const bool counter = family.type == MetricType::kCounter;
    families_.push_back(
        {.name = family.name,
         .help = family.help,
         .type = counter ? ::prometheus::MetricType::Counter : ::prometheus::MetricType::Gauge,
         .metric = {}});
  }

  void Sample(const MetricFamily& family, std::string_view name, std::string_view label_value,
              double value) override {
    ::prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label.push_back({.name = "name", .value = std::string(name)});
    if (*family.label != '\0') {
      metric.label.push_back({.name = family.label, .value = std::string(label_value)});
    }
    (family.type == MetricType::kCounter ? metric.counter.value : metric.gauge.value) = value;
  }

  std::vector<::prometheus::MetricFamily> Take() { return std::move(families_); }

 private:
  std::vector<::prometheus::MetricFamily> families_;
};

}  // namespace

std::vector<::prometheus::MetricFamily> Collector::Collect() const {
  FamilySink sink;
  metrics_.Read(clock_(), &sink);
  return sink.Take();
}

}  // namespace spillway::prometheus
