"""The unit of work: an answer only after its commit, a verdict for each job."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from storage import executors, notices
from storage.engine import create_engine
from storage.errors import DatabaseClosed, NoticeNotFound
from storage.group_writer import GroupWriter, Ticket
from storage.session import Session
from storage.unit_of_work import SqliteUnitOfWork, UnitOfWork
from tests.storage.conftest import Place

SQLITE = pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
POSTGRES = pytest.mark.parametrize(
    "empty_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
NOW = datetime(2026, 5, 4, 3, 2, 1, 654321, tzinfo=UTC)


def tell(subject: str) -> Callable[[Session], str]:
    """Make a job that writes a notice and gives its subject back."""

    def job(session: Session) -> str:
        notices.add(session, "test", subject, "message", at=NOW)
        return subject

    return job


def refuse(session: Session) -> None:
    """Write, then raise."""
    notices.add(session, "test", "refused", "message", at=NOW)
    raise NoticeNotFound("refused")


def seen(place: Place) -> set[str]:
    """Look at what is committed, with a connection of its own."""
    with place.engine.connect() as connection:
        return set(connection.execute(text("select subject from notices")).scalars())


def test_a_result_is_there_only_after_the_commit(place: Place) -> None:
    """Whoever has the result finds the row from any other connection."""
    for number in range(20):
        assert place.unit_of_work.run_now(tell(f"{number}")) == f"{number}"
        assert f"{number}" in seen(place)

    async def awaited() -> set[str]:
        await place.unit_of_work.run(tell("awaited"))
        return seen(place)

    assert "awaited" in asyncio.run(awaited())


def test_nothing_is_to_be_seen_before_the_commit(place: Place) -> None:
    """While a job runs, others see the state before it."""
    inside: list[set[str]] = []

    def job(session: Session) -> None:
        tell("inside")(session)
        inside.append(seen(place))

    place.unit_of_work.run_now(job)

    assert inside == [set()]
    assert seen(place) == {"inside"}


def test_a_job_that_raises_leaves_nothing(place: Place) -> None:
    """What it wrote is rolled back, and the error reaches who waits."""
    with pytest.raises(NoticeNotFound):
        place.unit_of_work.run_now(refuse)
    with pytest.raises(NoticeNotFound):
        asyncio.run(place.unit_of_work.run(refuse))

    assert seen(place) == set()


def test_a_job_that_raises_rolls_back_alone(place: Place) -> None:
    """Those that are committed together with it keep what they wrote."""

    async def together() -> list[Any]:
        jobs: list[Callable[[Session], Any]] = [tell("a"), refuse, tell("b"), refuse, tell("c")]
        return await asyncio.gather(*map(place.unit_of_work.run, jobs), return_exceptions=True)

    results = asyncio.run(together())

    assert [type(result) for result in results] == [str, NoticeNotFound, str, NoticeNotFound, str]
    assert seen(place) == {"a", "b", "c"}


def test_a_job_that_breaks_a_constraint_rolls_back_alone(place: Place) -> None:
    """An error of the database spoils neither the transaction nor the connection for others."""

    def clash(session: Session) -> None:
        for _ in range(2):
            session.execute(text("insert into executors (id, seen_at) values ('same', '2026-01-01')"))

    async def together() -> list[Any]:
        jobs: list[Callable[[Session], Any]] = [tell("a"), clash, tell("b")]
        return await asyncio.gather(*map(place.unit_of_work.run, jobs), return_exceptions=True)

    results = asyncio.run(together())

    assert (results[0], results[2]) == ("a", "b")
    assert isinstance(results[1], IntegrityError)
    assert seen(place) == {"a", "b"}
    assert place.unit_of_work.run_now(tell("after")) == "after"


def test_a_job_that_lost_a_race_gets_a_second_try(place: Place) -> None:
    """A unique key that was taken meanwhile is not the job's fault; the second try sees the winner's row."""
    tries: list[int] = []

    def loses_once(session: Session) -> str:
        tries.append(1)
        notices.add(session, "test", "written by each try", "message", at=NOW)
        if len(tries) == 1:
            raise IntegrityError("insert", {}, Exception("taken"))
        return "won"

    assert place.unit_of_work.run_now(loses_once) == "won"
    assert len(tries) == 2
    with place.engine.connect() as connection:
        assert connection.execute(text("select count from notices")).scalars().all() == [1]


def test_a_race_that_is_lost_for_ever_ends(place: Place) -> None:
    """The error reaches who waits after a few tries."""
    tries: list[int] = []

    def always_loses(_session: Session) -> None:
        tries.append(1)
        raise IntegrityError("insert", {}, Exception("taken"))

    with pytest.raises(IntegrityError):
        place.unit_of_work.run_now(always_loses)
    assert len(tries) in {2, 3}


def test_equal_jobs_that_race_both_succeed(place: Place) -> None:
    """Look, then insert: of twenty at once one inserts, the others find it on their second try."""

    def find_or_add(session: Session) -> str:
        found = session.execute(text("select id from executors where id = 'one'")).scalar()
        if found is None:
            time.sleep(0.005)
            session.execute(text("insert into executors (id, seen_at) values ('one', '2026-01-01')"))
        return "there"

    with ThreadPoolExecutor(20) as pool:
        results = [pool.submit(place.unit_of_work.run_now, find_or_add) for _ in range(20)]
        assert [future.result() for future in results] == ["there"] * 20


def test_reading_sees_what_is_committed_and_waits_for_no_writer(place: Place) -> None:
    """A reader comes through while a job is in the middle of its transaction."""
    place.unit_of_work.run_now(tell("before"))
    reading, done = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        tell("slow")(session)
        reading.set()
        assert done.wait(20)

    def subjects(session: Session) -> list[str]:
        return [notice.subject for notice in notices.list_(session)]

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(place.unit_of_work.run_now, slow)
        assert reading.wait(20)
        assert asyncio.run(place.unit_of_work.read(subjects)) == ["before"]
        done.set()
        writing.result(20)
    assert asyncio.run(place.unit_of_work.read(subjects)) == ["before", "slow"]


def test_who_goes_away_while_waiting_harms_nobody(place: Place) -> None:
    """A cancelled call's job is still committed, and the next one is served."""

    async def go_away() -> None:
        waiting = asyncio.ensure_future(place.unit_of_work.run(tell("left")))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await place.unit_of_work.run(tell("next"))

    asyncio.run(go_away())

    assert "next" in seen(place)


@SQLITE
def test_a_loop_that_ended_does_not_take_the_writer_with_it(place: Place) -> None:
    """Its job is done all the same, and so are the jobs behind it."""
    assert isinstance(place.unit_of_work, SqliteUnitOfWork)
    loop = asyncio.new_event_loop()
    ticket = Ticket(tell("nobody waits"), loop.create_future(), loop)
    loop.close()

    place.unit_of_work._writer.submit(ticket)

    assert place.unit_of_work.run_now(tell("behind it")) == "behind it"
    assert seen(place) == {"nobody waits", "behind it"}


def test_closing_finishes_what_waits(place: Place) -> None:
    """Every job that was taken on has its verdict, and what succeeded is there."""

    async def many() -> list[Any]:
        waiting = [asyncio.ensure_future(place.unit_of_work.run(tell(f"{n}"))) for n in range(30)]
        await asyncio.sleep(0)
        await asyncio.to_thread(place.unit_of_work.close)
        return await asyncio.gather(*waiting)

    assert asyncio.run(many()) == [f"{number}" for number in range(30)]
    assert seen(place) == {f"{number}" for number in range(30)}


def writer_of(unit_of_work: UnitOfWork) -> GroupWriter:
    """Give the one writer of an SQLite file."""
    assert isinstance(unit_of_work, SqliteUnitOfWork)
    return unit_of_work._writer


@pytest.fixture
def writer(place: Place) -> GroupWriter:
    """Give the one writer; PostgreSQL has none."""
    return writer_of(place.unit_of_work)


def hold(place: Place) -> tuple[threading.Event, "ThreadPoolExecutor"]:
    """Keep the writer busy until the event is set, so that a group forms behind it."""
    begun, go_on = threading.Event(), threading.Event()

    def busy(_session: Session) -> None:
        begun.set()
        assert go_on.wait(20)

    pool = ThreadPoolExecutor(1)
    pool.submit(place.unit_of_work.run_now, busy)
    assert begun.wait(20)
    return go_on, pool


def count_commits(engine: Engine) -> list[int]:
    """Count the commits of an engine from now on."""
    commits: list[int] = []
    event.listen(engine, "commit", lambda _connection: commits.append(1))
    return commits


def run_group(place: Place, jobs: list[Callable[[Session], Any]]) -> list[Any]:
    """Have jobs wait together behind a busy writer, and give what became of each."""
    go_on, pool = hold(place)

    async def together() -> list[Any]:
        waiting = [asyncio.ensure_future(place.unit_of_work.run(job)) for job in jobs]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    results = asyncio.run(together())
    pool.shutdown()
    return results


@SQLITE
def test_jobs_that_wait_together_are_committed_together(place: Place, writer: GroupWriter) -> None:
    """Forty jobs behind a busy writer cost one commit, besides that of the busy one."""
    commits = count_commits(writer._engine)

    results = run_group(place, [tell(f"{n}") for n in range(40)])

    assert results == [f"{n}" for n in range(40)]
    assert len(commits) == 2
    assert len(seen(place)) == 40


@SQLITE
def test_a_group_has_a_largest_size(place: Place, writer: GroupWriter) -> None:
    """A hundred jobs are two groups: the first ones need not wait for the last."""
    commits = count_commits(writer._engine)

    run_group(place, [tell(f"{n}") for n in range(100)])

    assert len(commits) == 3


@SQLITE
def test_within_a_group_each_job_has_its_own_verdict(place: Place, writer: GroupWriter) -> None:
    """One raises in the middle of a group that is committed once."""
    commits = count_commits(writer._engine)

    results = run_group(place, [tell("a"), refuse, tell("b")])

    assert (results[0], results[2]) == ("a", "b")
    assert isinstance(results[1], NoticeNotFound)
    assert len(commits) == 2
    assert seen(place) == {"a", "b"}


class Interrupted(BaseException):
    """What no job should raise, and a library may."""


@SQLITE
def test_whatever_a_job_raises_the_writer_lives_on(place: Place, writer: GroupWriter) -> None:
    """An exception outside Exception must not end the thread that everybody waits for."""

    def interrupt(session: Session) -> None:
        tell("interrupted")(session)
        raise Interrupted

    with pytest.raises(Interrupted):
        place.unit_of_work.run_now(interrupt)

    assert place.unit_of_work.run_now(tell("after")) == "after"
    assert seen(place) == {"after"}


@SQLITE
def test_a_commit_that_fails_reaches_every_job_of_the_group(place: Place, writer: GroupWriter) -> None:
    """Nobody is told of success, nothing is kept, and the next group is served."""

    def fail(_connection: Any) -> None:
        raise OperationalError("commit", {}, Exception("the disk is full"))

    go_on, pool = hold(place)

    async def together() -> list[Any]:
        waiting = [
            asyncio.ensure_future(place.unit_of_work.run(job)) for job in (tell("a"), refuse, tell("b"))
        ]
        await asyncio.sleep(0)
        event.listen(writer._engine, "commit", fail)
        go_on.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    results = asyncio.run(together())
    pool.shutdown()
    event.remove(writer._engine, "commit", fail)

    assert [type(result) for result in results] == [OperationalError] * 3
    assert seen(place) == set()
    assert place.unit_of_work.run_now(tell("after")) == "after"
    assert seen(place) == {"after"}


@SQLITE
def test_a_transaction_lost_in_the_middle_fails_the_whole_group(place: Place, writer: GroupWriter) -> None:
    """If the database gave up the transaction, those before the culprit are not told of success either."""

    def lose(session: Session) -> None:
        session.connection().exec_driver_sql("ROLLBACK")
        raise RuntimeError("the database gave up the transaction")

    results = run_group(place, [tell("a"), lose, tell("b")])

    assert all(isinstance(result, Exception) for result in results)
    assert seen(place) == set()
    assert place.unit_of_work.run_now(tell("after")) == "after"


@SQLITE
def test_a_job_after_the_end_is_refused_and_waits_for_nobody(place: Place, writer: GroupWriter) -> None:
    """A thread that outlives the server is told so, instead of waiting for ever."""
    place.unit_of_work.close()

    with pytest.raises(DatabaseClosed):
        place.unit_of_work.run_now(tell("late"))
    with pytest.raises(DatabaseClosed):
        asyncio.run(place.unit_of_work.run(tell("late")))


@SQLITE
def test_a_file_that_cannot_be_opened_is_an_error_not_a_silence(tmp_path: Any, place: Place) -> None:
    """Jobs hear of it, and are served once it can be opened."""
    folder = tmp_path / "later"
    engine = create_engine(f"sqlite:///{folder / 'x.db'}")
    writer = GroupWriter(engine, sealer=place.unit_of_work._sealer)  # type: ignore[attr-defined]
    writer.start()

    def ask() -> Any:
        future: Future[Any] = Future()
        writer.submit(Ticket(lambda session: session.execute(text("select 1")).scalar(), future))
        return future.result(20)

    with pytest.raises(OperationalError):
        ask()
    folder.mkdir()
    assert ask() == 1
    writer.stop()


@POSTGRES
def test_a_lost_connection_is_tried_again(place: Place) -> None:
    """A deadlock or a restart of the database costs a try, not the call."""
    tries: list[int] = []

    def cut_once(session: Session) -> str:
        tries.append(1)
        executors.beat(session, "me", at=NOW)
        if len(tries) == 1:
            session.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        return "done"

    assert place.unit_of_work.run_now(cut_once) == "done"
    assert len(tries) == 2
