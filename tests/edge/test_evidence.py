"""Evidence of calls: masked where it is shown, sealed where it is kept, and nowhere else."""

import logging
import secrets
import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from handlers.masking import mask
from tests.edge.asking import calls_of, expect, last_call, question, unknown_instance
from tests.world import KEY, OLD_KEY, Reply, World, new_instance

PERSON = "zhang-san-13900001111"
# What the order service says about every buyer (tests/gallery.py).
BUYER = ["18688888888", "测试用户1"]


def _everything(database_url: str) -> Iterator[str]:
    """Give every row of every table as text, whoever made the table; binary columns as they are."""
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as connection:
            for (name,) in connection.execute(
                "select name from sqlite_master where type = 'table'"
            ).fetchall():
                yield from (f"{name} {row!r}" for row in connection.execute(f'select * from "{name}"'))  # noqa: S608
        return
    plain = database_url.replace("postgresql+psycopg", "postgresql")
    found = (
        "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' "
        "and table_schema not in ('pg_catalog', 'information_schema')"
    )
    with psycopg.connect(plain) as connection:
        for schema, name in connection.execute(found).fetchall():
            rows = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, name)))
            yield from (f"{name} {row!r}" for row in rows)


def _evidence_column(world: World, instance_id: str) -> bytes:
    """Read the sealed column of the newest call about an instance, past all our code."""
    query = "select evidence from calls where instance_id = {} order by id desc limit 1"
    if world.database_url.startswith("sqlite"):
        with sqlite3.connect(world.database_url.removeprefix("sqlite:///")) as connection:
            return bytes(connection.execute(query.format("?"), [instance_id]).fetchone()[0])
    with psycopg.connect(world.database_url.replace("+psycopg", "")) as connection:
        row = connection.execute(query.format("%s").encode(), [instance_id]).fetchone()
        assert row is not None
        return bytes(row[0])


def test_request_and_answer_are_kept(world: World) -> None:
    """The evidence says what came, what was found, what was answered, and how long it took."""
    body = new_instance(world.gallery.place())

    reply = expect(world.call(body, address="hook"), "000000")

    [recorded] = calls_of(world, body["businessId"])
    assert recorded["request"] == body
    assert recorded["answer"] == reply.json
    assert recorded["resultMsg"] == "success."
    assert (recorded["activity"], recorded["address"], recorded["verdict"]) == (
        "newInstance",
        "hook",
        "answered",
    )
    assert (recorded["orderId"], recorded["isTest"]) == (body["orderId"], False)
    assert recorded["durationMs"] > 0
    assert world.vendor("GET", f"/calls/{recorded['id']}").json == recorded


def test_personal_data_and_secrets_are_masked(world: World) -> None:
    """Names, numbers and credentials are hidden at any depth, in what came and in what was answered."""
    personal = dict.fromkeys(["mobilePhone", "email", "userName", "customerRealName", "clientSecret"], PERSON)
    instance_id = world.buy()
    body = {
        "activity": "queryInstance",
        "instanceId": instance_id,
        "buyerInfo": [{"x": personal}],
        **personal,
    }

    reply = expect(world.call(body, address="hook"), "000000")

    assert reply.json["info"][0]["appInfo"]["password"] == "Init-pass-1"
    shown = world.vendor("GET", f"/calls?instanceId={instance_id}&limit=1")
    assert PERSON.encode() not in shown.raw
    assert b"Init-pass-1" not in shown.raw
    recorded = shown.json["items"][0]
    assert recorded["request"]["buyerInfo"] == [{"x": dict.fromkeys(personal, "***")}]
    assert recorded["answer"]["info"][0]["appInfo"]["password"] == "***"
    assert recorded["answer"]["info"][0]["appInfo"]["frontEndUrl"].endswith(instance_id)


def test_what_is_no_object_is_shown_as_a_length(world: World) -> None:
    """What cannot be masked is not shown."""
    raw = f'["{PERSON}"'.encode()

    expect(world.call(None, raw=raw), "000002")

    assert last_call(world)["request"] == f"({len(raw)} characters that are no JSON object)"


@pytest.mark.parametrize("key", [KEY, "a-stranger"])
@pytest.mark.parametrize("depth", [70, 260, 900, 1200])
def test_deep_evidence_is_shown(world: World, key: str, depth: int) -> None:
    """No body, a stranger's neither, keeps the vendor from reading the evidence."""
    raw = b'{"activity":"queryInstance","x":' + b'{"a":' * depth + b'"xyzzy"' + b"}" * (depth + 1)

    world.call(None, raw=raw, key=key)

    page = world.vendor("GET", "/calls?limit=5")
    assert page.status == 200
    assert b"xyzzy" not in page.raw


def test_evidence_is_sealed_in_the_database(world: World) -> None:
    """The column is ciphertext, and no table of anybody's holds the person, the password or the keys."""
    instance_id = world.buy()
    query = {"activity": "queryInstance", "instanceId": instance_id, "mobilePhone": PERSON}
    expect(world.call(query, address="hook"), "000000")
    expect(world.call(unknown_instance(email=PERSON)), "000003")
    expect(world.call({"activity": "unknown", "email": PERSON}), "000002")
    expect(world.call(question(email=PERSON), key="wrong"), "000001")

    sealed = _evidence_column(world, instance_id)
    rows = list(_everything(world.database_url))

    assert sealed.startswith(b"gAAAA")
    assert any(row.startswith("calls ") for row in rows)
    assert any(instance_id in row for row in rows)
    for secret in (PERSON, "Init-pass-1", KEY, OLD_KEY, *BUYER):
        assert [row[:60] for row in rows if secret in row or secret.encode().hex() in row] == []


def test_the_log_says_nothing_of_what_came(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Neither bodies nor keys, signatures, nonces or persons are logged, whatever was wrong."""
    nonce = secrets.token_hex(16)
    wrong: list[dict[str, Any]] = [
        {"body": question(email=PERSON), "nonce": nonce},
        {"body": question(email=PERSON), "nonce": nonce},
        {"body": {"activity": "sellTheMoon", "email": PERSON}},
        {"body": {"activity": PERSON}},
        {"body": {"activity": "newInstance", "orderId": [PERSON]}},
        {"body": None, "raw": f'{{"a":"{PERSON}"'.encode()},
        {"body": question(), "signature": PERSON},
        {"body": question(), "timestamp": PERSON},
        {"body": question(), "address": "demo/"},
        {"body": question(), "address": PERSON},
        {"body": question(), "method": "GET"},
        {"body": unknown_instance(email=PERSON)},
    ]
    with caplog.at_level(logging.DEBUG, logger="handlers"), caplog.at_level(logging.DEBUG, logger="storage"):
        replies: list[Reply] = [world.call(**options) for options in wrong]
        world.buy()

    assert {reply.status for reply in replies} == {200}
    for secret in (PERSON, KEY, OLD_KEY, nonce, *BUYER):
        assert secret not in caplog.text
    assert "Traceback" not in caplog.text


def test_only_so_many_strangers_are_recorded(world: World) -> None:
    """Sixty calls a minute that nobody signed are kept, whatever is wrong with them; genuine ones always."""
    long = b"x" * (world.app.settings.body_limit + 1)

    async def many() -> list[Reply]:
        query = "timestamp=1700000000&nonce=n&signature=s"
        stranger = [await world.send("POST", "/produce/committed", query, {}, b"{}") for _ in range(40)]
        too_long = [await world.send("POST", "/produce/committed", query, {}, long) for _ in range(40)]
        return stranger + too_long

    before = world.vendor("GET", "/calls?limit=200&address=committed").json["items"]
    replies = world.run(many())
    genuine = world.call(unknown_instance(), address="committed")
    after = world.vendor("GET", "/calls?limit=200&address=committed").json["items"]

    assert {reply.code for reply in replies} == {"000002"}
    assert genuine.code == "000003"
    # Where the minute ends between two of them, the count begins again.
    assert len(before) + 61 <= len(after) < len(before) + 81
    assert after[0]["resultCode"] == "000003"


def test_of_a_stranger_only_the_beginning_is_kept(world: World) -> None:
    """Who cannot sign cannot fill the database."""
    raw = b'{"x":"' + b"x" * 200_000 + b'"}'

    expect(world.call(None, raw=raw, key="wrong"), "000001")

    assert last_call(world)["request"] == "(4096 characters that are no JSON object)"


@pytest.mark.parametrize("value", [None, 1, True, "text", [], {}, [1, {"a": [None]}]])
def test_masking_leaves_the_rest_as_it_is(value: Any) -> None:
    """Only telling names are hidden, and only where there is something to hide."""
    assert mask(value) == value
    assert mask({"instanceId": value, "Password": "", "email": None}) == {
        "instanceId": value,
        "Password": "",
        "email": None,
    }
    assert mask({"MOBILEPHONE": 1, "memo": [value, 1]}) == {"MOBILEPHONE": "***", "memo": "***"}
