"""newInstance: an order line gets its instance, once, whatever happens."""

import secrets
from typing import Any

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


def test_answers_at_the_commit_where_the_address_wants_it(world: World) -> None:
    """With answer_when = committed the answer is 000004 at once; the work goes on behind it."""
    body = new_instance(world.gallery.place())

    reply = world.call(body, address="committed")

    assert (reply.code, reply.json["instanceId"]) == ("000004", body["businessId"])
    world.until(lambda: world.instance(body["businessId"])["state"] == "active")
    assert world.call(new_instance(body["orderId"]), address="committed").code == "000000"


def test_the_order_says_what_was_bought(world: World) -> None:
    """What query order tells is kept with the instance and handed to the product, customer included."""
    order_id = world.gallery.place(sku_code="sku-9", linear_value=7)
    body = new_instance(order_id)
    world.call(body, address="hook")

    instance = world.instance(body["businessId"])
    assert (instance["productId"], instance["skuCode"], instance["linearValue"]) == ("OFFI-1", "sku-9", 7)
    assert (instance["chargingMode"], instance["orderType"], instance["isTrial"]) == ("PERIOD", "NEW", False)
    assert instance["expiresAt"].startswith("2030-12-31T15:59:59")
    asked = world.product.asked_of(body["businessId"])[0].data
    assert asked["customer"]["customerName"] == "mock_user_01"
    assert asked["extendParams"] == [{"name": "ip", "value": "127.0.0.1"}]
    assert (asked["skuCode"], asked["linearValue"], asked["orderType"]) == ("sku-9", 7, "NEW")


def test_a_trial_is_marked_as_one(world: World) -> None:
    """A trial order arrives as newInstance; its type tells."""
    assert world.instance(world.buy(order_type="TRIAL"))["isTrial"] is True


@pytest.mark.parametrize("code", ["000100", "000103", "000106"])
def test_a_refusal_of_the_product_is_passed_on_and_not_replayed(world: World, code: str) -> None:
    """The product's code and reason go out; the next delivery asks anew under the same key and succeeds."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [(422, {"resultCode": code, "message": "nothing left 已售罄"})]

    refused = world.call(body, address="hook")
    assert refused.code == code
    assert "nothing left 已售罄" in refused.json["resultMsg"]
    assert world.instance(instance_id)["failure"]["resultCode"] == code

    again = world.call(new_instance(body["orderId"]), address="hook")
    assert (again.code, again.json["instanceId"]) == ("000000", instance_id)
    assert world.instance(instance_id)["failure"] is None
    assert len({asked.key for asked in world.product.asked_of(instance_id)}) == 1


def test_a_code_that_a_product_may_not_choose_becomes_000005(world: World) -> None:
    """A product cannot make the marketplace believe in success, or in a bad signature."""
    for code in ("000000", "000001", "000004", "999999"):
        body = new_instance(world.gallery.place())
        world.product.answers[body["businessId"]] = [(422, {"resultCode": code, "message": "no"})]
        assert world.call(body, address="hook").code == "000005"


def test_an_order_that_the_marketplace_does_not_know_fails_and_starts_afresh(world: World) -> None:
    """A refused look-up is final for this delivery only; the product is not asked."""
    order_id = f"CS-UNKNOWN-{secrets.token_hex(4)}"
    body = new_instance(order_id)

    refused = world.call(body, address="hook")
    assert refused.code == "000005"
    assert "order lookup refused: 0199" in refused.json["resultMsg"]
    assert world.product.asked_of(body["businessId"]) == []

    world.gallery.orders[order_id] = _renamed(world, order_id)
    again = world.call(new_instance(order_id), address="hook")
    assert (again.code, again.json["instanceId"]) == ("000000", body["businessId"])


def test_an_order_without_that_line_is_refused(world: World) -> None:
    """A line that the order does not have buys nothing."""
    reply = world.call(new_instance(world.gallery.place(), line=2), address="hook")

    assert reply.code == "000005"
    assert "has no line" in reply.json["resultMsg"]


def test_an_order_service_that_is_down_is_asked_again(world: World) -> None:
    """While it is down the answer is 000004; once it is up the instance comes by itself."""
    body = new_instance(world.gallery.place())
    world.gallery.faults += [503] * 6

    assert world.call(body, address="hasty").code == "000004"

    world.until(lambda: world.instance(body["businessId"])["state"] == "active")
    assert world.changes(body["businessId"])[0]["attempt"] > 1
    assert len(world.product.asked_of(body["businessId"])) == 1


def test_each_line_of_an_order_sold_by_period_gets_its_own_instance(world: World) -> None:
    """Sold by period, two lines of one product are two instances."""
    order_id = world.gallery.place(lines=2)

    first, second = (world.call(new_instance(order_id, line), address="hook") for line in (1, 2))

    assert first.json["instanceId"] != second.json["instanceId"]
    assert len(world.vendor("GET", f"/instances?orderId={order_id}").json["items"]) == 2


def test_a_second_pay_per_use_line_of_a_product_shares_the_instance(world: World) -> None:
    """One product of a pay-per-use order is one instance, and both lines' ids lead to it."""
    order_id = world.gallery.place(charging_mode="ON_DEMAND", lines=2)
    first, second = new_instance(order_id, 1), new_instance(order_id, 2)
    world.call(first, address="hook")

    reply = world.call(second, address="hook")

    assert (reply.code, reply.json["instanceId"]) == ("000000", first["businessId"])
    assert world.product.asked_of(second["businessId"]) == []
    assert len(world.vendor("GET", f"/instances?orderId={order_id}").json["items"]) == 1
    ids = [second["businessId"], first["businessId"]]
    query = {"activity": "queryInstance", "instanceId": ",".join(ids)}
    info = world.call(query, address="hook").json["info"]
    assert [entry["instanceId"] for entry in info] == ids
    assert info[0]["appInfo"] == info[1]["appInfo"]


def test_the_id_of_a_merged_line_works_in_every_activity(world: World) -> None:
    """The marketplace may go on using the id that 000004 gave it; what it asks happens to the shared one."""
    order_id = world.gallery.place(charging_mode="ON_DEMAND", lines=2)
    first, second = new_instance(order_id, 1), new_instance(order_id, 2)
    for body in (first, second):
        world.call(body, address="hook")
    target = {"instanceId": second["businessId"]}
    renewal = {"scene": "RENEWAL", "orderId": f"{order_id}R", "orderLineId": f"{order_id}R-000001"}
    refresh = {"activity": "refreshInstance", "expireTime": "20401231155959", **renewal, **target}
    freeze = {"activity": "updateInstanceStatus", "status": "FREEZE", **target}
    release = {"activity": "releaseInstance", **target}

    assert [world.call(body, address="hook").code for body in (refresh, freeze, release)] == ["000000"] * 3

    world.settled(first["businessId"])
    assert world.product.kinds_of(first["businessId"])[0] == "provision"
    assert world.product.kinds_of(first["businessId"])[-1] == "deprovision"
    assert world.instance(first["businessId"])["state"] == "released"
    assert world.product.asked_of(second["businessId"]) == []


def test_pay_per_use_lines_of_different_products_stay_apart(world: World) -> None:
    """Another product of the same pay-per-use order is another instance."""
    order_id = world.gallery.place(charging_mode="ON_DEMAND", lines=2)
    lines = world.gallery.orders[order_id]["orderLine"]
    lines[1]["productInfo"] = [{**lines[1]["productInfo"][0], "productId": "OFFI-2"}]

    replies = [world.call(new_instance(order_id, line), address="hook") for line in (1, 2)]

    assert len({reply.json["instanceId"] for reply in replies}) == 2


def test_parallel_pay_per_use_lines_become_one_instance(world: World) -> None:
    """Both lines at once: the database decides which of them serves the other."""
    order_id = world.gallery.place(charging_mode="ON_DEMAND", lines=2)

    replies = world.call_together([new_instance(order_id, line) for line in (1, 2) * 5], address="hook")

    assert {reply.code for reply in replies} == {"000000"}
    listed = world.vendor("GET", f"/instances?orderId={order_id}").json["items"]
    assert len(listed) == 1
    assert {reply.json["instanceId"] for reply in replies} == {listed[0]["instanceId"]}
    assert len(world.product.asked_of(listed[0]["instanceId"])) == 1


def test_a_merged_line_restarts_the_failed_instance_that_serves_it(world: World) -> None:
    """The next delivery of either line starts the shared instance afresh."""
    order_id = world.gallery.place(charging_mode="ON_DEMAND", lines=2)
    first, second = new_instance(order_id, 1), new_instance(order_id, 2)
    world.product.answers[first["businessId"]] = [(422, {"message": "no"})]
    assert world.call(first, address="hook").code == "000005"
    assert world.call(second, address="hook").code == "000005"

    again = world.call(new_instance(order_id, 2), address="hook")

    assert (again.code, again.json["instanceId"]) == ("000000", first["businessId"])


def test_a_business_id_that_is_taken_gives_another_instance_id(world: World) -> None:
    """Business ids never repeat, says the guide; if one does, the second buyer gets an id of his own."""
    first = new_instance(world.gallery.place())
    world.call(first, address="hook")
    second = new_instance(world.gallery.place()) | {"businessId": first["businessId"]}

    reply = world.call(second, address="hook")

    assert reply.code == "000000"
    assert reply.json["instanceId"] != first["businessId"]
    assert world.call(second, address="hook").json["instanceId"] == reply.json["instanceId"]
    assert world.instance(first["businessId"])["orderId"] == first["orderId"]


def test_the_same_order_at_two_addresses_is_two_orders(world: World) -> None:
    """An order line belongs to the address that it was delivered to."""
    order_id = world.gallery.place()

    replies = [world.call(new_instance(order_id), address=address) for address in ("hook", "demo")]

    assert len({reply.json["instanceId"] for reply in replies}) == 2


def test_a_released_order_line_is_not_sold_again(world: World) -> None:
    """A late repeat gets the old id and starts nothing: released never comes back."""
    instance_id = world.buy()
    order_id = world.instance(instance_id)["orderId"]
    world.call({"activity": "releaseInstance", "instanceId": instance_id}, address="hook")
    world.settled(instance_id)

    again = world.call(new_instance(order_id), address="hook")

    assert (again.code, again.json["instanceId"]) == ("000000", instance_id)
    assert world.instance(instance_id)["state"] == "released"
    assert world.product.kinds_of(instance_id) == ["provision", "deprovision"]


def _renamed(world: World, order_id: str) -> dict[str, Any]:
    """Give an order's content under an id of the test's choice."""
    order = world.gallery.orders[world.gallery.place()]
    line = order["orderLine"][0] | {"orderLineId": f"{order_id}-000001"}
    return order | {"orderId": order_id, "orderLine": [line]}


@pytest.mark.parametrize("business_id", ["a,b", " a ", "a\u3000"])
def test_a_business_id_that_cannot_be_asked_for_is_not_the_instance_id(
    world: World, business_id: str
) -> None:
    """The id that is given can be asked for by queryInstance, whatever the marketplace sent."""
    body = new_instance(world.gallery.place(), businessId=business_id)

    instance_id = world.call(body, address="hook").json["instanceId"]

    assert instance_id != business_id
    query = {"activity": "queryInstance", "instanceId": instance_id}
    world.until(lambda: world.call(query, address="hook").code == "000000")
