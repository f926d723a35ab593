"""testFlag "1": the marketplace's daily probes are well answered and leave nothing behind."""

import secrets
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.world import World

pytestmark = pytest.mark.usefixtures("world")

LIVE_TABLES = ("instances", "changes", "orders", "notices")


def probes() -> dict[str, dict[str, Any]]:
    """Give a probe of each activity, for made-up ids."""
    order = {"orderId": f"CS{secrets.token_hex(6)}", "orderLineId": "L-1"}
    instance = {"instanceId": secrets.token_hex(16)}
    renewal = {"scene": "RENEWAL", "expireTime": "20221124023618256"}
    bodies: dict[str, dict[str, Any]] = {
        "newInstance": {"businessId": secrets.token_hex(16), **order},
        "queryInstance": instance,
        "refreshInstance": {**renewal, **order, **instance},
        "updateInstanceStatus": {"status": "FREEZE", **instance},
        "releaseInstance": {**order, **instance},
        "upgradeInstance": {**order, **instance},
        "changeInstanceCheck": {"productInfo": {"skuCode": "x"}, **instance},
    }
    return {name: {"activity": name, "testFlag": "1", **body} for name, body in bodies.items()}


def counts(world: World) -> dict[str, Any]:
    """Count what lives, straight from the database."""
    engine = create_engine(world.database_url)
    try:
        with engine.connect() as connection:
            found: dict[str, Any] = {
                table: connection.execute(text(f"select count(*) from {table}")).scalar()  # noqa: S608
                for table in LIVE_TABLES
            }
            states = connection.execute(text("select state, count(*) from instances group by state"))
            return found | {state: number for state, number in states}  # noqa: C416 - rows are no pairs
    finally:
        engine.dispose()


@pytest.mark.parametrize("activity", list(probes()))
def test_a_probe_of_each_activity_succeeds_for_made_up_ids(world: World, activity: str) -> None:
    """A probe that fails for five days takes the product off the market."""
    body = probes()[activity]

    replies = [world.call(body) for _ in range(2)]

    assert [reply.code for reply in replies] == ["000000"] * 2
    assert replies[0].raw == replies[1].raw
    if activity == "newInstance":
        assert replies[0].json["instanceId"] == body["businessId"]


@pytest.mark.parametrize("activity", list(probes()))
def test_a_probe_for_a_living_instance_touches_nothing(world: World, activity: str) -> None:
    """Saved debug cases may name a real id: the instance and its history stay as they are."""
    instance_id = world.buy()
    before = world.instance(instance_id), world.changes(instance_id)
    asked = len(world.product.asked_of(instance_id))
    order_id = before[0]["orderId"]
    line = {"orderId": order_id, "orderLineId": f"{order_id}-000001"}
    body = {**probes()[activity], **line, "instanceId": instance_id}

    assert world.call(body, address="hook").code == "000000"

    assert (world.instance(instance_id), world.changes(instance_id)) == before
    assert len(world.product.asked_of(instance_id)) == asked


def test_a_storm_of_probes_changes_no_live_count(world: World) -> None:
    """200 probes: no instance, no change, no order, no notice; the calls are kept in their own lane."""
    world.buy()
    before = counts(world)
    storm = [body for _ in range(29) for body in probes().values()][:200]

    replies = world.call_together(storm)

    assert {reply.code for reply in replies} == {"000000"}
    assert counts(world) == before
    found = world.vendor("GET", "/calls?isTest=true&limit=200").json["items"]
    assert len(found) == 200
    sent = {(body["activity"], body.get("instanceId") or body["businessId"]) for body in storm}
    assert sent <= {(call["activity"], call["instanceId"]) for call in found}
    assert not any(call["isTest"] for call in world.vendor("GET", "/calls?isTest=false").json["items"])


@pytest.mark.parametrize("flag", ["0", "", None, "2"])
def test_only_1_is_a_probe(world: World, flag: str | None) -> None:
    """Older pages send 0 for real calls; whatever is not 1 is real."""
    body = {**probes()["releaseInstance"], "testFlag": flag}

    assert world.call(body).code == "000003"


def test_a_malformed_probe_is_refused(world: World) -> None:
    """A probe is checked like a real call: it must not hide what the debug page should show."""
    wrong: dict[str, dict[str, Any]] = {
        "newInstance": {"businessId": None},
        "queryInstance": {"instanceId": "a,,b"},
        "refreshInstance": {"expireTime": "20221324023618"},
        "updateInstanceStatus": {"status": "NORMAL"},
        "releaseInstance": {"instanceId": ""},
        "upgradeInstance": {"orderId": None},
        "changeInstanceCheck": {"productInfo": "{"},
    }

    codes = {name: world.call(body | wrong[name]).code for name, body in probes().items()}

    assert codes == dict.fromkeys(wrong, "000002")
