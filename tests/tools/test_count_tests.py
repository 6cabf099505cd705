"""tools/count_tests on the JUnit files that CTest and pytest write."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "count_tests"

CTEST = """<testsuite>
<testcase name="A.Pass" classname="A.Pass" status="run"><system-out>ok</system-out></testcase>
<testcase name="A.Skip" classname="A.Skip" status="notrun">
<skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/><system-out>[ RUN      ] A.Skip
a_test.cc:5: Skipped
no huge pages here
[  SKIPPED ] A.Skip (0 ms)
</system-out></testcase>
<testcase name="A.Off" classname="A.Off" status="disabled"><disabled message=""/></testcase>
</testsuite>"""
CTEST_FAILED = """<testsuite>
<testcase name="A.Crash" classname="A.Crash" status="fail"><failure message=""/></testcase>
<testcase name="A.Gone" classname="A.Gone" status="notrun">
<skipped message="Unable to find executable"/></testcase>
</testsuite>"""
PYTEST = """<testsuites><testsuite>
<testcase classname="test_x" name="test_a"/>
<testcase classname="test_x" name="test_s"><skipped message="no fork"/></testcase>
<testcase classname="test_x" name="test_e"><error message="on teardown"/></testcase>
</testsuite></testsuites>"""


def count(tmp_path: Path, *parts: tuple[str, int, str | None]) -> subprocess.CompletedProcess[str]:
    arguments = []
    for name, status, xml in parts:
        file = tmp_path / f"{name}.xml"
        if xml is not None:
            file.write_text(xml, encoding="utf-8")
        arguments.append(f"{name}:{status}:{file}")
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_green_run_names_each_skip(tmp_path: Path) -> None:
    result = count(tmp_path, ("release", 0, CTEST), ("again", 0, CTEST))
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        "skipped: release: A.Skip: no huge pages here",
        "skipped: release: A.Off: disabled in the source",
    ]
    assert lines[-1] == "2 passed, 0 failed, 4 skipped"


def test_failures_crashes_and_what_could_not_start_count(tmp_path: Path) -> None:
    result = count(tmp_path, ("c", 8, CTEST_FAILED), ("python", 1, PYTEST))
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "failed: c: A.Crash: see its output above",
        "failed: c: A.Gone: Unable to find executable",
        "skipped: python: test_x.test_s: no fork",
        "failed: python: test_x.test_e: on teardown",
        "1 passed, 3 failed, 1 skipped",
    ]


@pytest.mark.parametrize(
    ("status", "xml"),
    [(139, None), (1, "<testsuite>"), (0, "<testsuites/>"), (2, CTEST)],
    ids=["no file", "cut file", "no tests", "all passed but the part failed"],
)
def test_a_part_that_ends_badly_counts_as_one_failure(
    tmp_path: Path, status: int, xml: str | None
) -> None:
    result = count(tmp_path, ("good", 0, CTEST), ("bad", status, xml))
    assert result.returncode == 1
    assert f"failed: bad: exit status {status}" in result.stdout
    assert ", 1 failed, " in result.stdout.splitlines()[-1]


def test_no_part_is_no_success(tmp_path: Path) -> None:
    result = count(tmp_path)
    assert (result.returncode, result.stdout) == (1, "0 passed, 0 failed, 0 skipped\n")
