"""newInstance: an order line gets its instance, once, whatever happens."""

import pytest

from tests.product import slowly
from tests.world import World, new_instance

pytestmark = pytest.mark.usefixtures("world")


def test_a_paid_order_becomes_a_provisioned_instance(world: World) -> None:
    """The first business id is the instance id, and 000000 means that the product is there."""
    body = new_instance(world.gallery.place())

    reply = world.call(body, address="hook")

    assert reply.json == {
        "resultCode": "000000",
        "resultMsg": "success.",
        "instanceId": body["businessId"],
    }
    assert world.instance(body["businessId"])["state"] == "active"
    assert world.product.kinds_of(body["businessId"]) == ["provision"]


def test_a_repeat_gives_the_same_instance_and_starts_nothing(world: World) -> None:
    """A second delivery with another business id gets the first one's instance id."""
    order_id = world.gallery.place()
    first = new_instance(order_id)
    world.call(first, address="hook")

    again = world.call(new_instance(order_id), address="hook")

    assert again.json["instanceId"] == first["businessId"]
    assert again.code == "000000"
    assert len(world.product.asked_of(first["businessId"])) == 1


def test_200_parallel_deliveries_make_one_instance(world: World) -> None:
    """The database decides the race: one row, one id, one request to the product."""
    order_id = world.gallery.place()

    replies = world.call_together([new_instance(order_id) for _ in range(200)], address="hook")

    assert {reply.code for reply in replies} == {"000000"}
    ids = {reply.json["instanceId"] for reply in replies}
    assert len(ids) == 1
    listed = world.vendor("GET", f"/instances?orderId={order_id}").json["items"]
    assert [item["instanceId"] for item in listed] == list(ids)
    assert len(world.product.asked_of(ids.pop())) == 1


def test_what_takes_longer_than_the_budget_is_answered_000004_and_goes_on(world: World) -> None:
    """The instance id comes at once, the product later, and the query tells when."""
    body = new_instance(world.gallery.place())
    access = {"frontEndUrl": "https://app.example.com/late"}
    world.product.answers[body["businessId"]] = [slowly(0.8, (200, access))]

    reply = world.call(body, address="hasty")

    assert reply.code == "000004"
    assert reply.json["instanceId"] == body["businessId"]
    query = {"activity": "queryInstance", "instanceId": body["businessId"]}
    assert world.call(query, address="hasty").code == "000004"
    world.until(lambda: world.call(query, address="hasty").code == "000000")
