"""Requests that are wrong around the body: address, path, method, media type, size."""

import secrets
from typing import Any
from urllib.parse import quote

import pytest

from tests.edge.asking import expect, last_call, question
from tests.world import Reply, World, signed


def send_parts(world: World, parts: list[dict[str, Any]], raw: bytes) -> Reply:
    """Send a signed call whose body arrives in the given ASGI messages."""
    method, path, query, headers, _ = signed(None, raw=raw, address="demo", now=world.clock())
    sent: list[Any] = []
    pending = list(parts)
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> Any:
        return pending.pop(0)

    async def collect(message: Any) -> None:
        sent.append(message)

    world.run(world.app(scope, receive, collect))
    if not sent:
        return Reply(0, [], b"")
    return Reply(sent[0]["status"], sent[0]["headers"], b"".join(m.get("body", b"") for m in sent[1:]))


@pytest.mark.parametrize(
    "address", ["nobody", "", "DEMO", "demo ", "demo\x00", "../demo", "demo%2f", "中文", "x" * 5000]
)
def test_an_unknown_address_is_named(world: World, address: str) -> None:
    """Only addresses of the settings exist; what was asked for is not shown again."""
    reply = expect(world.call(question(), address=address), "000002", "address")

    assert not address.strip() or address not in reply.json["resultMsg"]


def test_calls_of_an_unknown_address_are_not_recorded(world: World) -> None:
    """Nobody's evidence is kept: there is no key it could have been signed with."""
    before = world.vendor("GET", "/calls?limit=1").json["items"]

    world.call(question(), address="nobody")

    assert world.vendor("GET", "/calls?limit=1").json["items"] == before


@pytest.mark.parametrize(
    "path", ["demo/", "demo//", "demo/x", "demo/produceAPI/v2/tenantSync", "demo/../demo"]
)
def test_a_path_below_an_address_is_refused(world: World, path: str) -> None:
    """There is nothing there, not even behind a slash at the end; the call is recorded all the same."""
    expect(world.call(question(), address=path), "000002", "path")

    assert last_call(world)["verdict"] == "refused"


def test_a_path_below_an_address_says_nothing_to_strangers(world: World) -> None:
    """The signature comes before the path."""
    expect(world.call(question(), address="demo/x", key="wrong"), "000001", "signature")


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "post"]
)
def test_another_method_is_refused(world: World, method: str) -> None:
    """Only POST is served, and the answer is 200 all the same: the marketplace reads no other."""
    expect(world.call(question(), method=method), "000002", "method")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "Application/JSON",
        "application/json;charset=utf8",
        "application/json ; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
def test_json_may_be_declared_in_many_ways(world: World, content_type: str | None) -> None:
    """Every spelling of JSON in UTF-8 is taken, and none at all."""
    expect(world.call(question(), content_type=content_type), "000000")


@pytest.mark.parametrize(
    ("content_type", "word"),
    [
        ("text/xml", "Content-Type"),
        ("multipart/form-data; boundary=secretvalue", "Content-Type"),
        ("application/json;charset=gbk", "charset"),
        ("application/json;charset=bogus", "charset"),
    ],
)
def test_another_media_type_is_refused(world: World, content_type: str, word: str) -> None:
    """It is named, not quoted."""
    reply = expect(world.call(question(), content_type=content_type), "000002", word)

    assert "secretvalue" not in reply.json["resultMsg"]
    assert "bogus" not in reply.json["resultMsg"]


def _of_length(length: int) -> bytes:
    start = f'{{"activity":"queryInstance","instanceId":"{secrets.token_hex(8)}","testFlag":"1","x":"'
    return start.encode() + b"x" * (length - len(start) - 2) + b'"}'


def test_a_body_of_the_limit_passes_and_one_byte_more_does_not(world: World) -> None:
    """The limit is in bytes and inclusive."""
    limit = world.app.settings.body_limit

    expect(world.call(None, raw=_of_length(limit)), "000000")
    expect(world.call(None, raw=_of_length(limit + 1)), "000002", "longer", str(limit))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_body_may_come_in_pieces(world: World, size: int) -> None:
    """What is signed is the whole, however it is cut."""
    raw = _of_length(3000)
    parts = [raw[at : at + size] for at in range(0, len(raw), size)]
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]

    reply = send_parts(world, [*messages, {"type": "http.request", "more_body": False}], raw)

    expect(reply, "000000")


def test_an_endless_body_is_cut_off_at_the_limit(world: World) -> None:
    """A body in pieces is refused as soon as it is too long; the rest is not asked for."""
    piece = b"x" * 65_536
    parts = [{"type": "http.request", "body": piece, "more_body": True} for _ in range(5)]

    expect(send_parts(world, parts, b""), "000002", "longer")


@pytest.mark.parametrize("received", [0, 1, 3])
def test_a_caller_who_goes_away_gets_no_answer_and_leaves_no_trace(world: World, received: int) -> None:
    """Half a call is none."""
    before = world.vendor("GET", "/calls?limit=1").json["items"]
    parts = [{"type": "http.request", "body": b"{", "more_body": True} for _ in range(received)]

    reply = send_parts(world, [*parts, {"type": "http.disconnect"}], b"{")

    assert reply.status == 0
    assert world.vendor("GET", "/calls?limit=1").json["items"] == before


@pytest.mark.parametrize("raw", [b"", b" ", b"\r\n\r\n"])
def test_an_empty_body_is_refused(world: World, raw: bytes) -> None:
    """Nothing was asked."""
    expect(world.call(None, raw=raw), "000002", "empty")


@pytest.mark.parametrize("path", ["/produce", "/", "/produceX/demo", quote("/produce/demo")[1:]])
def test_paths_of_nobody_are_no_calls(world: World, path: str) -> None:
    """Outside the addresses an ordinary 404 is given."""
    reply = world.run(world.send("POST", path, "", {}, b"{}"))

    assert reply.status == 404
