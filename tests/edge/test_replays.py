"""Replays: the recorded answer again, and nothing done twice."""

import asyncio
import json
import secrets
import time
from typing import Any

from tests.edge.asking import calls_of, expect, last_call, question, unknown_instance
from tests.edge.conftest import edge_of
from tests.product import slowly
from tests.world import OLD_KEY, Reply, World, new_instance, signed

Request = tuple[str, str, str, dict[str, str], bytes]


def request_of(world: World, body: Any, **options: Any) -> Request:
    """Make a signed request that can be sent more than once."""
    return signed(body, **{"address": "hook", "now": world.clock(), **options})


def send(world: World, request: Request) -> Reply:
    """Send a request as it is."""
    return world.run(world.send(*request))


def test_a_replay_gets_the_same_bytes_and_starts_nothing(world: World) -> None:
    """Instance, work and evidence are as before, and so is the answer."""
    body = new_instance(world.gallery.place())
    request = request_of(world, body)
    first = send(world, request)
    before = (world.instance(body["businessId"]), world.settled(body["businessId"]))
    recorded = calls_of(world, body["businessId"])

    again = [send(world, request) for _ in range(3)]

    assert {reply.raw for reply in again} == {first.raw}
    assert {reply.status for reply in again} == {200}
    assert (world.instance(body["businessId"]), world.settled(body["businessId"])) == before
    assert calls_of(world, body["businessId"]) == recorded
    assert len(recorded) == 1
    assert len(world.product.asked_of(body["businessId"])) == 1


def test_the_same_nonce_with_another_body_is_refused(world: World) -> None:
    """Another call under a used nonce, though well signed, is 000001 and does nothing."""
    nonce = secrets.token_hex(16)
    first, other = new_instance(world.gallery.place()), new_instance(world.gallery.place())
    expect(world.call(first, address="hook", nonce=nonce), "000000")

    reply = world.call(other, address="hook", nonce=nonce)

    expect(reply, "000001", "nonce")
    assert world.vendor("GET", f"/instances/{other['businessId']}").status == 404
    assert world.product.asked_of(other["businessId"]) == []
    assert last_call(world, "hook")["verdict"] == "refused"
    assert send(world, request_of(world, first)).json["instanceId"] == first["businessId"]


def test_the_same_nonce_and_body_with_another_key_is_refused(world: World) -> None:
    """Another key makes another signature, and so another call."""
    nonce, body = secrets.token_hex(16), question()
    expect(world.call(body, nonce=nonce), "000000")

    expect(world.call(body, nonce=nonce, key=OLD_KEY), "000001", "nonce")


def test_a_replay_in_the_other_case_is_the_same_call(world: World) -> None:
    """The case of the signature and further parameters do not make another call of it."""
    method, path, query, headers, raw = request_of(world, unknown_instance())
    first = send(world, (method, path, query, headers, raw))
    signature = query.partition("&")[0].removeprefix("signature=")

    again = send(world, (method, path, query.replace(signature, signature.lower()) + "&x=1", headers, raw))

    assert again.raw == expect(first, "000003").raw


def test_a_refused_call_replayed_is_refused_with_the_same_bytes(world: World) -> None:
    """Refusals are recorded answers, too: wrong fields, unknown activities, and what is no JSON."""
    for options in (
        {"body": {"activity": "newInstance"}},
        {"body": {"activity": "sellTheMoon"}},
        {"body": None, "raw": b"[1, 2"},
        {"body": unknown_instance()},
    ):
        request = request_of(world, **options)
        first = send(world, request)
        record = last_call(world, "hook")

        assert send(world, request).raw == first.raw
        assert first.code in {"000002", "000003"}
        assert last_call(world, "hook") == record


def test_an_earlier_refusal_is_repeated_although_the_call_would_succeed_now(world: World) -> None:
    """A replay executes nothing, so what is true by now does not matter to it."""
    instance_id = secrets.token_hex(16)
    query = request_of(world, {"activity": "queryInstance", "instanceId": instance_id})
    expect(send(world, query), "000003")
    body = new_instance(world.gallery.place()) | {"businessId": instance_id}
    expect(world.call(body, address="hook"), "000000")

    expect(send(world, query), "000003")
    expect(world.call({"activity": "queryInstance", "instanceId": instance_id}, address="hook"), "000000")


def test_an_earlier_success_is_repeated_although_the_call_would_fail_now(world: World) -> None:
    """A freeze replayed after the release is answered as it was, and freezes nothing."""
    instance_id = world.buy()
    freeze = request_of(
        world, {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}
    )
    first = expect(send(world, freeze), "000000")
    expect(world.call({"activity": "releaseInstance", "instanceId": instance_id}, address="hook"), "000000")
    settled = world.settled(instance_id)

    assert send(world, freeze).raw == first.raw
    assert world.changes(instance_id) == settled
    assert world.instance(instance_id)["state"] == "released"


def test_fifty_parallel_identical_requests_are_one_call(world: World) -> None:
    """One is executed and recorded; the others get an answer that was recorded for it."""
    body = new_instance(world.gallery.place())
    request = request_of(world, body)

    async def all_of_them() -> list[Reply]:
        return await asyncio.gather(*(world.send(*request) for _ in range(50)))

    replies = world.run(all_of_them(), timeout=120)

    assert {reply.code for reply in replies} <= {"000000", "000004"}
    assert "000000" in {reply.code for reply in replies}
    assert {reply.json["instanceId"] for reply in replies} == {body["businessId"]}
    assert len(calls_of(world, body["businessId"])) == 1
    assert len(world.product.asked_of(body["businessId"])) == 1
    expect(send(world, request), "000000")


def test_fifty_parallel_identical_refusals_are_one_call(world: World) -> None:
    """Those that lose the race to record a refusal give the recorded one."""
    body = unknown_instance()
    request = request_of(world, body)

    async def all_of_them() -> list[Reply]:
        return await asyncio.gather(*(world.send(*request) for _ in range(50)))

    replies = world.run(all_of_them(), timeout=120)

    assert {reply.raw for reply in replies} == {expect(replies[0], "000003").raw}
    assert len(calls_of(world, body["instanceId"])) == 1


def test_a_replay_of_a_call_that_waited_gets_the_final_answer(world: World) -> None:
    """The answer that went out in the end is the one that is kept."""
    body = new_instance(world.gallery.place())
    access = {"frontEndUrl": "https://app.example.com/slow"}
    world.product.answers[body["businessId"]] = [slowly(0.5, (200, access))]
    request = request_of(world, body)

    first = send(world, request)

    assert expect(first, "000000").raw == send(world, request).raw
    recorded = calls_of(world, body["businessId"])
    assert [(call["resultCode"], call["answer"]["resultCode"]) for call in recorded] == [("000000", "000000")]
    assert recorded[0]["durationMs"] >= 500


def test_a_replay_during_the_wait_is_told_that_the_work_goes_on(world: World) -> None:
    """It does not wait itself, nor does it ask the product a second time."""
    body = new_instance(world.gallery.place())
    access = {"frontEndUrl": "https://app.example.com/slow"}
    world.product.answers[body["businessId"]] = [slowly(1.0, (200, access))]
    request = request_of(world, body)

    async def one_after_the_other() -> tuple[Reply, Reply, float]:
        first = asyncio.create_task(world.send(*request))
        await asyncio.sleep(0.4)
        began = time.monotonic()
        second = await world.send(*request)
        took = time.monotonic() - began
        return await first, second, took

    first, second, took = world.run(one_after_the_other())

    assert (first.code, second.code) == ("000000", "000004")
    assert second.json["instanceId"] == first.json["instanceId"]
    assert took < 0.5
    assert len(world.product.asked_of(body["businessId"])) == 1


def test_a_call_that_was_not_genuine_burns_no_nonce(world: World) -> None:
    """Who saw a nonce on its way cannot spoil the call that it belongs to."""
    nonce, body = secrets.token_hex(16), question()
    expect(world.call(body, nonce=nonce, signature="0" * 64), "000001")
    expect(world.call(body, nonce=nonce, timestamp="1"), "000002")
    expect(world.call(body, nonce=nonce, key="wrong"), "000001")

    expect(world.call(body, nonce=nonce), "000000")


def test_a_nonce_belongs_to_its_address(world: World) -> None:
    """Two addresses may be called with the same nonce."""
    nonce = secrets.token_hex(16)

    assert [world.call(question(), nonce=nonce, address=name).code for name in ("demo", "hook")] == [
        "000000"
    ] * 2


def test_nonces_that_differ_in_case_are_two(world: World) -> None:
    """No database folds the case of a nonce."""
    nonce = "Aa" + secrets.token_hex(8)

    assert [world.call(question(), nonce=name).code for name in (nonce, nonce.lower())] == ["000000"] * 2


def test_a_replay_after_the_window_is_refused(world: World) -> None:
    """Old calls are refused for their time, whether or not they are remembered."""
    request = request_of(world, question())
    expect(send(world, request), "000000")
    world.clock.ahead += type(world.clock.ahead)(seconds=61)

    expect(send(world, request), "000002", "timestamp")


def test_a_replay_survives_a_new_edge(world: World) -> None:
    """Nonces live in the database: another process knows them, too."""
    request = request_of(world, unknown_instance())
    first = send(world, request)
    edge = edge_of(world)
    another = type(edge)(edge._app, edge._services)
    world.app._routes["/produce/"] = another
    try:
        assert send(world, request).raw == first.raw
    finally:
        world.app._routes["/produce/"] = edge


def test_the_same_call_in_another_form_under_the_same_nonce_is_its_replay(world: World) -> None:
    """The signature over the settled form covers both forms, so they are one call."""
    body = unknown_instance()
    request = request_of(world, body)
    first = send(world, request)
    spaced = json.dumps(body, indent=1).encode()

    assert send(world, (*request[:4], spaced)).raw == first.raw
    assert len(calls_of(world, body["instanceId"])) == 1
