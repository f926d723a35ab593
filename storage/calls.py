"""Repository of calls: the evidence, and the memory of nonces."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from storage.errors import CallNotFound, Replayed
from storage.models import Call
from storage.rows import load, table_of

_T = table_of(Call)
_ADD = insert(_T).returning(_T.c.id)
_FIND_NONCE = select(_T).where(
    _T.c.address == bindparam("address"),
    _T.c.interface == bindparam("interface"),
    _T.c.nonce == bindparam("nonce"),
)


def add(session: Session, values: dict[str, Any], evidence: Any) -> int:
    """Record a call and give its number; raises Replayed if its nonce was recorded before.

    The evidence (request and answer) is sealed here.
    """
    sealed = session.info["sealer"].seal(evidence)
    try:
        return int(session.execute(_ADD, {**values, "evidence": sealed}).scalar_one())
    except IntegrityError:
        raise Replayed from None


def settle(session: Session, call_id: int, values: dict[str, Any], evidence: Any) -> None:
    """Write the answer that was given in the end, after waiting for the product."""
    sealed = session.info["sealer"].seal(evidence)
    session.execute(update(_T).where(_T.c.id == call_id).values(**values, evidence=sealed))


def find_nonce(session: Session, address: str, interface: str, nonce: str) -> Call | None:
    """Find the call that used a nonce."""
    keys = {"address": address, "interface": interface, "nonce": nonce}
    row = session.execute(_FIND_NONCE, keys).first()
    return load(Call, row) if row else None


def evidence_of(session: Session, call: Call) -> Any:
    """Open the evidence of a call."""
    return session.info["sealer"].open(call.evidence)


def get(session: Session, call_id: int) -> Call:
    """Get a call by its number; raises CallNotFound."""
    row = session.execute(select(_T).where(_T.c.id == call_id)).first()
    if row is None:
        raise CallNotFound(str(call_id))
    return load(Call, row)


def list_(
    session: Session,
    *,
    addresses: Sequence[str] | None = None,
    before: int | None = None,
    limit: int = 50,
    since: datetime | None = None,
    until: datetime | None = None,
    **equal: Any,
) -> list[Call]:
    """List calls, newest first, those before the given number; each keyword must equal its column."""
    statement = select(_T)
    if addresses is not None:
        statement = statement.where(_T.c.address.in_(addresses))
    if before is not None:
        statement = statement.where(_T.c.id < before)
    if since is not None:
        statement = statement.where(_T.c.received_at >= since)
    if until is not None:
        statement = statement.where(_T.c.received_at < until)
    for name, value in equal.items():
        if value is not None:
            statement = statement.where(_T.c[name] == value)
    rows = session.execute(statement.order_by(_T.c.id.desc()).limit(limit))
    return [load(Call, row) for row in rows]


def delete_before(session: Session, moment: datetime, *, most: int) -> int:
    """Forget calls received before a moment, the oldest first, and say how many were forgotten."""
    oldest = select(_T.c.id).where(_T.c.received_at < moment).order_by(_T.c.received_at).limit(most)
    deleted = session.execute(delete(_T).where(_T.c.id.in_(oldest)).returning(_T.c.id))
    return len(deleted.all())
