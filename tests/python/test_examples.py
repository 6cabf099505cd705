"""The examples in the docstrings, in README.md and the pages, and those that are programs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import runpy
from pathlib import Path

import pytest
import spillway as sw

ROOT = Path(__file__).resolve().parents[2]
NAMES = [found.name for found in pkgutil.iter_modules(sw.__path__)]
MODULES = ["spillway", *(f"spillway.{name}" for name in NAMES)]
NOUNS_WITH_PROGRAMS = [
    "adaptive_limiter",
    "bulkhead",
    "client_throttle",
    "keyed_limiter",
    "leaky_bucket",
    "multi_limiter",
    "sliding_window_limiter",
]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_examples_of_pages(page: Path) -> None:
    assert doctest.testfile(str(page), module_relative=False).failed == 0


@pytest.mark.parametrize(("language", "suffix"), [("c", "c"), ("cpp", "cc")])
@pytest.mark.parametrize("noun", NOUNS_WITH_PROGRAMS)
def test_what_a_page_shows_in_c_and_cpp_is_part_of_a_program(
    noun: str, language: str, suffix: str
) -> None:
    """To the letter: examples/CMakeLists.txt builds and runs the programs."""
    page = (ROOT / "docs" / f"{noun}.md").read_text(encoding="utf-8")
    shown = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    linked = re.findall(rf"\(\.\./(examples/\w+\.{suffix})\)", page)
    assert len(shown) == len(linked) == 1
    assert shown[0] in (ROOT / linked[0]).read_text(encoding="utf-8")


def test_the_program_of_the_token_bucket(capsys: pytest.CaptureFixture[str]) -> None:
    with sw.testing.virtual_time() as time:
        runpy.run_path(str(ROOT / "examples" / "token_bucket.py"), run_name="__main__")
        assert time.now_ns == 150_000_000
    assert capsys.readouterr().out.splitlines() == [
        *(f"{place} is found" for place in ("Aachen", "Bonn", "Celle", "Dresden", "Essen")),
        "Fulda is not looked up: try again in 0.05 s",
        *(f"{place} is imported" for place in ("Gera", "Halle", "Ilmenau")),
        "8 requests, 1 refused",
    ]


def test_the_program_of_the_bulkhead(capsys: pytest.CaptureFixture[str]) -> None:
    with sw.testing.virtual_time() as time:
        runpy.run_path(str(ROOT / "examples" / "bulkhead.py"), run_name="__main__")
        assert time.now_ns == 3_000_000_000
    assert capsys.readouterr().out.splitlines() == [
        "page 100 is rendered",
        "page 6 is not rendered: queue_full",
        "page 7 is not rendered: queue_full",
        "page 1 is rendered",
        "page 2 is rendered",
        "page 5 is not rendered: timed_out",
        "page 3 is rendered",
        "page 4 is rendered",
        "5 rendered, 1 gave up waiting",
    ]


def test_the_program_of_the_rate_limits(capsys: pytest.CaptureFixture[str]) -> None:
    with sw.testing.virtual_time():
        runpy.run_path(str(ROOT / "examples" / "rate_limits.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines() == [
        '198.51.100.7 /Aachen: 200 OK, "per_client";r=2;t=1; Aachen is found',
        '198.51.100.7 /Bonn: 200 OK, "per_client";r=1;t=1; Bonn is found',
        "198.51.100.7 /Celle: 200 OK, "
        "\"per_client\";r=0;t=1; Celle has to wait 0.5 s for 'geocoder, a second'",
        '198.51.100.7 /Dresden: 429 Too Many Requests, "per_client";r=0;t=1; Too many requests',
        "2001:db8::1 /Essen: 200 OK, "
        "\"per_client\";r=2;t=1; Essen has to wait 0.5 s for 'geocoder, a second'",
    ]


def test_there_are_examples() -> None:
    found = [doctest.testmod(importlib.import_module(name)).attempted for name in MODULES]
    assert sum(found) >= 10
