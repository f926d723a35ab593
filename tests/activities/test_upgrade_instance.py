"""upgradeInstance: the order says what the instance becomes, and the product does it."""

import secrets

import pytest

from tests.product import slowly
from tests.world import Reply, World, new_instance

pytestmark = pytest.mark.usefixtures("world")


def upgrade(world: World, instance_id: str, order_id: str, *, address: str = "hook") -> Reply:
    """Deliver an upgrade order."""
    line = {"orderId": order_id, "orderLineId": f"{order_id}-000001"}
    return world.call({"activity": "upgradeInstance", "instanceId": instance_id, **line}, address=address)


def place(world: World, sku_code: str = "sku-2", linear_value: int | None = 50) -> str:
    """Place an upgrade order."""
    return world.gallery.place(order_type="CHANGE", sku_code=sku_code, linear_value=linear_value)


def specification(world: World, instance_id: str) -> tuple[str, int]:
    """Give the SKU and quantity of an instance."""
    instance = world.instance(instance_id)
    return instance["skuCode"], instance["linearValue"]


def test_an_upgrade_within_the_budget_is_000000(world: World) -> None:
    """The order is read, the product changed, the new specification kept, the id stays."""
    instance_id = world.buy()
    order_id = place(world)

    assert upgrade(world, instance_id, order_id).code == "000000"

    assert specification(world, instance_id) == ("sku-2", 50)
    told = world.product.asked_of(instance_id)[-1]
    assert (told.kind, told.data["skuCode"], told.data["linearValue"]) == ("change", "sku-2", 50)
    assert (told.data["orderId"], told.data["orderType"]) == (order_id, "CHANGE")


def test_what_an_expansion_leaves_out_stays(world: World) -> None:
    """An order that says nothing of the quantity does not take it away."""
    instance_id = world.buy()

    upgrade(world, instance_id, place(world, "sku-3", None))

    assert specification(world, instance_id) == ("sku-3", 10)


def test_a_repeat_upgrades_once(world: World) -> None:
    """Repeats, all at once too, get the outcome of the one upgrade."""
    instance_id = world.buy()
    order_id = place(world)
    body = {
        "activity": "upgradeInstance",
        "instanceId": instance_id,
        "orderId": order_id,
        "orderLineId": f"{order_id}-000001",
    }

    replies = world.call_together([body] * 20, address="hook")

    assert {reply.code for reply in replies} == {"000000"}
    assert upgrade(world, instance_id, order_id).code == "000000"
    assert len([asked for asked in world.product.asked_of(instance_id) if asked.kind == "change"]) == 1


def test_a_slow_product_is_000004_and_the_next_delivery_gives_the_outcome(world: World) -> None:
    """Until the product confirmed, the old specification holds."""
    instance_id = world.buy(address="hasty")
    order_id = place(world)
    world.product.answers[instance_id] = [slowly(1.0, (200, {}))]

    assert upgrade(world, instance_id, order_id, address="hasty").code == "000004"
    assert specification(world, instance_id) == ("sku-1", 10)

    world.settled(instance_id)
    assert upgrade(world, instance_id, order_id, address="hasty").code == "000000"
    assert specification(world, instance_id) == ("sku-2", 50)
    assert world.product.kinds_of(instance_id) == ["provision", "change"]


def test_answers_at_the_commit_where_the_address_wants_it(world: World) -> None:
    """With answer_when = committed the first answer is 000004, the next one the outcome."""
    instance_id = world.buy(address="committed")
    order_id = place(world)

    assert upgrade(world, instance_id, order_id, address="committed").code == "000004"

    world.settled(instance_id)
    assert upgrade(world, instance_id, order_id, address="committed").code == "000000"


def test_a_refusal_gives_code_and_reason_and_the_next_delivery_starts_afresh(world: World) -> None:
    """A failure is never replayed: the product is asked again under the same key."""
    instance_id = world.buy()
    order_id = place(world)
    refusal = (422, {"resultCode": "000100", "message": "no room for that"})
    world.product.answers[instance_id] = [refusal]

    refused = upgrade(world, instance_id, order_id)
    assert refused.code == "000100"
    assert "no room for that" in refused.json["resultMsg"]
    assert specification(world, instance_id) == ("sku-1", 10)

    assert upgrade(world, instance_id, order_id).code == "000000"
    assert specification(world, instance_id) == ("sku-2", 50)
    changes = [asked.key for asked in world.product.asked_of(instance_id) if asked.kind == "change"]
    assert (len(changes), len(set(changes))) == (2, 1)


def test_an_order_that_cannot_be_read_is_refused_and_the_product_not_asked(world: World) -> None:
    """Nobody knows what was bought."""
    instance_id = world.buy()

    reply = upgrade(world, instance_id, f"CS-UNKNOWN-{secrets.token_hex(4)}")

    assert reply.code == "000005"
    assert "order lookup refused: 0199" in reply.json["resultMsg"]
    assert world.product.kinds_of(instance_id) == ["provision"]


def test_new_access_data_replaces_the_old(world: World) -> None:
    """An upgraded product may live elsewhere; an upgrade that says nothing leaves the access alone."""
    instance_id = world.buy()
    upgrade(world, instance_id, place(world))
    assert world.instance(instance_id)["access"]["userName"] == "admin"
    moved = {"frontEndUrl": "https://big.example.com/", "userName": "root"}
    world.product.answers[instance_id] = [(200, moved)]

    upgrade(world, instance_id, place(world, "sku-4"))

    access = world.instance(instance_id)["access"]
    assert (access["frontEndUrl"], access["userName"]) == ("https://big.example.com/", "root")


def test_upgrades_come_one_after_the_other(world: World) -> None:
    """Two orders at once: the product sees them in turn, and the last one holds."""
    instance_id = world.buy(address="hasty")
    world.product.answers[instance_id] = [slowly(0.6, (200, {}))]
    first, second = place(world, "sku-a", 1), place(world, "sku-b", 2)

    for order_id in (first, second):
        upgrade(world, instance_id, order_id, address="hasty")

    world.settled(instance_id)
    changes = [asked.data["orderId"] for asked in world.product.asked_of(instance_id)][1:]
    assert changes == [first, second]
    assert specification(world, instance_id) == ("sku-b", 2)


def test_the_product_reports_later(world: World) -> None:
    """202: the answer is 000004 until the vendor completes it."""
    instance_id = world.buy(address="hasty")
    order_id = place(world)
    world.product.answers[instance_id] = [(202, {})]
    assert upgrade(world, instance_id, order_id, address="hasty").code == "000004"
    world.until(lambda: world.changes(instance_id)[-1]["state"] == "waiting")

    assert world.vendor("POST", f"/instances/{instance_id}/complete", {}).status == 200

    assert upgrade(world, instance_id, order_id, address="hasty").code == "000000"
    assert specification(world, instance_id) == ("sku-2", 50)


def test_a_corrected_renewal_does_not_hide_an_upgrade_that_awaits_its_report(world: World) -> None:
    """The report is about what the product took on, whatever older work was started anew meanwhile."""
    instance_id = world.buy()
    renewal = {
        "activity": "refreshInstance",
        "scene": "RENEWAL",
        "instanceId": instance_id,
        "orderId": f"R{instance_id}",
        "orderLineId": f"R{instance_id}-1",
    }
    world.call({**renewal, "expireTime": "20321231155959"}, address="hook")
    world.settled(instance_id)
    world.product.answers[instance_id] = [(202, {})]
    order_id = place(world)
    assert upgrade(world, instance_id, order_id).code == "000004"
    assert world.call({**renewal, "expireTime": "20341231155959"}, address="hook").code == "000000"

    assert world.vendor("POST", f"/instances/{instance_id}/complete", {}).status == 200

    assert {change["state"] for change in world.settled(instance_id)} == {"done"}
    assert upgrade(world, instance_id, order_id).code == "000000"
    assert world.product.kinds_of(instance_id) == ["provision", "renew", "change", "renew"]


@pytest.mark.parametrize("deliveries", [0, 1])
def test_an_upgrade_dropped_by_a_failed_provisioning_is_made_later(world: World, deliveries: int) -> None:
    """It was paid for: once provisioning succeeds, the upgrade follows."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [slowly(0.6, (422, {"message": "no"}))]
    world.call(body, address="hasty")
    order_id = place(world)
    assert upgrade(world, instance_id, order_id, address="hasty").code == "000004"
    world.until(lambda: world.instance(instance_id)["state"] == "failed")
    assert upgrade(world, instance_id, order_id, address="hasty").code == "000005"

    world.call(new_instance(body["orderId"]), address="hasty")
    for _ in range(deliveries):
        upgrade(world, instance_id, order_id, address="hasty")

    world.settled(instance_id)
    assert world.product.kinds_of(instance_id) == ["provision", "change"]
    assert specification(world, instance_id) == ("sku-2", 50)
    assert upgrade(world, instance_id, order_id, address="hasty").code == "000000"


def test_an_upgrade_that_the_release_overtook_is_000003(world: World) -> None:
    """What is over cannot become more."""
    instance_id = world.buy(address="hasty")
    order_id = place(world)
    world.product.answers[instance_id] = [(503, {})]
    assert upgrade(world, instance_id, order_id, address="hasty").code == "000004"
    world.call({"activity": "releaseInstance", "instanceId": instance_id}, address="hasty")

    assert upgrade(world, instance_id, order_id, address="hasty").code == "000003"

    world.settled(instance_id)
    assert world.product.kinds_of(instance_id)[-1] == "deprovision"


def test_unknown_is_000003(world: World) -> None:
    """Neither an id nobody made nor one of another address can be upgraded."""
    assert upgrade(world, secrets.token_hex(16), place(world)).code == "000003"
    assert upgrade(world, world.buy(), place(world), address="demo").code == "000003"
