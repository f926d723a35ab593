"""Let so many things pass in a minute, and no more."""

import time


class Floodgate:
    """Count passes in the current minute; the clock is the process's own, which nobody can set."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._minute = -1
        self._passed = 0

    def lets_pass(self) -> bool:
        """Say whether one more may pass in this minute."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._passed = minute, 0
        self._passed += 1
        return self._passed <= self._per_minute
