"""Repository of changes: the work an instance gives the vendor's product, in order."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, insert, select, update
from sqlmodel import Session

from storage.errors import ChangeNotFound
from storage.models import OPEN_STATES, Change, ChangeKind, ChangeState
from storage.rows import apply, load, table_of

_T = table_of(Change)
_ADD = insert(_T).returning(_T)
_HAS_OPEN = select(
    exists().where(_T.c.instance_ref == bindparam("instance_ref"), _T.c.state.in_(OPEN_STATES))
)
_NEXT = (
    select(_T)
    .where(_T.c.instance_ref == bindparam("instance_ref"), _T.c.state.in_(OPEN_STATES))
    .order_by(_T.c.attempt == 0, _T.c.id)
    .limit(1)
)


def add(
    session: Session,
    *,
    instance_ref: int,
    kind: ChangeKind,
    at: datetime,
    scene: str = "",
    order_id: str | None = None,
    order_line_id: str | None = None,
    product_id: str | None = None,
    expires_at: datetime | None = None,
) -> Change:
    """Add a piece of work. The caller holds the instance's lock and has looked for an equal one."""
    values = {
        "instance_ref": instance_ref,
        "kind": kind,
        "scene": scene,
        "order_id": order_id,
        "order_line_id": order_line_id,
        "product_id": product_id,
        "expires_at": expires_at,
        "state": ChangeState.PENDING,
        "run": 1,
        "attempt": 0,
        "created_at": at,
        "started_at": at,
    }
    return load(Change, session.execute(_ADD, values).one())


def find(
    session: Session,
    *,
    instance_ref: int,
    kind: ChangeKind,
    order_id: str,
    order_line_id: str,
    scene: str = "",
) -> Change | None:
    """Find the piece of work that an order line asked for."""
    row = session.execute(
        select(_T).where(
            _T.c.instance_ref == instance_ref,
            _T.c.kind == kind,
            _T.c.scene == scene,
            _T.c.order_id == order_id,
            _T.c.order_line_id == order_line_id,
        )
    ).first()
    return load(Change, row) if row else None


def get(session: Session, change_id: int) -> Change:
    """Get a piece of work by its number; raises ChangeNotFound."""
    row = session.execute(select(_T).where(_T.c.id == change_id)).first()
    if row is None:
        raise ChangeNotFound(str(change_id))
    return load(Change, row)


def has_open(session: Session, instance_ref: int) -> bool:
    """Say whether the instance has work that is not settled."""
    return bool(session.execute(_HAS_OPEN, {"instance_ref": instance_ref}).scalar())


def find_next(session: Session, instance_ref: int) -> Change | None:
    """Find the piece of work whose turn it is: the one under way, else the oldest that is not settled."""
    row = session.execute(_NEXT, {"instance_ref": instance_ref}).first()
    return load(Change, row) if row else None


def list_in_turn(session: Session, *, before: datetime, limit: int) -> list[Change]:
    """List the changes whose turn it is and was to go on before a moment, one an instance, oldest first."""
    turn = _T.c.state.in_(OPEN_STATES)
    begun = func.coalesce(_T.c.next_attempt_at, _T.c.started_at)
    refs = session.execute(
        select(_T.c.instance_ref).where(turn, begun < before).group_by(_T.c.instance_ref).limit(limit)
    ).scalars()
    found = [find_next(session, ref) for ref in refs.all()]
    return [change for change in found if change is not None]


def change(session: Session, target: Change, **values: Any) -> None:
    """Write some columns of a piece of work, and set them on the object too."""
    session.execute(update(_T).where(_T.c.id == target.id).values(**values))
    apply(target, values)


def list_of(session: Session, instance_ref: int) -> list[Change]:
    """List the history of an instance, oldest first."""
    rows = session.execute(select(_T).where(_T.c.instance_ref == instance_ref).order_by(_T.c.id))
    return [load(Change, row) for row in rows]
