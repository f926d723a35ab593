"""Asking the marketplace for an order, over real HTTP with checked signatures."""

from __future__ import annotations

import logging
import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from handlers.koogallery import KooGalleryUnavailable, OrderRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.koogallery import KooGallery
    from tests.koogallery.conftest import Marketplace, Reply

    Connect = Callable[..., KooGallery]
    Replies = type[Reply]

PATH = "/api/mkp-openapi-public/global/v1/order/query"
PHONE = "18688888888"
SECRET = "test-secret-access-key"
NOW = datetime(2025, 1, 1, 12, 30, 15, tzinfo=UTC)


def test_success(market: Marketplace, reply: Replies, connect: Connect, pauses: list[float]) -> None:
    """One signed request brings the order."""
    market.replies = [reply.success()]
    order = connect(market.url).query_order("CS1", "CS1-000001")
    assert market.asked == [f"{PATH}?orderId=CS1&orderLineId=CS1-000001"]
    assert order.order_id == "CS1"
    assert order.buyer_info is not None
    assert order.buyer_info.mobile_phone == PHONE
    assert pauses == []


def test_without_a_line_and_with_odd_ids(market: Marketplace, reply: Replies, connect: Connect) -> None:
    """The line may be left out, and ids of any characters are encoded and signed alike."""
    market.replies = [reply.success()]
    client = connect(market.url + "/")
    client.query_order("CS1")
    client.query_order("中 文/&=+~%")
    assert market.asked == [
        f"{PATH}?orderId=CS1",
        f"{PATH}?orderId=%E4%B8%AD%20%E6%96%87%2F%26%3D%2B~%25",
    ]


@pytest.mark.parametrize("code", ["MKT.0000", "CBC.0000", "CBC. 0000", "0000"])
def test_any_prefix_of_success(code: str, market: Marketplace, reply: Replies, connect: Connect) -> None:
    """The code counts after its prefix, blanks inside aside."""
    market.replies = [reply.success(code)]
    assert connect(market.url).query_order("CS1").order_id == "CS1"


@pytest.mark.parametrize(
    ("status", "code", "suffix"),
    [
        (400, "CBC.0101", "0101"),
        (500, "MKT.0100", "0100"),
        (401, "MKT.0150", "0150"),
        (400, "CBC. 0199", "0199"),
        (500, "CBC.9001", "9001"),
        (200, "MKT.7777", "7777"),
    ],
)
def test_a_final_no(  # noqa: PLR0917 - parameters and fixtures
    status: int,
    code: str,
    suffix: str,
    market: Marketplace,
    reply: Replies,
    connect: Connect,
) -> None:
    """A final code is not asked again, even with status 500, and comes without its prefix."""
    market.replies = [reply.failure(status, code, "Illegal\noperation")]
    with pytest.raises(OrderRefused) as refusal:
        connect(market.url).query_order("CS1")
    assert (refusal.value.code, refusal.value.message) == (suffix, "Illegal operation")
    assert str(refusal.value) == f"{suffix}: Illegal operation"
    assert len(market.asked) == 1


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (200, b"<html>", "HTTP 200 no code"),
        (200, b"\xff\xfe", "HTTP 200 no code"),
        (200, b"[" * 100_000, "HTTP 200 no code"),
        (200, [1], "HTTP 200 no code"),
        (200, {"resultCode": "MKT.0000"}, "HTTP 200 no orderInfo"),
        (200, {"resultCode": "MKT.0000", "orderInfo": None}, "HTTP 200 no orderInfo"),
        (404, {"resultCode": "MKT.0000", "orderInfo": {}}, "HTTP 404 no orderInfo"),
        (302, b"", "HTTP 302 no code"),
        (401, {"error_code": "APIGW.0301", "error_msg": PHONE}, "HTTP 401 APIGW.0301"),
        (404, {"error_code": 7}, "HTTP 404"),
    ],
    ids=str,
)
def test_no_usable_answer(  # noqa: PLR0917 - parameters and fixtures
    status: int,
    answer: object,
    reason: str,
    market: Marketplace,
    reply: Replies,
    connect: Connect,
) -> None:
    """An answer that is not the marketplace's, or a success without an order, is worth asking for later."""
    market.replies = [reply(status, answer)]
    with pytest.raises(KooGalleryUnavailable) as unavailable:
        connect(market.url).query_order("CS1")
    assert unavailable.value.reason == reason
    assert len(market.asked) == 1


def test_a_wrong_key_is_no_verdict_on_the_order(market: Marketplace, connect: Connect) -> None:
    """The gateway's refusal of a signature leaves the order to be asked for again."""
    with pytest.raises(KooGalleryUnavailable, match=r"HTTP 401 APIGW\.0301"):
        connect(market.url, secret_access_key="wrong").query_order("CS1")


@pytest.mark.parametrize(
    "url",
    [
        "http://mkt.myhuaweicloud.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://",
        "//127.0.0.1",
        "https://user:pass@mkt.myhuaweicloud.com",
        "https://mkt.myhuaweicloud.com/?x=1",
    ],
)
def test_unsafe_urls_are_refused(url: str, connect: Connect) -> None:
    """Neither host may be reached in the clear over a network or carry credentials."""
    with pytest.raises(ValueError, match="must"):
        connect(url)
    with pytest.raises(ValueError, match="must"):
        connect("https://mkt.myhuaweicloud.com", url)


def test_at_least_one_attempt(connect: Connect) -> None:
    """No attempts at all is refused at once."""
    with pytest.raises(ValueError, match="attempts"):
        connect("https://mkt.myhuaweicloud.com", attempts=0)


def test_nothing_secret_is_shown(
    market: Marketplace,
    reply: Replies,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither keys nor the buyer's data are in a repr, an error or the log at its finest."""
    caplog.set_level(logging.DEBUG)
    market.replies = [reply.success(), reply(200, {"resultCode": "MKT.0000", "orderInfo": [PHONE]})]
    client = connect(market.url)
    shown = repr(client) + repr(client.query_order("CS1"))
    with pytest.raises(KooGalleryUnavailable) as unavailable:
        client.query_order("CS1")
    shown += repr(unavailable.value) + caplog.text
    assert market.url in shown
    for secret in (PHONE, SECRET, "test-access-key-id"):
        assert secret not in shown


def test_errors_survive_pickling() -> None:
    """Both errors can be kept by a durable workflow."""
    refused = pickle.loads(pickle.dumps(OrderRefused("0150", "no")))  # noqa: S301 - our own bytes
    unavailable = pickle.loads(pickle.dumps(KooGalleryUnavailable("ConnectError")))  # noqa: S301 - our own bytes
    assert (refused.code, refused.message, unavailable.reason) == ("0150", "no", "ConnectError")
