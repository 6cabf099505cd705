"""What the metrics of a table must keep to: Prometheus' rules for names and types, and our own."""

import re

from .tables import Metric, Noun, Sample, SnapshotField, need

HELP_WIDTH = 80
SHOWN = ("choice", "count", "total", "balance", "rate", "time")
UNITS = {"rate": "ratio", "time": "seconds"}  # Snapshot type -> the base unit that ends the name.
NOT_BASE_UNITS = "ns|us|ms|nanoseconds|microseconds|milliseconds|minutes|hours|percent|rate"


def check_metrics(noun: Noun, where: str) -> None:
    families = {metric.name: metric for metric in noun.metrics}
    for field in noun.snapshot:
        check_field(field, families, f"{where}: {field.name}")
    for metric in noun.metrics:
        check_family(metric, noun.samples(metric), f"{where}: {metric.name}")


def check_field(field: SnapshotField, families: dict[str, Metric], where: str) -> None:
    if not field.metric:
        need(not field.label, where, "label is given, but no metric")
        return
    metric = families.get(field.metric)
    need(metric, where, f"metric is {field.metric!r}; there is {', '.join(families)}")
    assert metric is not None
    need(field.type in SHOWN, where, f"a {field.type} is no metric; {', '.join(SHOWN)} are")
    named = metric.label != "" and not field.choice
    need(named or not field.label, where, f"label is {field.label!r}, but nothing asks for it")
    need(field.label or not named, where, f"label must be given, the value of {metric.label!r}")


def check_family(metric: Metric, samples: list[Sample], where: str) -> None:
    need(len(metric.doc) <= HELP_WIDTH, where, f"doc is longer than {HELP_WIDTH} characters")
    need(samples, where, "no snapshot field has this metric")
    check_labels(metric, samples, where)
    kinds = {sample.field.type for sample in samples}
    need(len(kinds) == 1, where, f"its snapshot fields are of types {', '.join(sorted(kinds))}")
    check_unit(metric, kinds.pop(), where)
    good = metric.type in ("counter", "gauge")
    need(good, where, f"type is {metric.type!r}; it must be counter or gauge")
    counter = metric.type == "counter"
    good = metric.name.endswith("_total") == counter
    need(good, where, "a counter's name ends in _total, and no other's does")
    for field in (sample.field for sample in samples):
        good = (field.type == "total" and field.name.startswith("total_")) == counter
        text = f"{field.name} must be a total called total_* for a counter, and none for a gauge"
        need(good, where, text)


def check_labels(metric: Metric, samples: list[Sample], where: str) -> None:
    need(metric.label != "name", where, "the label 'name' is there already, with the object's name")
    values = [sample.label for sample in samples]
    for text in (metric.label, *values):
        good = re.fullmatch(r"([a-z][a-z0-9]*(_[a-z0-9]+)*)?", text)
        need(good, where, f"label is {text!r}; it must be small letters, digits and single _")
    need(len(set(values)) == len(values), where, f"two samples have one label: {values}")
    need(metric.label or values == [""], where, f"label must be given for the values {values}")


def check_unit(metric: Metric, kind: str, where: str) -> None:
    words = metric.name.removesuffix("_total").rsplit("_", 1)
    unit = UNITS.get(kind)
    good = words[-1] == unit if unit else words[-1] not in UNITS.values()
    text = f"the name must end in _{unit}, the base unit" if unit else f"it holds no {words[-1]}"
    need(good, where, text)
    found = re.search(rf"(^|_)({NOT_BASE_UNITS})(_|$)", metric.name)
    need(not found, where, "the name must not hold a unit that is no base unit")
