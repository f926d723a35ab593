"""Repository of orders: what the marketplace said an order line is."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session

from storage.models import Order
from storage.rows import table_of

_T = table_of(Order)


def find_info(session: Session, address: str, order_id: str, order_line_id: str) -> Any | None:
    """Find what was learnt of an order line: the marketplace's JSON object, opened."""
    sealed = session.execute(
        select(_T.c.info).where(
            _T.c.address == address, _T.c.order_id == order_id, _T.c.order_line_id == order_line_id
        )
    ).scalar()
    return None if sealed is None else session.info["sealer"].open(sealed)


def add(
    session: Session, address: str, order_id: str, order_line_id: str, info: Any, *, at: datetime
) -> None:
    """Keep what was learnt of an order line; what was learnt before is replaced."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    sealed = session.info["sealer"].seal(info)
    session.execute(
        insert(_T)
        .values(address=address, order_id=order_id, order_line_id=order_line_id, info=sealed, looked_up_at=at)
        .on_conflict_do_update(
            index_elements=["address", "order_id", "order_line_id"],
            set_={"info": sealed, "looked_up_at": at},
        )
    )
