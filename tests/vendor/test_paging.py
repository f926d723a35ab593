"""Lists, page by page, while rows come in."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from tests.vendor.conftest import Api
from tests.world import World, new_instance

pytestmark = pytest.mark.usefixtures("world")

GARBAGE = [
    "x",
    "NDI",
    "r7",
    "%E4%B8%AD",
    "cjc%3D",
    "cjc=",
    "c!jc",
    base64.urlsafe_b64encode(b"r-1").decode().rstrip("="),
    base64.urlsafe_b64encode(b"r007").decode().rstrip("="),
    base64.urlsafe_b64encode(b"r1 or 1=1").decode().rstrip("="),
    base64.urlsafe_b64encode(b"r" + b"9" * 19).decode().rstrip("="),
    base64.urlsafe_b64encode(b"r" + b"9" * 300).decode().rstrip("="),
    "A" * 513,
    "",
]


def read_pages(
    api: Api, path: str, key: str, *, limit: int, between: Callable[[], Any] = lambda: None
) -> list[list[Any]]:
    """Read a list to its end, doing something between the first pages; give the keys of each page."""
    pages: list[list[Any]] = []
    cursor = ""
    while True:
        page = api("GET", f"{path}&limit={limit}{cursor}").json
        pages.append([item[key] for item in page["items"]])
        if page["nextCursor"] is None:
            return pages
        cursor = f"&cursor={page['nextCursor']}"
        if len(pages) <= 3:
            between()


def test_instances_are_read_once_each_while_others_are_bought(api: Api, world: World) -> None:
    """Oldest first: those bought meanwhile come at the end, none twice and none lost."""
    product_id = f"OFFI-{world.gallery.place()}"
    bought = [world.buy(address="demo", product_id=product_id) for _ in range(7)]

    pages = read_pages(
        api,
        f"/instances?productId={product_id}",
        "instanceId",
        limit=2,
        between=lambda: bought.append(world.buy(address="demo", product_id=product_id)),
    )

    assert len(bought) == 10
    assert [each for page in pages for each in page] == bought
    assert [len(page) for page in pages] == [2, 2, 2, 2, 2]


def test_calls_are_read_once_each_while_others_come_in(api: Api, world: World) -> None:
    """Newest first: what comes meanwhile is before the first page, and moves nothing."""
    order_id = world.gallery.place()
    body = new_instance(order_id)
    for _ in range(7):
        world.call(body)
    before = [item["id"] for item in api("GET", f"/calls?orderId={order_id}").json["items"]]

    pages = read_pages(api, f"/calls?orderId={order_id}", "id", limit=3, between=lambda: world.call(body))

    assert len(before) == 7
    assert before == sorted(before, reverse=True)
    assert [each for page in pages for each in page] == before


def test_notices_are_read_once_each_while_others_are_written(api: Api, world: World) -> None:
    """Oldest first, as instances."""

    def tell() -> None:
        world.call({"activity": "somethingNew", "orderId": world.gallery.place()})

    for _ in range(4):
        tell()
    before = [notice["id"] for notice in world.notices()]

    pages = read_pages(api, "/notices?", "id", limit=max(1, len(before) // 3), between=tell)

    found = [each for page in pages for each in page]
    assert found == sorted(set(found))
    assert found[: len(before)] == before
    assert len(found) == len(before) + 3


@pytest.mark.parametrize("path", ["/instances", "/calls", "/notices"])
@pytest.mark.parametrize("cursor", GARBAGE)
def test_a_cursor_that_was_never_given_is_400(api: Api, path: str, cursor: str) -> None:
    """The problem names the parameter and does not repeat it."""
    problem = api.refused(400, "GET", f"{path}?cursor={cursor}")

    assert problem["field"] == "cursor"
    assert len(problem["detail"]) < 200


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", "", "9" * 30])
def test_a_limit_outside_1_to_200_is_400(api: Api, limit: str) -> None:
    """Nobody reads everything at once."""
    assert api.refused(400, "GET", f"/instances?limit={limit}")["field"] == "limit"


def test_a_page_has_50_items_unless_told(api: Api, world: World) -> None:
    """The default is the contract's."""
    body = new_instance(world.gallery.place())
    world.call_together([body] * 51)

    page = api("GET", f"/calls?orderId={body['orderId']}").json

    assert len(page["items"]) == 50
    assert page["nextCursor"] is not None
    rest = api("GET", f"/calls?orderId={body['orderId']}&cursor={page['nextCursor']}").json
    assert (len(rest["items"]), rest["nextCursor"]) == (1, None)


def test_the_last_page_is_the_last_even_when_it_is_full(api: Api, world: World) -> None:
    """No cursor leads to an empty page."""
    body = new_instance(world.gallery.place())
    for _ in range(2):
        world.call(body)

    page = api("GET", f"/calls?orderId={body['orderId']}&limit=2").json

    assert (len(page["items"]), page["nextCursor"]) == (2, None)
