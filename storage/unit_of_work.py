"""The unit of work: run a job in one transaction and answer only after its commit.

A job is a plain function of a session. On SQLite one thread writes, committing the jobs that wait
together; each still has its own savepoint and its own verdict. On PostgreSQL each job has a transaction
of its own on a small pool of threads. Returning commits, raising rolls back.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from storage.engine import create_writer_engine, is_sqlite
from storage.group_writer import GroupWriter, Ticket
from storage.sealing import Sealer

T = TypeVar("T")
Job = Callable[[Session], T]

_TRIES = 3


class UnitOfWork(Protocol):
    """Where jobs run; the same verbs on every database."""

    async def run(self, job: Job[T]) -> T:
        """Run a job in a transaction; the result is there only once it is committed."""

    async def read(self, job: Job[T]) -> T:
        """Run a job that writes nothing, beside the writers."""

    def run_now(self, job: Job[T]) -> T:
        """Run a job from a thread that may wait."""

    def close(self) -> None:
        """Finish what waits and let go of the database."""


class _Reader:
    """Reads on connections of their own, a few threads at a time."""

    def __init__(self, engine: Engine, sealer: Sealer, threads: int) -> None:
        self._engine = engine
        self._sealer = sealer
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="koogate-reader")

    async def read(self, job: Job[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, job)

    def _read(self, job: Job[T]) -> T:
        with Session(self._engine, autoflush=False, info={"sealer": self._sealer}) as session:
            return job(session)

    def close(self) -> None:
        self._pool.shutdown()


class SqliteUnitOfWork(_Reader):
    """One writer thread with group commit, a few reading threads."""

    def __init__(self, url: str, engine: Engine, sealer: Sealer) -> None:
        super().__init__(engine, sealer, threads=2)
        self._writer = GroupWriter(create_writer_engine(url), sealer)
        self._writer.start()

    async def run(self, job: Job[T]) -> T:
        """Run a job on the writer thread."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._writer.submit(Ticket(job, future, loop))
        return await future

    def run_now(self, job: Job[T]) -> T:
        """Run a job on the writer thread and wait for it."""
        future: Future[Any] = Future()
        self._writer.submit(Ticket(job, future))
        result: T = future.result()
        return result

    def close(self) -> None:
        """Finish what waits and let go of the database."""
        self._writer.stop()
        super().close()


class PooledUnitOfWork(_Reader):
    """A transaction for each job, on a pool of threads; for databases that take many writers."""

    def __init__(self, engine: Engine, sealer: Sealer, threads: int) -> None:
        super().__init__(engine, sealer, threads)

    async def run(self, job: Job[T]) -> T:
        """Run a job on one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.run_now, job)

    def run_now(self, job: Job[T]) -> T:
        """Run a job in this thread; what lost a race or a deadlock is tried again."""
        for tries_left in reversed(range(_TRIES)):
            try:
                return self._run_once(job)
            except (IntegrityError, OperationalError):
                if not tries_left:
                    raise
        raise AssertionError  # pragma: no cover - the last try returns or raises

    def _run_once(self, job: Job[T]) -> T:
        with self._engine.connect() as connection, connection.begin():
            session = Session(bind=connection, autoflush=False, info={"sealer": self._sealer})
            try:
                return job(session)
            finally:
                session.close()


def create_unit_of_work(url: str, engine: Engine, sealer: Sealer, *, threads: int = 8) -> UnitOfWork:
    """Make the unit of work that fits the database; `engine` serves its readers."""
    if is_sqlite(url):
        return SqliteUnitOfWork(url, engine, sealer)
    return PooledUnitOfWork(engine, sealer, threads)
