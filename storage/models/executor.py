"""Table of executors: which processes are alive to do durable work."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime


class Executor(SQLModel, table=True):
    """One process that carries out workflows, and when it last said so."""

    __tablename__ = "executors"

    id: str = Field(primary_key=True, max_length=64)
    seen_at: datetime = Field(sa_type=UtcDateTime)
