"""releaseInstance: the end, once and for good."""

import secrets
from typing import Any

import pytest

from tests.product import Answer, Asked, slowly
from tests.world import Reply, World, new_instance

pytestmark = pytest.mark.usefixtures("world")

ACCESS = {"frontEndUrl": "https://app.example.com/x", "password": "Init-pass-2"}


def release(world: World, instance_id: str, *, address: str = "hook", **order: Any) -> Reply:
    """Release an instance."""
    return world.call({"activity": "releaseInstance", "instanceId": instance_id, **order}, address=address)


def kinds(world: World, instance_id: str) -> list[str]:
    """Give the product's work after everything is settled."""
    world.settled(instance_id)
    return world.product.kinds_of(instance_id)


@pytest.mark.parametrize(
    "order", [{}, {"orderId": None, "orderLineId": None}, {"orderId": "CS-OFF", "orderLineId": "CS-OFF-1"}]
)
def test_releases_with_and_without_an_order(world: World, order: dict[str, Any]) -> None:
    """Unsubscribing names an order, expiry does not; both end the instance."""
    instance_id = world.buy()

    assert release(world, instance_id, **order).code == "000000"

    instance = world.instance(instance_id)
    assert (instance["state"], instance["releasedAt"] is not None) == ("released", True)
    assert kinds(world, instance_id) == ["provision", "deprovision"]
    assert world.changes(instance_id)[-1]["orderId"] == order.get("orderId")


def test_a_repeat_answers_success_and_releases_once(world: World) -> None:
    """Again, with another order, all at once: one deprovisioning."""
    instance_id = world.buy()
    bodies = [{"activity": "releaseInstance", "instanceId": instance_id}] * 5
    bodies += [{**body, "orderId": "CS-OFF", "orderLineId": "CS-OFF-1"} for body in bodies]

    replies = world.call_together(bodies, address="hook")

    assert {reply.code for reply in replies} == {"000000"}
    assert release(world, instance_id).code == "000000"
    assert kinds(world, instance_id) == ["provision", "deprovision"]
    assert len(world.changes(instance_id)) == 2


def test_the_access_data_is_forgotten(world: World) -> None:
    """Nobody can log in with what a released instance once had."""
    instance_id = world.buy()
    assert world.instance(instance_id)["access"]["hasPassword"] is True

    release(world, instance_id)

    assert world.instance(instance_id)["access"] is None


def test_released_while_the_product_provisions(world: World) -> None:
    """The product ends what it began, then clears it up; its late access data is not kept."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [slowly(0.8, (200, ACCESS))]
    world.call(body, address="hasty")
    world.until(lambda: world.product.asked_of(instance_id))

    assert release(world, instance_id, address="hasty").code == "000000"

    assert kinds(world, instance_id) == ["provision", "deprovision"]
    instance = world.instance(instance_id)
    assert (instance["state"], instance["access"]) == ("released", None)
    assert [change["state"] for change in world.changes(instance_id)] == ["superseded", "done"]


def test_the_deprovisioning_waits_for_the_provisioning_under_way(world: World) -> None:
    """Clearing up before the product has finished making would leave something behind."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    finished: list[str] = []

    def make(asked: Asked) -> Answer:
        answer = slowly(0.5, (200, ACCESS))(asked)
        finished.append("provision")
        return answer

    def clear(_asked: Asked) -> Answer:
        finished.append("deprovision")
        return 200, {}

    world.product.answers[instance_id] = [make, clear]
    world.call(body, address="hasty")
    world.until(lambda: world.product.asked_of(instance_id))
    release(world, instance_id, address="hasty")

    world.settled(instance_id)
    assert finished == ["provision", "deprovision"]


def test_released_while_the_product_is_to_report(world: World) -> None:
    """The product took the provisioning on (202); nobody waits for the report any more."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [(202, {})]
    world.call(body, address="hasty")
    world.until(lambda: world.changes(instance_id)[0]["state"] == "waiting")

    release(world, instance_id, address="hasty")

    assert kinds(world, instance_id) == ["provision", "deprovision"]
    late = world.vendor("POST", f"/instances/{instance_id}/complete", {"access": ACCESS})
    assert late.status == 409
    assert world.instance(instance_id)["state"] == "released"


def test_released_with_work_waiting_behind_a_report(world: World) -> None:
    """An upgrade awaits its report, a renewal waits behind it: the release still reaches the product."""
    instance_id = world.buy()
    order_id = world.gallery.place(order_type="CHANGE")
    line = {"orderId": order_id, "orderLineId": f"{order_id}-000001", "instanceId": instance_id}
    world.product.answers[instance_id] = [(202, {})]
    world.call({"activity": "upgradeInstance", **line}, address="hook")
    refresh = {"activity": "refreshInstance", "scene": "RENEWAL", "expireTime": "20331231155959"}
    world.call({**refresh, **line, "orderId": f"{order_id}R"}, address="hook")

    assert release(world, instance_id).code == "000000"

    assert kinds(world, instance_id) == ["provision", "change", "deprovision"]


def pauses(change: dict[str, Any]) -> bool:
    """Say whether the product was asked, could not say, and will be asked again."""
    return (change["state"], change["attempt"]) == ("pending", 1)


def test_the_release_does_not_wait_for_a_pause_between_attempts(world: World) -> None:
    """The product asked for an hour's pause; the deprovisioning goes out at once."""
    instance_id = world.buy()
    world.product.answers[instance_id] = [(503, {})]
    freeze = {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}
    world.call(freeze, address="hook")
    world.until(lambda: pauses(world.changes(instance_id)[-1]))

    release(world, instance_id)

    assert kinds(world, instance_id) == ["provision", "freeze", "deprovision"]
    assert [change["state"] for change in world.changes(instance_id)] == ["done", "superseded", "done"]


def test_released_after_provisioning_failed(world: World) -> None:
    """The product may have left something behind: it is asked to clear up."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [(422, {"message": "no"})]
    world.call(body, address="hook")

    assert release(world, instance_id).code == "000000"

    assert kinds(world, instance_id) == ["provision", "deprovision"]
    again = world.call(new_instance(body["orderId"]), address="hook")
    assert (again.code, again.json["instanceId"]) == ("000000", instance_id)
    assert world.instance(instance_id)["state"] == "released"


def test_what_the_product_never_heard_of_is_not_cleared_up(world: World) -> None:
    """The order could never be read: the product is not asked about an instance that it does not know."""
    body = new_instance(f"CS-UNKNOWN-{secrets.token_hex(4)}")
    assert world.call(body, address="hook").code == "000005"

    assert release(world, body["businessId"]).code == "000000"

    assert world.settled(body["businessId"])[-1]["state"] == "done"
    assert world.product.asked_of(body["businessId"]) == []


def test_released_while_the_order_service_is_down(world: World) -> None:
    """The order is over before anybody could read it: the product hears of neither end."""
    body = new_instance(world.gallery.place())
    world.gallery.faults += [503] * 8
    assert world.call(body, address="hasty").code == "000004"

    assert release(world, body["businessId"], address="hasty").code == "000000"

    world.settled(body["businessId"])
    world.gallery.faults.clear()
    assert world.product.asked_of(body["businessId"]) == []
    assert world.instance(body["businessId"])["state"] == "released"


def test_a_deprovisioning_is_tried_again_and_410_is_done(world: World) -> None:
    """A product that is down gets it later; what is gone is gone."""
    instance_id = world.buy()
    world.product.answers[instance_id] = [(503, {}), (410, {})]

    release(world, instance_id)

    assert world.settled(instance_id)[-1]["state"] == "done"
    assert len({asked.key for asked in world.product.asked_of(instance_id)}) == 2


def test_a_deprovisioning_that_the_product_refuses_is_a_notice(world: World) -> None:
    """Released for the buyer, still costing the vendor: a person must know."""
    instance_id = world.buy()
    world.product.answers[instance_id] = [(400, {"message": "cannot"})]

    assert release(world, instance_id).code == "000000"

    assert world.settled(instance_id)[-1]["state"] == "failed"
    assert any(n["kind"] == "deprovision-failed" and instance_id in n["subject"] for n in world.notices())
    assert world.instance(instance_id)["state"] == "released"


def test_unknown_is_000003(world: World) -> None:
    """Neither an id nobody made nor one of another address can be released."""
    assert release(world, secrets.token_hex(16)).code == "000003"
    instance_id = world.buy()
    assert release(world, instance_id, address="demo").code == "000003"
    assert world.instance(instance_id)["state"] == "active"
