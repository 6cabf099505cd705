"""tools/check_layers on small trees: what may be included passes, each breach is named."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_layers"


def check(root: Path, **files: str) -> subprocess.CompletedProcess[str]:
    """Writes one include line into each file and runs the tool on the tree."""
    for name, included in files.items():
        write(root, name, included)
    command = [sys.executable, str(TOOL), "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write(root: Path, name: str, included: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"// A comment.\n#include {included}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "included"),
    [
        ("core/spillway/base/time.h", "<cstdint>"),
        ("core/spillway/base/time.cc", '"spillway/base/time.h"'),
        ("core/spillway/stats/window.h", '"spillway/sync/atomic.h"'),
        ("core/spillway/breaker/a.h", '"spillway/telemetry/event.h"'),
        ("core/spillway/balancer/a.h", '"spillway/breaker/a.h"'),
        ("core/spillway/breaker/a_options.h", '"absl/time/time.h"'),
        ("core/spillway/export/a.h", '"prometheus/collectable.h"'),
        ("core/spillway/export/a.h", "<mutex>"),
        ("core/spillway/spillway.h", '"spillway/breaker/a.h"'),
        ("core/spillway/spillway.h", '"absl/status/statusor.h"'),
    ],
)
def test_accepts_what_points_down(tmp_path: Path, source: str, included: str) -> None:
    result = check(tmp_path, **{source: included})
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("source", "included", "reason"),
    [
        ("core/spillway/base/time.h", '"spillway/sync/atomic.h"', "base is not above sync"),
        ("core/spillway/stats/a.h", '"spillway/breaker/a.h"', "stats is not above breaker"),
        ("core/spillway/breaker/a.h", '"spillway/limiter/b.h"', "breaker is not above limiter"),
        ("core/spillway/base/a.h", '"spillway/spillway.h"', "in no layer"),
        ("core/spillway/base/a.h", '"spillway/c_api.h"', "in no layer"),
        ("core/spillway/base/a.h", '"../sync/atomic.h"', "write the full path"),
        ("core/spillway/base/a.h", '"bindings/c/src/guard.h"', "knows no binding"),
        ("core/spillway/base/a.h", "<pybind11/pybind11.h>", "knows no binding"),
        ("core/spillway/breaker/a.h", '"absl/time/time.h"', "Abseil"),
        ("core/spillway/breaker/a.h", "<prometheus/counter.h>", "prometheus"),
        ("core/spillway/breaker/a.cc", "<mutex>", "never locks"),
        ("core/spillway/export/a.cc", "<condition_variable>", "never locks"),
        ("core/spillway/export/a.cc", "<thread>", "no thread"),
        ("core/spillway/breaker/a.cc", "<thread>", "no thread"),
        ("core/spillway/breaker/a.cc", "  <iostream>", "no input or output"),
        ("core/spillway/breaker/a.cc", "<sys/socket.h>", "opens no socket"),
        ("core/spillway/spillway.h", '"spillway/export/a.h"', "leaves the exporters out"),
        ("core/spillway/other/a.h", "<cstdint>", "in no layer"),
        ("core/other.h", "<cstdint>", "in no layer"),
    ],
)
def test_names_each_breach(tmp_path: Path, source: str, included: str, reason: str) -> None:
    result = check(tmp_path, **{source: included})
    assert result.returncode == 1
    assert result.stderr.startswith(f"{source}:")
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_binding_includes_the_core_and_itself_only(tmp_path: Path) -> None:
    write(tmp_path, "core/spillway/base/time.h", "<cstdint>")
    write(tmp_path, "bindings/c/include/spillway/c_api.h", "<stdint.h>")
    write(tmp_path, "bindings/c/src/guard.h", '"spillway/c_api.h"')
    write(tmp_path, "bindings/python/src/module.cc", "<pybind11/pybind11.h>")
    assert check(tmp_path, **{"bindings/c/src/a.cc": '"guard.h"'}).returncode == 0

    for included in ('"guard.h"', '"spillway/c_api.h"', '"../../c/src/guard.h"'):
        result = check(tmp_path, **{"bindings/python/src/module.cc": included})
        assert result.returncode == 1
        assert "bindings/python/src/module.cc:2" in result.stderr
        assert "belongs to bindings/c" in result.stderr


def test_an_empty_tree_is_an_error(tmp_path: Path) -> None:
    assert check(tmp_path).returncode == 1
