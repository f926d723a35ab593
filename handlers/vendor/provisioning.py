"""Report what became of the product's work, or have it tried again.

Contract: openapi/vendor.yaml
"""

from typing import Any

from handlers.clock import Clock
from handlers.provisioners import Access
from handlers.settings import VendorKey
from handlers.turns import Work, ref_of, start_again
from handlers.validation import Invalid
from handlers.vendor.access import addresses_of
from handlers.vendor.errors import NothingToDo
from handlers.vendor.rendering import render_instance
from handlers.workflows import settling
from storage import changes, instances
from storage.models import Change, ChangeKind, ChangeState, Instance
from storage.session import Session

_STATUS_KINDS = {ChangeKind.FREEZE, ChangeKind.UNFREEZE}
_NOTHING = "no work of this instance waits for a report"
# Done later, these leave nothing to report about work that failed before them.
_OVERTAKEN_BY: dict[str, set[ChangeKind]] = {
    ChangeKind.PROVISION: {ChangeKind.DEPROVISION},
    ChangeKind.RENEW: {ChangeKind.RENEW, ChangeKind.DEPROVISION},
    ChangeKind.CHANGE: {ChangeKind.CHANGE, ChangeKind.DEPROVISION},
    ChangeKind.FREEZE: {*_STATUS_KINDS, ChangeKind.DEPROVISION},
    ChangeKind.UNFREEZE: {*_STATUS_KINDS, ChangeKind.DEPROVISION},
    ChangeKind.DEPROVISION: set(),
}


def complete(
    arguments: dict[str, Any], *, session: Session, workflows: Work, now: Clock, caller: VendorKey
) -> dict[str, Any]:
    """Complete the work that the product took on, or that failed and was not overtaken since.

    Access data must come with a provisioning. Raises InstanceNotFound, NothingToDo (409), Invalid.
    """
    instance = instances.lock_seen(session, arguments["instanceId"], addresses_of(caller))
    change = _find_open(session, instance) or _find_failed(session, instance)
    if change is None:
        raise NothingToDo(_NOTHING)
    access = _access(arguments["body"].get("access"))
    if change.kind == ChangeKind.PROVISION and access is None:
        raise Invalid("access", "is needed to complete a provisioning")
    sealed = None if access is None else settling.seal_access(session.info["sealer"], access)
    settling.Settlement(session, workflows, change, instance, now()).finish(sealed)
    return render_instance(session, instance)


def fail(
    arguments: dict[str, Any], *, session: Session, workflows: Work, now: Clock, caller: VendorKey
) -> dict[str, Any]:
    """Fail the work that the product took on; raises InstanceNotFound, NothingToDo (409)."""
    instance = instances.lock_seen(session, arguments["instanceId"], addresses_of(caller))
    change = _find_open(session, instance)
    if change is None:
        raise NothingToDo(_NOTHING)
    body = arguments["body"]
    code = body.get("resultCode", "000005")
    settling.Settlement(session, workflows, change, instance, now()).fail(body["reason"], code)
    return render_instance(session, instance)


def retry(
    arguments: dict[str, Any], *, session: Session, workflows: Work, now: Clock, caller: VendorKey
) -> dict[str, Any]:
    """Start the failed work again, if it is the last thing that happened to the instance.

    A freeze that failed before an unfreeze went through must not come after it: raises NothingToDo (409).
    """
    instance = instances.lock_seen(session, arguments["instanceId"], addresses_of(caller))
    history = [
        change
        for change in changes.list_of(session, ref_of(instance))
        if change.state != ChangeState.SUPERSEDED
    ]
    if not history or history[-1].state != ChangeState.FAILED:
        msg = "the last work of this instance did not fail"
        raise NothingToDo(msg)
    start_again(session, workflows, instance, history[-1], now())
    return render_instance(session, instance)


def _find_open(session: Session, instance: Instance) -> Change | None:
    """Find the work that the product was asked for and that is not settled."""
    change = changes.find_next(session, ref_of(instance))
    return change if change is not None and change.attempt > 0 else None


def _find_failed(session: Session, instance: Instance) -> Change | None:
    """Find the work that failed last, unless what was done later took its place.

    So a report that is sent twice does not bring an older upgrade back.
    """
    history = changes.list_of(session, ref_of(instance))
    settled = [(change.settled_at, change) for change in history if change.settled_at is not None]
    done_later: set[str] = set()
    for _, change in sorted(settled, key=lambda pair: pair[0], reverse=True):
        if change.state == ChangeState.FAILED and not done_later & _OVERTAKEN_BY[change.kind]:
            return change
        if change.state == ChangeState.DONE:
            done_later.add(change.kind)
    return None


def _access(given: dict[str, Any] | None) -> Access | None:
    if given is None:
        return None
    return Access(
        front_end_url=given["frontEndUrl"],
        admin_url=given.get("adminUrl"),
        user_name=given.get("userName"),
        password=given.get("password"),
        memo=given.get("memo"),
    )
