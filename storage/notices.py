"""Repository of notices."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session

from storage.errors import NoticeNotFound
from storage.models import Notice
from storage.rows import load, table_of

_T = table_of(Notice)


def add(session: Session, kind: str, subject: str, message: str, *, at: datetime) -> None:
    """Tell a person something; the same kind and subject again counts up and is new to read again."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    session.execute(
        insert(_T)
        .values(kind=kind, subject=subject[:160], message=message, count=1, first_at=at, last_at=at)
        .on_conflict_do_update(
            index_elements=["kind", "subject"],
            set_={"message": message, "count": _T.c.count + 1, "last_at": at, "acknowledged_at": None},
        )
    )


def list_(session: Session, *, after: int = 0, limit: int = 50) -> list[Notice]:
    """List notices by number, those after the given one."""
    rows = session.execute(select(_T).where(_T.c.id > after).order_by(_T.c.id).limit(limit))
    return [load(Notice, row) for row in rows]


def acknowledge(session: Session, notice_id: int, *, at: datetime) -> Notice:
    """Mark a notice as read, once; raises NoticeNotFound."""
    row = session.execute(
        update(_T)
        .where(_T.c.id == notice_id)
        .values(acknowledged_at=func.coalesce(_T.c.acknowledged_at, at))
        .returning(_T)
    ).first()
    if row is None:
        raise NoticeNotFound(str(notice_id))
    return load(Notice, row)
