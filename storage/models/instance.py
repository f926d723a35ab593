"""Table of instances: what one order line gives the buyer."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime


class InstanceState(StrEnum):
    """How far the product behind an instance is. Frozen is a mark of its own, beside the state."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"
    FAILED = "failed"
    RELEASED = "released"
    MERGED = "merged"


_ONE_PER_PRODUCT = text("charging_mode = 'ON_DEMAND' AND state NOT IN ('merged', 'released')")


class Instance(SQLModel, table=True):
    """One sold order line. `instance_id` is ours to mint and the same for ever.

    `merged_into` names the instance that serves a second pay-per-use line of the same order and product.
    `expires_at` is what the marketplace set by refreshInstance; `expected_expires_at` is what the order
    said, which the guide calls a reference only. `access` is sealed. What an order says is stored at any
    length: a paid order must not fail over one.
    """

    __tablename__ = "instances"
    __table_args__ = (
        UniqueConstraint("address", "order_id", "order_line_id", name="uq_instances_order_line"),
        Index(
            "uq_instances_pay_per_use",
            "address",
            "order_id",
            "product_id",
            unique=True,
            sqlite_where=_ONE_PER_PRODUCT,
            postgresql_where=_ONE_PER_PRODUCT,
        ),
        Index("ix_instances_address_state", "address", "state"),
        Index("ix_instances_customer", "customer_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    instance_id: str = Field(max_length=64, unique=True)
    address: str = Field(max_length=63)
    protocol: str = Field(default="v2", max_length=4)
    order_id: str = Field(max_length=64)
    order_line_id: str = Field(max_length=64)
    order_type: str | None = None
    charging_mode: str | None = None
    product_id: str | None = None
    product_name: str | None = None
    sku_code: str | None = None
    linear_value: int | None = Field(default=None, sa_type=BigInteger)
    customer_id: str | None = None
    is_trial: bool = False
    state: str = Field(default=InstanceState.PROVISIONING, max_length=16)
    is_frozen: bool = False
    merged_into: str | None = Field(default=None, max_length=64)
    failure_code: str | None = Field(default=None, max_length=6)
    failure_reason: str | None = None
    access: bytes | None = None
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expected_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    activated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    frozen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
