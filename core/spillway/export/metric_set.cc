#include "spillway/export/metric_set.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "spillway/export/utf8.h"

namespace spillway {

bool MetricSet::AddSource(const MetricSource& source, Error* error) {
  if (source.name.empty()) {
    SetError(error, StatusCode::kInvalidArgument, "it has no name; what is exported must have one");
    return false;
  }
  // As exported: two names that differ in bytes that are no UTF-8 may come to the same.
  std::string name = ToUtf8(source.name);
  const std::lock_guard lock(mutex_);
  auto& sources = GroupOf(source.families)->sources;
  const auto [place, is_new] = sources.try_emplace(std::move(name), source);
  if (!is_new) {
    SetError(error, StatusCode::kInvalidArgument,
             "name is \"%s\"; one of its kind has that name already, and a scrape needs each once",
             place->first.c_str());
  }
  return is_new;
}

bool MetricSet::Remove(const void* policy) {
  std::map<std::string, MetricSource>::node_type removed;  // freed without the lock
  const std::lock_guard lock(mutex_);
  for (Group& group : groups_) {
    for (auto place = group.sources.begin(); place != group.sources.end(); ++place) {
      if (place->second.object.get() != policy) continue;
      removed = group.sources.extract(place);
      return true;
    }
  }
  return false;
}

void MetricSet::Read(Nanos now, MetricSink* sink) const {
  const std::lock_guard lock(mutex_);
  for (const Group& group : groups_) ReadGroup(group, now, sink);
}

// By name: each shared object of a program may have a table of its own.
MetricSet::Group* MetricSet::GroupOf(std::span<const MetricFamily> families) {
  const std::string_view first = families.front().name;
  for (Group& group : groups_) {
    if (group.families.front().name == first) return &group;
  }
  return &groups_.emplace_back(Group{.families = families, .sources = {}});
}

void MetricSet::ReadGroup(const Group& group, Nanos now, MetricSink* sink) {
  std::vector<double> samples;
  for (const auto& [name, source] : group.sources) source.read(source.object.get(), now, &samples);
  if (samples.empty()) return;
  const size_t step = samples.size() / group.sources.size();
  const double* of_family = samples.data();
  for (const MetricFamily& family : group.families) {
    bool is_first = true;
    const double* of_source = of_family;
    for (const auto& [name, source] : group.sources) {
      const double* sample = of_source;
      for (const char* label_value : family.label_values) {
        const double value = *sample++;
        if (std::isnan(value)) continue;
        if (is_first) sink->Family(family);
        is_first = false;
        sink->Sample(family, name, label_value, value);
      }
      of_source += step;
    }
    of_family += family.label_values.size();
  }
}

}  // namespace spillway
