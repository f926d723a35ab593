"""`koogate demo --once`: the whole life of a purchase, as a newcomer sees it."""

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, environ, run

STEPS = (
    "purchase 购买",
    "query 查询实例",
    "renewal 续费",
    "freeze 冻结",
    "unfreeze 解冻",
    "upgrade 升级",
    "check 续费变更校验",
    "duplicates 重复投递",
    "probe 拨测",
    "release 释放",
)
ACTIVITIES = ("newInstance", "queryInstance", "refreshInstance", "updateInstanceStatus", "upgradeInstance")


def children_of(marker: str) -> list[str]:
    """List the command lines of living processes that carry a mark."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and marker.encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.fixture(scope="module", params=[80, 120])
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ended, int, str]:
    """Play the demo at a width; give how it ended, the width, and the mark of its processes."""
    mark = f"demo-{tmp_path_factory.mktemp('demo').name}-{request.param}"
    folder = tmp_path_factory.mktemp("tmp")
    ended = run("demo", "--once", columns=request.param, DEMO_TEST_MARK=mark, TMPDIR=str(folder))
    assert list(folder.iterdir()) == [], "the demo's folder is left"
    return ended, request.param, mark


def test_every_step_goes_as_expected(played: tuple[Ended, int, str]) -> None:
    """Exit code 0, a row for each step with its tick and its time, nothing complained of."""
    ended, _, _ = played

    assert ended.code == 0, ended
    assert ended.err == ""
    assert "✗" not in ended.out
    for step in STEPS:
        [row] = [line for line in ended.out.splitlines() if line.startswith(f" ✓ {step} ")]
        assert "000000 成功 succeeded" in row
        assert row.split()[-1].isdigit()


def test_the_table_fits_and_breaks_no_word(played: tuple[Ended, int, str]) -> None:
    """At 80 columns and at 120 no row is wider, and the names of the activities are whole."""
    ended, columns, _ = played
    table = ended.out[ended.out.index("One purchase") :]

    assert all(_width(line) <= columns for line in table.splitlines())
    assert all(name in table for name in ACTIVITIES)
    words = {
        word.strip(",") for line in table.splitlines() for word in line.split() if word.strip(",").isalpha()
    }
    assert not {word for word in words if word.isascii() and len(word) == 1}


def _width(line: str) -> int:
    """Count columns: a Chinese character takes two."""
    return sum(2 if "\u2e80" <= character <= "\uffef" else 1 for character in line.rstrip())


def test_the_access_data_is_in_one_piece(played: tuple[Ended, int, str]) -> None:
    """The buyer's address can be copied."""
    ended, _, _ = played
    [line] = [line for line in ended.out.splitlines() if "frontEndUrl" in line]

    assert "https://app.example.com/" in line


def test_nothing_runs_on(played: tuple[Ended, int, str]) -> None:
    """Server and simulator ended with it."""
    _, _, mark = played

    assert children_of(mark) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_it(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and kill leave no process and no folder."""
    mark = f"demo-{secrets.token_hex(8)}"
    environment = environ({"DEMO_TEST_MARK": mark, "TMPDIR": str(tmp_path)})
    process = subprocess.Popen(
        [sys.executable, "-m", "handlers.cli", "demo"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C" in line:
            break
    assert len(children_of(mark)) >= 3

    os.kill(process.pid, number)
    try:
        process.communicate(timeout=30)
    finally:
        # Only one that did not heed the signal is there to be ended.
        process.kill()
        process.wait()

    assert process.returncode == (0 if number is signal.SIGINT else 143)
    end = time.monotonic() + 10
    while children_of(mark) and time.monotonic() < end:
        time.sleep(0.1)
    assert children_of(mark) == []
    assert list(tmp_path.iterdir()) == []
