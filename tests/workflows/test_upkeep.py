"""The upkeep: what is old goes, all of it and never too much at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.services import Services
from handlers.workflows import durable, upkeep
from storage import calls
from tests.world import World


def much_later(world: World) -> Services:
    """Give what the running app works with, more than a year from now."""
    now = world.app.services
    assert now is not None
    return replace(now, now=lambda: now.now() + timedelta(days=400))


def left(services: Services) -> int:
    """Count the ended workflows and the calls that are old."""
    recorded = services.unit_of_work.run_now(lambda session: calls.list_(session, limit=1000))
    return len(recorded) + len(durable.list_finished(services.now(), 1000))


def test_what_is_old_is_forgotten_a_piece_at_each_heartbeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much there is, each heartbeat is short, and in the end nothing is left."""
    monkeypatch.setattr(upkeep, "_MOST", 3)
    for _ in range(4):
        world.buy()
    services = much_later(world)
    heartbeat: Callable[[], None] = upkeep.tasks(services)
    before = left(services)

    heartbeat()

    assert before - 6 <= left(services) < before
    for _ in range(before):
        heartbeat()
    assert left(services) == 0
