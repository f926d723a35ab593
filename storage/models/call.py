"""Table of calls: one received request and its answer, kept as evidence."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime


class Call(SQLModel, table=True):
    """One call of the marketplace. `evidence` holds request and answer, sealed.

    `nonce` is filled only where the signature was right; its unique key is what makes a replay visible to
    every process. `is_test` marks the marketplace's own probes.
    """

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("address", "interface", "nonce", name="uq_calls_nonce"),
        Index("ix_calls_received", "received_at"),
        Index("ix_calls_order", "order_id"),
        Index("ix_calls_instance", "instance_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    address: str = Field(max_length=63)
    interface: str = Field(default="basic", max_length=16)
    activity: str | None = Field(default=None, max_length=32)
    nonce: str | None = Field(default=None, max_length=128)
    signature: str | None = Field(default=None, max_length=128)
    key_index: int | None = None
    signature_form: str | None = Field(default=None, max_length=8)
    verdict: str = Field(max_length=16)
    result_code: str = Field(max_length=6)
    is_test: bool = False
    order_id: str | None = Field(default=None, max_length=64)
    instance_id: str | None = Field(default=None, max_length=64)
    evidence: bytes
    received_at: datetime = Field(sa_type=UtcDateTime)
    duration_us: int = 0
