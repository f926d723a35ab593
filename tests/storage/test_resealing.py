"""Resealing: after it, the old encryption key is not needed any more."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import LargeBinary
from sqlmodel import Session

from storage import calls, instances, orders, resealing, schema
from storage.engine import create_engine
from storage.errors import SealBroken
from storage.models import Call
from storage.rows import table_of
from storage.sealing import Sealer
from tests.databases import new_database

AT = datetime(2026, 1, 1, tzinfo=UTC)
CALL = {
    "address": "demo",
    "interface": "basic",
    "verdict": "answered",
    "result_code": "000000",
    "is_test": False,
    "received_at": AT,
    "duration_us": 1,
}


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_the_old_key_can_go(kind: str, tmp_path: Path) -> None:
    """Every sealed row opens with the new key alone, and holds what it held."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with new_database(kind, tmp_path) as url:
        engine = create_engine(url)
        schema.prepare(engine)
        with Session(engine, info={"sealer": Sealer([old])}) as session, session.begin():
            instance, _ = instances.claim(
                session, address="demo", order_id="o", order_line_id="l", instance_id="i", at=AT
            )
            assert instance is not None
            instances.change(session, instance, at=AT, access=Sealer([old]).seal({"password": "p"}))
            orders.add(session, "demo", "o", "l", {"orderId": "o"}, at=AT)
            for _ in range(resealing._AT_ONCE + 1):
                calls.add(session, CALL, {"request": "", "answer": "{}"})

        count = resealing.reseal(engine, Sealer([new, old]))

        assert count == 2 + resealing._AT_ONCE + 1
        with Session(engine, info={"sealer": Sealer([new])}) as session:
            assert instances.open_access(session, instances.get(session, "demo", "i")) == {"password": "p"}
            assert orders.find_info(session, "demo", "o", "l") == {"orderId": "o"}
            for call in calls.list_(session, limit=1000):
                assert calls.evidence_of(session, call) == {"request": "", "answer": "{}"}
            with pytest.raises(SealBroken):
                Sealer([old]).open(calls.list_(session)[0].evidence)
        engine.dispose()


class Interrupted(Sealer):
    """Seals again, and lets somebody else write in between."""

    def __init__(self, keys: list[str], meanwhile: Callable[[], None]) -> None:
        super().__init__(keys)
        self._meanwhile = meanwhile

    def reseal(self, sealed: bytes) -> bytes:
        """Seal again, after the other's write."""
        self._meanwhile()
        return super().reseal(sealed)


def test_what_a_server_writes_meanwhile_stays(tmp_path: Path) -> None:
    """SQLite locks no rows: access data forgotten at a release does not come back."""
    key = Fernet.generate_key().decode()
    with new_database("sqlite", tmp_path) as url:
        engine = create_engine(url)
        schema.prepare(engine)
        with Session(engine) as session, session.begin():
            instance, _ = instances.claim(
                session, address="demo", order_id="o", order_line_id="l", instance_id="i", at=AT
            )
            assert instance is not None
            instances.change(session, instance, at=AT, access=Sealer([key]).seal({"password": "p"}))

        def release() -> None:
            with Session(engine) as other, other.begin():
                instances.change(other, instance, at=AT, access=None)

        resealing.reseal(engine, Interrupted([key], release))

        with Session(engine) as session:
            assert instances.get(session, "demo", "i").access is None
        engine.dispose()


def test_no_sealed_column_is_forgotten() -> None:
    """Whatever is stored as bytes is sealed, and is sealed again."""
    found = {
        (table.name, column.name)
        for table in table_of(Call).metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, LargeBinary)
    }

    assert found == {(table.name, column) for table, column in resealing.SEALED}
