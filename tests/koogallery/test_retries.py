"""Asking again: a busy, failing, silent or absent marketplace, over real HTTP with checked signatures."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from handlers.koogallery import KooGalleryUnavailable

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


def closed_port() -> str:
    """Give the URL of a port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(("status", "code"), [(406, "CBC. 0250"), (429, "APIGW.0308"), (200, "MKT.0250")])
def test_too_often_is_asked_again_of_the_same_host(  # noqa: PLR0917 - parameters and fixtures
    status: int,
    code: str,
    market: Marketplace,
    fallback: Marketplace,
    reply: Replies,
    connect: Connect,
    pauses: list[float],
) -> None:
    """A busy marketplace is given a pause and asked again; the fallback is left alone."""
    market.replies = [reply.failure(status, code), reply.success()]
    assert connect(market.url, fallback.url).query_order("CS1").order_id == "CS1"
    assert (len(market.asked), fallback.asked) == (2, [])
    assert 0.1 <= pauses[0] <= 0.2


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("2", 2.0),
        ("86400", 5.0),
        ("9" * 400, 5.0),
        (format_datetime(NOW + timedelta(seconds=3), usegmt=True), 3.0),
        (format_datetime(NOW - timedelta(days=3), usegmt=True), None),
        ("Wed, 01 Jan 2025 12:30:18 -0000", 3.0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_honoured_within_bounds(  # noqa: PLR0917 - parameters and fixtures
    asked: str,
    expected: float | None,
    market: Marketplace,
    reply: Replies,
    connect: Connect,
    pauses: list[float],
) -> None:
    """The pause is what was asked for, at most five seconds; nonsense is ignored."""
    market.replies = [reply.failure(429, "x.y", Retry_After=asked), reply.success()]
    connect(market.url).query_order("CS1")
    assert pauses == [expected] if expected else pauses[0] <= 0.2


@pytest.mark.parametrize("answer", [b"<html>", {"resultCode": "MKT.0999"}, {"resultCode": "CBC.1234"}])
def test_a_failing_host_hands_over_to_the_fallback(
    answer: object,
    market: Marketplace,
    fallback: Marketplace,
    reply: Replies,
    connect: Connect,
) -> None:
    """After a server error the fallback is asked, with a signature for its own host name."""
    market.replies, fallback.replies = [reply(502, answer)], [reply.success()]
    assert connect(market.url, fallback.url).query_order("CS1").order_id == "CS1"
    assert market.hosts != fallback.hosts
    assert (len(market.asked), len(fallback.asked)) == (1, 1)


def test_an_unreachable_host_hands_over_to_the_fallback(
    fallback: Marketplace,
    reply: Replies,
    connect: Connect,
) -> None:
    """A host that does not accept connections is replaced by the fallback."""
    fallback.replies = [reply.success()]
    assert connect(closed_port(), fallback.url).query_order("CS1").order_id == "CS1"


def test_a_silent_host_hands_over_to_the_fallback(
    market: Marketplace,
    fallback: Marketplace,
    reply: Replies,
    connect: Connect,
) -> None:
    """A host that does not answer in time is replaced by the fallback."""
    market.replies, fallback.replies = [reply.success(delay=0.5)], [reply.success()]
    assert connect(market.url, fallback.url, timeout=0.1).query_order("CS1").order_id == "CS1"
    assert len(fallback.asked) == 1


def test_the_hosts_take_turns_and_then_it_ends(
    market: Marketplace,
    fallback: Marketplace,
    connect: Connect,
    pauses: list[float],
) -> None:
    """Server errors everywhere end after the attempts allowed, with longer and longer pauses between."""
    with pytest.raises(KooGalleryUnavailable) as unavailable:
        connect(market.url, fallback.url, attempts=4).query_order("CS1")
    assert unavailable.value.reason == "HTTP 500"
    assert (len(market.asked), len(fallback.asked)) == (2, 2)
    assert len(pauses) == 3
    assert all(0.1 * 2**n <= pause <= 0.2 * 2**n for n, pause in enumerate(pauses))


def test_timeouts_without_a_fallback_end(market: Marketplace, reply: Replies, connect: Connect) -> None:
    """A silent marketplace is asked as often as allowed and then called unavailable."""
    market.replies = [reply.success(delay=0.3)]
    with pytest.raises(KooGalleryUnavailable, match="ReadTimeout"):
        connect(market.url, timeout=0.05, attempts=2).query_order("CS1")
    assert len(market.asked) == 2
