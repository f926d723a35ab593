"""Wake the calls that wait for durable work of an instance, within this process."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    """A bell for each instance that somebody waits for. Other processes hear nothing: they look again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: defaultdict[int, list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = defaultdict(
            list
        )

    @contextmanager
    def listening(self, instance_ref: int) -> Iterator[asyncio.Event]:
        """Give an event that is set at each ring for the instance, until the block ends."""
        entry = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiting[instance_ref].append(entry)
        try:
            yield entry[1]
        finally:
            with self._lock:
                self._waiting[instance_ref].remove(entry)
                if not self._waiting[instance_ref]:
                    del self._waiting[instance_ref]

    def ring(self, instance_ref: int) -> None:
        """Wake who waits for the instance; from any thread."""
        with self._lock:
            entries = list(self._waiting.get(instance_ref, ()))
        for loop, event in entries:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)
