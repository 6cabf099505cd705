"""The installed wheel: where it comes from, what its module links and shows, and its version."""

import importlib.metadata
import re
import subprocess
from pathlib import Path

import spillway
from spillway import _core

ROOT = Path(__file__).resolve().parents[2]


def tool(*command: str) -> str:
    return subprocess.run(
        [*command, _core.__file__], capture_output=True, text=True, check=True
    ).stdout


def test_the_package_is_the_installed_one() -> None:
    assert not Path(spillway.__file__).is_relative_to(ROOT / "bindings")


def test_the_module_links_no_abseil() -> None:
    needed = re.findall(r"Shared library: \[(.+)\]", tool("readelf", "-d"))
    assert any(name.startswith("libc.so") for name in needed)
    assert [name for name in needed if "absl" in name] == []


def test_the_module_shows_only_its_entry() -> None:
    shown = [line.split()[-1] for line in tool("nm", "-D", "--defined-only").splitlines()]
    assert shown == ["PyInit__core"]


def test_the_version_is_that_of_the_build() -> None:
    listing = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    version = re.search(r"VERSION (\d+\.\d+\.\d+)", listing)
    assert version is not None
    assert importlib.metadata.version("spillway") == version[1]
