"""tools/generate on a copy of the tables: a bad table is named, an edited output is caught."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "generate"
TABLE = "schema/circuit_breaker.toml"
C_API = "bindings/c/include/spillway/c_api.h"
DOCS = "docs/circuit_breaker.md"
PACKAGE = "bindings/python/spillway/_schema"
PYTHON = f"{PACKAGE}/circuit_breaker.py"
METRICS_PAGE = "docs/metrics.md"
METRICS = "core/spillway/breaker/circuit_breaker_metrics.h"
SETTINGS = "core/spillway/breaker/circuit_breaker_settings.h"


def outputs_of(noun: str, folder: str) -> list[str]:
    return [
        f"docs/{noun}.md",
        f"core/spillway/{folder}/{noun}_settings.h",
        f"core/spillway/{folder}/{noun}_options.h",
        f"core/spillway/{folder}/{noun}_metrics.h",
        f"bindings/c/src/generated/{noun}.h",
        f"{PACKAGE}/{noun}.py",
        f"tests/support/generated/{noun}_vectors.h",
    ]


SHARED = [C_API, METRICS_PAGE, f"{PACKAGE}/__init__.py"]
"""What holds something of every noun."""
OUTPUTS = [*SHARED, *outputs_of("circuit_breaker", "breaker")]
OTHERS = {
    "adaptive_limiter": "concurrency",
    "bulkhead": "concurrency",
    "client_throttle": "concurrency",
    "keyed_limiter": "limiter",
    "leaky_bucket": "limiter",
    "multi_limiter": "limiter",
    "sliding_window_limiter": "limiter",
    "token_bucket": "limiter",
}
"""The folder of each other noun: nothing of theirs may change."""


def generate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), "--root", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) > 0, f"{path} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tables and their outputs, up to date."""
    names = [TABLE, *OUTPUTS]
    for noun, folder in OTHERS.items():
        names += [f"schema/{noun}.toml", *outputs_of(noun, folder)]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_committed_outputs_are_up_to_date() -> None:
    result = generate(ROOT, "--check")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_second_run_writes_nothing(tree: Path) -> None:
    edit(tree / TABLE, "default = 20", "default = 30")
    first = generate(tree)
    assert first.returncode == 0
    with_defaults = {C_API, DOCS, PYTHON, SETTINGS}
    assert set(first.stdout.splitlines()) == {f"wrote {name}" for name in with_defaults}
    second = generate(tree)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


@pytest.mark.parametrize("name", OUTPUTS)
def test_check_catches_an_edited_output(tree: Path, name: str) -> None:
    before = (tree / name).read_text(encoding="utf-8")
    old = {
        METRICS: "window_calls",
        METRICS_PAGE: "window_calls",
        f"{PACKAGE}/__init__.py": "circuit breaker",
    }.get(name, "window_failures")
    edit(tree / name, old, "window_errors")
    edited = (tree / name).read_text(encoding="utf-8")
    result = generate(tree, "--check")
    assert result.returncode == 1
    assert name in result.stderr
    assert any(
        line.startswith("-") and "window_errors" in line for line in result.stdout.split("\n")
    )
    assert (tree / name).read_text(encoding="utf-8") == edited, "--check must not write"
    assert generate(tree).returncode == 0
    assert (tree / name).read_text(encoding="utf-8") == before


@pytest.mark.parametrize("name", [n for n in OUTPUTS if n not in (C_API, METRICS_PAGE)])
def test_a_missing_output_is_caught_and_made(tree: Path, name: str) -> None:
    (tree / name).unlink()
    assert name in generate(tree, "--check").stderr
    assert generate(tree).returncode == 0
    assert generate(tree, "--check").returncode == 0


@pytest.mark.parametrize("name", [C_API, DOCS])
def test_what_is_written_by_hand_stays(tree: Path, name: str) -> None:
    path = tree / name
    text = path.read_text(encoding="utf-8")
    path.write_text("by hand, before\n" + text + "by hand, after\n", encoding="utf-8")
    edit(tree / TABLE, "Hystrix (20)", "Somebody else")
    assert generate(tree).returncode == 0
    written = path.read_text(encoding="utf-8")
    assert written.startswith("by hand, before\n")
    assert written.endswith("by hand, after\n")
    assert "Somebody else" in written


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        (C_API, "/* generated: begin circuit_breaker options */"),
        (C_API, "/* generated: end circuit_breaker snapshot */"),
        (DOCS, "<!-- generated: begin rejections -->"),
        (METRICS_PAGE, "<!-- generated: end circuit_breaker metrics -->"),
    ],
)
def test_a_lost_mark_is_named(tree: Path, name: str, mark: str) -> None:
    edit(tree / name, mark, "")
    result = generate(tree)
    assert result.returncode == 2
    assert f"{name}: must have one line {mark!r}, has 0" in result.stderr


BAD_TABLES = [
    ('noun = "circuit_breaker"', 'noun = "breaker"', "noun is 'breaker'"),
    ('folder = "breaker"', "", "folder must be given"),
    ('folder = "breaker"', 'folder = "breaker"\nextra = 1', "unknown key extra"),
    ('folder = "breaker"', "folder = 3", "folder is 3; it must be a value of type str"),
    ('folder = "breaker"', "folder = ", "Invalid value"),
    ("default = 20", "default = 0", "min_calls: default is 0; it must be 1 to 100000000"),
    ("default = 20", "default = 20.0", "min_calls: default is 20.0; it must be a count"),
    ("default = 20", "", "min_calls: default must be given"),
    ("default = 10.0", "default = 10.0000000001", "must be whole nanoseconds"),
    ("default = 10.0", "default = true", "window: default is True; it must be a duration"),
    ("default = 10.0", "default = nan", "window: default is nan; it must be a duration"),
    ("default = 10.0", "default = inf", "window: default is inf; it must be a duration"),
    ("max = 128", "max = 1", "buckets: min is 1; it must be below max, which is 1"),
    ("max = 128\n", "", "buckets: max is None; it must be a count"),
    ('zero = "off: no call', 'minimum = 1\nzero = "off: no call', "slow_call: unknown key minimum"),
    ("min = 0.0\n", 'min = 0.0\nzero = "none"\n', "jitter: zero is given, but 0 lies in the range"),
    ("default = false", "default = 0", "in_flight: default is 0; it must be false"),
    ("default = false", "default = false\nmin = 0", "in_flight: a flag has no min and max"),
    ('type = "flag"', 'type = "flags"', "in_flight: type is 'flags'; it must be one of duration"),
    ('type = "flag"', 'type = "flag"\nchoice = "state"', "in_flight: a flag has no choice"),
    ('choice = "window_kind"', 'choice = "kind"', "window_kind: choice is 'kind'; there is"),
    ('default = "time"', 'default = "size"', "window_kind: default is 'size'; it must be time"),
    ('default = "closed"', 'default = "open"', "initial_state: default is 'open'"),
    ('allowed = ["closed"', 'allowed = ["shut"', "initial_state: allowed has 'shut'"),
    ('name = "buckets"', 'name = "Buckets"', "the name 'Buckets' must be small letters"),
    ('name = "buckets"', 'name = "window"', "window is there twice"),
    ('name = "open", value = 1', 'name = "open", value = 0', "two values have one number"),
    ('name = "open", value = 1', 'name = "closed", value = 1', "closed is there twice"),
    ('name = "open", value = 1', 'name = "open"', "choice state: value must be given"),
    ('doc = "The kind of', 'doc = "The | kind of', "it must have no"),
    ('type = "flag"', 'type = "flag"\nmetric = "state"', "in_flight: unknown key metric"),
]

CALLS = 'name = "calls_total"'
SUCCESSES = 'metric = "calls_total"\nlabel = "success"'
BAD_METRICS = [
    (
        SUCCESSES,
        'metric = "calls"\nlabel = "success"',
        "total_successes: metric is 'calls'; there is",
    ),
    (SUCCESSES, 'label = "success"', "total_successes: label is given, but no metric"),
    (
        SUCCESSES,
        'metric = "calls_total"',
        "total_successes: label must be given, the value of 'outc",
    ),
    (SUCCESSES, SUCCESSES.replace("success", "failure"), "calls_total: two samples have one label"),
    (
        SUCCESSES,
        SUCCESSES.replace("success", "Success"),
        "calls_total: label is 'Success'; it must",
    ),
    (CALLS, 'name = "calls"', "metric is 'calls_total'; there is"),
    (CALLS, 'name = "rejected_calls_total"', "rejected_calls_total is there twice"),
    (
        f'{CALLS}\ntype = "counter"',
        f'{CALLS}\ntype = "gauge"',
        "calls_total: a counter's name ends",
    ),
    (f'{CALLS}\ntype = "counter"', f'{CALLS}\ntype = "summary"', "it must be counter or gauge"),
    (
        'metric = "probes_total"',
        'metric = "state"\nlabel = "x"',
        "state: its snapshot fields are of",
    ),
    ('metric = "probes_total"\n', "", "probes_total: no snapshot field has this metric"),
    ('metric = "probes_total"', 'metric = "probes_total"\nlabel = "x"', "but nothing asks for it"),
    ('metric = "state"', 'metric = "state"\nlabel = "x"', "label is 'x', but nothing asks for it"),
    ('label = "state"', 'label = "name"', "state: the label 'name' is there already"),
    ('label = "state"', 'label = "The state"', "state: label is 'The state'; it must be"),
    ('label = "state"\n', "", "state: label must be given for the values"),
    ('"generation"\n', '"generation"\nmetric = "state"\n', "generation: a number is no metric"),
    ("Calls that were refused.", "x" * 81, "rejected_calls_total: doc is longer than 80"),
]
RENAMED = [
    ("time_to_half_open_seconds", "time_to_half_open", "must end in _seconds, the base unit"),
    ("time_to_half_open_seconds", "time_to_half_open_ms", "must end in _seconds, the base unit"),
    ("failure_ratio", "failure_rate", "must end in _ratio, the base unit"),
    ("half_open_probes", "half_open_probes_seconds", "it holds no seconds"),
    ("half_open_probes", "half_open_ms_probes", "must not hold a unit that is no base unit"),
    ("half_open_probes", "half_open_probes_total", "for a counter, and none for a gauge"),
    ("window_calls", "window_calls_total", "for a counter, and none for a gauge"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD_TABLES)
def test_a_bad_table_is_refused(tree: Path, old: str, new: str, message: str) -> None:
    edit(tree / TABLE, old, new)
    before = {name: (tree / name).read_text(encoding="utf-8") for name in OUTPUTS}
    result = generate(tree)
    assert result.returncode == 2
    assert result.stderr.startswith("tools/generate: schema/circuit_breaker.toml: ")
    assert message in result.stderr
    assert {name: (tree / name).read_text(encoding="utf-8") for name in OUTPUTS} == before


@pytest.mark.parametrize(("old", "new", "message"), BAD_METRICS)
def test_a_bad_metric_is_refused(tree: Path, old: str, new: str, message: str) -> None:
    edit(tree / TABLE, old, new)
    result = generate(tree)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.parametrize(("old", "new", "message"), RENAMED)
def test_a_bad_name_of_a_metric_is_refused(tree: Path, old: str, new: str, message: str) -> None:
    table = (tree / TABLE).read_text(encoding="utf-8")
    table = table.replace(f'name = "{old}"', f'name = "{new}"')
    table = table.replace(f'metric = "{old}"', f'metric = "{new}"')
    if new.endswith("_total"):
        head = f'name = "{new}"\ntype = '
        table = table.replace(f'{head}"gauge"', f'{head}"counter"')
    (tree / TABLE).write_text(table, encoding="utf-8")
    result = generate(tree)
    assert result.returncode == 2
    assert f"{new}: " in result.stderr
    assert message in result.stderr


SECOND_NOUN = """
noun = "gate"
title = "Gate"
folder = "limiter"

[[option]]
name = "burst"
type = "count"
min = 1
max = 9
default = 3
source = "Spillway"
doc = "How many at once."

[[metric]]
name = "passed_total"
type = "counter"
doc = "Calls that passed."

[[snapshot]]
name = "total_passed"
type = "total"
metric = "passed_total"
doc = "How many passed."
"""


def test_a_second_noun_stands_beside_the_first(tree: Path) -> None:
    (tree / "schema" / "gate.toml").write_text(SECOND_NOUN, encoding="utf-8")
    marks = [
        f"/* generated: {edge} gate {part} */\n"
        for part in ("constants", "options", "snapshot")
        for edge in ("begin", "end")
    ]
    with (tree / C_API).open("a", encoding="utf-8") as file:
        file.writelines(marks)
    with (tree / METRICS_PAGE).open("a", encoding="utf-8") as file:
        file.writelines(f"<!-- generated: {edge} gate metrics -->\n" for edge in ("begin", "end"))
    result = generate(tree)
    assert (result.returncode, result.stderr) == (0, "")
    header = (tree / "core/spillway/limiter/gate_settings.h").read_text(encoding="utf-8")
    assert "  int32_t burst = 3;" in header
    assert "SPILLWAY_GATE_OPTIONS_INIT" in (tree / C_API).read_text(encoding="utf-8")
    metrics = (tree / "core/spillway/limiter/gate_metrics.h").read_text(encoding="utf-8")
    assert '"spillway_gate_passed_total"' in metrics
    assert "spillway_gate_passed_total" in (tree / METRICS_PAGE).read_text(encoding="utf-8")
    assert "class GateSnapshot(Snapshot):" in (tree / PACKAGE / "gate.py").read_text(
        encoding="utf-8"
    )
    package = (tree / PACKAGE / "__init__.py").read_text(encoding="utf-8")
    assert '    "gate": gate.METRICS,\n' in package
    assert '    "circuit breaker": circuit_breaker.METRICS,\n' in package


@pytest.mark.parametrize(("title", "phrase"), [("Gate", "a gate"), ("Airlock", "an airlock")])
def test_a_noun_has_the_article_of_its_first_letter(tree: Path, title: str, phrase: str) -> None:
    edit(tree / TABLE, 'title = "Circuit breaker"', f'title = "{title}"')
    assert generate(tree).returncode == 0
    for name in (C_API, PYTHON, SETTINGS):
        assert f"What {phrase} holds." in (tree / name).read_text(encoding="utf-8")
    for name in (C_API, SETTINGS):
        assert f"The options of {phrase}." in (tree / name).read_text(encoding="utf-8")


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The generated Python module, without the rest of the package."""
    monkeypatch.syspath_prepend(ROOT / Path(PACKAGE).parent)
    return importlib.import_module(f"{Path(PACKAGE).name}.circuit_breaker")


def test_python_options_are_those_of_the_table(schema: ModuleType) -> None:
    options = {option.name: option for option in schema.OPTIONS}
    assert (options["window"].default, options["window"].fixed) == (10.0, True)
    assert (options["jitter"].minimum, options["jitter"].maximum) == (0.0, 1.0)
    assert options["ramp"].zero == "off: a close admits everything at once"
    assert options["initial_state"].choices == ("closed", "forced_open", "disabled", "metrics_only")


def test_python_snapshot_gives_seconds_and_plain_values(schema: ModuleType) -> None:
    fields: dict[str, object] = dict.fromkeys(schema.CircuitBreakerSnapshot.__dataclass_fields__, 0)
    fields |= {
        "state": schema.State.OPEN,
        "failure_rate": None,
        "time_to_half_open_ns": 1_500_000_000,
    }
    snapshot = schema.CircuitBreakerSnapshot(**fields)
    assert snapshot.time_to_half_open == 1.5
    assert snapshot.as_dict() == fields
    assert json.loads(json.dumps(snapshot.as_dict()))["state"] == "open"
    with pytest.raises(AttributeError):
        snapshot.generation = 2
