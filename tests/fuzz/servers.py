"""Servers as their own processes, from the command line that a person would use."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Server:
    """A running server: where it is, and what it wrote."""

    url: str
    log: Path

    def complaints(self) -> list[str]:
        """List the lines of the log that speak of errors nobody foresaw."""
        words = ("unforeseen error", "Traceback", "could not be recorded", "Exception in ASGI")
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if any(word in line for word in words)]


@contextmanager
def running(arguments: Sequence[str], log: Path, *, path: str = "/") -> Iterator[Server]:
    """Run `python ARGUMENTS --port ...` until the block ends; it is up when the path answers anything."""
    port = _free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments, "--port", str(port)],
            cwd=REPOSITORY,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", log)
    try:
        _wait(server.url + path, process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while True:
        assert process.poll() is None, f"the server ended: {log.read_text()}"
        assert time.monotonic() < end, f"the server did not come up: {log.read_text()}"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.1)
