"""Bodies that are genuine and wrong: what cannot be read, what does not fit, what nobody knows."""

import secrets
from typing import Any

import pytest

from tests.edge.asking import expect, last_call, question, unknown_instance
from tests.world import World, new_instance

CANARY = "canary-5550142"
BASE = b'{"activity":"queryInstance","instanceId":"canary-5550142","testFlag":"1"'


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        pytest.param(b"\xef\xbb\xbf" + BASE + b"}", "byte order mark", id="BOM"),
        pytest.param((BASE + b"}").decode().encode("utf-16"), "byte order mark", id="UTF-16 BOM"),
        pytest.param((BASE + b"}").decode().encode("utf-16-le"), "not JSON", id="UTF-16"),
        pytest.param((BASE + b"}").decode().encode("utf-32"), "byte order mark", id="UTF-32 BOM"),
        pytest.param(BASE + b',"activity":"newInstance"}', "'activity' stands twice", id="twice"),
        pytest.param(BASE + b',"x":{"b":1,"b":1}}', "'b' stands twice", id="twice below"),
        pytest.param(BASE + b',"x":[[{"b":1,"\\u0062":1}]]}', "'b' stands twice", id="twice escaped"),
        pytest.param(BASE + b',"x":NaN}', "NaN", id="NaN"),
        pytest.param(BASE + b',"x":[-Infinity]}', "Infinity", id="Infinity"),
        pytest.param(BASE + b',"x":' + b"9" * 65 + b"}", "number", id="65 digits"),
        pytest.param(BASE + b',"x":' + b"9" * 50_000 + b"}", "number", id="50,000 digits"),
        pytest.param(BASE + b',"x":1e400}', "number", id="1e400"),
        pytest.param(BASE + b',"x":-1E+99999999999}', "number", id="-1E+99999999999"),
        pytest.param(BASE + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested", id="100k arrays"),
        pytest.param(BASE + b',"x":' + b'{"":' * 40_000 + b"1" + b"}" * 40_001, "nested", id="40k objects"),
        pytest.param(BASE + b',"x":' + b"[" * 300 + b"]" * 300 + b"}", "nested", id="300 arrays"),
        pytest.param(BASE + b',"x":' + b'{"a":' * 900 + b'"\\ud83d\\ude00"' + b"}" * 901, "nested", id="900"),
        pytest.param(BASE + b',"x":"\xff"}', "UTF-8", id="broken UTF-8"),
        pytest.param(BASE + b',"x":"\xed\xa0\x80"}', "UTF-8", id="surrogate in UTF-8"),
        pytest.param(BASE + b',"x":"\\ud800"}', "surrogate", id="lone surrogate"),
        pytest.param(BASE + b',"\\udc00":1}', "surrogate", id="lone surrogate in a name"),
        pytest.param(BASE + b',"x":"\\u0000"}', "NUL", id="NUL"),
        pytest.param(BASE + b',"x":"\x00"}', "not JSON", id="bare NUL"),
        pytest.param(BASE, "not JSON", id="cut off"),
        pytest.param(BASE + b"}}", "not JSON", id="one brace more"),
        pytest.param(b"activity=queryInstance&instanceId=canary-5550142", "not JSON", id="form"),
        pytest.param(b"<activity>canary-5550142</activity>", "not JSON", id="XML"),
        pytest.param(b"[" + BASE + b"}]", "not a JSON object", id="array"),
        pytest.param(b'"canary-5550142"', "not a JSON object", id="text"),
        pytest.param(b"5550142", "not a JSON object", id="number"),
        pytest.param(b"null", "not a JSON object", id="null"),
        pytest.param(b"true", "not a JSON object", id="true"),
        pytest.param(b"{}", "activity", id="empty object"),
    ],
)
def test_what_cannot_be_read_is_refused_and_recorded(world: World, raw: bytes, word: str) -> None:
    """A genuine body that is no plain JSON object is 000002; its evidence can be looked at all the same."""
    reply = expect(world.call(None, raw=raw), "000002", word)

    assert CANARY not in reply.json["resultMsg"]
    recorded = last_call(world)
    assert (recorded["verdict"], recorded["resultCode"]) == ("refused", "000002")
    assert recorded["answer"] == reply.json


VALID: dict[str, dict[str, Any]] = {
    "newInstance": {"orderId": "CS1", "orderLineId": "CS1-000001", "businessId": "b"},
    "queryInstance": {"instanceId": "i"},
    "refreshInstance": {
        "scene": "RENEWAL",
        "orderId": "CS1",
        "orderLineId": "CS1-000001",
        "instanceId": "i",
        "productId": "p",
        "expireTime": "20301231155959",
    },
    "updateInstanceStatus": {"instanceId": "i", "status": "FREEZE"},
    "releaseInstance": {"instanceId": "i", "orderId": "CS1", "orderLineId": "CS1-000001"},
    "upgradeInstance": {"instanceId": "i", "orderId": "CS1", "orderLineId": "CS1-000001"},
    "changeInstanceCheck": {"instanceId": "i", "productInfo": {"linearValue": 1}},
}
OPTIONAL = {
    ("refreshInstance", "productId"),
    ("releaseInstance", "orderId"),
    ("releaseInstance", "orderLineId"),
}
FIELDS = [(activity, name) for activity, fields in VALID.items() for name in fields]
LONGEST = {"expireTime": 17, "scene": 64, "status": 32}
FREE = [(activity, name) for activity, name in FIELDS if name not in {*LONGEST, "productInfo"}]


def _probe(activity: str, **more: Any) -> dict[str, Any]:
    return {"activity": activity, "testFlag": "1", **VALID[activity], **more}


@pytest.mark.parametrize("activity", VALID)
def test_the_bodies_that_the_next_tests_spoil_are_right(world: World, activity: str) -> None:
    """Otherwise those tests would prove nothing."""
    expect(world.call(_probe(activity)), "000000")


@pytest.mark.parametrize(("activity", "name"), FIELDS)
def test_a_field_of_a_wrong_type_is_named_and_not_shown(world: World, activity: str, name: str) -> None:
    """Every field is a string (productInfo an object or one in a string); anything else is 000002."""
    for value in (5550142, 5550142.5, True, [CANARY], {CANARY: CANARY}):
        if name == "productInfo" and isinstance(value, dict):
            continue
        reply = expect(world.call(_probe(activity, **{name: value})), "000002", name)
        assert CANARY not in reply.json["resultMsg"]
        assert "5550142" not in reply.json["resultMsg"]


@pytest.mark.parametrize(("activity", "name"), FIELDS)
def test_a_missing_field_is_named(world: World, activity: str, name: str) -> None:
    """Absent and null are the same; an optional field may be either."""
    body = _probe(activity)
    del body[name]
    is_optional = (activity, name) in OPTIONAL
    for missing in (body, {**body, name: None}):
        reply = world.call(missing)
        if is_optional:
            expect(reply, "000000")
        else:
            expect(reply, "000002", name)


@pytest.mark.parametrize(("activity", "name"), FREE)
@pytest.mark.parametrize("character", ["x", "中", "😀"])
def test_lengths_are_counted_in_characters(world: World, activity: str, name: str, character: str) -> None:
    """64 characters pass whatever they weigh in bytes; one more does not, and is not shown."""
    longest = 6499 if (activity, name) == ("queryInstance", "instanceId") else 64

    expect(world.call(_probe(activity, **{name: character * longest})), "000000")
    reply = expect(world.call(_probe(activity, **{name: character * (longest + 1)})), "000002", name)
    assert character * 3 not in reply.json["resultMsg"]


def test_long_ids_are_kept_whole(world: World) -> None:
    """64 multi-byte characters go through every table and come back."""
    order_id = world.gallery.place()
    body = new_instance(order_id) | {"businessId": "😀" * 32 + secrets.token_hex(16)}

    reply = expect(world.call(body), "000000")

    assert reply.json["instanceId"] == body["businessId"]
    query = {"activity": "queryInstance", "instanceId": body["businessId"]}
    assert world.call(query).json["info"][0]["instanceId"] == body["businessId"]


@pytest.mark.parametrize(("activity", "name"), [pair for pair in FIELDS if pair not in OPTIONAL])
def test_an_empty_field_is_named(world: World, activity: str, name: str) -> None:
    """What must be there must not be empty, nor blank."""
    for value in ("", " ", "\t"):
        expect(world.call(_probe(activity, **{name: value})), "000002", name)


@pytest.mark.parametrize(
    ("activity", "changed", "name"),
    [
        ("refreshInstance", {"scene": CANARY}, "scene"),
        ("refreshInstance", {"scene": "renewal"}, "scene"),
        ("refreshInstance", {"expireTime": "2030123115595"}, "expireTime"),
        ("refreshInstance", {"expireTime": "203012311559590"}, "expireTime"),
        ("refreshInstance", {"expireTime": "20301231155959٣٣٣"}, "expireTime"),
        ("refreshInstance", {"expireTime": "20301331155959"}, "expireTime"),
        ("refreshInstance", {"expireTime": "20300230000000"}, "expireTime"),
        ("refreshInstance", {"expireTime": "00000101000000"}, "expireTime"),
        ("updateInstanceStatus", {"status": "NORMAL"}, "status"),
        ("queryInstance", {"instanceId": "a,,b"}, "instanceId"),
        ("queryInstance", {"instanceId": ",".join(["a"] * 101)}, "instanceId"),
        ("changeInstanceCheck", {"productInfo": f'{{"a": {CANARY}}}'}, "productInfo"),
        ("changeInstanceCheck", {"productInfo": "[1]"}, "productInfo"),
        ("changeInstanceCheck", {"productInfo": '{"a":1,"a":2}'}, "productInfo"),
        ("changeInstanceCheck", {"productInfo": '{"a":' + "[" * 100 + "]" * 100 + "}"}, "productInfo"),
        ("changeInstanceCheck", {"productInfo": {"linearValue": -1}}, "productInfo"),
        ("changeInstanceCheck", {"productInfo": {"linearValue": 10**63}}, "productInfo"),
        ("newInstance", {"testFlag": "100"}, "testFlag"),
        ("newInstance", {"testFlag": 1}, "testFlag"),
        ("newInstance", {"orderId": "CS\n1"}, "orderId"),
    ],
)
def test_a_wrong_value_is_named_and_not_shown(
    world: World, activity: str, changed: dict[str, Any], name: str
) -> None:
    """The message says which field, and what it should be."""
    reply = expect(world.call(_probe(activity, **changed)), "000002", name)

    assert CANARY not in reply.json["resultMsg"]


@pytest.mark.parametrize(
    "activity", ["orderNotify", "NEWINSTANCE", "newInstance ", "", "中文", "x" * 3000, "'\"\n"]
)
def test_an_unknown_activity_is_recorded_and_noticed(
    world: World, caplog: pytest.LogCaptureFixture, activity: str
) -> None:
    """The answer is 000002, the call is kept, a person is told, and nothing is thrown."""
    instance_id = secrets.token_hex(16)

    reply = world.call({"activity": activity, "instanceId": instance_id})

    expect(reply, "000002", "activity")
    recorded = last_call(world)
    assert (recorded["activity"], recorded["verdict"]) == (activity[:32], "refused")
    told = [notice for notice in world.notices() if instance_id in notice["subject"]]
    assert [notice["kind"] for notice in told] == ["unknown-activity"]
    assert caplog.records == []


def test_an_unknown_activity_of_a_probe_is_no_notice(world: World) -> None:
    """The marketplace's own tests tell nobody anything."""
    instance_id = secrets.token_hex(16)

    expect(world.call({"activity": "sellTheMoon", "instanceId": instance_id, "testFlag": "1"}), "000002")

    assert [notice for notice in world.notices() if instance_id in notice["subject"]] == []


@pytest.mark.parametrize("activity", [None, 1, True, ["newInstance"], {"newInstance": 1}, 1.5])
def test_an_activity_that_is_no_text_is_refused(world: World, activity: Any) -> None:
    """Which one was meant nobody can say."""
    expect(world.call({"activity": activity, **VALID["newInstance"]}), "000002", "activity")


def test_unknown_fields_pass_however_they_look(world: World) -> None:
    """Tomorrow's fields and the early draft's body cost no order."""
    more: dict[str, Any] = {
        "buyerInfo": {"customerId": "c", "email": None},
        "orderInfo": [{"orderAmount": 12.78, "productInfo": [{"linearValue": 20}]}],
        "中文": {"": [None, True, 1e300, 10**60, -0.0]},
        "deep": [[[[[[[[[["x"]]]]]]]]]],
        "long": "x" * 100_000,
        "__proto__": {"constructor": 1},
        "body": 1,
        "session": 2,
    }

    expect(world.call(question(**more)), "000000")
    expect(world.call(unknown_instance(**more)), "000003", "instanceId")
    body = new_instance(world.gallery.place()) | more
    assert expect(world.call(body), "000000").json["instanceId"] == body["businessId"]
