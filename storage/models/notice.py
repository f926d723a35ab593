"""Table of notices: what a person must know."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime


class Notice(SQLModel, table=True):
    """One thing to know; the same thing again raises `count` instead of adding a row."""

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("kind", "subject", name="uq_notices_subject"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=48)
    subject: str = Field(max_length=160)
    message: str
    count: int = 1
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
