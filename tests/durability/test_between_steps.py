"""A crash between any two steps of the durable chain, one after the other, and what came late or got lost."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from dbos import DBOS

from handlers.services import Services
from handlers.workflows import durable, settling, upkeep
from handlers.workflows.outcomes import Outcome
from storage import changes, executors, instances
from storage.models import Change
from storage.session import Session
from tests.product import slowly
from tests.world import World, new_instance

pytestmark = pytest.mark.slow

ACCESS = {"frontEndUrl": "https://app.example.com/x"}
# begin, question, learn, task, settle: before and after the commit of each.
BOUNDARIES = 10


class Died(BaseException):
    """The process is gone: nothing after this line ran."""


def services(world: World) -> Services:
    """Give what the running app works with."""
    assert world.app.services is not None
    return world.app.services


def change_of(world: World, instance_id: str) -> Change:
    """Give the last change of an instance as it is stored."""

    def find(session: Session) -> Change:
        return changes.list_of(session, instances.get_seen(session, instance_id, None).id or 0)[-1]

    return services(world).unit_of_work.run_now(find)


def workflows_of(world: World, instance_id: str, *statuses: str) -> list[str]:
    """List the attempts of an instance's last change."""
    prefix = f"deliver:{change_of(world, instance_id).id}:"
    found = DBOS.list_workflows(workflow_id_prefix=prefix, status=list(statuses) or None)
    return [status.workflow_id for status in found]


def die_at(world: World, monkeypatch: pytest.MonkeyPatch, boundary: int) -> list[int]:
    """Have the next workflow die at a boundary between its steps' transactions; gives where it died."""
    unit_of_work = services(world).unit_of_work
    run_now = unit_of_work.run_now
    reached = itertools.count()
    died: list[int] = []

    def pass_by() -> None:
        number = next(reached)
        if number == boundary:
            died.append(number)
            raise Died

    def mortal(job: Callable[[Session], Any]) -> Any:
        if DBOS.workflow_id is None:
            return run_now(job)
        pass_by()
        result = run_now(job)
        pass_by()
        return result

    monkeypatch.setattr(unit_of_work, "run_now", mortal)
    return died


@pytest.mark.parametrize("boundary", range(BOUNDARIES))
def test_a_purchase_survives_a_crash_between_any_two_steps(
    world: World, monkeypatch: pytest.MonkeyPatch, boundary: int
) -> None:
    """What was committed counts once, what was not is done, and the product hears one key."""
    with monkeypatch.context() as patch:
        died = die_at(world, patch, boundary)
        body = new_instance(world.gallery.place())
        instance_id = body["businessId"]
        world.call(body, address="hasty")
        world.until(lambda: died)
        (workflow_id,) = workflows_of(world, instance_id)

    DBOS.resume_workflow(workflow_id)

    assert [c["state"] for c in world.settled(instance_id)] == ["done"]
    assert world.instance(instance_id)["state"] == "active"
    assert len({asked.key for asked in world.product.asked_of(instance_id)}) == 1
    world.until(lambda: workflows_of(world, instance_id, "SUCCESS") == [workflow_id])


@pytest.mark.parametrize("boundary", range(BOUNDARIES))
def test_an_attempt_that_failed_survives_a_crash_between_any_two_steps(
    world: World, monkeypatch: pytest.MonkeyPatch, boundary: int
) -> None:
    """The next attempt follows once, though the crashed one comes back after it has begun."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [(503, {}), slowly(0.5, (200, ACCESS))]
    with monkeypatch.context() as patch:
        died = die_at(world, patch, boundary)
        world.call(body, address="hasty")
        world.until(lambda: died)
        (first, *_) = sorted(workflows_of(world, instance_id))
    if boundary == BOUNDARIES - 1:
        world.until(lambda: len(world.product.asked_of(instance_id)) == 2)

    DBOS.resume_workflow(first)

    assert [c["state"] for c in world.settled(instance_id)] == ["done"]
    assert change_of(world, instance_id).attempt == 2
    assert len(world.product.asked_of(instance_id)) in {2, 3}
    assert len({asked.key for asked in world.product.asked_of(instance_id)}) == 1
    assert len(workflows_of(world, instance_id)) == 2


def under_way(world: World) -> tuple[str, Change]:
    """Sell something whose second attempt is under way, for a while."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [(503, {}), slowly(1.0, (200, ACCESS))]
    world.call(body, address="hasty")
    world.until(lambda: len(world.product.asked_of(instance_id)) == 2)
    return instance_id, change_of(world, instance_id)


@pytest.mark.parametrize("kind", ["later", "refused", "unavailable"])
def test_the_outcome_of_an_earlier_attempt_comes_too_late(world: World, kind: Any) -> None:
    """A process that was taken for dead wakes up and settles what another one is at by now."""
    instance_id, change = under_way(world)
    found = services(world)

    def late(session: Session) -> str:
        return settling.settle(
            session,
            found.workflows,
            change.id or 0,
            change.run,
            change.attempt - 1,
            outcome=Outcome(kind),
            retry=found.settings.retry,
            at=found.now(),
        ).state

    assert found.unit_of_work.run_now(late) == "pending"
    assert change_of(world, instance_id) == change
    assert [c["state"] for c in world.settled(instance_id)] == ["done"]
    assert len(workflows_of(world, instance_id)) == 2


def test_an_earlier_attempt_does_not_begin_behind_a_later_one(world: World) -> None:
    """Else two attempts would ask the product at once."""
    _, change = under_way(world)
    found = services(world)

    begun = found.unit_of_work.run_now(
        lambda session: settling.begin_attempt(session, found.workflows, change.id or 0, change.run, 1)
    )

    assert begun["goes_on"] is False


def waiting(world: World) -> tuple[str, Change]:
    """Sell something that the product takes on and does not report."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [(202, {})]
    world.call(body, address="hasty")
    world.until(lambda: change_of(world, instance_id).state == "waiting")
    return instance_id, change_of(world, instance_id)


def test_a_broken_deadline_still_fails_what_was_never_reported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the change would wait for ever, and everything behind it."""
    instance_id, change = waiting(world)
    monkeypatch.setattr(durable, "list_broken", lambda: [f"deadline:{change.id}:{change.run}"])

    upkeep.revive_broken(services(world))

    assert change_of(world, instance_id).state == "failed"
    assert world.instance(instance_id)["state"] == "failed"


def test_a_broken_attempt_is_revived_once_though_the_reviver_dies(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between putting the next attempt in line and forgetting the broken one makes no third."""
    instance_id, change = under_way(world)
    broken = f"deliver:{change.id}:{change.run}:{change.attempt}"
    monkeypatch.setattr(durable, "list_broken", lambda: [broken])
    monkeypatch.setattr(durable, "forget", lambda _ids: None)

    for _ in range(3):
        upkeep.revive_broken(services(world))

    names = workflows_of(world, instance_id)
    assert len(names) == 3
    assert f"deliver:{change.id}:{change.run}:{change.attempt + 1}" in names
    assert any(n["kind"] == "work-broken" and instance_id in n["subject"] for n in world.notices())
    assert [c["state"] for c in world.settled(instance_id)] == ["done"]


@pytest.mark.parametrize("state", ["planned", "under way", "waiting"])
def test_what_has_a_workflow_is_not_lost(world: World, state: str) -> None:
    """The search for lost work leaves alone what is under way, planned, or waits for a report."""
    if state == "waiting":
        instance_id, _ = waiting(world)
    elif state == "under way":
        instance_id, _ = under_way(world)
    else:
        body = new_instance(world.gallery.place())
        instance_id = body["businessId"]
        world.product.answers[instance_id] = [(429, {})] * 3
        world.call(body, address="hasty")
        world.until(lambda: change_of(world, instance_id).next_attempt_at is not None)
    before = workflows_of(world, instance_id)
    change = change_of(world, instance_id)
    world.clock.ahead += timedelta(hours=1)

    upkeep.revive_lost(services(world))

    if state != "planned":
        assert change_of(world, instance_id) == change
        assert workflows_of(world, instance_id) == before
    assert not any(n["kind"] == "work-broken" and instance_id in n["subject"] for n in world.notices())


def test_work_whose_workflow_is_gone_is_put_back(world: World) -> None:
    """A pending change that nothing would ever run is found after a while, and carried out."""
    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [(503, {})] * 2
    world.call(body, address="hasty")
    world.until(lambda: change_of(world, instance_id).next_attempt_at is not None)
    DBOS.delete_workflows(workflows_of(world, instance_id))
    world.product.answers.clear()
    world.clock.ahead += timedelta(hours=1)

    upkeep.revive_lost(services(world))

    assert [c["state"] for c in world.settled(instance_id)] == ["done"]


def test_a_deadline_that_is_gone_is_put_back(world: World) -> None:
    """What the product took on must end one day."""
    _, change = waiting(world)
    name = f"deadline:{change.id}:{change.run}"
    DBOS.delete_workflows([name])
    world.clock.ahead += timedelta(hours=1)

    upkeep.revive_lost(services(world))

    assert [w.status for w in DBOS.list_workflows(workflow_ids=[name])] == ["DELAYED"]


def test_one_process_sweeps_at_a_time(world: World) -> None:
    """Another one passes by instead of waiting: its heartbeat must go on."""
    found = services(world).unit_of_work
    is_sqlite = world.database_url.startswith("sqlite")

    def sweep(session: Session) -> tuple[bool, bool]:
        return executors.may_sweep(session), is_sqlite or found.run_now(executors.may_sweep)

    assert found.run_now(sweep) == (True, is_sqlite)
    assert found.run_now(executors.may_sweep)


def test_work_of_any_release_is_taken_up(world: World) -> None:
    """Workflows carry one version for ever; another one would leave begun work lying."""
    instance_id = world.buy(address="hasty")
    change = change_of(world, instance_id)

    (workflow,) = DBOS.list_workflows(workflow_id_prefix=f"deliver:{change.id}:")

    assert workflow.app_version == "1"
