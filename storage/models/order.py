"""Table of orders: what the marketplace said an order line is."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime


class Order(SQLModel, table=True):
    """One looked-up order line. `info` is the marketplace's answer, sealed: it names the buyer."""

    __tablename__ = "orders"
    __table_args__ = (UniqueConstraint("address", "order_id", "order_line_id", name="uq_orders_order_line"),)

    id: int | None = Field(default=None, primary_key=True)
    address: str = Field(max_length=63)
    order_id: str = Field(max_length=64)
    order_line_id: str = Field(max_length=64)
    info: bytes
    looked_up_at: datetime = Field(sa_type=UtcDateTime)
