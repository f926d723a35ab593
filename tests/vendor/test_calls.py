"""The evidence: what the marketplace sent and what it got."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations
from typing import Any
from urllib.parse import quote

import pytest

from tests.vendor.conftest import Api
from tests.world import EUROPEAN_KEY, OLD_KEY, World, new_instance

pytestmark = pytest.mark.usefixtures("world")


def test_a_call_tells_request_verdict_and_answer(api: Api, world: World) -> None:
    """As the list shows it, so it is when it is asked for alone."""
    body = new_instance(world.gallery.place())
    answer = world.call(body, address="hook").json

    listed = api("GET", f"/calls?orderId={body['orderId']}").json["items"]

    assert len(listed) == 1
    call = api("GET", f"/calls/{listed[0]['id']}").json
    assert call == listed[0]
    told = {name: call[name] for name in call if name not in {"id", "receivedAt", "durationMs"}}
    assert told == {
        "address": "hook",
        "activity": "newInstance",
        "verdict": "answered",
        "resultCode": "000000",
        "resultMsg": "success.",
        "signatureForm": "raw",
        "keyIndex": 0,
        "isTest": False,
        "orderId": body["orderId"],
        "instanceId": body["businessId"],
        "request": body,
        "answer": answer,
    }
    assert 0 < call["durationMs"] < 60_000


def test_access_data_is_masked(api: Api, world: World) -> None:
    """The marketplace got account, password and memo; the evidence shows that there were some."""
    instance_id = world.buy()
    query = {"activity": "queryInstance", "instanceId": instance_id}
    sent = world.call(query, address="hook")
    assert sent.json["info"][0]["appInfo"]["password"] == "Init-pass-1"

    reply = api("GET", f"/calls?instanceId={instance_id}&activity=queryInstance")

    app_info = reply.json["items"][0]["answer"]["info"][0]["appInfo"]
    assert app_info == {
        "frontEndUrl": f"https://app.example.com/{instance_id}",
        "userName": "***",
        "password": "***",
        "memo": "***",
    }
    assert "首次登录请修改密码" not in reply.raw.decode()


def test_personal_data_is_masked_wherever_it_stands(api: Api, world: World) -> None:
    """In objects, in lists, deep down, in members that no guide names yet."""
    private = {
        "mobilePhone": "18612345678",
        "phone": "+86-186",
        "email": "buyer@example.com",
        "customerName": "Zhang San",
        "customerRealName": "张三",
        "userName": "zhangsan",
        "password": "hunter2",
        "memo": "call me",
        "authToken": "tok-1",
        "clientSecret": "cs-1",
    }
    body = {
        **new_instance(world.gallery.place()),
        "buyer": [{"inner": private}],
        **private,
        "PHONE": "77777777",
    }
    world.call(body)

    reply = api("GET", f"/calls?orderId={body['orderId']}")

    request = reply.json["items"][0]["request"]
    assert request["buyer"] == [{"inner": dict.fromkeys(private, "***")}]
    assert request["orderId"] == body["orderId"]
    for value in (*private.values(), "77777777"):
        assert value not in reply.raw.decode()


def test_what_is_empty_is_not_masked(api: Api, world: World) -> None:
    """That a field came empty is what somebody wants to see."""
    empty: dict[str, Any] = {"email": "", "phone": None, "memo": []}
    body = {**new_instance(world.gallery.place()), **empty}
    world.call(body)

    request = api("GET", f"/calls?orderId={body['orderId']}").json["items"][0]["request"]

    assert (request["email"], request["phone"], request["memo"]) == ("", None, [])


def test_a_refused_call_says_why(api: Api, world: World) -> None:
    """An unsigned call is evidence too: no key matched, and the code says so."""
    body = new_instance(world.gallery.place())
    assert world.call(body, signature="0" * 64).code == "000001"

    call = api("GET", "/calls?limit=1&resultCode=000001").json["items"][0]

    assert (call["verdict"], call["resultCode"]) == ("refused", "000001")
    assert (call["keyIndex"], call["signatureForm"]) == (None, None)
    assert call["resultMsg"].startswith("signature: does not match")


def test_a_body_that_is_no_object_is_not_shown(api: Api, world: World) -> None:
    """What cannot be masked is only measured."""
    world.call(None, raw=b"password=hunter2&activity=x")

    call = api("GET", "/calls?limit=1").json["items"][0]

    assert call["request"] == "(27 characters that are no JSON object)"
    assert (call["resultCode"], call["activity"]) == ("000002", None)


def test_an_empty_body_is_null(api: Api, world: World) -> None:
    """Nothing was sent."""
    world.call(None, raw=b"")

    assert api("GET", "/calls?limit=1").json["items"][0]["request"] is None


def test_the_key_and_the_form_that_matched_are_told(api: Api, world: World) -> None:
    """A rotation is over when no call shows the old key any more."""
    order_id = world.gallery.place()
    body = new_instance(order_id)
    world.call(body, key=OLD_KEY)
    settled = b'{"activity":"x","orderId":"%s"}' % order_id.encode()
    world.call(None, raw=b'{"orderId": "%s", "activity": "x"}' % order_id.encode(), signed_as=settled)

    calls = api("GET", f"/calls?orderId={order_id}").json["items"]

    assert [(call["keyIndex"], call["signatureForm"]) for call in calls] == [(0, "settled"), (1, "raw")]


def test_a_replay_leaves_no_record_of_its_own(api: Api, world: World) -> None:
    """The same call again is answered from the first one's record."""
    body = new_instance(world.gallery.place())
    timestamp = str(int(world.clock().timestamp() * 1000))
    for _ in range(3):
        world.call(body, nonce=f"nonce-{body['businessId']}", timestamp=timestamp)

    assert len(api("GET", f"/calls?orderId={body['orderId']}").json["items"]) == 1


def test_every_filter_each_and_joined(api: Api, world: World) -> None:
    """Every set of filters finds the call, and one that fits another call does not."""
    body = new_instance(world.gallery.place(), testFlag="0")
    world.call(body, address="demo")
    sought = api("GET", f"/calls?orderId={body['orderId']}").json["items"][0]
    names = ("address", "activity", "resultCode", "instanceId", "orderId")
    fits = {name: sought[name] for name in names} | {"isTest": "false"}
    fails = {
        "address": "hook",
        "activity": "queryInstance",
        "resultCode": "000003",
        "instanceId": "x",
        "orderId": "x",
        "isTest": "true",
    }

    for count in range(1, len(fits) + 1):
        for chosen in combinations(fits, count):
            query = {name: fits[name] for name in chosen}
            found = api("GET", f"/calls?limit=200&{as_query(query)}").json["items"]
            assert sought["id"] in {call["id"] for call in found}
    for name in fits:
        found = api("GET", f"/calls?{as_query({**fits, name: fails[name]})}").json["items"]
        assert sought["id"] not in {call["id"] for call in found}


def as_query(values: dict[str, str]) -> str:
    """Write a query."""
    return "&".join(f"{name}={quote(value)}" for name, value in values.items())


def test_probes_are_found_and_left_out(api: Api, world: World) -> None:
    """The filter `isTest` tells the marketplace's own probes from real calls."""
    probe = new_instance(world.gallery.place(), testFlag="1")
    world.call(probe)

    for is_test, count in (("true", 1), ("false", 0)):
        found = api("GET", f"/calls?orderId={probe['orderId']}&isTest={is_test}").json["items"]
        assert len(found) == count


def test_since_counts_in_and_until_counts_out(api: Api, world: World) -> None:
    """An interval and the one that follows it share no call, whatever offset they are written with."""
    body = new_instance(world.gallery.place())
    world.call(body)
    orders = f"/calls?orderId={body['orderId']}"
    at = datetime.fromisoformat(api("GET", orders).json["items"][0]["receivedAt"])
    china = timezone(timedelta(hours=8))
    moments = [
        at.astimezone(UTC).isoformat(),
        at.astimezone(china).isoformat(),
        at.isoformat().replace("+00:00", "Z"),
    ]

    for moment in moments:
        assert len(api("GET", f"{orders}&since={quote(moment)}").json["items"]) == 1
        assert api("GET", f"{orders}&until={quote(moment)}").json["items"] == []
    before, after = (quote((at + timedelta(microseconds=step)).isoformat()) for step in (-1, 1))
    assert len(api("GET", f"{orders}&since={before}&until={after}").json["items"]) == 1
    assert api("GET", f"{orders}&since={after}").json["items"] == []


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-05T08:00:00",
        "2026-01-05",
        "2026-01-05 08:00:00Z",
        "2026-01-05T08:00:00 08:00",
        "2026-02-30T08:00:00Z",
        "2026-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-23:59",
        "1767600000",
        "yesterday",
    ],
)
@pytest.mark.parametrize("name", ["since", "until"])
def test_a_time_that_cannot_be_compared_is_400(api: Api, name: str, moment: str) -> None:
    """One without an offset could be anybody's eight o'clock; one that no calendar has is none."""
    assert api.refused(400, "GET", f"/calls?{name}={quote(moment)}")["field"] == name


def test_an_unknown_call_is_404(api: Api) -> None:
    """The problem names the number."""
    assert api.refused(404, "GET", "/calls/2147483647")["detail"] == "no call 2147483647"


def test_calls_of_a_european_address_are_evidence_as_well(api: Api, world: World) -> None:
    """There keys are Base64; the evidence is the same."""
    body = new_instance(world.gallery.place())
    world.call(body, address="europe", key="european-key-bytes")

    call = api("GET", f"/calls?orderId={body['orderId']}").json["items"][0]

    assert (call["address"], call["keyIndex"]) == ("europe", 0)
    assert EUROPEAN_KEY not in str(call)
