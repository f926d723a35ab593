"""The durable work: attempts, pauses, giving up, reports of the vendor."""

import secrets
from datetime import UTC, datetime
from typing import Any

import pytest
from dbos import DBOS

from handlers.services import Services
from handlers.workflows import settling, upkeep
from handlers.workflows.delivering import Deliveries
from handlers.workflows.outcomes import Outcome
from storage import changes, instances
from storage.models import Change
from storage.session import Session
from tests.product import Answer, Asked, slowly
from tests.world import World, new_instance

pytestmark = pytest.mark.usefixtures("world")

ACCESS = {"frontEndUrl": "https://app.example.com/x", "userName": "root", "password": "Init-pass-9"}


def sell(world: World, *answers: Any, code: str | None = None) -> str:
    """Sell something to a product that gives these answers; the answer's code may be checked."""
    body = new_instance(world.gallery.place())
    world.product.answers[body["businessId"]] = list(answers)
    reply = world.call(body, address="hasty")
    assert code in {None, reply.code}
    return str(body["businessId"])


def await_report(world: World, kind: str = "provision") -> str:
    """Sell something that the product takes on (202), or have it take on a change of specification."""
    if kind == "provision":
        instance_id = sell(world, (202, {}), code="000004")
    else:
        instance_id = world.buy(address="hasty")
        world.product.answers[instance_id] = [(202, {})]
        order_id = world.gallery.place(order_type="CHANGE", sku_code="sku-2")
        line = {"orderId": order_id, "orderLineId": f"{order_id}-000001"}
        world.call({"activity": "upgradeInstance", "instanceId": instance_id, **line}, address="hasty")
    world.until(lambda: world.changes(instance_id)[-1]["state"] == "waiting")
    return instance_id


def report(world: World, instance_id: str, verb: str, body: dict[str, Any] | None = None) -> int:
    """Report to the vendor API and give the HTTP status."""
    return world.vendor("POST", f"/instances/{instance_id}/{verb}", body).status


def services(world: World) -> Services:
    """Give what the running app works with."""
    assert world.app.services is not None
    return world.app.services


def last_change(world: World, instance_id: str) -> Change:
    """Give the last change as it is stored."""

    def find(session: Session) -> Change:
        instance = instances.get_seen(session, instance_id, None)
        return changes.list_of(session, instance.id or 0)[-1]

    return services(world).unit_of_work.run_now(find)


def test_a_product_that_is_down_twice_is_asked_three_times(world: World) -> None:
    """Each attempt carries the same key, the pauses grow, and one instance comes of it."""
    times: list[float] = []

    def down(asked: Asked) -> Answer:
        times.append(datetime.now(UTC).timestamp())
        return (503, {}) if len(times) < 3 else (200, ACCESS)

    instance_id = sell(world, down, down, down, code="000004")

    assert [change["attempt"] for change in world.settled(instance_id)] == [3]
    assert world.instance(instance_id)["state"] == "active"
    assert len({asked.key for asked in world.product.asked_of(instance_id)}) == 1
    first, second = times[1] - times[0], times[2] - times[1]
    assert (first >= 0.2, second >= 0.4) == (True, True)


def test_while_it_waits_for_the_next_attempt_the_reason_is_shown(world: World) -> None:
    """The vendor can see why nothing comes."""
    instance_id = sell(world, *[(503, {})] * 3)
    world.until(lambda: world.changes(instance_id)[0]["reason"])

    assert world.changes(instance_id)[0]["reason"] == "the product answered 503"
    world.settled(instance_id)
    assert world.changes(instance_id)[0]["reason"] is None


def test_a_product_that_stays_down_is_given_up(world: World) -> None:
    """After the time the settings name it failed for good, a person is told; a redelivery starts afresh."""
    instance_id = sell(world, *[(503, {})] * 100, code="000004")

    change = world.settled(instance_id)[0]

    assert (change["state"], change["resultCode"]) == ("failed", "000005")
    assert change["reason"].startswith("gave up: ")
    assert change["attempt"] >= 4
    instance = world.instance(instance_id)
    assert (instance["state"], instance["failure"]["resultCode"]) == ("failed", "000005")
    told = {notice["kind"] for notice in world.notices() if instance_id in notice["subject"]}
    assert "provision-failed" in told
    world.product.answers[instance_id] = []
    world.call(new_instance(instance["orderId"]), address="hasty")
    world.settled(instance_id)
    assert world.instance(instance_id)["state"] == "active"


def test_202_then_complete(world: World) -> None:
    """The product took it on: 000004 until the vendor hands in the access data."""
    instance_id = await_report(world)
    query = {"activity": "queryInstance", "instanceId": instance_id}
    assert world.call(query, address="hasty").code == "000004"

    assert report(world, instance_id, "complete", {"access": ACCESS}) == 200

    info = world.call(query, address="hasty").json["info"]
    assert info == [{"instanceId": instance_id, "appInfo": ACCESS}]
    assert len(world.product.asked_of(instance_id)) == 1
    assert report(world, instance_id, "complete", {"access": ACCESS}) == 409


def test_202_then_fail(world: World) -> None:
    """The vendor's reason and code go to the marketplace, then the next delivery starts afresh."""
    instance_id = await_report(world)
    order_id = world.instance(instance_id)["orderId"]

    assert report(world, instance_id, "fail", {"reason": "sold out 售罄", "resultCode": "000106"}) == 200

    failure = world.instance(instance_id)["failure"]
    assert failure == {"resultCode": "000106", "reason": "sold out 售罄"}
    assert any(n["kind"] == "provision-failed" and instance_id in n["subject"] for n in world.notices())
    world.call(new_instance(order_id), address="hasty")
    world.settled(instance_id)
    assert world.instance(instance_id)["state"] == "active"


def test_failed_then_retry(world: World) -> None:
    """The vendor mended it and has it tried again, without the marketplace."""
    instance_id = sell(world, (422, {"message": "disk full"}))
    world.settled(instance_id)
    assert world.instance(instance_id)["state"] == "failed"

    assert report(world, instance_id, "retry") == 202

    world.settled(instance_id)
    assert world.instance(instance_id)["state"] == "active"
    assert len({asked.key for asked in world.product.asked_of(instance_id)}) == 1
    assert report(world, instance_id, "retry") == 409


def test_failed_then_completed_by_hand(world: World) -> None:
    """The vendor made it by hand; what came behind it goes on, and the release clears it up."""
    instance_id = sell(world, (422, {"message": "no"}))
    world.settled(instance_id)
    world.call(
        {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}, address="hasty"
    )

    assert report(world, instance_id, "complete", {"access": ACCESS}) == 200

    world.settled(instance_id)
    assert world.instance(instance_id)["state"] == "frozen"
    assert world.product.kinds_of(instance_id) == ["provision", "freeze"]


def test_made_by_hand_though_its_order_was_never_read_is_cleared_up(world: World) -> None:
    """The product has it, so the product must take it away, whoever told it to make it."""
    body = new_instance(f"CS-UNKNOWN-{secrets.token_hex(4)}")
    world.call(body, address="hook")
    assert report(world, body["businessId"], "complete", {"access": ACCESS}) == 200

    world.call({"activity": "releaseInstance", "instanceId": body["businessId"]}, address="hook")

    world.settled(body["businessId"])
    assert world.product.kinds_of(body["businessId"]) == ["deprovision"]


def test_a_completion_that_races_the_202_counts_once(world: World) -> None:
    """The product reports before its own answer has arrived; what waits behind runs once, in its turn."""
    statuses: list[int] = []

    def race(asked: Asked) -> Answer:
        body = {
            "activity": "updateInstanceStatus",
            "instanceId": asked.data["instanceId"],
            "status": "FREEZE",
        }
        world.call(body, address="hasty")
        statuses.append(report(world, asked.data["instanceId"], "complete", {"access": ACCESS}))
        return slowly(0.3, (202, {}))(asked)

    body = new_instance(world.gallery.place())
    instance_id = body["businessId"]
    world.product.answers[instance_id] = [race, slowly(0.8, (200, {}))]
    world.call(body, address="hasty")

    world.until(lambda: len(world.changes(instance_id)) == 2)
    assert {change["state"] for change in world.settled(instance_id)} == {"done"}
    assert statuses == [200]
    assert world.instance(instance_id)["access"]["userName"] == "root"
    assert [asked.kind for asked in world.product.asked_of(instance_id)] == ["provision", "freeze"]


def expire(world: World, change: Change, run: int) -> settling.Settled:
    """Have the deadline's step look at a change."""
    found = services(world)
    return found.unit_of_work.run_now(
        lambda session: settling.expire(session, found.workflows, change.id or 0, run, at=found.now())
    )


def test_what_is_never_reported_fails_at_its_deadline(world: World) -> None:
    """Nobody waits for ever: the deadline fails it and tells a person; what waits behind goes on."""
    instance_id = await_report(world, "change")
    freeze = {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}
    world.call(freeze, address="hasty")
    change = changes_of(world, instance_id)[-2]

    assert expire(world, change, change.run).state == "failed"

    assert world.settled(instance_id)[-1]["state"] == "done"
    assert world.changes(instance_id)[-2]["reason"] == "the product did not report in time"
    assert world.instance(instance_id)["skuCode"] == "sku-1"
    assert any(n["kind"] == "change-failed" and instance_id in n["subject"] for n in world.notices())


def test_the_deadline_of_an_earlier_run_touches_nothing(world: World) -> None:
    """Failed by the vendor, started again, taken on again: the old deadline is not the new one's."""
    instance_id = await_report(world)
    old = last_change(world, instance_id)
    report(world, instance_id, "fail", {"reason": "once"})
    world.product.answers[instance_id] = [(202, {})]
    report(world, instance_id, "retry")
    world.until(lambda: last_change(world, instance_id).state == "waiting")

    assert expire(world, old, old.run).state == "waiting"

    assert report(world, instance_id, "complete", {"access": ACCESS}) == 200
    done = last_change(world, instance_id)
    assert expire(world, done, done.run).state == "done"


def test_the_deadline_is_a_workflow_of_its_own(world: World) -> None:
    """The watch is put into the database with the 202, and runs on the worker when its time comes."""
    instance_id = await_report(world)
    change = last_change(world, instance_id)
    pending = DBOS.list_workflows(workflow_id_prefix=f"deadline:{change.id}:")
    assert [workflow.workflow_id for workflow in pending] == [f"deadline:{change.id}:{change.run}"]

    enqueue(world, "deadline", f"deadline:test:{change.id}", change.id, change.run)

    world.until(lambda: last_change(world, instance_id).state == "failed")
    assert world.instance(instance_id)["state"] == "failed"


def enqueue(world: World, workflow: str, workflow_id: str, *arguments: Any) -> None:
    """Put a workflow into the database, as the app does."""
    found = services(world)
    assert isinstance(found.workflows, Deliveries)
    enqueuer = found.workflows._enqueuer
    found.unit_of_work.run_now(lambda session: enqueuer.enqueue(session, workflow, workflow_id, *arguments))


def test_a_step_that_ran_twice_changes_nothing_twice(world: World) -> None:
    """A step runs again after a crash between its commit and its checkpoint."""
    instance_id = world.buy(address="hasty")
    before = world.instance(instance_id), world.changes(instance_id)
    change = last_change(world, instance_id)
    found = services(world)
    refused = Outcome.refused("late")

    def again(session: Session) -> tuple[dict[str, bool], str]:
        begun = settling.begin_attempt(session, found.workflows, change.id or 0, change.run, 1)
        settled = settling.settle(
            session,
            found.workflows,
            change.id or 0,
            change.run,
            1,
            outcome=refused,
            retry=found.settings.retry,
            at=found.now(),
        )
        return begun, settled.state

    assert found.unit_of_work.run_now(again) == ({"goes_on": False, "needs_order": False}, "done")
    assert (world.instance(instance_id), world.changes(instance_id)) == before


def test_a_workflow_that_broke_is_started_again(world: World) -> None:
    """A defect of ours must not lose an order: the upkeep gives the change another attempt."""
    instance_id = await_report(world)
    change = last_change(world, instance_id)
    run_now = services(world).unit_of_work.run_now
    run_now(lambda session: changes.change(session, change, state="pending"))
    broken = f"deliver:{change.id}:{change.run}:{change.attempt + 1}"

    enqueue(world, "deliver", broken)  # without its arguments it can only break

    def is_broken() -> bool:
        return any(w.status == "ERROR" for w in DBOS.list_workflows(workflow_ids=[broken]))

    world.until(lambda: is_broken() or last_change(world, instance_id).state == "done")
    upkeep.revive_broken(services(world))

    world.until(lambda: last_change(world, instance_id).state == "done")
    assert world.instance(instance_id)["state"] == "active"
    assert len({asked.key for asked in world.product.asked_of(instance_id)}) == 1
    assert not is_broken()


def changes_of(world: World, instance_id: str) -> list[Change]:
    """Give the changes as they are stored."""

    def find(session: Session) -> list[Change]:
        return changes.list_of(session, instances.get_seen(session, instance_id, None).id or 0)

    return services(world).unit_of_work.run_now(find)


def test_the_history_tells_what_happened(world: World) -> None:
    """Every piece of work stands there in order, with its order, its scene, its attempts and its end."""
    instance_id = world.buy()
    world.product.answers[instance_id] = [(503, {}), (200, {}), (400, {"message": "cannot"})]
    renewal = {"orderId": f"R{instance_id}", "orderLineId": f"R{instance_id}-1"}
    members = {"scene": "RENEWAL", "expireTime": "20331231155959", **renewal}
    world.call({"activity": "refreshInstance", "instanceId": instance_id, **members}, address="hook")
    freeze = {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": "FREEZE"}
    world.call(freeze, address="hook")

    made, renewed, frozen = world.settled(instance_id)

    assert (made["kind"], made["state"], made["attempt"]) == ("provision", "done", 1)
    assert (renewed["kind"], renewed["state"], renewed["attempt"]) == ("renew", "done", 2)
    assert (renewed["orderId"], renewed["scene"]) == (renewal["orderId"], "RENEWAL")
    assert renewed["expiresAt"].startswith("2033-12-31")
    assert (frozen["kind"], frozen["state"], frozen["reason"]) == ("freeze", "failed", "cannot")
    times = [change["createdAt"] for change in (made, renewed, frozen)]
    assert times == sorted(times)
    assert all(change["settledAt"] for change in (made, renewed, frozen))
