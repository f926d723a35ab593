"""What a person must know, and that somebody has seen it."""

import secrets
from datetime import timedelta
from typing import Any

import pytest

from tests.vendor.conftest import Api
from tests.world import World

pytestmark = pytest.mark.usefixtures("world")


def tell(world: World, what: str) -> dict[str, Any]:
    """Have something happen that a person must know, and give the notice of it."""
    world.call({"activity": "unheardOf", "instanceId": what})
    return next(notice for notice in world.notices() if what in notice["subject"])


def test_a_notice_says_what_happened(api: Api, world: World) -> None:
    """Kind, address, words, and when."""
    what = secrets.token_hex(8)
    tell(world, what)

    notice = next(each for each in api.items("/notices") if what in each["subject"])

    assert (notice["kind"], notice["count"], notice["acknowledgedAt"]) == ("unknown-activity", 1, None)
    assert notice["subject"] == f"demo unheardOf {what}"
    assert notice["message"] == "activity 'unheardOf' is not known to this version"
    assert notice["firstAt"] == notice["lastAt"]


def test_the_same_again_counts_up(api: Api, world: World) -> None:
    """One notice, its first time kept, its last time new."""
    what = secrets.token_hex(8)
    first = tell(world, what)
    world.clock.ahead = timedelta(seconds=30)
    again = tell(world, what)

    assert (again["id"], again["count"], again["firstAt"]) == (first["id"], 2, first["firstAt"])
    assert again["lastAt"] > first["lastAt"]


def test_acknowledging_keeps_the_first_time(api: Api, world: World) -> None:
    """A repeat changes nothing."""
    notice = tell(world, secrets.token_hex(8))
    path = f"/notices/{notice['id']}/acknowledge"

    first = api("POST", path).json
    world.clock.ahead = timedelta(minutes=5)
    again = api("POST", path).json

    assert first == {**notice, "acknowledgedAt": first["acknowledgedAt"]}
    assert first["acknowledgedAt"] is not None
    assert again == first


def test_what_happens_again_is_to_be_seen_again(api: Api, world: World) -> None:
    """An acknowledged notice that comes back is open again."""
    what = secrets.token_hex(8)
    notice = tell(world, what)
    api("POST", f"/notices/{notice['id']}/acknowledge")

    again = tell(world, what)

    assert (again["id"], again["count"], again["acknowledgedAt"]) == (notice["id"], 2, None)


@pytest.mark.parametrize("number", ["0", "x", "-1", "2147483648"])
def test_what_is_no_number_of_a_notice_is_refused(api: Api, number: str) -> None:
    """400 where the number cannot be one, 404 where there is no such path."""
    assert api("POST", f"/notices/{number}/acknowledge").status in {400, 404}


def test_an_unknown_notice_is_404(api: Api) -> None:
    """The problem names the number."""
    problem = api.refused(404, "POST", "/notices/2147483647/acknowledge")

    assert problem["detail"] == "no notice 2147483647"
