"""FastAPI with an SQLModel session, written the usual way: a `def` endpoint in the pool of threads.

It keeps what ours keeps (instance, nonce, call, work for later) in one commit; unlike ours it does not
encrypt the evidence.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Query, Request
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, UniqueConstraint, create_engine, select

from benchmarks.contestants.fastapi_check import genuine
from benchmarks.contestants.fastapi_models import Answer, AnyBody, NewInstance


def _now() -> datetime:
    return datetime.now(UTC)


class Instance(SQLModel, table=True):
    """What one order line gives the buyer."""

    __tablename__ = "instances"
    __table_args__ = (UniqueConstraint("order_id", "order_line_id"),)

    id: int | None = Field(default=None, primary_key=True)
    instance_id: str = Field(unique=True)
    order_id: str
    order_line_id: str
    state: str = "provisioning"
    created_at: datetime = Field(default_factory=_now)


class Nonce(SQLModel, table=True):
    """A nonce that was used."""

    __tablename__ = "nonces"

    nonce: str = Field(primary_key=True)
    signature: str
    used_at: datetime = Field(default_factory=_now)


class CallRecord(SQLModel, table=True):
    """The evidence of a call."""

    __tablename__ = "calls"

    id: int | None = Field(default=None, primary_key=True)
    activity: str
    order_id: str | None = Field(default=None, index=True)
    request: bytes
    answer: str
    received_at: datetime = Field(default_factory=_now, index=True)


class Outbox(SQLModel, table=True):
    """Work for later."""

    __tablename__ = "outbox"

    id: int | None = Field(default=None, primary_key=True)
    topic: str
    instance_ref: int | None = Field(foreign_key="instances.id")
    created_at: datetime = Field(default_factory=_now)


def create(database_url: str, _gallery_url: str) -> Any:
    """Make the app and its tables."""
    engine = _create_engine(database_url)
    SQLModel.metadata.create_all(engine)
    app = FastAPI()
    app.post("/produce/{address}", dependencies=[Depends(genuine)])(_endpoint(engine))
    return app


def _create_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url)
    engine = create_engine(url, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=full")

    return engine


def _endpoint(engine: Engine) -> Callable[..., Answer]:
    def session() -> Iterator[Session]:
        with Session(engine) as opened:
            yield opened

    async def raw(request: Request) -> bytes:
        return await request.body()

    def produce(
        body: Annotated[AnyBody, Body()],
        session: Annotated[Session, Depends(session)],
        raw: Annotated[bytes, Depends(raw)],
        nonce: Annotated[str, Query()],
        signature: Annotated[str, Query()],
    ) -> Answer:
        if not isinstance(body, NewInstance):
            return Answer(resultCode="000002", resultMsg="not a part of this benchmark")
        session.add(Nonce(nonce=nonce, signature=signature))
        return _sell(session, body, raw)

    return produce


def _sell(session: Session, body: NewInstance, raw: bytes) -> Answer:
    found = _find(session, body)
    answer = Answer(
        resultCode="000004",
        resultMsg="request is processing",
        instanceId=found.instance_id if found else body.businessId,
    )
    if found is None:
        instance = Instance(
            instance_id=body.businessId, order_id=body.orderId, order_line_id=body.orderLineId
        )
        session.add(instance)
        session.flush()
        session.add(Outbox(topic="provision", instance_ref=instance.id))
    session.add(
        CallRecord(
            activity=body.activity, order_id=body.orderId, request=raw, answer=answer.model_dump_json()
        )
    )
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        return Answer(resultCode="000001", resultMsg="nonce was used before")
    return answer


def _find(session: Session, body: NewInstance) -> Instance | None:
    wanted = select(Instance).where(
        Instance.order_id == body.orderId, Instance.order_line_id == body.orderLineId
    )
    with session.no_autoflush:
        return session.exec(wanted).first()
