"""Whether this process can do its work now."""

from collections.abc import Callable

from storage import schema
from storage.engine import Engine


def _always() -> bool:
    return True


class Readiness:
    """Look at what the process stands on. A process without a worker has no workflows to fail."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_working: Callable[[], bool] = _always

    def watch(self, is_working: Callable[[], bool]) -> None:
        """Have the worker looked at too."""
        self._is_working = is_working

    def check(self) -> dict[str, bool]:
        """Say of the database, its tables and the durable work whether each is well. May block a moment."""
        database = schema.answers(self._engine)
        return {
            "database": database,
            "migrations": database and schema.is_current(self._engine),
            "workflows": self._is_working(),
        }
