// Metrics as data: what a policy shows of its snapshot, for whatever exports it.
//
// A policy has a table of families, made by tools/generate from schema/, and is read through a
// MetricSource, which knows no type. So an exporter is written once for every policy.
#ifndef SPILLWAY_TELEMETRY_METRIC_H_
#define SPILLWAY_TELEMETRY_METRIC_H_

#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "spillway/base/time.h"

namespace spillway {

enum class MetricType { kCounter, kGauge };

inline constexpr const char* kNoLabel[] = {""};

// A family of one name. Every sample has the label `name`, which is the object's, and `label` where
// the family has one: a sample for each of its values.
struct MetricFamily {
  const char* name;
  MetricType type;
  const char* help;
  const char* label = "";
  std::span<const char* const> label_values = kNoLabel;
};

// In place of a sample that has no value at the moment.
inline constexpr double kNoSample = std::numeric_limits<double>::quiet_NaN();

// A rate of a snapshot, which is below 0 while it is undefined.
constexpr double RatioSample(double rate) { return rate < 0 ? kNoSample : rate; }

constexpr double SecondsSample(Nanos time) {
  return static_cast<double>(time) / static_cast<double>(kNanosPerSecond);
}

// The generated <noun>_metrics.h specialises this for the snapshot of the noun.
template <class Snapshot>
struct Metrics;

// An object whose metrics can be read.
struct MetricSource {
  std::shared_ptr<const void> object;  // Owned or borrowed.
  std::string_view name;               // The object's own, any bytes.
  std::span<const MetricFamily> families;
  // Adds the samples at that time to `samples`, in the order of the families and their labels.
  void (*read)(const void* object, Nanos now, std::vector<double>* samples);
};

// `owner` is the policy, or shares its life; null when the policy is borrowed.
template <class Policy>
MetricSource MetricSourceOf(const Policy& policy, std::shared_ptr<const void> owner = nullptr) {
  using Table = Metrics<decltype(policy.Snapshot(Nanos{}))>;
  return {.object = std::shared_ptr<const void>(std::move(owner), &policy),
          .name = policy.name(),
          .families = Table::kFamilies,
          .read = [](const void* object, Nanos now, std::vector<double>* samples) {
            const auto read = Table::Samples(static_cast<const Policy*>(object)->Snapshot(now));
            samples->insert(samples->end(), read.begin(), read.end());
          }};
}

}  // namespace spillway

#endif  // SPILLWAY_TELEMETRY_METRIC_H_
