"""Signed answers: site eu still asks for `Body-Sign`, the others do not."""

import base64
import hashlib
import hmac
import secrets
from typing import Any

import pytest

from tests.edge.asking import expect, question, unknown_instance
from tests.world import EUROPEAN_KEY, Reply, World, new_instance, signed

DECODED = base64.b64decode(EUROPEAN_KEY).decode()


def body_sign_of(raw: bytes) -> str:
    """Compute the header of an answer, apart from the server's own code."""
    digest = hmac.new(DECODED.encode(), raw, hashlib.sha256).digest()
    return f'sign_type="HMAC-SHA256", signature="{base64.b64encode(digest).decode()}"'


def test_a_key_in_base64_is_decoded_before_it_signs(world: World) -> None:
    """Europe shows its keys in Base64: the bytes behind it sign, the text itself does not."""
    expect(world.call(question(), address="europe", key=DECODED), "000000")
    expect(world.call(question(), address="europe", key=EUROPEAN_KEY), "000001")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"body": question()}, "000000"),
        ({"body": unknown_instance()}, "000003"),
        ({"body": {"activity": "sellTheMoon"}}, "000002"),
        ({"body": None, "raw": b"no json"}, "000002"),
        ({"body": question(), "content_type": "text/xml"}, "000002"),
        ({"body": question(), "key": "wrong"}, "000001"),
        ({"body": question(), "timestamp": "1"}, "000002"),
        ({"body": question(), "method": "GET"}, "000002"),
        ({"body": None, "raw": b"x" * 300_000}, "000002"),
    ],
)
def test_every_answer_of_europe_is_signed(world: World, options: dict[str, Any], code: str) -> None:
    """The header has its exact case and covers the very bytes of the answer, a refusal's too."""
    reply = expect(world.call(**{"address": "europe", "key": DECODED, **options}), code)

    assert reply.header(b"Body-Sign") == body_sign_of(reply.raw)
    assert [name for name, _ in reply.headers if name.lower() == b"body-sign"] == [b"Body-Sign"]


def test_purchases_and_replays_of_europe_are_signed(world: World) -> None:
    """An answer that waited and one that is given again carry the header, too."""
    body = new_instance(world.gallery.place()) | {"businessId": secrets.token_hex(16)}
    request = signed(body, address="europe", now=world.clock(), key=DECODED)

    replies: list[Reply] = [world.run(world.send(*request)) for _ in range(2)]

    assert replies[0].raw == replies[1].raw
    assert replies[0].code == "000000"
    assert {reply.header(b"Body-Sign") for reply in replies} == {body_sign_of(replies[0].raw)}


@pytest.mark.parametrize("options", [{}, {"key": "wrong"}, {"raw": b"no json"}])
def test_answers_of_other_sites_are_not_signed(world: World, options: dict[str, Any]) -> None:
    """The Chinese site dropped the header."""
    reply = world.call(question(), **options)

    assert {name.lower() for name, _ in reply.headers} == {b"content-type", b"content-length"}
