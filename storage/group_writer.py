"""The one writer of an SQLite file: group commit, with a verdict for each job."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from storage.errors import DatabaseClosed
from storage.sealing import Sealer

Job = Callable[[Session], Any]


@dataclass(slots=True)
class Ticket:
    """A job in the line, and where its verdict goes: a waiting coroutine's loop, or a waiting thread."""

    job: Job
    future: Future[Any] | asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop | None = None
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Wake who waits; one who went away in the meantime is no fault."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class GroupWriter(threading.Thread):
    """Carry out jobs one after the other and commit those that wait together.

    With one waiting job this costs nothing; with many, one fsync serves them all. No ticket is settled
    before the commit that covers it has returned.
    """

    def __init__(self, engine: Engine, sealer: Sealer, most: int = 64) -> None:
        super().__init__(daemon=True, name="koogate-writer")
        self._engine = engine
        self._sealer = sealer
        self._most = most
        self._tickets: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._is_closed = False

    def submit(self, ticket: Ticket) -> None:
        """Put a job into the line; raises DatabaseClosed after the end, when nobody would carry it out."""
        with self._door:
            if self._is_closed:
                raise DatabaseClosed
            self._tickets.put(ticket)

    def stop(self) -> None:
        """Finish what waits, then end the thread."""
        with self._door:
            self._is_closed = True
            self._tickets.put(None)
        self.join()
        self._engine.dispose()

    def run(self) -> None:
        """Work until stopped."""
        going = True
        while going:
            batch, going = self._next_batch()
            try:
                with self._engine.connect() as connection:
                    self._finish(connection, batch)
                    while going and not connection.invalidated:
                        batch, going = self._next_batch()
                        self._finish(connection, batch)
            except Exception as error:  # noqa: BLE001 - the file cannot be opened: the jobs must hear it
                for ticket in batch:
                    ticket.error = error
                _hand_out(batch)

    def _finish(self, connection: Connection, batch: list[Ticket]) -> None:
        if batch:
            self._commit_together(connection, batch)
            _hand_out(batch)
            batch.clear()

    def _next_batch(self) -> tuple[list[Ticket], bool]:
        batch: list[Ticket] = []
        while (ticket := self._tickets.get()) is not None:
            batch.append(ticket)
            if len(batch) >= self._most or self._tickets.empty():
                return batch, True
        return batch, False

    def _commit_together(self, connection: Connection, batch: list[Ticket]) -> None:
        try:
            with connection.begin():
                session = Session(bind=connection, autoflush=False, info={"sealer": self._sealer})
                for ticket in batch:
                    _carry_out(connection, session, ticket)
                session.close()
        except Exception as error:  # noqa: BLE001 - the commit failed: every job of the group must hear it
            for ticket in batch:
                ticket.error = error


def _carry_out(connection: Connection, session: Session, ticket: Ticket) -> None:
    """Run one job in its savepoint; two equal jobs that raced get a second try, which sees the first."""
    # Straight to the driver: what SQLAlchemy does around a statement costs more than these.
    driver: Any = connection.connection.driver_connection
    execute = driver.execute
    for is_last in (False, True):
        execute("SAVEPOINT job")
        try:
            ticket.result = ticket.job(session)
        except BaseException as error:  # noqa: BLE001 - a job's failure is its own verdict, whatever it is
            execute("ROLLBACK TO job")
            execute("RELEASE job")
            if is_last or not isinstance(error, IntegrityError):
                ticket.error = error
                return
        else:
            execute("RELEASE job")
            return


def _hand_out(batch: list[Ticket]) -> None:
    """Settle the tickets: one wake-up of an event loop for all its waiting calls."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Ticket]] = {}
    for ticket in batch:
        if ticket.loop is None:
            ticket.settle()
        else:
            by_loop.setdefault(ticket.loop, []).append(ticket)
    for loop, tickets in by_loop.items():
        # A loop that ended has nobody left who waits; it must not take the writer with it.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle_all, tickets)


def _settle_all(tickets: list[Ticket]) -> None:
    for ticket in tickets:
        ticket.settle()
