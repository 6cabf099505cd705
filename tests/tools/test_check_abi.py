"""tools/check_abi on small libraries: the same symbols pass, each difference is shown."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_abi"


def library(folder: Path, source: str) -> Path:
    """A shared library with a version script like that of the C library."""
    script = folder / "library.map"
    script.write_text("SPILLWAY_0 { global: spillway_*; local: *; };\n", encoding="utf-8")
    output = folder / "library.so"
    command = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(output)]
    command.append(f"-Wl,--version-script={script}")
    subprocess.run(command, input=source, text=True, check=True)
    return output


def check(library: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    symbols = library.parent / "symbols.txt"
    command = [sys.executable, str(TOOL), str(library), "--symbols", str(symbols), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_writes_the_visible_symbols_sorted(tmp_path: Path) -> None:
    source = "int spillway_b; void spillway_a(void) {} void hidden(void) {}"
    assert check(library(tmp_path, source), "--write").returncode == 0
    assert (tmp_path / "symbols.txt").read_text(encoding="utf-8") == (
        "A SPILLWAY_0\nB spillway_b@@SPILLWAY_0\nT spillway_a@@SPILLWAY_0\n"
    )


def test_accepts_the_same_symbols(tmp_path: Path) -> None:
    check(library(tmp_path, "void spillway_a(void) {}"), "--write")
    result = check(library(tmp_path, "void spillway_a(void) {} static int other; int *o = &other;"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("void spillway_a(void) {} void spillway_b(void) {}", "+T spillway_b@@SPILLWAY_0\n"),
        ("void spillway_b(void) {}", "-T spillway_a@@SPILLWAY_0\n"),
        ("int spillway_a = 1;", "+D spillway_a@@SPILLWAY_0\n"),
    ],
)
def test_shows_each_difference(tmp_path: Path, source: str, line: str) -> None:
    check(library(tmp_path, "void spillway_a(void) {}"), "--write")
    result = check(library(tmp_path, source))
    assert result.returncode == 1
    assert line in result.stdout


def test_says_when_there_is_no_library(tmp_path: Path) -> None:
    result = check(tmp_path / "library.so")
    assert result.returncode == 2
    assert "No such file" in result.stderr
