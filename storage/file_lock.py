"""A lock beside an SQLite file: one process serves it, and a second one is told so at once."""

import fcntl
import os
from pathlib import Path

from storage.errors import DatabaseInUse


class FileLock:
    """Hold the lock until released, or until the process ends however it ends; raises DatabaseInUse."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            msg = f"{path.name.removesuffix('.lock')} is served by another process; PostgreSQL is for several"
            raise DatabaseInUse(msg) from None

    def release(self) -> None:
        """Let the next process in."""
        os.close(self._descriptor)
