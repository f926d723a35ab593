"""The workflow that carries one change out: look the order up, ask the product, settle.

Its id is made of the change, its start and the attempt, so it runs once. The three steps each leave a
checkpoint: after a crash the work goes on behind the last one. What a step gives back is stored by the
library in plain text, so access data leaves a step sealed and orders are not given back at all.
"""

from typing import TYPE_CHECKING, Any

from dbos import DBOS

from handlers.koogallery import KooGalleryUnavailable, OrderRefused
from handlers.provisioners import (
    Access,
    Later,
    ProductRefused,
    ProductUnavailable,
    Provisioner,
    Task,
    carry_out,
)
from handlers.workflows import learning, settling
from handlers.workflows.durable import Enqueuer
from handlers.workflows.outcomes import Outcome
from storage.models import Change, ChangeState
from storage.session import Session

if TYPE_CHECKING:
    from handlers.services import Services

_WORKFLOW = "deliver"
_DEADLINE = "deadline"

# A database that is away for a moment: the step is tried again before the workflow counts as broken.
_PATIENCE: Any = {"retries_allowed": True, "max_attempts": 6, "interval_seconds": 0.2, "backoff_rate": 3.0}


class Deliveries:
    """The durable side of `handlers.turns.Work`."""

    def __init__(self, enqueuer: Enqueuer) -> None:
        self._enqueuer = enqueuer

    def deliver(self, session: Session, change: Change, *, delay: float = 0.0) -> None:
        """Have the next attempt of a change carried out after the commit; twice is once."""
        attempt = change.attempt + 1
        workflow_id = _attempt_name(change, attempt)
        self._enqueuer.enqueue(session, _WORKFLOW, workflow_id, change.id, change.run, attempt, delay=delay)

    def watch(self, session: Session, change: Change, *, delay: float) -> None:
        """Have a look, after a while, whether the vendor reported what he took on."""
        workflow_id = _deadline_name(change)
        self._enqueuer.enqueue(session, _DEADLINE, workflow_id, change.id, change.run, delay=delay)


def _attempt_name(change: Change, attempt: int) -> str:
    return f"deliver:{change.id}:{change.run}:{attempt}"


def _deadline_name(change: Change) -> str:
    return f"deadline:{change.id}:{change.run}"


def names_of(change: Change) -> list[str]:
    """Name the workflows one of which an open change has in its turn: under way, planned or watching."""
    if change.state == ChangeState.WAITING:
        return [_deadline_name(change)]
    return [_attempt_name(change, attempt) for attempt in (change.attempt, change.attempt + 1)]


class _Running:
    """The tools of this process. The library calls workflows by name, so they look here."""

    services: "Services | None" = None


def use(services: "Services | None") -> None:
    """Set what the workflows of this process work with, before the worker starts.

    Raises RuntimeError for a second set: the library has one engine a process.
    """
    if services is not None and _Running.services is not None:
        msg = "this process does the durable work of another app already"
        raise RuntimeError(msg)
    _Running.services = services


def _services() -> "Services":
    if _Running.services is None:
        msg = "the worker was started without services"
        raise RuntimeError(msg)
    return _Running.services


@DBOS.workflow(name=_WORKFLOW)
def deliver(change_id: int, run: int, attempt: int) -> str:
    """Carry a change out, or make way for the next one if it is settled by now."""
    plan = _begin(change_id, run, attempt)
    if not plan["goes_on"]:
        return "settled before"
    outcome = _look_up(change_id) if plan["needs_order"] else None
    if outcome is None:
        outcome = _ask(change_id)
    return _settle(change_id, run, attempt, outcome)


@DBOS.workflow(name=_DEADLINE)
def deadline(change_id: int, run: int) -> str:
    """Fail a change that the vendor took on and never reported."""
    return _expire(change_id, run)


@DBOS.step(name="begin", **_PATIENCE)
def _begin(change_id: int, run: int, attempt: int) -> dict[str, bool]:
    services = _services()
    return services.unit_of_work.run_now(
        lambda session: settling.begin_attempt(session, services.workflows, change_id, run, attempt)
    )


@DBOS.step(name="look_up", **_PATIENCE)
def _look_up(change_id: int) -> dict[str, Any] | None:
    """Learn the order line; None means that the work can go on."""
    services = _services()
    question = services.unit_of_work.run_now(lambda session: learning.question(session, change_id))
    if question is None:
        return None
    koogallery = services.koogalleries.get(question.address)
    if koogallery is None:
        return _not_configured(question.address).as_json()
    try:
        order = koogallery.query_order(question.order_id, question.order_line_id)
    except OrderRefused as refusal:
        return Outcome.refused(f"order lookup refused: {refusal.code}").as_json()
    except KooGalleryUnavailable as trouble:
        return Outcome.unavailable(f"order lookup: {trouble.reason}").as_json()
    learnt = services.unit_of_work.run_now(
        lambda session: learning.learn(session, services.workflows, change_id, order, at=services.now())
    )
    return None if learnt is None else learnt.as_json()


@DBOS.step(name="ask", **_PATIENCE)
def _ask(change_id: int) -> dict[str, Any]:
    """Ask the product; every attempt carries the same key."""
    services = _services()
    task = services.unit_of_work.run_now(lambda session: learning.task_of(session, change_id))
    if task is None:
        return Outcome.done().as_json()
    provisioner = services.provisioners.get(task.address)
    if provisioner is None:
        return _not_configured(task.address).as_json()
    return _carry_out(services, provisioner, task).as_json()


def _carry_out(services: "Services", provisioner: Provisioner, task: Task) -> Outcome:
    try:
        result = carry_out(provisioner, task)
    except ProductRefused as refusal:
        return Outcome.refused(refusal.reason, refusal.result_code)
    except ProductUnavailable as trouble:
        return Outcome.unavailable(trouble.reason, trouble.retry_after)
    if isinstance(result, Later):
        return Outcome.later()
    if isinstance(result, Access):
        return Outcome.done(settling.seal_access(services.sealer, result))
    return Outcome.done()


def _not_configured(address: str) -> Outcome:
    return Outcome.unavailable(f"address {address} is not in the settings")


@DBOS.step(name="settle", **_PATIENCE)
def _settle(change_id: int, run: int, attempt: int, outcome: dict[str, Any]) -> str:
    services = _services()
    settled = services.unit_of_work.run_now(
        lambda session: settling.settle(
            session,
            services.workflows,
            change_id,
            run,
            attempt,
            outcome=Outcome.from_json(outcome),
            retry=services.settings.retry,
            at=services.now(),
        )
    )
    services.bell.ring(settled.instance_ref)
    return settled.state


@DBOS.step(name="expire", **_PATIENCE)
def _expire(change_id: int, run: int) -> str:
    services = _services()
    settled = services.unit_of_work.run_now(
        lambda session: settling.expire(session, services.workflows, change_id, run, at=services.now())
    )
    services.bell.ring(settled.instance_ref)
    return settled.state
