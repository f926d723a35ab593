"""Repository of instances."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session

from storage.errors import InstanceNotFound
from storage.models import Instance, InstanceState
from storage.rows import apply, load, table_of

_T = table_of(Instance)

_FIND = select(_T).where(_T.c.address == bindparam("address"), _T.c.instance_id == bindparam("instance_id"))
_FIND_LINE = select(_T).where(
    _T.c.address == bindparam("address"),
    _T.c.order_id == bindparam("order_id"),
    _T.c.order_line_id == bindparam("order_line_id"),
)
_FIND_PAY_PER_USE = select(_T).where(
    _T.c.address == bindparam("address"),
    _T.c.order_id == bindparam("order_id"),
    _T.c.product_id == bindparam("product_id"),
    _T.c.charging_mode == "ON_DEMAND",
    _T.c.state.not_in([InstanceState.MERGED, InstanceState.RELEASED]),
)
_CLAIM = {
    "sqlite": sqlite_insert(_T).on_conflict_do_nothing().returning(_T),
    "postgresql": postgresql_insert(_T).on_conflict_do_nothing().returning(_T),
}


def claim(
    session: Session, *, address: str, order_id: str, order_line_id: str, instance_id: str, at: datetime
) -> tuple[Instance | None, bool]:
    """Make the instance of an order line unless it is there, and say whether this call made it.

    The database decides between parallel deliveries. Gives (None, False) if the order line is new but
    the instance id is taken: the caller mints another one.
    """
    values = {
        "address": address,
        "protocol": "v2",
        "order_id": order_id,
        "order_line_id": order_line_id,
        "instance_id": instance_id,
        "is_trial": False,
        "is_frozen": False,
        "state": InstanceState.PROVISIONING,
        "created_at": at,
        "updated_at": at,
    }
    row = session.execute(_CLAIM[session.get_bind().dialect.name], values).first()
    if row is not None:
        return load(Instance, row), True
    return find_line(session, address, order_id, order_line_id), False


def find_line(session: Session, address: str, order_id: str, order_line_id: str) -> Instance | None:
    """Find the instance of an order line."""
    keys = {"address": address, "order_id": order_id, "order_line_id": order_line_id}
    row = session.execute(_FIND_LINE, keys).first()
    return load(Instance, row) if row else None


def find_pay_per_use(session: Session, address: str, order_id: str, product_id: str) -> Instance | None:
    """Find the living instance that serves a pay-per-use product of an order."""
    keys = {"address": address, "order_id": order_id, "product_id": product_id}
    row = session.execute(_FIND_PAY_PER_USE, keys).first()
    return load(Instance, row) if row else None


def find(session: Session, address: str, instance_id: str) -> Instance | None:
    """Find an instance by its id, following a merged one to the instance that serves it."""
    row = session.execute(_FIND, {"address": address, "instance_id": instance_id}).first()
    if row is None:
        return None
    instance = load(Instance, row)
    if instance.merged_into is None:
        return instance
    return find(session, address, instance.merged_into)


def get(session: Session, address: str, instance_id: str) -> Instance:
    """Get an instance by its id; raises InstanceNotFound."""
    instance = find(session, address, instance_id)
    if instance is None:
        raise InstanceNotFound(instance_id)
    return instance


def get_by_ref(session: Session, ref: int) -> Instance:
    """Get an instance by its row number, locked against other processes until the transaction ends."""
    row = session.execute(select(_T).where(_T.c.id == ref).with_for_update()).first()
    if row is None:
        raise InstanceNotFound(str(ref))
    return load(Instance, row)


def lock(session: Session, address: str, instance_id: str) -> Instance:
    """Get an instance that is about to change, locked until the transaction ends; raises InstanceNotFound."""
    return _lock(session, get(session, address, instance_id))


def _lock(session: Session, seen: Instance) -> Instance:
    """Lock an instance; one that was merged while we waited leads on to the one that serves it."""
    locked = get_by_ref(session, _ref(seen))
    if locked.merged_into is None:
        return locked
    return _lock(session, get(session, locked.address, locked.merged_into))


def get_seen(session: Session, instance_id: str, addresses: Sequence[str] | None) -> Instance:
    """Get an instance by its id alone, if its address is among those; raises InstanceNotFound."""
    row = session.execute(select(_T).where(_T.c.instance_id == instance_id)).first()
    if row is None or (addresses is not None and row.address not in addresses):
        raise InstanceNotFound(instance_id)
    return get(session, row.address, instance_id)


def lock_seen(session: Session, instance_id: str, addresses: Sequence[str] | None) -> Instance:
    """Get such an instance that is about to change, locked until the transaction ends."""
    return _lock(session, get_seen(session, instance_id, addresses))


def change(session: Session, instance: Instance, *, at: datetime, **values: Any) -> None:
    """Write some columns of an instance, and set them on the object too."""
    values["updated_at"] = at
    session.execute(update(_T).where(_T.c.id == instance.id).values(**values))
    apply(instance, values)


def open_access(session: Session, instance: Instance) -> dict[str, Any] | None:
    """Open the access data of an instance; None if there is none."""
    if instance.access is None:
        return None
    opened: dict[str, Any] = session.info["sealer"].open(instance.access)
    return opened


def list_(
    session: Session,
    *,
    addresses: Sequence[str] | None = None,
    after: int = 0,
    limit: int = 50,
    states: Sequence[str] | None = None,
    is_frozen: bool | None = None,
    **equal: str | None,
) -> list[Instance]:
    """List instances by row number, those after the given one; each keyword must equal its column."""
    statement = select(_T).where(_T.c.id > after, _T.c.state != InstanceState.MERGED)
    if addresses is not None:
        statement = statement.where(_T.c.address.in_(addresses))
    if states is not None:
        statement = statement.where(_T.c.state.in_(states))
    if is_frozen is not None:
        statement = statement.where(_T.c.is_frozen == is_frozen)
    for name, value in equal.items():
        if value is not None:
            statement = statement.where(_T.c[name] == value)
    rows = session.execute(statement.order_by(_T.c.id).limit(limit))
    return [load(Instance, row) for row in rows]


def _ref(instance: Instance) -> int:
    if instance.id is None:
        msg = "an instance that was never stored"
        raise ValueError(msg)
    return instance.id
