"""tools/check_symbols on small objects: what the hot path may need passes, the rest is named."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_symbols"


def compiled(folder: Path, name: str, source: str) -> Path:
    """An object named as CMake names it."""
    output = folder / f"{name}.o"
    command = ["c++", "-std=c++20", "-O2", "-fPIC", "-c", "-x", "c++", "-", "-o", str(output)]
    subprocess.run(command, input=source, text=True, check=True)
    return output


def check(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_accepts_what_the_hot_path_may_need(tmp_path: Path) -> None:
    source = """#include <time.h>
    long Now() noexcept { timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_nsec; }"""
    result = check(compiled(tmp_path, "a.cc", source))
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("source", "symbol"),
    [
        ("#include <cstdlib>\nvoid* F() { return std::malloc(64); }", "malloc"),
        ("int* F() { return new int[8]; }", "_Znam"),
        ("#include <mutex>\nstd::mutex m;\nvoid F() { m.lock(); }", "pthread_mutex_lock"),
        ("void F() { throw 1; }", "__cxa_throw"),
        ("int G();\nint F() { static int once = G(); return once; }", "__cxa_guard_acquire"),
        ("#include <unistd.h>\nint F() { return getpid(); }", "getpid"),
        (
            "struct S { ~S(); };\nint F() { thread_local S s; return 0; }",
            "__cxa_thread_atexit",
        ),
    ],
)
def test_names_each_symbol_that_is_not_allowed(tmp_path: Path, source: str, symbol: str) -> None:
    result = check(compiled(tmp_path, "a.cc", source))
    assert result.returncode == 1
    assert f"a.cc needs {symbol}, which is not allowed on the hot path" in result.stderr


def test_a_symbol_may_be_allowed_for_one_source_only(tmp_path: Path) -> None:
    source = 'struct S { ~S() { asm volatile(""); } };\nint F() { thread_local S s; return 0; }'
    assert check(compiled(tmp_path, "thread_slot.cc", source)).returncode == 0
    assert check(compiled(tmp_path, "other.cc", source)).returncode == 1


def test_symbols_of_the_project_must_come_from_a_checked_object(tmp_path: Path) -> None:
    user = compiled(tmp_path, "user.cc", "int Own();\nint F() { return Own(); }")
    assert "user.cc needs _Z3Ownv" in check(user).stderr
    maker = compiled(tmp_path, "maker.cc", "int Own() { return 1; }")
    assert check(user, maker).returncode == 0
    allocating = compiled(tmp_path, "maker.cc", "int* Own() { return new int(1); }")
    assert "maker.cc needs _Znwm" in check(user, allocating).stderr


def test_each_allowed_symbol_has_a_reason(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed.txt"
    allowed.write_text("malloc *\n", encoding="utf-8")
    empty = compiled(tmp_path, "a.cc", "int a;")
    result = check(empty, "--allowed", allowed)
    assert result.returncode == 2
    assert "allowed.txt:1: not `symbol source reason`: malloc *" in result.stderr


def test_says_when_an_object_cannot_be_read(tmp_path: Path) -> None:
    result = check(tmp_path / "missing.o")
    assert result.returncode == 2
    assert "missing.o" in result.stderr
