"""Two clients that keep many connections busy with calls made beforehand: wrk, and one of our own."""

import json
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.calls import Calls

_LUA = Path(__file__).with_name("wrk.lua")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_SUCCESS = (b'"resultCode":"000000"', b'"resultCode":"000004"')
_PATIENCE = 30.0
_PERCENT = 100


class LoadFailed(Exception):
    """The client could not do its part, or an answer was wrong; the text says which."""


@dataclass(frozen=True)
class Load:
    """What a client saw. Times in seconds."""

    answered: int
    seconds: float
    failed: int
    p50: float
    p99: float


def has_wrk() -> bool:
    """Say whether wrk is there; being C, it costs the least beside the server."""
    return shutil.which("wrk") is not None


def drive_wrk(port: int, calls: Calls, connections: int, seconds: float) -> Load:
    """Send calls with wrk. It looks at HTTP statuses only."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(calls.data)
        file.flush()
        command = [
            "wrk",
            "-t1",
            "--timeout",
            f"{_PATIENCE:.0f}s",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            "-s",
            str(_LUA),
        ]
        target = [f"http://127.0.0.1:{port}", "--", file.name, str(calls.length)]
        done = subprocess.run([*command, *target], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadFailed(done.stderr.strip() or done.stdout.strip())
    return Load(**json.loads(done.stdout.strip().splitlines()[-1]))


def drive(port: int, calls: Calls, connections: int, seconds: float) -> Load:
    """Send calls over raw sockets, and look at every result code."""
    return _Generator(port, calls, connections).run(seconds)


@dataclass
class _Line:
    """One connection, with the call that is under way on it."""

    socket: socket.socket
    sent_at: float = 0.0
    received: bytes = b""


@dataclass
class _Generator:
    port: int
    calls: Calls
    connections: int
    _times: list[float] = field(default_factory=list)
    _failed: int = 0

    def run(self, seconds: float) -> Load:
        self._left = iter(self.calls.each())
        started = time.perf_counter()
        with selectors.DefaultSelector() as selector:
            lines = [self._connect(selector) for _ in range(self.connections)]
            try:
                self._keep_busy(selector, lines, started + seconds)
            finally:
                for line in lines:
                    line.socket.close()
        elapsed = time.perf_counter() - started
        cuts = (
            statistics.quantiles(self._times, n=_PERCENT) if len(self._times) > 1 else [0.0] * (_PERCENT - 1)
        )
        return Load(len(self._times), elapsed, self._failed, cuts[49], cuts[-1])

    def _connect(self, selector: selectors.BaseSelector) -> _Line:
        line = _Line(socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE))
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(line.socket, selectors.EVENT_READ, line)
        return line

    def _keep_busy(self, selector: selectors.BaseSelector, lines: list[_Line], until: float) -> None:
        for line in lines:
            self._send(line)
        while time.perf_counter() < until:
            ready = selector.select(_PATIENCE)
            if not ready:
                raise LoadFailed(f"no answer within {_PATIENCE:.0f} s")
            for key, _ in ready:
                self._receive(key.data)

    def _send(self, line: _Line) -> None:
        call = next(self._left, None)
        if call is None:
            raise LoadFailed("the calls made beforehand ran out")
        line.sent_at = time.perf_counter()
        line.socket.sendall(call)

    def _receive(self, line: _Line) -> None:
        data = line.socket.recv(65_536)
        if not data:
            raise LoadFailed("the server closed a connection")
        line.received += data
        if not _is_whole(line.received):
            return
        self._times.append(time.perf_counter() - line.sent_at)
        self._failed += not any(code in line.received for code in _SUCCESS)
        line.received = b""
        self._send(line)


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    return found is not None and len(body) >= int(found[1])
