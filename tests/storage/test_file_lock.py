"""One process serves an SQLite file; a second one is told so at once."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.errors import DatabaseInUse
from storage.file_lock import FileLock

ROOT = Path(__file__).parents[2]
_HOLD = """
import sys, time
from pathlib import Path
from storage.file_lock import FileLock
lock = FileLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_lock_is_held_once_and_let_go(tmp_path: Path) -> None:
    """The refusal names the database, not the lock."""
    path = tmp_path / "koogate.db.lock"
    first = FileLock(path)

    with pytest.raises(DatabaseInUse, match=r"^koogate\.db is served by another process"):
        FileLock(path)
    first.release()
    FileLock(path).release()


def test_a_lock_ends_with_its_process_however_it_ends(tmp_path: Path) -> None:
    """After kill -9 the next start is not refused, and nothing needs tidying."""
    path = tmp_path / "koogate.db.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DatabaseInUse):
            FileLock(path)
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    began = time.monotonic()
    FileLock(path).release()
    assert time.monotonic() - began < 1


def test_a_lock_makes_its_folder(tmp_path: Path) -> None:
    """As the database would have to."""
    path = tmp_path / "new" / "koogate.db.lock"

    FileLock(path).release()

    assert path.is_file()


def test_the_lock_is_for_its_owner_only(tmp_path: Path) -> None:
    """Nobody else on the machine can hold it in our place."""
    path = tmp_path / "koogate.db.lock"
    FileLock(path).release()

    assert path.stat().st_mode & 0o777 == 0o600
