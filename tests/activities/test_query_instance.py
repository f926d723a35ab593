"""queryInstance: how the buyer gets in, as soon as there is something to get into."""

import secrets
from typing import Any

import pytest

from tests.product import slowly
from tests.world import Reply, World, new_instance

pytestmark = pytest.mark.usefixtures("world")


def query(world: World, *instance_ids: str, address: str = "hook", **more: str) -> Reply:
    """Ask for some instances."""
    body = {"activity": "queryInstance", "instanceId": ",".join(instance_ids), **more}
    return world.call(body, address=address)


def test_gives_the_access_data_in_plain_text(world: World) -> None:
    """What the product gave is what the buyer gets, password included, without the encryption of V1.0."""
    instance_id = world.buy()

    reply = query(world, instance_id)

    app_info = {
        "frontEndUrl": f"https://app.example.com/{instance_id}",
        "userName": "admin",
        "password": "Init-pass-1",
        "memo": "首次登录请修改密码",
    }
    assert reply.json == {
        "resultCode": "000000",
        "resultMsg": "success.",
        "info": [{"instanceId": instance_id, "appInfo": app_info}],
    }


def test_writes_chinese_as_escapes(world: World) -> None:
    """The guide wants a Chinese memo as unicode escapes: every byte on the wire is ASCII."""
    raw = query(world, world.buy()).raw

    assert raw.isascii()
    assert rb"\u9996\u6b21" in raw


def test_asking_again_changes_nothing(world: World) -> None:
    """The buyer may open the page as often as he likes: same answer, and the product is not asked."""
    instance_id = world.buy()

    replies = {query(world, instance_id).raw for _ in range(3)}

    assert len(replies) == 1
    assert world.product.kinds_of(instance_id) == ["provision"]


def test_keeps_the_order_asked(world: World) -> None:
    """Entries come in the order of the ids, repeated ids and blanks around the commas included."""
    first, second = world.buy(), world.buy()

    reply = query(world, second, f" {first} ", second)

    assert [entry["instanceId"] for entry in reply.json["info"]] == [second, first, second]


def test_100_ids_are_answered_and_101_refused(world: World) -> None:
    """The guide's limit is a number of ids; its limit in characters is too short for them."""
    instance_id = world.buy()

    assert len(query(world, *[instance_id] * 100).json["info"]) == 100
    refused = query(world, *[instance_id] * 101)
    assert refused.code == "000002"
    assert "instanceId" in refused.json["resultMsg"]


def test_an_empty_id_between_commas_is_refused(world: World) -> None:
    """Who asks for nothing made a mistake."""
    assert query(world, world.buy(), "", "x").code == "000002"


def test_one_that_is_being_provisioned_makes_the_answer_000004(world: World) -> None:
    """What is known is told, the code says to ask again, and later all is there."""
    ready = world.buy()
    coming = new_instance(world.gallery.place())
    access = {"frontEndUrl": "https://app.example.com/coming"}
    world.product.answers[coming["businessId"]] = [slowly(1.0, (200, access))]
    assert world.call(coming, address="hasty").code == "000004"
    ready_at_hasty = world.buy(address="hasty")

    alone = query(world, coming["businessId"], address="hasty")
    assert (alone.code, "info" in alone.json) == ("000004", False)
    both = query(world, ready_at_hasty, coming["businessId"], address="hasty")
    assert both.code == "000004"
    assert [entry["instanceId"] for entry in both.json["info"]] == [ready_at_hasty]

    world.until(lambda: query(world, coming["businessId"], address="hasty").code == "000000")
    assert query(world, ready).code == "000000"


def test_unknown_is_000003(world: World) -> None:
    """An id that nobody made does not exist, also beside one that does."""
    assert query(world, secrets.token_hex(16)).code == "000003"
    assert query(world, world.buy(), secrets.token_hex(16)).code == "000003"


def test_an_instance_of_another_address_is_unknown(world: World) -> None:
    """One product line does not see the instances of another."""
    assert query(world, world.buy(), address="demo").code == "000003"


def test_failed_is_000005_and_released_is_000003(world: World) -> None:
    """Neither has anything to show."""
    body = new_instance(world.gallery.place())
    world.product.answers[body["businessId"]] = [(422, {"message": "no"})]
    world.call(body, address="hook")
    assert query(world, body["businessId"]).code == "000005"

    released = world.buy()
    world.call({"activity": "releaseInstance", "instanceId": released}, address="hook")
    assert query(world, released).code == "000003"


def test_a_frozen_instance_still_shows_its_access_data(world: World) -> None:
    """Frozen keeps the data; what the buyer may do is the product's affair."""
    instance_id = world.buy()
    freeze = {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}
    world.call(freeze, address="hook")

    assert query(world, instance_id).json["info"][0]["appInfo"]["userName"] == "admin"


def test_a_probe_gets_made_up_data_for_any_id(world: World) -> None:
    """The daily probe asks for ids that never were, and must be well."""
    ids = [secrets.token_hex(16) for _ in range(2)]

    info: list[dict[str, Any]] = query(world, *ids, testFlag="1").json["info"]

    assert [entry["instanceId"] for entry in info] == ids
    assert all(entry["appInfo"]["frontEndUrl"] for entry in info)


def test_a_probe_gets_no_data_of_a_living_instance(world: World) -> None:
    """A probe that names a real id sees the made-up data, not the buyer's."""
    instance_id = world.buy()

    reply = query(world, instance_id, testFlag="1")

    assert reply.code == "000000"
    assert b"Init-pass-1" not in reply.raw
