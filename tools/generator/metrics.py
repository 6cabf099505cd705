"""core/spillway/<folder>/<noun>_metrics.h: the metric families, and their samples."""

from .cpp import braces
from .tables import Metric, Noun, Sample, camel
from .text import header


def labels_table(noun: Noun, metric: Metric) -> str:
    return f"k{noun.cpp}{camel(metric.name)}Labels"


def labels(noun: Noun, metric: Metric) -> str:
    values = ", ".join(f'"{sample.label}"' for sample in noun.samples(metric))
    return f"inline constexpr const char* {labels_table(noun, metric)}[] = {{\n    {values}}};"


def family(noun: Noun, metric: Metric) -> str:
    items = [
        f'.name = "{noun.family(metric)}"',
        f".type = MetricType::k{metric.type.capitalize()}",
        f'.help = "{metric.doc}"',
    ]
    if metric.label:
        items += [f'.label = "{metric.label}"', f".label_values = {labels_table(noun, metric)}"]
    return braces(items)


def value(sample: Sample) -> str:
    field = f"snapshot.{sample.field.member}"
    if sample.value:
        return f"{field} == {sample.field.cpp}::k{camel(sample.value.name)} ? 1.0 : 0.0"
    if sample.field.type == "rate":
        return f"RatioSample({field})"
    if sample.field.type == "time":
        return f"SecondsSample({field})"
    return f"static_cast<double>({field})"


def metrics_header(noun: Noun) -> str:
    samples = [sample for metric in noun.metrics for sample in noun.samples(metric)]
    tables = [labels(noun, metric) for metric in noun.metrics if metric.label]
    families = "\n".join(family(noun, metric) for metric in noun.metrics)
    values = "\n".join(f"        {value(sample)}," for sample in samples)
    snapshot = f"{noun.cpp}Snapshot"
    body = f"""\
namespace spillway {{

// clang-format off
{chr(10).join(tables)}
// clang-format on

inline constexpr MetricFamily k{noun.cpp}Metrics[] = {{
{families}
}};

template <>
struct Metrics<{snapshot}> {{
  static constexpr std::span<const MetricFamily> kFamilies = k{noun.cpp}Metrics;

  // In the order of the families and of their labels.
  static std::array<double, {len(samples)}> Samples(const {snapshot}& snapshot) {{
    // clang-format off
    return {{
{values}
    }};
    // clang-format on
  }}
}};

}}  // namespace spillway"""
    includes = f"""\
#include <array>
#include <span>

#include "spillway/{noun.folder}/{noun.noun}_settings.h"
#include "spillway/telemetry/metric.h\""""
    return header(f"SPILLWAY_{noun.folder}_{noun.noun}_METRICS_H_".upper(), noun, includes, body)
