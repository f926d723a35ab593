"""updateInstanceStatus: stop and go, in the order they were asked for."""

import secrets

import pytest

from tests.product import slowly
from tests.world import Reply, World, new_instance

pytestmark = pytest.mark.usefixtures("world")


def status(world: World, instance_id: str, wanted: str, *, address: str = "hook") -> Reply:
    """Freeze or unfreeze."""
    body = {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": wanted}
    return world.call(body, address=address)


def kinds(world: World, instance_id: str) -> list[str]:
    """Give the product's work after everything is settled."""
    world.settled(instance_id)
    return world.product.kinds_of(instance_id)


def test_freeze_then_unfreeze(world: World) -> None:
    """The state is ours at the commit; the product follows."""
    instance_id = world.buy()

    assert status(world, instance_id, "FREEZE").code == "000000"
    frozen = world.instance(instance_id)
    assert (frozen["state"], frozen["frozenAt"] is not None) == ("frozen", True)
    assert status(world, instance_id, "UNFREEZE").code == "000000"
    active = world.instance(instance_id)
    assert (active["state"], active["frozenAt"]) == ("active", None)

    assert kinds(world, instance_id) == ["provision", "freeze", "unfreeze"]


def test_a_repeat_sets_nothing_twice(world: World) -> None:
    """It sets a state: what is so already is not told again."""
    instance_id = world.buy()

    codes = [status(world, instance_id, wanted).code for wanted in ("UNFREEZE", "FREEZE", "FREEZE")]

    assert codes == ["000000"] * 3
    assert kinds(world, instance_id) == ["provision", "freeze"]


def test_freezing_again_after_an_unfreeze_is_told_again(world: World) -> None:
    """Each stop and each go is a piece of work with a key of its own."""
    instance_id = world.buy()

    for wanted in ("FREEZE", "UNFREEZE") * 2:
        status(world, instance_id, wanted)

    assert kinds(world, instance_id) == ["provision", "freeze", "unfreeze", "freeze", "unfreeze"]


def test_the_product_never_sees_the_unfreeze_first(world: World) -> None:
    """The freeze needs three attempts; the unfreeze waits for it."""
    instance_id = world.buy()
    world.product.answers[instance_id] = [(503, {}), (503, {})]
    status(world, instance_id, "FREEZE")
    assert status(world, instance_id, "UNFREEZE").code == "000000"

    world.settled(instance_id)

    told = [asked.kind for asked in world.product.asked_of(instance_id)]
    assert told == ["provision", "freeze", "freeze", "freeze", "unfreeze"]


def test_a_freeze_during_provisioning_follows_it(world: World) -> None:
    """There must be something to freeze first; to the buyer it is frozen once it is there."""
    body = new_instance(world.gallery.place())
    access = {"frontEndUrl": "https://app.example.com/x"}
    world.product.answers[body["businessId"]] = [slowly(0.6, (200, access))]
    world.call(body, address="hasty")

    assert status(world, body["businessId"], "FREEZE", address="hasty").code == "000000"

    assert kinds(world, body["businessId"]) == ["provision", "freeze"]
    assert world.instance(body["businessId"])["state"] == "frozen"


def test_a_freeze_and_a_renewal_during_provisioning_are_each_told_once(world: World) -> None:
    """The freeze is not told a second time because something came behind it."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    access = {"frontEndUrl": "https://app.example.com/x"}
    world.product.answers[instance_id] = [slowly(0.6, (200, access))]
    world.call(body, address="hasty")
    status(world, instance_id, "FREEZE", address="hasty")
    renewal = {"scene": "RENEWAL", "orderId": f"R{instance_id}", "orderLineId": f"R{instance_id}-1"}
    refresh = {"activity": "refreshInstance", "instanceId": instance_id, "expireTime": "20321231155959"}

    assert world.call(refresh | renewal, address="hasty").code == "000000"

    assert kinds(world, instance_id) == ["provision", "freeze", "renew"]


def test_a_freeze_of_a_failed_instance_is_remembered(world: World) -> None:
    """There is nothing to freeze yet; once provisioning succeeds, the product is told."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [(422, {"message": "no"})]
    world.call(body, address="hook")

    assert status(world, instance_id, "FREEZE").code == "000000"
    assert kinds(world, instance_id) == ["provision"]
    world.call(new_instance(body["orderId"]), address="hook")

    assert kinds(world, instance_id) == ["provision", "freeze"]
    assert world.instance(instance_id)["state"] == "frozen"


def test_a_freeze_that_the_product_refuses_is_a_notice(world: World) -> None:
    """We call it frozen, the product does not: a person must know."""
    instance_id = world.buy()
    world.product.answers[instance_id] = [(400, {"message": "cannot"})]

    assert status(world, instance_id, "FREEZE").code == "000000"

    assert world.settled(instance_id)[-1]["state"] == "failed"
    assert any(n["kind"] == "freeze-failed" and instance_id in n["subject"] for n in world.notices())


def test_unknown_is_000003(world: World) -> None:
    """Neither an id nobody made nor one of another address can be frozen."""
    assert status(world, secrets.token_hex(16), "FREEZE").code == "000003"
    assert status(world, world.buy(), "FREEZE", address="demo").code == "000003"


@pytest.mark.parametrize("word", ["NORMAL", "freeze", "", "FREEZE "])
def test_another_word_is_000002(world: World, word: str) -> None:
    """NORMAL belongs to V1.0."""
    assert status(world, "any", word).code == "000002"
