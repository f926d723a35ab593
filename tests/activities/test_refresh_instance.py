"""refreshInstance: the order sets the expiry, once and absolutely."""

import secrets
from typing import Any

import pytest

from tests.product import slowly
from tests.world import Reply, World, new_instance

pytestmark = pytest.mark.usefixtures("world")


def refresh(
    world: World,
    instance_id: str,
    expire_time: str,
    *,
    scene: str = "RENEWAL",
    order_id: str | None = None,
    address: str = "hook",
    **more: str,
) -> Reply:
    """Deliver a renewal, of a new order unless one is named."""
    order_id = order_id or f"CS-R{secrets.token_hex(6)}"
    body = {
        "activity": "refreshInstance",
        "scene": scene,
        "orderId": order_id,
        "orderLineId": f"{order_id}-000001",
        "instanceId": instance_id,
        "expireTime": expire_time,
        **more,
    }
    return world.call(body, address=address)


def expiry(world: World, instance_id: str) -> str:
    """Give the expiry to the second."""
    return str(world.instance(instance_id)["expiresAt"])[:19]


def kinds(world: World, instance_id: str) -> list[str]:
    """Give the product's work after everything is settled."""
    world.settled(instance_id)
    return world.product.kinds_of(instance_id)


@pytest.mark.parametrize("digits", ["20321124023618", "20321124023618256"])
def test_14_and_17_digits_are_read(world: World, digits: str) -> None:
    """The guide's table says 14 digits, its example has 17; both are UTC."""
    instance_id = world.buy()

    assert refresh(world, instance_id, digits).code == "000000"

    assert expiry(world, instance_id) == "2032-11-24T02:36:18"
    assert kinds(world, instance_id) == ["provision", "renew"]
    told = world.product.asked_of(instance_id)[-1].data
    assert (told["scene"], told["expiresAt"]) == ("RENEWAL", "2032-11-24T02:36:18Z")


@pytest.mark.parametrize("digits", ["20321324023618", "20310229000000", "00000000000000"])
def test_a_date_that_the_calendar_does_not_have_is_refused(world: World, digits: str) -> None:
    """Right digits, no date: 000002 names the field."""
    reply = refresh(world, world.buy(), digits)

    assert reply.code == "000002"
    assert "expireTime" in reply.json["resultMsg"]


def test_a_repeat_changes_nothing(world: World) -> None:
    """The same order line with the same expiry is told to the product once."""
    instance_id = world.buy()

    replies = [refresh(world, instance_id, "20321231155959", order_id=f"O{instance_id}") for _ in range(3)]

    assert {reply.code for reply in replies} == {"000000"}
    assert kinds(world, instance_id) == ["provision", "renew"]
    assert len(world.changes(instance_id)) == 2


def test_parallel_deliveries_are_one_renewal(world: World) -> None:
    """The lock on the instance decides between twenty at once."""
    instance_id = world.buy()
    body = {
        "activity": "refreshInstance",
        "scene": "RENEWAL",
        "orderId": f"O{instance_id}",
        "orderLineId": f"O{instance_id}-1",
        "instanceId": instance_id,
        "expireTime": "20321231155959",
    }

    replies = world.call_together([body] * 20, address="hook")

    assert {reply.code for reply in replies} == {"000000"}
    assert kinds(world, instance_id) == ["provision", "renew"]


def test_an_older_renewal_that_comes_late_never_shortens(world: World) -> None:
    """A first delivery that was retried for hours must not take the newer year away again."""
    instance_id = world.buy()
    refresh(world, instance_id, "20331231155959")

    assert refresh(world, instance_id, "20321231155959").code == "000000"

    assert expiry(world, instance_id) == "2033-12-31T15:59:59"
    kinds(world, instance_id)
    assert world.product.asked_of(instance_id)[-1].data["expiresAt"] == "2033-12-31T15:59:59Z"


def test_a_renewal_given_back_brings_the_expiry_forward(world: World) -> None:
    """UNSUBSCRIBE_RENEWAL_PERIOD is the one scene that shortens; the renewal's repeat does not undo it."""
    instance_id = world.buy()
    renewal = f"O{instance_id}"
    refresh(world, instance_id, "20331231155959", order_id=renewal)

    # Older pages name the cancelled renewal's own order here, so the scene tells the two apart.
    back = refresh(world, instance_id, "20311231155959", scene="UNSUBSCRIBE_RENEWAL_PERIOD", order_id=renewal)

    assert back.code == "000000"
    assert expiry(world, instance_id) == "2031-12-31T15:59:59"
    assert refresh(world, instance_id, "20331231155959", order_id=renewal).code == "000000"
    assert expiry(world, instance_id) == "2031-12-31T15:59:59"
    assert kinds(world, instance_id) == ["provision", "renew", "renew"]
    assert world.product.asked_of(instance_id)[-1].data["scene"] == "UNSUBSCRIBE_RENEWAL_PERIOD"


def test_the_same_order_line_with_another_expiry_is_applied(world: World) -> None:
    """A corrected expiry is another piece of work: the product hears of it under a new key."""
    instance_id = world.buy()
    order_id = f"O{instance_id}"
    refresh(world, instance_id, "20321231155959", order_id=order_id)
    world.settled(instance_id)

    assert refresh(world, instance_id, "20341231155959", order_id=order_id).code == "000000"

    assert expiry(world, instance_id) == "2034-12-31T15:59:59"
    assert kinds(world, instance_id) == ["provision", "renew", "renew"]
    assert world.product.asked_of(instance_id)[-1].data["expiresAt"] == "2034-12-31T15:59:59Z"


def test_a_correction_while_the_product_is_asked_reaches_it_too(world: World) -> None:
    """The run under way ends, then the corrected one follows by itself."""
    instance_id = world.buy()
    order_id = f"O{instance_id}"
    world.product.answers[instance_id] = [slowly(0.5, (200, {}))]
    refresh(world, instance_id, "20321231155959", order_id=order_id)
    world.until(lambda: len(world.product.asked_of(instance_id)) == 2)

    refresh(world, instance_id, "20341231155959", order_id=order_id)

    assert kinds(world, instance_id) == ["provision", "renew", "renew"]
    assert world.product.asked_of(instance_id)[-1].data["expiresAt"] == "2034-12-31T15:59:59Z"


def test_a_renewal_with_change_reads_the_order_and_changes_the_sku(world: World) -> None:
    """RENEWAL_CHANGE carries no specification: the order does; the expiry holds at once."""
    instance_id = world.buy()
    order_id = world.gallery.place(order_type="CHANGE", sku_code="sku-2", linear_value=99)

    reply = refresh(world, instance_id, "20321231155959", scene="RENEWAL_CHANGE", order_id=order_id)

    assert reply.code == "000000"
    assert expiry(world, instance_id) == "2032-12-31T15:59:59"
    assert kinds(world, instance_id) == ["provision", "change"]
    instance = world.instance(instance_id)
    assert (instance["skuCode"], instance["linearValue"]) == ("sku-2", 99)
    told = world.product.asked_of(instance_id)[-1].data
    assert (told["skuCode"], told["linearValue"], told["scene"]) == ("sku-2", 99, "RENEWAL_CHANGE")
    assert told["orderId"] == order_id
    assert order_id in world.gallery.asked


def test_a_renewal_with_change_that_the_product_refuses_leaves_the_sku(world: World) -> None:
    """What was committed stands, what the product did not do is not claimed, and a person is told."""
    instance_id = world.buy()
    order_id = world.gallery.place(order_type="CHANGE", sku_code="sku-2")
    world.product.answers[instance_id] = [(422, {"message": "too small"})]

    refresh(world, instance_id, "20321231155959", scene="RENEWAL_CHANGE", order_id=order_id)

    assert world.settled(instance_id)[-1]["state"] == "failed"
    assert world.instance(instance_id)["skuCode"] == "sku-1"
    assert expiry(world, instance_id) == "2032-12-31T15:59:59"
    notice = next(n for n in world.notices() if instance_id in n["subject"])
    assert (notice["kind"], "too small" in notice["message"]) == ("change-failed", True)


def test_a_corrected_renewal_with_change_that_awaits_a_report_is_not_lost(world: World) -> None:
    """The product took the first on and reports later; the corrected one reaches it all the same."""
    instance_id = world.buy()
    order_id = world.gallery.place(order_type="CHANGE", sku_code="sku-2")
    world.product.answers[instance_id] = [(202, {})]
    refresh(world, instance_id, "20321231155959", scene="RENEWAL_CHANGE", order_id=order_id)
    world.until(lambda: world.changes(instance_id)[-1]["state"] == "waiting")

    refresh(world, instance_id, "20341231155959", scene="RENEWAL_CHANGE", order_id=order_id)

    assert world.settled(instance_id)[-1]["state"] == "done"
    assert world.product.asked_of(instance_id)[-1].data["expiresAt"] == "2034-12-31T15:59:59Z"


def test_a_trial_becomes_a_purchase(world: World) -> None:
    """TRIAL_TO_FORMAL ends the trial, sets the expiry and takes the new product id."""
    instance_id = world.buy(order_type="TRIAL")

    reply = refresh(world, instance_id, "20321231155959", scene="TRIAL_TO_FORMAL", productId="OFFI-YEAR")

    assert reply.code == "000000"
    instance = world.instance(instance_id)
    assert (instance["isTrial"], instance["productId"]) == (False, "OFFI-YEAR")
    assert expiry(world, instance_id) == "2032-12-31T15:59:59"
    kinds(world, instance_id)
    told = world.product.asked_of(instance_id)[-1].data
    assert (told["isTrial"], told["productId"], told["scene"]) == (False, "OFFI-YEAR", "TRIAL_TO_FORMAL")


def test_a_trial_bought_before_its_order_was_read_stays_bought(world: World) -> None:
    """The order service was down; the trial's own order, read late, does not make it a trial again."""
    body = new_instance(world.gallery.place(order_type="TRIAL"))
    world.gallery.faults += [503] * 4
    assert world.call(body, address="hasty").code == "000004"

    refresh(world, body["businessId"], "20321231155959", scene="TRIAL_TO_FORMAL", address="hasty")

    assert kinds(world, body["businessId"]) == ["provision", "renew"]
    assert world.instance(body["businessId"])["isTrial"] is False


def test_a_plain_renewal_of_a_trial_leaves_it_a_trial(world: World) -> None:
    """Only its own scene turns a trial into a purchase; an empty product id names none."""
    instance_id = world.buy(order_type="TRIAL")

    refresh(world, instance_id, "20321231155959", productId="")

    instance = world.instance(instance_id)
    assert (instance["isTrial"], instance["productId"]) == (True, "OFFI-1")


def test_a_renewal_during_provisioning_follows_it(world: World) -> None:
    """The product hears of the renewal after it has made the instance."""
    body = new_instance(world.gallery.place())
    access = {"frontEndUrl": "https://app.example.com/x"}
    world.product.answers[body["businessId"]] = [slowly(0.6, (200, access))]
    world.call(body, address="hasty")

    assert refresh(world, body["businessId"], "20321231155959", address="hasty").code == "000000"

    assert kinds(world, body["businessId"]) == ["provision", "renew"]


def test_a_renewal_that_the_product_refuses_is_a_notice(world: World) -> None:
    """The marketplace was answered at the commit; the vendor's people must look after the rest."""
    instance_id = world.buy()
    world.product.answers[instance_id] = [(400, {"message": "cannot renew"})]

    assert refresh(world, instance_id, "20321231155959").code == "000000"

    assert world.settled(instance_id)[-1]["reason"] == "cannot renew"
    assert any(n["kind"] == "renew-failed" and instance_id in n["subject"] for n in world.notices())


def test_unknown_is_000003(world: World) -> None:
    """Neither an id nobody made nor one of another address can be renewed."""
    assert refresh(world, secrets.token_hex(16), "20321231155959").code == "000003"
    assert refresh(world, world.buy(), "20321231155959", address="demo").code == "000003"


@pytest.mark.parametrize(
    "wrong", [{"scene": "RENEW"}, {"expireTime": "2032"}, {"orderId": ""}, {"instanceId": None}]
)
def test_what_does_not_fit_the_contract_is_000002(world: World, wrong: dict[str, Any]) -> None:
    """The message names the field."""
    body = {
        "activity": "refreshInstance",
        "scene": "RENEWAL",
        "orderId": "O",
        "orderLineId": "O-1",
        "instanceId": "i",
        "expireTime": "20321231155959",
    }
    reply = world.call(body | wrong)

    assert reply.code == "000002"
    assert next(iter(wrong)) in reply.json["resultMsg"]
