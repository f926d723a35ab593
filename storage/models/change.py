"""Table of changes: every piece of work that an instance gives the vendor's product, in order."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime


class ChangeKind(StrEnum):
    """What the product is asked to do."""

    PROVISION = "provision"
    RENEW = "renew"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    CHANGE = "change"
    DEPROVISION = "deprovision"


class ChangeState(StrEnum):
    """Pending: its turn is to come or is now. Waiting: the product said it would report later."""

    PENDING = "pending"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"


OPEN_STATES = (ChangeState.PENDING, ChangeState.WAITING)


class Change(SQLModel, table=True):
    """One piece of work for the product.

    The product sees the changes of an instance one at a time and in the order of `id`. `run` counts the
    starts (a failed change can be started again), `attempt` the calls to the product within a run.
    Freeze and unfreeze carry no order, so the unique key lets any number of them in.
    """

    __tablename__ = "changes"
    __table_args__ = (
        UniqueConstraint(
            "instance_ref", "kind", "scene", "order_id", "order_line_id", name="uq_changes_order_line"
        ),
        Index("ix_changes_instance_state", "instance_ref", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    instance_ref: int = Field(foreign_key="instances.id")
    kind: str = Field(max_length=16)
    scene: str = Field(default="", max_length=64)
    order_id: str | None = Field(default=None, max_length=64)
    order_line_id: str | None = Field(default=None, max_length=64)
    product_id: str | None = Field(default=None, max_length=64)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    state: str = Field(default=ChangeState.PENDING, max_length=16)
    run: int = 1
    attempt: int = 0
    result_code: str | None = Field(default=None, max_length=6)
    reason: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime = Field(sa_type=UtcDateTime)
    next_attempt_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
