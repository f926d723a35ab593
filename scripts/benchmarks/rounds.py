"""Rounds: each runs a contestant afresh, on a database of its own, and says what it cost."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.calls import Calls, make_calls
from benchmarks.load import Load, LoadFailed, drive
from benchmarks.plan import Benchmark, Variant
from benchmarks.processes import Cores, Server, client_cpu_seconds, core_busy_seconds, running
from tests.databases import new_database

Client = Callable[[int, Calls, int, float], Load]

# Calls to make beforehand for each second: above what any contestant answers.
_CALLS_A_SECOND = {True: 45_000, False: 9_000}
_WARM_UP = 1.0
_NO_GALLERY = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Round:
    """One contestant's round. `cpu` is the server's time for a call in seconds, busy shares are 0 to 1.

    `others_busy` is the share of the server's core that went to strangers; nan where it cannot be told.
    """

    rate: float
    cpu: float
    p50: float
    p99: float
    server_busy: float
    client_busy: float
    others_busy: float


class Measuring:
    """Measure variants, one round at a time."""

    def __init__(self, cores: Cores, client: Client, seconds: float) -> None:
        self._cores = cores
        self._client = client
        self._seconds = seconds

    def measure(self, benchmark: Benchmark, variant: Variant) -> Round:
        """Start the contestant, warm it up with checked answers, measure it, count what it stored."""
        with ExitStack() as stack:
            database_url = stack.enter_context(_database(benchmark.database))
            gallery_url = _NO_GALLERY
            if variant.needs_gallery:
                gallery = stack.enter_context(running("gallery:create", self._cores.client))
                gallery_url = f"http://127.0.0.1:{gallery.port}"
            server = stack.enter_context(
                running(
                    variant.contestant, self._cores.server, database_url=database_url, gallery_url=gallery_url
                )
            )
            answered = self._warm_up(benchmark, server)
            measured, load = self._measure(benchmark, server)
            if database_url:
                _check_stored(database_url, answered + load.answered)
            return measured

    def _warm_up(self, benchmark: Benchmark, server: Server) -> int:
        load = drive(server.port, _calls(benchmark, _WARM_UP), benchmark.connections, _WARM_UP)
        _check(load)
        return load.answered

    def _measure(self, benchmark: Benchmark, server: Server) -> tuple[Round, Load]:
        calls = _calls(benchmark, self._seconds)
        before = self._used(server)
        load = self._client(server.port, calls, benchmark.connections, self._seconds)
        server_used, client_used, core_used = (
            now - then for now, then in zip(self._used(server), before, strict=True)
        )
        _check(load)
        if not benchmark.is_probe and load.answered > len(calls):
            raise LoadFailed("more calls were answered than were made: some were sent twice")
        measured = Round(
            rate=load.answered / load.seconds,
            cpu=server_used / load.answered,
            p50=load.p50,
            p99=load.p99,
            server_busy=server_used / load.seconds,
            client_busy=client_used / load.seconds,
            others_busy=(core_used - server_used) / load.seconds,
        )
        return measured, load

    def _used(self, server: Server) -> tuple[float, float, float]:
        return server.cpu_seconds(), client_cpu_seconds(), core_busy_seconds(self._cores.server)


def _calls(benchmark: Benchmark, seconds: float) -> Calls:
    return make_calls(int(_CALLS_A_SECOND[benchmark.is_probe] * (seconds + 1)), is_probe=benchmark.is_probe)


def _check(load: Load) -> None:
    if load.failed or not load.answered:
        raise LoadFailed(f"{load.failed} of {load.answered} answers were no success")


def _check_stored(database_url: str, answered: int) -> None:
    """Hold the contestant to its word: what it answered is there."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        stored: int = connection.execute(text("select count(*) from instances")).scalar_one()
    engine.dispose()
    if stored < answered:
        raise LoadFailed(f"{answered} purchases were answered, {stored} are stored")


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if not kind:
        yield ""
        return
    with tempfile.TemporaryDirectory() as folder, new_database(kind, Path(folder)) as url:
        yield url
