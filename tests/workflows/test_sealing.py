"""Encryption at rest: what must not lie readable lies in no table, neither ours nor the library's."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import MetaData, create_engine, inspect, select

from tests.product import slowly
from tests.world import World, new_instance

pytestmark = pytest.mark.usefixtures("world")

PASSWORD = "S3aled-pass-77"
MEMO = "sealed-memo-密封"
SECRETS = (PASSWORD, MEMO, "19912345678", "sealed.buyer", "封存客户", "10.9.8.7")


def cells(url: str) -> Iterator[tuple[str, str]]:
    """Give every value of every table of every schema as text, with the table's name."""
    engine = create_engine(url)
    schemas = [name for name in inspect(engine).get_schema_names() if name != "information_schema"]
    try:
        for schema in schemas:
            metadata = MetaData()
            metadata.reflect(engine, schema=schema)
            with engine.connect() as connection:
                for name, table in metadata.tables.items():
                    for row in connection.execute(select(table)):
                        yield from ((name, _text(value)) for value in row if value is not None)
    finally:
        engine.dispose()


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def spellings(secret: str) -> set[str]:
    """Give the ways a text may stand in JSON."""
    return {secret, secret.encode("unicode_escape").decode(), repr(secret)[1:-1]}


def live_through_everything(world: World) -> str:
    """Sell to a buyer with sealed data, with retries, an upgrade that moves the access, and a query."""
    order_id = world.gallery.place()
    order = world.gallery.orders[order_id]
    order["buyerInfo"] |= {
        "mobilePhone": "19912345678",
        "email": "sealed.buyer@example.com",
        "customerRealName": "封存客户",
        "customerName": "sealed.buyer",
    }
    order["orderLine"][0]["extendParams"] = [{"name": "ip", "value": "10.9.8.7"}]
    body = new_instance(order_id)
    instance_id = str(body["businessId"])
    access = {"frontEndUrl": "https://app.example.com/x", "password": PASSWORD, "memo": MEMO}
    world.product.answers[instance_id] = [(503, {}), slowly(0.1, (200, access)), (200, access)]
    world.call(body, address="hook")
    world.settled(instance_id)
    upgrade = world.gallery.place(order_type="CHANGE")
    world.gallery.orders[upgrade]["buyerInfo"] = order["buyerInfo"]
    line = {"orderId": upgrade, "orderLineId": f"{upgrade}-000001", "instanceId": instance_id}
    world.call({"activity": "upgradeInstance", **line}, address="hook")
    query = world.call({"activity": "queryInstance", "instanceId": instance_id}, address="hook")
    assert query.json["info"][0]["appInfo"]["password"] == PASSWORD
    return instance_id


def test_nothing_secret_lies_readable_anywhere_in_the_database(world: World) -> None:
    """Access data, phone, mail, names and parameters of the order: sealed in our tables and the library's."""
    instance_id = live_through_everything(world)

    stored = list(cells(world.database_url))

    tables = {name.rpartition(".")[2] for name, _ in stored}
    assert {"instances", "orders", "calls", "changes", "workflow_status", "operation_outputs"} <= tables
    assert any(instance_id in text for _, text in stored)
    # The access data did pass through a checkpoint of the library, sealed.
    assert any(name.endswith("operation_outputs") and "gAAAA" in text for name, text in stored)
    found = {
        (table, secret)
        for table, text in stored
        for secret in SECRETS
        if any(spelling in text for spelling in spellings(secret))
    }
    assert found == set()


def test_what_is_released_is_gone_from_the_instance(world: World) -> None:
    """The sealed access data is deleted, not only hidden."""
    instance_id = live_through_everything(world)
    world.call({"activity": "releaseInstance", "instanceId": instance_id}, address="hook")
    world.settled(instance_id)

    engine = create_engine(world.database_url)
    metadata = MetaData()
    metadata.reflect(engine, only=["instances"])
    table = metadata.tables["instances"]
    with engine.connect() as connection:
        row = connection.execute(select(table.c.access).where(table.c.instance_id == instance_id)).one()
    engine.dispose()

    assert row.access is None
