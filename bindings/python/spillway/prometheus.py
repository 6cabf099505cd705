"""The metrics of the named policies, for prometheus_client. Needs spillway[prometheus].

import prometheus_client
import spillway.prometheus

prometheus_client.REGISTRY.register(spillway.prometheus.Collector())
"""

from __future__ import annotations

from collections.abc import Iterator

from ._registry import Registry
from ._registry import registry as _registry
from ._schema import METRICS
from ._schema.tables import MetricFamily

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector as _Collector
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "spillway.prometheus needs prometheus_client: pip install 'spillway[prometheus]'",
        name=error.name,
    ) from error

__all__ = ["Collector"]


class Collector(_Collector):
    """Shows every named policy that is alive when Prometheus asks; docs/metrics.md has the list.

    A scrape takes a snapshot of each policy. It holds none of them alive, and one may die or be
    made meanwhile. Thread-safe.
    """

    def __init__(self, registry: Registry = _registry) -> None:
        self._policies = registry

    def describe(self) -> Iterator[Metric]:
        """Every family, without samples: what a registry checks for names that are taken."""
        for families in METRICS.values():
            for family in families:
                yield _metric(family)

    def collect(self) -> Iterator[Metric]:
        """The families that have a sample now."""
        for noun, families in METRICS.items():
            snapshots = [
                (str(policy.name), policy.snapshot())
                for policy in self._policies
                if policy.noun == noun
            ]
            for family in families:
                metric = _metric(family)
                for name, snapshot in snapshots:
                    for label, read in family.samples:
                        if (value := read(snapshot)) is not None:
                            metric.add_metric([name, label] if family.label else [name], value)
                if metric.samples:
                    yield metric


def _metric(family: MetricFamily[object]) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if family.type == "counter" else GaugeMetricFamily
    labels = ["name", family.label] if family.label else ["name"]
    return kind(family.name, family.help, labels=labels)
