"""What tests of the edge send, and what every answer must be."""

import secrets
from datetime import datetime
from typing import Any

import pytest

from tests.world import Clock, Reply, World


def question(**more: Any) -> dict[str, Any]:
    """Make the body of a probe: a queryInstance for an id of its own, answered 000000 and without effect."""
    return {"activity": "queryInstance", "instanceId": secrets.token_hex(16), "testFlag": "1", **more}


def unknown_instance(**more: Any) -> dict[str, Any]:
    """Make the body of a real queryInstance for an id that nobody has, answered 000003."""
    return {"activity": "queryInstance", "instanceId": secrets.token_hex(16), **more}


def expect(reply: Reply, code: str, *words: str) -> Reply:
    """Hold a reply to what every answer of ours is: HTTP 200, JSON, a code, a short message that says why."""
    assert reply.status == 200
    assert [value for name, value in reply.headers if name.lower() == b"content-type"] == [
        b"application/json"
    ]
    assert reply.json["resultCode"] == code, reply.raw
    assert 0 < len(reply.json["resultMsg"]) <= 255
    for word in words:
        assert word in reply.json["resultMsg"]
    return reply


def last_call(world: World, address: str = "demo") -> dict[str, Any]:
    """Get the newest recorded call of an address, as the vendor sees it."""
    found: dict[str, Any] = world.vendor("GET", f"/calls?limit=1&address={address}").json["items"][0]
    return found


def calls_of(world: World, instance_id: str) -> list[dict[str, Any]]:
    """Get every recorded call about an instance, newest first."""
    found: list[dict[str, Any]] = world.vendor("GET", f"/calls?instanceId={instance_id}").json["items"]
    return found


def stop_the_clock(patch: pytest.MonkeyPatch, at: datetime) -> None:
    """Have the server see one moment until the test ends or the patch is undone."""
    patch.setattr(Clock, "__call__", lambda _clock: at)
