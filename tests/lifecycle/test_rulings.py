"""The table of what is legal, cell by cell, as the marketplace meets it."""

from collections.abc import Callable
from typing import Any

import pytest

from handlers.lifecycle import RULINGS, Ruling, Stage, Wish
from tests.product import slowly
from tests.world import Reply, World, new_instance

pytestmark = pytest.mark.usefixtures("world")

CELLS = [(wish, stage) for wish, row in RULINGS.items() for stage in row]
CODES = {
    Ruling.APPLY: "000000",
    Ruling.MARK: "000000",
    Ruling.NOTHING: "000000",
    Ruling.NOT_READY: "000005",
    Ruling.NOT_PROVISIONED: "000005",
    Ruling.RELEASED: "000003",
}
KINDS = {
    Wish.RENEW: "renew",
    Wish.FREEZE: "freeze",
    Wish.UNFREEZE: "unfreeze",
    Wish.UPGRADE: "change",
    Wish.RELEASE: "deprovision",
    Wish.CHECK: "check",
}
ACCESS = {"frontEndUrl": "https://app.example.com/x"}


def bring_to(world: World, stage: Stage) -> str:
    """Make an instance that stands at a stage; one being provisioned stays so for a second."""
    body = new_instance(world.gallery.place())
    instance_id: str = body["businessId"]
    if stage is Stage.PROVISIONING:
        world.product.answers[instance_id] = [slowly(1.0, (200, ACCESS))]
        assert world.call(body, address="hasty").code == "000004"
        return instance_id
    if stage is Stage.FAILED:
        world.product.answers[instance_id] = [(422, {"message": "no"})]
    world.call(body, address="hasty")
    world.settled(instance_id)
    if stage is Stage.FROZEN:
        send(world, instance_id, "updateInstanceStatus", status="FREEZE")
    if stage is Stage.RELEASED:
        send(world, instance_id, "releaseInstance")
    world.settled(instance_id)
    assert world.instance(instance_id)["state"] == stage.value
    return instance_id


def send(world: World, instance_id: str, activity: str, **members: Any) -> Reply:
    """Send an activity for an instance."""
    return world.call({"activity": activity, "instanceId": instance_id, **members}, address="hasty")


def wishes(world: World, instance_id: str) -> dict[Wish, Callable[[], Reply]]:
    """Say how the marketplace utters each wish."""
    order_id = world.gallery.place(order_type="CHANGE")
    line = {"orderId": order_id, "orderLineId": f"{order_id}-000001"}
    renewal = {"scene": "RENEWAL", "expireTime": "20331231155959", **line}
    return {
        Wish.RENEW: lambda: send(world, instance_id, "refreshInstance", **renewal),
        Wish.FREEZE: lambda: send(world, instance_id, "updateInstanceStatus", status="FREEZE"),
        Wish.UNFREEZE: lambda: send(world, instance_id, "updateInstanceStatus", status="UNFREEZE"),
        Wish.UPGRADE: lambda: send(world, instance_id, "upgradeInstance", **line),
        Wish.RELEASE: lambda: send(world, instance_id, "releaseInstance"),
        Wish.CHECK: lambda: send(world, instance_id, "changeInstanceCheck", productInfo={"skuCode": "s"}),
    }


def test_the_table_is_complete() -> None:
    """Every wish has a ruling at every stage, and every ruling a code."""
    assert set(RULINGS) == set(Wish) == set(KINDS)
    assert all(list(row) == list(Stage) for row in RULINGS.values())
    assert set(CODES) == set(Ruling)


@pytest.mark.parametrize(("wish", "stage"), CELLS, ids=[f"{wish}-{stage}" for wish, stage in CELLS])
def test_a_cell_means_what_it_says(world: World, wish: Wish, stage: Stage) -> None:
    """The code goes out, and only what is applied reaches the product and the history."""
    ruling = RULINGS[wish][stage]
    instance_id = bring_to(world, stage)
    history = len(world.changes(instance_id))
    before = world.instance(instance_id)
    asked = [told.kind for told in world.product.asked_of(instance_id)]

    waits = wish is Wish.UPGRADE and stage is Stage.PROVISIONING
    utter = wishes(world, instance_id)[wish]

    reply = utter() if waits else world.answered(utter)

    assert reply.code == ("000004" if waits else CODES[ruling])
    if ruling not in {Ruling.APPLY, Ruling.MARK} and stage is not Stage.PROVISIONING:
        assert world.instance(instance_id) == before
    changes = world.settled(instance_id)
    told = [told.kind for told in world.product.asked_of(instance_id)][len(asked) :]
    told = [kind for kind in told if kind != "provision"]
    is_applied = ruling is Ruling.APPLY
    assert told == ([KINDS[wish]] if is_applied else [])
    assert len(changes) - history == (is_applied and wish is not Wish.CHECK)


@pytest.mark.parametrize("stage", [Stage.ACTIVE, Stage.FROZEN, Stage.FAILED])
def test_what_was_released_stays_so_whatever_is_asked(world: World, stage: Stage) -> None:
    """After the release every wish has its answer, and none of them brings the instance back."""
    instance_id = bring_to(world, stage)
    send(world, instance_id, "releaseInstance")
    history = world.settled(instance_id)

    replies = {wish: utter().code for wish, utter in wishes(world, instance_id).items()}

    assert replies == {wish: CODES[RULINGS[wish][Stage.RELEASED]] for wish in Wish}
    assert world.instance(instance_id)["state"] == "released"
    assert world.settled(instance_id) == history
