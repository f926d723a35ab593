"""Servers in processes of their own: start, pin, read what they cost, stop."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_WITHIN = 60.0
_STOP_WITHIN = 10.0


@dataclass(frozen=True)
class Cores:
    """Where server and client run; None where they cannot be kept apart."""

    server: int | None
    client: int | None

    def pin_client(self) -> None:
        """Keep this process, and wrk started from it, off the server's core."""
        if self.client is not None:
            os.sched_setaffinity(0, {self.client})


def choose_cores() -> Cores:
    """Take the first two cores that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[1]) if len(allowed) > 1 else Cores(None, None)


@dataclass(frozen=True)
class Server:
    """A running contestant."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> float:
        """Give the processor time used so far by all its threads; nan where the system does not tell."""
        try:
            fields = (
                Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            )
        except OSError:
            return float("nan")
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def core_busy_seconds(core: int | None) -> float:
    """Give the time a core has worked for anybody since the start; nan where the system does not tell."""
    try:
        lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    for line in lines:
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _waiting, *interrupts = map(int, ticks[:8])
            return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")
    return float("nan")


def client_cpu_seconds() -> float:
    """Give the processor time of this process and its finished children."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


@contextmanager
def running(
    contestant: str, core: int | None, *, database_url: str = "", gallery_url: str = ""
) -> Iterator[Server]:
    """Run a contestant until the block ends."""
    port = _free_port()
    arguments = [contestant, str(port), "-" if core is None else str(core), database_url, gallery_url]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.serve", *arguments])
    try:
        _wait_until_open(process, port)
        yield Server(process, port)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START_WITHIN
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    msg = "a contestant did not start"
    raise RuntimeError(msg)
