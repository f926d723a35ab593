"""What becomes of an instance when the product has answered, or the vendor has reported."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from handlers.provisioners import Access
from handlers.settings import RetrySettings
from handlers.turns import Work, advance, begin, ref_of, start_again
from handlers.workflows.learning import known_order, needs_order, product_columns
from handlers.workflows.outcomes import Outcome
from storage import changes, instances, notices
from storage.models import Change, ChangeKind, ChangeState, Instance, InstanceState
from storage.sealing import Sealer
from storage.session import Session

# After so many attempts a person is told, though the work goes on.
_ATTEMPTS_BEFORE_NOTICE = 5
_LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Settled:
    """Whose work was settled, and how."""

    instance_ref: int
    state: str


def seal_access(sealer: Sealer, access: Access) -> str:
    """Seal access data as text, so that a checkpoint can hold it."""
    return sealer.seal(asdict(access)).decode()


def begin_attempt(session: Session, work: Work, change_id: int, run: int, attempt: int) -> dict[str, bool]:
    """Count the attempt; if the change is settled, or further on, make way for what comes next."""
    change, _ = _lock(session, change_id)
    if change.state != ChangeState.PENDING or change.run != run or change.attempt > attempt:
        advance(session, work, change.instance_ref)
        return {"goes_on": False, "needs_order": False}
    changes.change(session, change, attempt=attempt, next_attempt_at=None)
    return {"goes_on": True, "needs_order": needs_order(change)}


def settle(
    session: Session,
    work: Work,
    change_id: int,
    run: int,
    attempt: int,
    *,
    outcome: Outcome,
    retry: RetrySettings,
    at: datetime,
) -> Settled:
    """Write the outcome of an attempt; a repeat of this step changes nothing, however late it comes."""
    change, instance = _lock(session, change_id)
    if change.state != ChangeState.PENDING or (change.run, change.attempt) != (run, attempt):
        advance(session, work, change.instance_ref)
        return Settled(change.instance_ref, change.state)
    settlement = Settlement(session, work, change, instance, at)
    match outcome.kind:
        case "unavailable":
            settlement.try_later(outcome, retry)
        case "later":
            changes.change(session, change, state=ChangeState.WAITING)
            work.watch(session, change, delay=retry.complete_within)
        case "done":
            settlement.finish(outcome.access)
        case _:
            settlement.fail(outcome.reason, outcome.result_code)
    return Settled(change.instance_ref, change.state)


def expire(session: Session, work: Work, change_id: int, run: int, *, at: datetime) -> Settled:
    """Fail a change that the vendor took on and did not report in time."""
    change, instance = _lock(session, change_id)
    if change.state == ChangeState.WAITING and change.run == run:
        Settlement(session, work, change, instance, at).fail("the product did not report in time", "000005")
    return Settled(change.instance_ref, change.state)


def _lock(session: Session, change_id: int) -> tuple[Change, Instance]:
    """Get a change and its instance; the change is read again behind the instance's lock."""
    instance = instances.get_by_ref(session, changes.get(session, change_id).instance_ref)
    return changes.get(session, change_id), instance


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of one attempt of a change, in one transaction that holds the instance's lock."""

    session: Session
    work: Work
    change: Change
    instance: Instance
    at: datetime

    def finish(self, access: str | None) -> None:
        """Write what is so now, and start the next change. `access` is sealed."""
        self._close(ChangeState.DONE)
        values = self._changed(access)
        if values:
            instances.change(self.session, self.instance, at=self.at, **values)
        if self.change.kind == ChangeKind.PROVISION and self.instance.state == InstanceState.ACTIVE:
            self._take_up_again()
            self._catch_up_freeze()
        self._advance()

    def fail(self, reason: str, result_code: str) -> None:
        """Write that the change failed for good, tell a person, and go on with what can still be done."""
        reason = reason[:_LONGEST_REASON]
        self._close(ChangeState.FAILED, result_code=result_code, reason=reason)
        if self.change.kind == ChangeKind.PROVISION and self.instance.state == InstanceState.PROVISIONING:
            failed = {"state": InstanceState.FAILED, "failure_code": result_code, "failure_reason": reason}
            instances.change(self.session, self.instance, at=self.at, **failed)
            self._drop_all_but_deprovision()
        self._tell(f"{self.change.kind}-failed", reason)
        self._advance()

    def try_later(self, outcome: Outcome, retry: RetrySettings) -> None:
        """Have the next attempt made after a pause that doubles, until it is time to give up."""
        if self.at - self.change.started_at > timedelta(seconds=retry.give_up_after):
            self.fail(f"gave up: {outcome.reason}", outcome.result_code)
            return
        delay = max(retry.delay_after(self.change.attempt), outcome.retry_after or 0.0)
        changes.change(
            self.session,
            self.change,
            next_attempt_at=self.at + timedelta(seconds=delay),
            reason=outcome.reason[:_LONGEST_REASON],
        )
        if self.change.attempt >= _ATTEMPTS_BEFORE_NOTICE:
            self._tell("product-unreachable", outcome.reason)
        self.work.deliver(self.session, self.change, delay=delay)

    def _close(self, state: ChangeState, **values: Any) -> None:
        closed = {"result_code": None, "reason": None, **values}
        changes.change(
            self.session, self.change, state=state, settled_at=self.at, next_attempt_at=None, **closed
        )

    def _changed(self, access: str | None) -> dict[str, Any]:
        if self.instance.state == InstanceState.RELEASED:
            return {}
        values: dict[str, Any] = {}
        if access is not None:
            # Sealed when the product answered; the first key may be another one by now.
            values["access"] = self.session.info["sealer"].reseal(access.encode())
        if self.change.kind == ChangeKind.PROVISION:
            values |= {
                "state": InstanceState.ACTIVE,
                "activated_at": self.at,
                "failure_code": None,
                "failure_reason": None,
            }
        elif self.change.kind == ChangeKind.CHANGE:
            known = known_order(self.session, self.instance, self.change)
            if known is not None:
                bought = product_columns(known[1])
                values |= {name: value for name, value in bought.items() if value is not None}
        return values

    def _take_up_again(self) -> None:
        """Make the changes of specification that were paid for and dropped when provisioning failed."""
        for change in changes.list_of(self.session, ref_of(self.instance)):
            if change.kind == ChangeKind.CHANGE and change.state == ChangeState.SUPERSEDED:
                start_again(self.session, self.work, self.instance, change, self.at)

    def _catch_up_freeze(self) -> None:
        """Tell the product of a freeze that came while there was nothing to freeze."""
        if not self.instance.is_frozen:
            return
        pending = [
            change.kind
            for change in changes.list_of(self.session, ref_of(self.instance))
            if change.state == ChangeState.PENDING and change.kind in {ChangeKind.FREEZE, ChangeKind.UNFREEZE}
        ]
        if pending[-1:] != [ChangeKind.FREEZE]:
            begin(self.session, self.work, self.instance, ChangeKind.FREEZE, at=self.at)

    def _drop_all_but_deprovision(self) -> None:
        """Without a product there is nothing to renew or change; what was paid for is remembered."""
        for change in changes.list_of(self.session, ref_of(self.instance)):
            if change.state == ChangeState.PENDING and change.kind != ChangeKind.DEPROVISION:
                changes.change(self.session, change, state=ChangeState.SUPERSEDED, settled_at=self.at)

    def _tell(self, kind: str, reason: str) -> None:
        instance = self.instance
        notices.add(
            self.session,
            kind,
            f"{instance.address} {instance.instance_id}",
            f"{self.change.kind} of instance {instance.instance_id} (order {instance.order_id}): {reason}",
            at=self.at,
        )

    def _advance(self) -> None:
        advance(self.session, self.work, ref_of(self.instance))
