"""tools/check_orders on small trees: a catalogue from good code, one line for each breach."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_orders"

GOOD = """
void Publish() {
  value_.store(1'000, std::memory_order_relaxed);  // no tag: nothing else is read on its account
  // (1) release: pairs with (2), (3). The reader sees
  // the old value.
  ready_.store(1, std::memory_order_release);
}
bool Read(Word* cells, int i) {
  if (ready_.load(std::memory_order_acquire) == 0) return false;  // (2) acquire: pairs with (1).
  // (3) acq_rel: pairs with (1) and (3).
  return cells[i].compare_exchange_weak(seen, seen + Max(1, 2),
                                        std::memory_order_acq_rel,
                                        std::memory_order_relaxed) &&
         cells->compare_exchange_strong(seen, 0, std::memory_order_relaxed);
}
"""
RELEASE = "// (1) release: pairs with (2).\nflag_.store(1, std::memory_order_release);\n"
ACQUIRE = "// (2) acquire: pairs with (1).\nflag_.load(std::memory_order_acquire);\n"


def run(root: Path, code: str, *options: str) -> subprocess.CompletedProcess[str]:
    source = root / "core" / "spillway" / "sync" / "sample.h"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(code, encoding="utf-8")
    command = [sys.executable, str(TOOL), "--root", str(root), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_catalogue_lists_every_pairing(tmp_path: Path) -> None:
    result = run(tmp_path, GOOD, "--table")
    assert (result.returncode, result.stderr) == (0, "")
    file = "`core/spillway/sync/sample.h`"
    assert [line for line in result.stdout.splitlines() if line[:3] in ("| 1", "| 2", "| 3")] == [
        f"| 1 | {file} | `ready_.store` | release | 2, 3 | The reader sees the old value |",
        f"| 2 | {file} | `ready_.load` | acquire | 1 |  |",
        f"| 3 | {file} | `cells[i].compare_exchange_weak` | acq_rel, relaxed | 1, 3 |  |",
    ]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("flag_.load();", "names 0 of 1 memory orders"),
        ("flag_.store(1, order);", "names 0 of 1 memory orders"),
        ("flag_.store(other_.load(std::memory_order_relaxed));", "flag_.store names 0 of 1"),
        ("flag_.fetch_add(1);", "names 0 of 1 memory orders"),
        (
            "flag_->compare_exchange_weak(a, b, std::memory_order_acq_rel);",
            "names 1 of 2 memory orders",
        ),
        ("flag_.load(std::memory_order_acquire);", "needs a comment '(n) acquire"),
        ("flag_.load(std::memory_order_seq_cst);", "needs a comment '(n) seq_cst"),
        ('Log("// (1) acquire: pairs with (1)"); flag_.load(std::memory_order_acquire);', "needs"),
        (ACQUIRE.replace("\n", "\n\n", 1) + RELEASE, "needs a comment '(n) acquire"),
        (ACQUIRE.replace("acquire: pairs", "release: pairs") + RELEASE, "needs a comment"),
        ("// (1) acquire: pairs with (2).\nint x;", "(1) stands at no acquire operation"),
        (RELEASE, "(1) pairs with (2), which does not exist"),
        (RELEASE + ACQUIRE.replace("with (1)", "with (2)"), "which does not name it back"),
        (RELEASE + ACQUIRE + RELEASE, "is also the number of one"),
        (
            RELEASE + ACQUIRE.replace("acquire", "release").replace("load(", "store(1, "),
            "(1) release cannot pair with (2) release",
        ),
        ("std::atomic_thread_fence(std::memory_order_seq_cst);", "without fences"),
        ("std::atomic<int> flag_;", "atomics come from"),
        ("__atomic_load_n(&x, 0);", "atomics come from"),
    ],
)
def test_names_each_breach(tmp_path: Path, code: str, reason: str) -> None:
    result = run(tmp_path, code, "--table")
    assert result.returncode == 1
    assert result.stdout == ""
    assert reason in result.stderr
    assert result.stderr.startswith("core/spillway/sync/sample.h:")


def test_what_is_in_comments_and_text_is_no_operation(tmp_path: Path) -> None:
    code = (
        '// flag_.load()\n/* std::atomic<int> */ const char* text = "flag_.load() \\" x.store(";\n'
    )
    assert run(tmp_path, code).returncode == 0


def test_the_committed_catalogue_must_match(tmp_path: Path) -> None:
    missing = run(tmp_path, RELEASE + ACQUIRE, "--check")
    assert missing.returncode == 1
    assert "docs/memory_orders.md is out of date" in missing.stderr

    catalogue = tmp_path / "docs" / "memory_orders.md"
    catalogue.parent.mkdir()
    catalogue.write_text(run(tmp_path, RELEASE + ACQUIRE, "--table").stdout, encoding="utf-8")
    assert run(tmp_path, RELEASE + ACQUIRE, "--check").returncode == 0
    assert run(tmp_path, RELEASE + ACQUIRE.replace("(1).", "(1). Why."), "--check").returncode == 1


def test_an_empty_tree_is_an_error(tmp_path: Path) -> None:
    command = [sys.executable, str(TOOL), "--root", str(tmp_path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
