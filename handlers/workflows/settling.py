"""What becomes of an instance when the product has answered, or the vendor has reported."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from handlers.provisioners import Access
from handlers.settings import RetrySettings
from handlers.turns import Work, advance, ref_of
from handlers.turns import begin as begin_change
from handlers.workflows.learning import known_order, needs_order, product_columns
from handlers.workflows.outcomes import Outcome
from storage import changes, instances, notices
from storage.models import Change, ChangeKind, ChangeState, Instance, InstanceState
from storage.sealing import Sealer
from storage.session import Session

# After so many attempts a person is told, though the work goes on.
_ATTEMPTS_BEFORE_NOTICE = 5


@dataclass(frozen=True, slots=True)
class Settled:
    """Whose work was settled, and how."""

    instance_ref: int
    state: str


def seal_access(sealer: Sealer, access: Access) -> str:
    """Seal access data as text, so that a checkpoint can hold it."""
    return sealer.seal(asdict(access)).decode()


def begin(session: Session, work: Work, change_id: int, run: int, attempt: int) -> dict[str, bool]:
    """Count the attempt; if the change is settled or was started anew, make way for what comes next."""
    change = changes.get(session, change_id)
    instances.get_by_ref(session, change.instance_ref)
    change = changes.get(session, change_id)
    if change.state != ChangeState.PENDING or change.run != run:
        advance(session, work, change.instance_ref)
        return {"goes_on": False, "needs_order": False}
    changes.change(session, change, attempt=attempt, next_attempt_at=None)
    return {"goes_on": True, "needs_order": needs_order(change)}


def settle(
    session: Session,
    work: Any,
    change_id: int,
    run: int,
    outcome: Outcome,
    *,
    retry: RetrySettings,
    at: datetime,
) -> Settled:
    """Write the outcome of an attempt; a repeat of this step changes nothing."""
    ref = changes.get(session, change_id).instance_ref
    instance = instances.get_by_ref(session, ref)
    change = changes.get(session, change_id)
    if change.state != ChangeState.PENDING or change.run != run:
        advance(session, work, ref)
        return Settled(ref, change.state)
    if outcome.kind == "unavailable":
        return _try_later(session, work, change, instance, outcome, retry, at)
    if outcome.kind == "later":
        changes.change(session, change, state=ChangeState.WAITING)
        work.watch(session, change, delay=retry.complete_within)
    elif outcome.kind == "done":
        finish(session, work, change, instance, outcome.access, at)
    else:
        fail(session, work, change, instance, outcome.reason, outcome.result_code, at)
    return Settled(ref, change.state)


def _try_later(
    session: Session,
    work: Work,
    change: Change,
    instance: Instance,
    outcome: Outcome,
    retry: RetrySettings,
    at: datetime,
) -> Settled:
    ref = ref_of(instance)
    if at - change.started_at > timedelta(seconds=retry.give_up_after):
        fail(session, work, change, instance, f"gave up: {outcome.reason}", outcome.result_code, at)
        return Settled(ref, change.state)
    delay = min(retry.longest_delay, retry.first_delay * 2 ** min(change.attempt - 1, 30))
    delay = max(delay, outcome.retry_after or 0.0)
    changes.change(
        session, change, next_attempt_at=at + timedelta(seconds=delay), reason=outcome.reason[:1000]
    )
    if change.attempt >= _ATTEMPTS_BEFORE_NOTICE:
        _tell(session, "product-unreachable", instance, change, outcome.reason, at)
    work.deliver(session, change, delay=delay)
    return Settled(ref, change.state)


def finish(
    session: Session, work: Work, change: Change, instance: Instance, access: str | None, at: datetime
) -> None:
    """Write what is so now, and start the next change. `access` is sealed."""
    changes.change(
        session,
        change,
        state=ChangeState.DONE,
        settled_at=at,
        next_attempt_at=None,
        result_code=None,
        reason=None,
    )
    values = _changed(session, change, instance, access, at)
    if values:
        instances.change(session, instance, at=at, **values)
    if change.kind == ChangeKind.PROVISION:
        _catch_up_freeze(session, work, instance, at)
    advance(session, work, ref_of(instance))


def _changed(
    session: Session, change: Change, instance: Instance, access: str | None, at: datetime
) -> dict[str, Any]:
    if instance.state == InstanceState.RELEASED:
        return {}
    values: dict[str, Any] = {}
    if access is not None:
        values["access"] = access.encode()
    if change.kind == ChangeKind.PROVISION:
        values |= {
            "state": InstanceState.ACTIVE,
            "activated_at": at,
            "failure_code": None,
            "failure_reason": None,
        }
    elif change.kind == ChangeKind.CHANGE:
        known = known_order(session, instance, change)
        if known is not None:
            values |= {name: value for name, value in product_columns(known[1]).items() if value is not None}
    return values


def _catch_up_freeze(session: Session, work: Work, instance: Instance, at: datetime) -> None:
    """Tell the product of a freeze that came while there was nothing to freeze."""
    if not instance.is_frozen:
        return
    pending = changes.find_latest(session, ref_of(instance), [ChangeState.PENDING])
    if pending is None or pending.kind != ChangeKind.FREEZE:
        begin_change(session, work, instance, ChangeKind.FREEZE, at)


def fail(
    session: Session,
    work: Work,
    change: Change,
    instance: Instance,
    reason: str,
    result_code: str,
    at: datetime,
) -> None:
    """Write that a change failed for good, tell a person, and go on with what can still be done."""
    changes.change(
        session,
        change,
        state=ChangeState.FAILED,
        settled_at=at,
        next_attempt_at=None,
        result_code=result_code,
        reason=reason[:1000],
    )
    if change.kind == ChangeKind.PROVISION and instance.state == InstanceState.PROVISIONING:
        instances.change(
            session,
            instance,
            at=at,
            state=InstanceState.FAILED,
            failure_code=result_code,
            failure_reason=reason[:1000],
        )
        _drop_all_but_deprovision(session, instance, at)
    _tell(session, f"{change.kind}-failed", instance, change, reason, at)
    advance(session, work, ref_of(instance))


def _drop_all_but_deprovision(session: Session, instance: Instance, at: datetime) -> None:
    """Without a product there is nothing to renew or change; a freeze stays marked on the instance."""
    for change in changes.list_of(session, ref_of(instance)):
        if change.state == ChangeState.PENDING and change.kind != ChangeKind.DEPROVISION:
            changes.change(session, change, state=ChangeState.SUPERSEDED, settled_at=at)


def expire(session: Session, work: Work, change_id: int, run: int, *, at: datetime) -> Settled:
    """Fail a change that the vendor took on and did not report in time."""
    ref = changes.get(session, change_id).instance_ref
    instance = instances.get_by_ref(session, ref)
    change = changes.get(session, change_id)
    if change.state == ChangeState.WAITING and change.run == run:
        fail(session, work, change, instance, "the product did not report in time", "000005", at)
    return Settled(ref, change.state)


def _tell(session: Session, kind: str, instance: Instance, change: Change, reason: str, at: datetime) -> None:
    subject = f"{instance.address} {instance.instance_id}"
    message = f"{change.kind} of instance {instance.instance_id} (order {instance.order_id}): {reason}"
    notices.add(session, kind, subject, message[:2000], at=at)
