"""changeInstanceCheck: the product is asked, and nothing changes."""

import json
import secrets
from typing import Any

import pytest

from tests.product import Asked, slowly
from tests.world import Reply, World, new_instance

pytestmark = pytest.mark.usefixtures("world")

TARGET = {"productId": "OFFI-2", "skuCode": "sku-2", "linearValue": 3}


def check(world: World, instance_id: str, product_info: Any, *, address: str = "hook") -> Reply:
    """Ask whether a change is possible."""
    body = {"activity": "changeInstanceCheck", "instanceId": instance_id, "productInfo": product_info}
    return world.call(body, address=address)


def last_check(world: World, instance_id: str) -> Asked:
    """Give what the product was asked last."""
    asked = world.product.asked_of(instance_id)[-1]
    assert asked.kind == "check"
    return asked


@pytest.mark.parametrize("product_info", [TARGET, json.dumps(TARGET), f" {json.dumps(TARGET, indent=1)}\n"])
def test_an_object_and_its_json_text_ask_the_same(world: World, product_info: Any) -> None:
    """The guide leaves the form open, so both are read; the product sees the specification wanted."""
    instance_id = world.buy()

    assert check(world, instance_id, product_info).code == "000000"

    told = last_check(world, instance_id).data
    assert (told["productId"], told["skuCode"], told["linearValue"]) == ("OFFI-2", "sku-2", 3)


@pytest.mark.parametrize("linear_value", [7, "7"])
def test_a_quantity_may_be_a_number_or_its_digits(world: World, linear_value: Any) -> None:
    """Every body value is text in the guide's sample, but not in its query order."""
    instance_id = world.buy()

    assert check(world, instance_id, {"linearValue": linear_value}).code == "000000"

    assert last_check(world, instance_id).data["linearValue"] == 7


def test_what_is_not_named_stays_as_it_is(world: World) -> None:
    """A target without SKU asks about the SKU that the instance has."""
    instance_id = world.buy()

    check(world, instance_id, {"linearValue": None, "skuCode": None})

    told = last_check(world, instance_id).data
    assert (told["productId"], told["skuCode"], told["linearValue"]) == ("OFFI-1", "sku-1", 10)


def test_it_changes_nothing(world: World) -> None:
    """Asked, allowed, asked again: instance and history are as before."""
    instance_id = world.buy()
    before = world.instance(instance_id), world.changes(instance_id)

    for _ in range(3):
        assert check(world, instance_id, TARGET).code == "000000"

    assert (world.instance(instance_id), world.changes(instance_id)) == before


def test_each_question_has_a_key_of_its_own(world: World) -> None:
    """A product that does each key once would answer another specification as it answered the first."""
    instance_id = world.buy()

    for sku_code in ("sku-2", "sku-3"):
        check(world, instance_id, {"skuCode": sku_code})

    keys = [asked.key for asked in world.product.asked_of(instance_id)]
    assert len(set(keys)) == len(keys) == 3


def test_a_no_comes_with_the_products_reason(world: World) -> None:
    """The buyer has to read why; a frozen instance may be asked about too."""
    instance_id = world.buy()
    world.call(
        {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}, address="hook"
    )
    world.settled(instance_id)
    world.product.answers[instance_id] = [(200, {"allowed": False, "reason": "30 users in use 已用30"})]

    reply = check(world, instance_id, TARGET)

    assert (reply.code, reply.json["resultMsg"]) == ("000005", "30 users in use 已用30")
    assert check(world, instance_id, TARGET).code == "000000"


def test_a_no_without_a_reason_still_says_something(world: World) -> None:
    """An empty message would leave the buyer puzzled."""
    instance_id = world.buy()
    world.product.answers[instance_id] = [(200, {"allowed": False})]

    reply = check(world, instance_id, TARGET)

    assert reply.code == "000005"
    assert "不支持变更" in reply.json["resultMsg"]


def test_a_refusal_with_a_code_passes_it_on(world: World) -> None:
    """A product may speak the marketplace's codes."""
    instance_id = world.buy()
    world.product.answers[instance_id] = [(422, {"resultCode": "000100", "message": "no such size"})]

    reply = check(world, instance_id, TARGET)

    assert (reply.code, reply.json["resultMsg"]) == ("000100", "no such size")


@pytest.mark.parametrize("answer", [(200, {"allowed": "yes"}), (200, {}), (503, {})])
def test_a_product_that_gives_no_verdict_is_a_no(world: World, answer: tuple[int, dict[str, Any]]) -> None:
    """Only a clear yes is a yes."""
    instance_id = world.buy()
    world.product.answers[instance_id] = [answer]

    assert check(world, instance_id, TARGET).code == "000005"


def test_a_slow_product_is_not_waited_for(world: World) -> None:
    """Past the budget the answer is 000005; the buyer does not sit in front of a spinning wheel."""
    instance_id = world.buy(address="hasty")
    world.product.answers[instance_id] = [slowly(1.0, (200, {"allowed": True}))]

    reply = check(world, instance_id, TARGET, address="hasty")

    assert reply.code == "000005"
    assert "产品未及时答复" in reply.json["resultMsg"]


def test_one_that_is_being_provisioned_cannot_be_asked_about(world: World) -> None:
    """There is no product yet whose use could be compared."""
    body = new_instance(world.gallery.place())
    access = {"frontEndUrl": "https://app.example.com/x"}
    world.product.answers[body["businessId"]] = [slowly(0.8, (200, access))]
    world.call(body, address="hasty")

    reply = check(world, body["businessId"], TARGET, address="hasty")

    assert reply.code == "000005"
    assert "开通中" in reply.json["resultMsg"]
    world.settled(body["businessId"])


def test_a_static_product_allows_every_change(world: World) -> None:
    """A product that cannot be asked has nothing against it."""
    assert check(world, world.buy(address="demo"), TARGET, address="demo").code == "000000"


@pytest.mark.parametrize(
    "product_info",
    [
        None,
        [],
        5,
        "",
        "no JSON",
        "{",
        "[]",
        '{"linearValue":-1}',
        '{"linearValue":1.5}',
        '{"linearValue":true}',
        '{"skuCode":5}',
        '{"productId":["OFFI-1"]}',
        '{"productId":"a","productId":"b"}',
        {"linearValue": -1},
        {"linearValue": "x"},
        {"skuCode": 5},
    ],
)
def test_what_is_no_specification_is_000002(world: World, product_info: Any) -> None:
    """A target that cannot be understood is refused, never taken for the present one."""
    instance_id = world.buy()

    reply = check(world, instance_id, product_info)

    assert reply.code == "000002"
    assert "productInfo" in reply.json["resultMsg"]
    assert len(world.product.asked_of(instance_id)) == 1


def test_unknown_is_000003(world: World) -> None:
    """Neither an id nobody made nor one of another address can be asked about."""
    assert check(world, secrets.token_hex(16), TARGET).code == "000003"
    assert check(world, world.buy(), TARGET, address="demo").code == "000003"
