"""Repository of executors: who is alive to do durable work."""

from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session

from storage.models import Executor
from storage.rows import table_of

_T = table_of(Executor)


# Any number that only koogate takes for this: one process sweeps at a time.
_SWEEP_LOCK = 7_046_012
_TRY_LOCK = text("select pg_try_advisory_xact_lock(:lock)")


def may_sweep(session: Session) -> bool:
    """Hold other processes off the sweep until the transaction ends; False if one of them is at it.

    SQLite has no other processes.
    """
    if session.get_bind().dialect.name == "sqlite":
        return True
    return bool(session.execute(_TRY_LOCK, {"lock": _SWEEP_LOCK}).scalar())


def beat(session: Session, executor_id: str, *, at: datetime) -> None:
    """Say that a process is alive."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    session.execute(
        insert(_T)
        .values(id=executor_id, seen_at=at)
        .on_conflict_do_update(index_elements=["id"], set_={"seen_at": at})
    )


def list_alive(session: Session, *, since: datetime) -> set[str]:
    """List the processes that were heard of since a moment."""
    return set(session.execute(select(_T.c.id).where(_T.c.seen_at >= since)).scalars())


def remove(session: Session, executor_id: str) -> None:
    """Forget a process that ended in order."""
    session.execute(delete(_T).where(_T.c.id == executor_id))


def remove_before(session: Session, moment: datetime) -> None:
    """Forget the processes not heard of since a moment."""
    session.execute(delete(_T).where(_T.c.seen_at < moment))
