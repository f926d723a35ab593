"""Signatures through the door: known answers, forms of the body, keys, times, parameters."""

import copy
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from handlers.simulator.signing import sign_call
from tests.edge.asking import expect, last_call, question, stop_the_clock, unknown_instance
from tests.world import KEY, OLD_KEY, Reply, World

BODY_A = b'{"activity":"newInstance","businessId":"biz-1","orderId":"CS1","orderLineId":"CS1-000001"}'
SIGNATURE_A = "e180b154266d4ebc3cff604fec43c4f538dd1a463b9801fd268a604a77f825f6"
UNSETTLED_A = (
    b'{ "orderLineId" : "CS1-000001", "orderId":"CS1", "activity":"newInstance", '
    b'"businessId":"biz-1", "testFlag":null }'
)
BODY_B = (
    '{"activity":"newInstance","businessId":"biz-1","memo":"中文/a\\"b","orderId":"CS1",'
    '"orderLineId":"CS1-000001"}'
).encode()
SIGNATURE_B = "0779ea622ad0b17138e4c091a628ecdde2bc45bfd5881afaf1b456fc793c4da6"
BODY_C = (
    b'{"activity":"newInstance","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8",'
    b'"orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}'
)
NONCE_C = "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA"
SIGNATURE_C = "94470f611f4c29a2dcdfdf2580c0072b8285eaaca263d38a9d4eb1988c4eb361"
BODY_D = (
    b'{"activity":"updateInstanceStatus","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e",'
    b'"status":"FREEZE","testFlag":"1"}'
)
NONCE_D = "9F26B85CAEB3A8439221BA293E9250BC5EA689225B523C291EA75CC76B469510"
SIGNATURE_D = "acf09a762a381b22935888c891f9762b9636b652e8a55860922fde9d750b9e34"
NOON = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


def as_known(
    world: World, raw: bytes, nonce: str, timestamp: str, signature: str, *, address: str = "demo"
) -> Reply:
    """Send a known call at its own time."""
    sent_at = datetime.fromtimestamp(int(timestamp) / 1000, UTC)
    world.clock.ahead = sent_at - datetime.now(UTC)
    return world.call(None, raw=raw, nonce=nonce, timestamp=timestamp, signature=signature, address=address)


def place_cs1(world: World) -> None:
    """Place the order that the known calls are about."""
    order = copy.deepcopy(world.gallery.orders[world.gallery.place()])
    order["orderId"] = "CS1"
    order["orderLine"][0]["orderLineId"] = "CS1-000001"
    world.gallery.orders["CS1"] = order


def test_known_purchases_are_accepted_and_are_one(world: World) -> None:
    """Vectors A and B buy the same order line: one instance, although B brings a field nobody knows."""
    place_cs1(world)

    first = as_known(world, BODY_A, "nonce-0001", "1700000000000", SIGNATURE_A)
    second = as_known(world, BODY_B, "nonce-0002", "1700000000001", SIGNATURE_B.upper())

    assert expect(first, "000000").json["instanceId"] == "biz-1"
    assert expect(second, "000000").json["instanceId"] == "biz-1"
    assert len(world.vendor("GET", "/instances?orderId=CS1&address=demo").json["items"]) == 1
    assert last_call(world)["signatureForm"] == "raw"
    assert last_call(world)["request"]["memo"] == "***"


def test_known_purchase_in_another_form_is_accepted(world: World) -> None:
    """Body A with blanks, another order and a null is accepted with signature A, and the form is recorded."""
    place_cs1(world)

    reply = as_known(world, UNSETTLED_A, "nonce-0001", "1700000000000", SIGNATURE_A, address="committed")

    recorded = last_call(world, "committed")
    assert (recorded["signatureForm"], recorded["keyIndex"]) == ("settled", 0)
    assert recorded["orderId"] == "CS1"
    query = {"activity": "queryInstance", "instanceId": reply.json["instanceId"]}
    world.until(lambda: world.call(query, address="committed").code == "000000")


@pytest.mark.parametrize(
    ("raw", "nonce", "timestamp", "signature"),
    [
        pytest.param(BODY_C, NONCE_C, "1680508066618", SIGNATURE_C, id="C"),
        pytest.param(BODY_D, NONCE_D, "1680509558159", SIGNATURE_D, id="D"),
    ],
)
def test_known_probes_are_accepted(
    world: World, raw: bytes, nonce: str, timestamp: str, signature: str
) -> None:
    """Vectors C and D are probes, answered with complete success at their own time, and refused today."""
    expect(as_known(world, raw, nonce, timestamp, signature), "000000")
    world.clock.ahead = timedelta()

    today = world.call(None, raw=raw, nonce=nonce, timestamp=timestamp, signature=signature)

    expect(today, "000002", "timestamp")


@pytest.mark.parametrize("case", [str.lower, str.upper, str.swapcase, str.capitalize])
def test_the_case_of_a_signature_does_not_matter(world: World, case: Any) -> None:
    """Upper case, as in the guide, lower case, as in the licence guide, and any mixture."""
    body, nonce, timestamp = question(), secrets.token_hex(8), str(int(world.clock().timestamp() * 1000))
    right = sign_call(KEY, nonce, timestamp, json.dumps(body, separators=(",", ":")).encode())

    reply = world.call(body, nonce=nonce, timestamp=timestamp, signature=case(right))

    expect(reply, "000000")


@pytest.mark.parametrize(
    ("received", "form"),
    [
        ('{"activity":"queryInstance","instanceId":"中","testFlag":"1"}', "raw"),
        ('{ "activity" : "queryInstance", "instanceId":"中","testFlag":"1"}', "settled"),
        ('{"testFlag":"1","instanceId":"中","activity":"queryInstance"}', "settled"),
        ('{"activity":"queryInstance","instanceId":"中","orderId":null,"testFlag":"1"}', "settled"),
        ('{"activity":"queryInstance","instanceId":"\\u4e2d","testFlag":"1"}\r\n', "settled"),
    ],
)
@pytest.mark.parametrize(("key", "index"), [(KEY, 0), (OLD_KEY, 1)])
def test_form_and_key_are_recorded(world: World, received: str, form: str, key: str, index: int) -> None:
    """The bytes received count first, then their settled form; a key on its way out counts like the new."""
    settled = '{"activity":"queryInstance","instanceId":"中","testFlag":"1"}'.encode()

    reply = world.call(None, raw=received.encode(), signed_as=settled, key=key)

    expect(reply, "000000")
    recorded = last_call(world)
    assert (recorded["signatureForm"], recorded["keyIndex"]) == (form, index)


def test_an_unsettled_body_signed_as_it_is_matches_raw(world: World) -> None:
    """A body with blanks whose very bytes were signed is no matter for the settled form."""
    raw = json.dumps(question(), indent=2).encode()

    expect(world.call(None, raw=raw), "000000")

    assert last_call(world)["signatureForm"] == "raw"


@pytest.mark.parametrize(
    "signature",
    ["0" * 64, "x" * 64, "a" * 63, "a" * 65, "中" * 64, " ", "a" * 5000, "\x00" * 64],
    ids=["zeros", "no hex", "short", "long", "chinese", "blank", "very long", "NUL"],
)
def test_a_wrong_signature_is_refused(world: World, signature: str) -> None:
    """Whatever stands for a signature and is none is 000001, without being shown again."""
    reply = world.call(question(), signature=signature)

    expect(reply, "000001", "signature")
    assert signature.strip("\x00 ") == "" or signature not in reply.json["resultMsg"]
    assert last_call(world)["verdict"] == "refused"


@pytest.mark.parametrize("key", ["", "some-other-key", KEY.upper(), KEY + " "])
def test_another_key_is_refused(world: World, key: str) -> None:
    """Only the keys of the address sign for it."""
    expect(world.call(question(), key=key), "000001", "signature")


def test_every_part_is_covered_by_the_signature(world: World) -> None:
    """A changed body, nonce or timestamp under the same signature is refused."""
    timestamp = str(int(world.clock().timestamp() * 1000))
    raw = json.dumps(question()).encode()
    signature = sign_call(KEY, "a-nonce", timestamp, raw)
    given: dict[str, Any] = {"nonce": "a-nonce", "timestamp": timestamp, "signature": signature, "raw": raw}

    changes: list[dict[str, Any]] = [
        {"raw": raw.replace(b'"1"', b'"0"')},
        {"nonce": "A-nonce"},
        {"timestamp": str(int(timestamp) + 1)},
        {"nonce": "a-nonce" + timestamp[:1], "timestamp": timestamp[1:] + "0"},
    ]
    codes = [world.call(None, **{**given, **changed}).code for changed in changes]

    assert codes == ["000001", "000001", "000001", "000002"]
    assert world.call(None, **given).code == "000000"


@pytest.mark.parametrize("moved", [0, 1, -1])
@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("in_seconds", [False, True])
def test_sixty_seconds_count_and_a_moment_more_does_not(
    world: World, monkeypatch: pytest.MonkeyPatch, moved: int, side: int, *, in_seconds: bool
) -> None:
    """Exactly 60 s is within the window on both sides, for milliseconds and for seconds."""
    with monkeypatch.context() as patch:
        stop_the_clock(patch, NOON + timedelta(microseconds=moved))
        sent_at = (NOON + side * timedelta(seconds=60)).timestamp()
        timestamp = str(int(sent_at)) if in_seconds else str(int(sent_at * 1000))

        reply = world.call(question(), timestamp=timestamp)

    is_within = moved * side >= 0
    expect(reply, "000000" if is_within else "000002", *([] if is_within else ["timestamp", "60 s"]))


@pytest.mark.parametrize(
    "timestamp",
    [
        *("12345", "1" * 11, "1" * 12, "1" * 14, "0" * 13, "9" * 13, "9" * 400),
        *("-700000000000", "+700000000000", "1.70000000000", "17e9", "now", " 1700000000 ", "\x00" * 13),
        *("１７０００００００００００", "٣" * 13),
    ],
)
def test_a_wrong_timestamp_is_refused_though_signed(world: World, timestamp: str) -> None:
    """A timestamp that is none, or of another age, is 000002 whoever signed it."""
    expect(world.call(question(), timestamp=timestamp), "000002", "timestamp")


@pytest.mark.parametrize(
    ("name", "code"), [("timestamp", "000002"), ("nonce", "000002"), ("signature", "000001")]
)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_a_missing_parameter_is_named(world: World, name: str, code: str, how: str) -> None:
    """The codes are those of the marketplace's own sample."""
    raw = json.dumps(question()).encode()
    query = {"nonce": secrets.token_hex(8), "timestamp": str(int(world.clock().timestamp() * 1000))}
    query["signature"] = sign_call(KEY, query["nonce"], query["timestamp"], raw)
    if how == "absent":
        del query[name]
    else:
        query[name] = ""

    expect(world.run(world.send("POST", "/produce/demo", urlencode(query), {}, raw)), code, name, "missing")


def test_no_parameter_at_all_is_refused(world: World) -> None:
    """A call without a query is refused like one without a timestamp."""
    expect(world.run(world.send("POST", "/produce/demo", "", {}, b"{}")), "000002", "timestamp")


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce"])
def test_a_signed_parameter_that_stands_twice_is_refused(world: World, name: str) -> None:
    """Nobody should have to guess which of two was meant, not even if they are equal or empty."""
    expect(world.call(question(), extra_query=f"&{name}="), "000002", name, "twice")


def test_other_parameters_pass(world: World) -> None:
    """What the marketplace may add to the URL tomorrow costs no order, not even if it stands twice."""
    expect(world.call(question(), extra_query="&channel=a&channel=b&x&%00=%ff&Nonce=1&=&&"), "000000")


@pytest.mark.parametrize(
    "nonce",
    [
        "n",
        "a" * 16,
        "a" * 32,
        "a" * 64,
        "中" * 128,
        "a b",
        "a+b/c==",
        "a&b=c;d",
        "%41",
        "'; drop table calls",
    ],
)
def test_a_nonce_may_be_any_printable_text(world: World, nonce: str) -> None:
    """No length and no alphabet is promised, so up to 128 printable characters pass."""
    unique = (secrets.token_hex(4) + nonce)[:128]

    expect(world.call(question(), nonce=unique), "000000")


@pytest.mark.parametrize(
    "nonce",
    ["a" * 129, "中" * 129, "a" * 5000, "a\x00b", "a\nb", "\x7f", "\u200b", "\u2028", "\ud7ff\ue000"],
    ids=["129", "129 chinese", "5000", "NUL", "newline", "DEL", "zero width", "separator", "private use"],
)
def test_a_nonce_that_is_too_long_or_not_printable_is_refused(world: World, nonce: str) -> None:
    """Such a nonce is 000002 although it was signed."""
    expect(world.call(question(), nonce=nonce), "000002", "nonce")


def test_bytes_in_the_query_that_are_no_text_are_refused_quietly(world: World) -> None:
    """A nonce of broken UTF-8, percent-encoded or bare, is no fault of ours."""
    timestamp = str(int(world.clock().timestamp() * 1000))
    for nonce in ("%ff%fe", "%ed%a0%80", "%", "%zz", "ÿ"):
        query = f"timestamp={timestamp}&nonce={nonce}&signature={'a' * 64}"
        expect(world.run(world.send("POST", "/produce/demo", query, {}, b"{}")), "000001", "signature")


def test_a_key_of_another_site_does_not_count(world: World) -> None:
    """Each address has its own keys."""
    expect(world.call(unknown_instance(), address="europe"), "000001", "signature")
