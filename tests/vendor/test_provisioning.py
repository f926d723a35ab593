"""What the vendor reports: done, failed, try again."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.product import slowly
from tests.vendor.conftest import Api, buy_with, every_answer, wait_for_change
from tests.world import World, new_instance

pytestmark = pytest.mark.usefixtures("world")

ACCESS = {
    "frontEndUrl": "https://app.example.com/made-by-hand",
    "adminUrl": "https://app.example.com/admin",
    "userName": "root",
    "password": "S3cret-pass",
    "memo": "欢迎",
}


def later(world: World) -> str:
    """Buy something that the product took on and has not reported on."""
    instance_id = buy_with(world, (202, {}))
    wait_for_change(world, instance_id, "waiting")
    return instance_id


def failed(world: World) -> str:
    """Buy something that the product refused."""
    instance_id = buy_with(world, (422, {"resultCode": "000100", "reason": "full"}))
    wait_for_change(world, instance_id, "failed")
    return instance_id


def upgrade(world: World, instance_id: str, sku_code: str) -> str:
    """Deliver an upgrade to a specification, and give its order."""
    order_id = world.gallery.place(order_type="CHANGE", sku_code=sku_code)
    line = {"orderId": order_id, "orderLineId": f"{order_id}-000001"}
    world.call({"activity": "upgradeInstance", "instanceId": instance_id, **line}, address="hasty")
    return order_id


def app_info(world: World, instance_id: str) -> Mapping[str, Any]:
    """Ask as the marketplace does, and give the access data of the buyer."""
    answer = world.call({"activity": "queryInstance", "instanceId": instance_id}, address="hasty").json
    found: Mapping[str, Any] = answer["info"][0]["appInfo"]
    return found


def test_completing_a_provisioning_gives_the_buyer_access(api: Api, world: World) -> None:
    """The instance is active, the marketplace gets the access data, the answer never shows the password."""
    instance_id = later(world)

    reply = api("POST", f"/instances/{instance_id}/complete", {"access": ACCESS})

    assert (reply.status, reply.json["state"]) == (200, "active")
    assert reply.json["access"] == {
        **{k: v for k, v in ACCESS.items() if k != "password"},
        "hasPassword": True,
    }
    assert b"S3cret-pass" not in reply.raw
    assert app_info(world, instance_id) == ACCESS
    assert world.changes(instance_id)[0]["state"] == "done"


def test_completing_while_the_product_still_answers_counts(api: Api, world: World) -> None:
    """A product may report before its own answer to our request is through; that answer changes nothing."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    refusal = (422, {"reason": "too late"})
    world.product.answers[instance_id] = [slowly(1.0, refusal)]
    world.call(body, address="hasty")
    wait_for_change(world, instance_id, "working")

    assert api("POST", f"/instances/{instance_id}/complete", {"access": ACCESS}).json["state"] == "active"

    world.product.answers[instance_id] = []
    world.call(
        {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}, address="hasty"
    )
    world.until(lambda: world.changes(instance_id)[-1]["kind"] == "freeze")
    assert [change["state"] for change in world.settled(instance_id)] == ["done", "done"]
    assert world.instance(instance_id)["failure"] is None


def test_completing_what_had_failed_heals_it(api: Api, world: World) -> None:
    """Somebody made the product by hand: the failure is forgotten."""
    instance_id = failed(world)

    healed = api("POST", f"/instances/{instance_id}/complete", {"access": ACCESS}).json

    assert (healed["state"], healed["failure"]) == ("active", None)
    assert app_info(world, instance_id)["userName"] == "root"


@pytest.mark.parametrize("body", [{}, {"access": None}])
def test_a_provisioning_is_not_complete_without_access(api: Api, world: World, body: dict[str, Any]) -> None:
    """400 names what is missing, and the change waits on."""
    instance_id = later(world)

    assert api.refused(400, "POST", f"/instances/{instance_id}/complete", body)["field"] == "access"

    assert world.changes(instance_id)[0]["state"] == "waiting"


def test_completing_an_upgrade_keeps_the_access_unless_it_brings_new(api: Api, world: World) -> None:
    """An empty report ends the upgrade; the specification of its order holds from then on."""
    instance_id = world.buy(address="hasty")
    before = world.instance(instance_id)["access"]
    for sku_code, body in (("sku-2", {}), ("sku-3", {"access": ACCESS})):
        world.product.answers[instance_id] = [(202, {})]
        upgrade(world, instance_id, sku_code)
        wait_for_change(world, instance_id, "waiting")

        shown = api("POST", f"/instances/{instance_id}/complete", body).json

        assert shown["skuCode"] == sku_code
        assert (shown["access"] == before) is (sku_code == "sku-2")
    assert app_info(world, instance_id) == ACCESS


def test_what_waits_behind_a_report_goes_on_after_it(api: Api, world: World) -> None:
    """The freeze came while the product was at work; it is told once that is done."""
    instance_id = later(world)
    freeze = {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}
    assert world.call(freeze, address="hasty").code == "000000"

    shown = api("POST", f"/instances/{instance_id}/complete", {"access": ACCESS}).json

    assert shown["state"] == "frozen"
    assert [c["state"] for c in world.settled(instance_id)] == ["done", "done"]
    assert world.product.kinds_of(instance_id) == ["provision", "freeze"]


def test_failing_ends_the_work_with_the_code_given(api: Api, world: World) -> None:
    """The marketplace is answered that code from then on, and a person is told."""
    instance_id = later(world)

    body = {"reason": "此区域资源不足", "resultCode": "000106"}
    shown = api("POST", f"/instances/{instance_id}/fail", body).json

    assert shown["state"] == "failed"
    assert shown["failure"] == {"resultCode": "000106", "reason": "此区域资源不足"}
    assert any(n["kind"] == "provision-failed" and instance_id in n["subject"] for n in world.notices())


def test_failing_without_a_code_is_000005(api: Api, world: World) -> None:
    """The general failure."""
    shown = api("POST", f"/instances/{later(world)}/fail", {"reason": "no"}).json

    assert shown["failure"] == {"resultCode": "000005", "reason": "no"}


@pytest.mark.parametrize(
    ("what", "body"), [("complete", {"access": ACCESS}), ("fail", {"reason": "no"}), ("retry", None)]
)
def test_where_nothing_waits_a_report_is_409(api: Api, world: World, what: str, body: object) -> None:
    """An active instance has nothing to complete, to fail or to retry, and stays as it is."""
    instance_id = world.buy()
    before = world.instance(instance_id), world.changes(instance_id)

    problem = api.refused(409, "POST", f"/instances/{instance_id}/{what}", body)

    assert problem["title"] == "Conflict"
    assert (world.instance(instance_id), world.changes(instance_id)) == before


@pytest.mark.parametrize(("what", "body"), [("complete", {"access": ACCESS}), ("fail", {"reason": "again"})])
def test_a_report_that_is_sent_twice_counts_once(api: Api, world: World, what: str, body: object) -> None:
    """The second one finds nothing that waits, and changes nothing."""
    instance_id = later(world)
    first = api("POST", f"/instances/{instance_id}/{what}", body).json

    api.refused(409, "POST", f"/instances/{instance_id}/fail", {"reason": "other"})
    if what == "complete":
        api.refused(409, "POST", f"/instances/{instance_id}/{what}", body)

    assert world.instance(instance_id) == first


def test_a_failed_change_cannot_fail_again(api: Api, world: World) -> None:
    """What is over is over: its reason stays."""
    instance_id = failed(world)

    api.refused(409, "POST", f"/instances/{instance_id}/fail", {"reason": "other"})

    assert world.instance(instance_id)["failure"]["reason"] == "full"


def test_a_repeated_report_does_not_bring_an_older_upgrade_back(api: Api, world: World) -> None:
    """The first upgrade failed, the second is reported done twice: the second one holds."""
    instance_id = world.buy(address="hasty")
    world.product.answers[instance_id] = [(422, {"reason": "no"}), (202, {})]
    upgrade(world, instance_id, "sku-failed")
    wait_for_change(world, instance_id, "failed")
    upgrade(world, instance_id, "sku-done")
    wait_for_change(world, instance_id, "waiting")
    assert api("POST", f"/instances/{instance_id}/complete", {}).json["skuCode"] == "sku-done"

    api.refused(409, "POST", f"/instances/{instance_id}/complete", {})

    assert world.instance(instance_id)["skuCode"] == "sku-done"
    assert [change["state"] for change in world.changes(instance_id)] == ["done", "failed", "done"]


def test_a_failed_upgrade_can_be_completed_after_a_freeze(api: Api, world: World) -> None:
    """A freeze does not take the place of an upgrade; somebody made it by hand."""
    instance_id = world.buy(address="hasty")
    world.product.answers[instance_id] = [(422, {"reason": "no"})]
    upgrade(world, instance_id, "sku-by-hand")
    wait_for_change(world, instance_id, "failed")
    freeze = {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}
    world.call(freeze, address="hasty")
    world.settled(instance_id)

    shown = api("POST", f"/instances/{instance_id}/complete", {}).json

    assert (shown["skuCode"], shown["state"]) == ("sku-by-hand", "frozen")


def test_a_released_instance_is_not_brought_back(api: Api, world: World) -> None:
    """Its provisioning failed and it was released: nobody may report it done any more."""
    instance_id = failed(world)
    world.call({"activity": "releaseInstance", "instanceId": instance_id}, address="hasty")
    world.settled(instance_id)

    api.refused(409, "POST", f"/instances/{instance_id}/complete", {"access": ACCESS})
    api.refused(409, "POST", f"/instances/{instance_id}/retry")

    shown = world.instance(instance_id)
    assert (shown["state"], shown["access"]) == ("released", None)


def test_a_retry_starts_the_failed_work_anew(api: Api, world: World) -> None:
    """202 with the instance as it is now; the product is asked again under the same key."""
    instance_id = failed(world)

    reply = api("POST", f"/instances/{instance_id}/retry")

    assert (reply.status, reply.json["state"], reply.json["failure"]) == (202, "provisioning", None)
    world.until(lambda: world.instance(instance_id)["state"] == "active")
    assert len({asked.key for asked in world.product.asked_of(instance_id)}) == 1
    assert len(world.product.asked_of(instance_id)) == 2


def test_a_retry_of_a_freeze_that_was_undone_is_409(api: Api, world: World) -> None:
    """The unfreeze went through: freezing now would be wrong."""
    instance_id = world.buy(address="hook")
    with every_answer(world, (422, {"reason": "cannot freeze"})):
        body = {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}
        world.call(body, address="hook")
        wait_for_change(world, instance_id, "failed")
    world.call({**body, "status": "UNFREEZE"}, address="hook")
    world.settled(instance_id)

    problem = api.refused(409, "POST", f"/instances/{instance_id}/retry")

    assert problem["detail"] == "the last work of this instance did not fail"
    api.refused(409, "POST", f"/instances/{instance_id}/complete", {})


def test_a_retry_while_the_work_goes_on_is_409(api: Api, world: World) -> None:
    """There is nothing to start again."""
    api.refused(409, "POST", f"/instances/{later(world)}/retry")


@pytest.mark.parametrize(("what", "body"), [("complete", {}), ("fail", {"reason": "r"}), ("retry", None)])
def test_a_report_on_an_unknown_instance_is_404(api: Api, what: str, body: object) -> None:
    """A problem, not a new instance."""
    assert api.refused(404, "POST", f"/instances/none/{what}", body)["detail"] == "no instance 'none'"
