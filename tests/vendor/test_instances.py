"""Looking instances up: one, lists, histories."""

from itertools import combinations
from typing import Any

import pytest

from tests.product import slowly
from tests.vendor.conftest import Api, buy_with, wait_for_change
from tests.world import World, new_instance

pytestmark = pytest.mark.usefixtures("world")


def test_an_instance_shows_everything_but_the_password(api: Api, world: World) -> None:
    """What was bought, from the order; how the buyer gets in, from the product."""
    order_id = world.gallery.place(linear_value=50)
    body = new_instance(order_id)
    world.call(body, address="hook")

    reply = api("GET", f"/instances/{body['businessId']}")

    shown = reply.json
    created, activated = shown.pop("createdAt"), shown.pop("activatedAt")
    assert created.endswith("Z")
    assert created <= activated
    assert shown == {
        "instanceId": body["businessId"],
        "address": "hook",
        "state": "active",
        "orderId": order_id,
        "orderLineId": f"{order_id}-000001",
        "orderType": "NEW",
        "chargingMode": "PERIOD",
        "productId": "OFFI-1",
        "productName": "测试商品,测试规格",
        "skuCode": "sku-1",
        "linearValue": 50,
        "customerId": "459bbbec25d24749b2eb83be37b602a8",
        "isTrial": False,
        "expiresAt": "2030-12-31T15:59:59Z",
        "frozenAt": None,
        "releasedAt": None,
        "failure": None,
        "access": {
            "frontEndUrl": f"https://app.example.com/{body['businessId']}",
            "adminUrl": None,
            "userName": "admin",
            "hasPassword": True,
            "memo": "首次登录请修改密码",
        },
    }
    assert b"Init-pass-1" not in reply.raw


def test_an_instance_before_its_product_is_there(api: Api, world: World) -> None:
    """What is not known yet is null."""
    body = new_instance(world.gallery.place())
    world.product.answers[body["businessId"]] = [
        slowly(1.0, (200, {"frontEndUrl": "https://app.example.com"}))
    ]
    world.call(body, address="hasty")

    shown = api("GET", f"/instances/{body['businessId']}").json

    assert (shown["state"], shown["access"], shown["activatedAt"]) == ("provisioning", None, None)
    world.settled(body["businessId"])


def test_a_failed_instance_says_why(api: Api, world: World) -> None:
    """The code and the words that the product gave."""
    instance_id = buy_with(world, (422, {"resultCode": "000106", "reason": "sold out"}))
    wait_for_change(world, instance_id, "failed")

    shown = api("GET", f"/instances/{instance_id}").json

    assert (shown["state"], shown["failure"]) == ("failed", {"resultCode": "000106", "reason": "sold out"})


def lives(world: World, product_id: str) -> dict[str, str]:
    """Bring one instance of a product into each state, and give the ids by state."""
    ids = {state: world.buy(product_id=product_id) for state in ("active", "frozen", "released")}
    ids["failed"] = buy_with(world, (422, {"reason": "no"}), product_id=product_id)
    ids["provisioning"] = buy_with(world, (202, {}), product_id=product_id)
    wait_for_change(world, ids["failed"], "failed")
    wait_for_change(world, ids["provisioning"], "waiting")
    freeze = {"activity": "updateInstanceStatus", "instanceId": ids["frozen"], "status": "FREEZE"}
    release = {"activity": "releaseInstance", "instanceId": ids["released"]}
    for body in (freeze, release):
        assert world.call(body, address="hook").code == "000000"
    return ids


def test_the_state_filter_means_what_instances_show(api: Api, world: World) -> None:
    """Each state lists just the instances that show that state."""
    product_id = f"OFFI-{world.gallery.place()}"
    ids = lives(world, product_id)

    for state, instance_id in ids.items():
        listed = api("GET", f"/instances?productId={product_id}&state={state}").json["items"]
        assert [(item["instanceId"], item["state"]) for item in listed] == [(instance_id, state)]


def test_filters_each_and_joined(api: Api, world: World) -> None:
    """Every set of filters lists exactly what fits all of them."""
    ids = [
        world.buy(address=address, product_id=f"{product}-{world.database_url[:6]}")
        for address in ("demo", "hook")
        for product in ("FILTER-A", "FILTER-B")
    ]
    everything = {item["instanceId"]: item for item in api("GET", "/instances?limit=200").json["items"]}
    everything |= {instance_id: world.instance(instance_id) for instance_id in ids}
    sought = everything[ids[1]]
    filters = {name: sought[name] for name in ("address", "state", "orderId", "productId", "customerId")}

    for count in range(1, len(filters) + 1):
        for chosen in combinations(filters.items(), count):
            query = "&".join(f"{name}={value}" for name, value in chosen)
            listed = [item["instanceId"] for item in api.items(f"/instances?{query}")]
            fitting = [each for each, item in everything.items() if dict(chosen).items() <= item.items()]
            assert set(fitting) <= set(listed)
            assert sought["instanceId"] in listed
            for instance_id in ids:
                assert (instance_id in listed) is (instance_id in fitting)


@pytest.mark.parametrize("name", ["address", "orderId", "productId", "customerId"])
def test_a_filter_that_nothing_fits_lists_nothing(api: Api, name: str) -> None:
    """An empty page, and no cursor."""
    assert api("GET", f"/instances?{name}=no-such-thing").json == {"items": [], "nextCursor": None}


def test_a_filter_may_hold_any_character(api: Api, world: World) -> None:
    """What SQL and URLs take for signs is text here."""
    product_id = "%25_'%22;--%20%E4%B8%AD"
    instance_id = world.buy(product_id="%_'\";-- 中")

    listed = api("GET", f"/instances?productId={product_id}").json["items"]

    assert instance_id in {item["instanceId"] for item in listed}
    assert {item["productId"] for item in listed} == {"%_'\";-- 中"}


def test_merged_pay_per_use_lines_are_listed_once(api: Api, world: World) -> None:
    """The second line's id leads to the instance that serves it; no list shows it beside."""
    order_id = world.gallery.place(charging_mode="ON_DEMAND", lines=2)
    first, second = new_instance(order_id, 1), new_instance(order_id, 2)
    for body in (first, second):
        world.call(body, address="hook")

    listed = api.items(f"/instances?orderId={order_id}")
    asked = api("GET", f"/instances/{second['businessId']}").json
    history = api("GET", f"/instances/{second['businessId']}/changes").json

    assert [item["instanceId"] for item in listed] == [first["businessId"]]
    assert asked == listed[0]
    assert history == api("GET", f"/instances/{first['businessId']}/changes").json
    assert [change["kind"] for change in history["items"]] == ["provision"]


def test_the_history_tells_every_change_in_order(api: Api, world: World) -> None:
    """Oldest first, with what caused it and how it ended."""
    instance_id = world.buy()
    for status in ("FREEZE", "UNFREEZE"):
        world.call(
            {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": status}, address="hook"
        )
    world.settled(instance_id)

    history: list[dict[str, Any]] = api("GET", f"/instances/{instance_id}/changes").json["items"]

    assert [(each["kind"], each["state"], each["attempt"]) for each in history] == [
        ("provision", "done", 1),
        ("freeze", "done", 1),
        ("unfreeze", "done", 1),
    ]
    assert history[0]["orderId"] == world.instance(instance_id)["orderId"]
    assert [each["id"] for each in history] == sorted(each["id"] for each in history)
    assert all(each["createdAt"] <= each["settledAt"] for each in history)


def test_a_change_under_way_is_working(api: Api, world: World) -> None:
    """While the product is being asked, the change says so."""
    body = new_instance(world.gallery.place())
    world.product.answers[body["businessId"]] = [
        slowly(1.0, (200, {"frontEndUrl": "https://app.example.com"}))
    ]
    world.call(body, address="hasty")

    wait_for_change(world, body["businessId"], "working")

    assert api("GET", f"/instances/{body['businessId']}/changes").json["items"][0]["attempt"] == 1
    world.settled(body["businessId"])


@pytest.mark.parametrize("path", ["/instances/none", "/instances/none/changes"])
def test_an_unknown_instance_is_404(api: Api, path: str) -> None:
    """The problem names the id."""
    problem = api.refused(404, "GET", path)

    assert (problem["title"], problem["detail"]) == ("Not Found", "no instance 'none'")


@pytest.mark.parametrize("instance_id", ["\x00", "\t", "a" * 65])
def test_what_cannot_be_an_instance_id_is_400(api: Api, instance_id: str) -> None:
    """An id has 1 to 64 characters, none of them for controlling."""
    assert api.refused(400, "GET", f"/instances/{instance_id}")["field"] == "instanceId"
