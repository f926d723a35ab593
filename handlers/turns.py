"""One change at a time: the work of an instance for the vendor's product, each piece in its turn.

A change that is added while another is open waits: the run of the open one comes to it by itself. So the
product never sees an unfreeze before the freeze it undoes, however often a call has to be tried.
"""

from datetime import datetime
from typing import Protocol

from storage import changes, instances
from storage.models import Change, ChangeKind, ChangeState, Instance, InstanceState
from storage.session import Session


class Work(Protocol):
    """Where durable work is put, in the same transaction as what caused it."""

    def deliver(self, session: Session, change: Change, *, delay: float = 0.0) -> None:
        """Have a change carried out; the same start and attempt of the same change twice is once."""

    def watch(self, session: Session, change: Change, *, delay: float) -> None:
        """Fail a change that waits for the vendor's report if `delay` seconds later it still does."""


def ref_of(instance: Instance) -> int:
    """Give the row number of a stored instance."""
    if instance.id is None:
        msg = "an instance that was never stored"
        raise ValueError(msg)
    return instance.id


def begin(
    session: Session,
    work: Work,
    instance: Instance,
    kind: ChangeKind,
    *,
    at: datetime,
    order_id: str | None = None,
    order_line_id: str | None = None,
    is_first: bool = False,
    scene: str = "",
    product_id: str | None = None,
    expires_at: datetime | None = None,
) -> Change:
    """Add a change, and start it if the instance has no open work. The caller holds the instance's lock."""
    is_idle = is_first or not changes.has_open(session, ref_of(instance))
    change = changes.add(
        session,
        instance_ref=ref_of(instance),
        kind=kind,
        at=at,
        scene=scene,
        order_id=order_id,
        order_line_id=order_line_id,
        product_id=product_id,
        expires_at=expires_at,
    )
    if is_idle:
        work.deliver(session, change)
    return change


def start_again(session: Session, work: Work, instance: Instance, change: Change, at: datetime) -> None:
    """Start a change afresh, after whatever of the instance is under way.

    A run of the change itself that is under way comes to the new one by itself; the vendor's report on a
    change that waits for one would not.
    """
    has_runner = change.state == ChangeState.PENDING
    if change.state != ChangeState.WAITING:
        has_runner = has_runner or changes.has_open(session, ref_of(instance))
    changes.change(
        session,
        change,
        state=ChangeState.PENDING,
        run=change.run + 1,
        attempt=0,
        started_at=at,
        settled_at=None,
        next_attempt_at=None,
        result_code=None,
        reason=None,
    )
    if change.kind == ChangeKind.PROVISION:
        instances.change(
            session,
            instance,
            at=at,
            state=InstanceState.PROVISIONING,
            failure_code=None,
            failure_reason=None,
        )
    if not has_runner:
        advance(session, work, ref_of(instance))


def supersede_open(session: Session, instance: Instance, at: datetime) -> bool:
    """Drop what is open; say whether a run is under way, which will find the next change by itself.

    A run that pauses before its next attempt does not count: what comes next need not wait for it.
    """
    current = changes.find_next(session, ref_of(instance))
    has_runner = (
        current is not None and current.state == ChangeState.PENDING and current.next_attempt_at is None
    )
    while current is not None:
        changes.change(session, current, state=ChangeState.SUPERSEDED, settled_at=at)
        current = changes.find_next(session, ref_of(instance))
    return has_runner


def advance(session: Session, work: Work, instance_ref: int) -> None:
    """Start the oldest open change of an instance, unless one is under way or waits for a report."""
    change = changes.find_next(session, instance_ref)
    if change is not None and change.state == ChangeState.PENDING and change.attempt == 0:
        work.deliver(session, change)
