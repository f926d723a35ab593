"""Upkeep: start again what broke or was lost, forget what is old."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from handlers.turns import advance
from handlers.workflows import delivering, durable
from handlers.workflows.settling import expire
from storage import calls, changes, instances, notices
from storage.errors import ChangeNotFound
from storage.models import Change, ChangeState
from storage.session import Session

if TYPE_CHECKING:
    from handlers.services import Services

_EVERY = timedelta(minutes=10)
_KEEP_WORKFLOWS = timedelta(days=7)
_MOST = 1000
_log = logging.getLogger(__name__)


def tasks(services: "Services") -> Callable[[], None]:
    """Make what the worker does at each heartbeat; the slower part only now and then.

    What is old is forgotten in pieces, one a heartbeat: a large one would hold the next heartbeat up.
    """
    done_at = services.now() - _EVERY
    has_more = False

    def upkeep() -> None:
        nonlocal done_at, has_more
        revive_broken(services)
        if services.now() - done_at >= _EVERY:
            done_at = services.now()
            revive_lost(services)
            has_more = True
        if has_more:
            has_more = forget_old(services)

    return upkeep


def revive_broken(services: "Services") -> None:
    """Give a change whose workflow broke (a defect, a database that was away for long) another attempt."""
    for workflow_id in durable.list_broken():
        kind, _, rest = workflow_id.partition(":")
        _log.error("starting again what broke: %s", workflow_id)
        services.unit_of_work.run_now(partial(_REVIVE[kind], services, *map(int, rest.split(":"))))
        # One by one, and only after the commit: whatever happens here, what broke is found again.
        durable.forget([workflow_id])


def _attempt_again(services: "Services", change_id: int, run: int, attempt: int, session: Session) -> None:
    change = _locked(session, change_id)
    if change is None:
        return
    if change.state != ChangeState.PENDING or change.run != run:
        advance(session, services.workflows, change.instance_ref)
    elif change.attempt <= attempt:
        # Twice is once: the next attempt has the same name each time.
        _plan_after(services, session, change, attempt)


def _plan_after(services: "Services", session: Session, change: Change, attempt: int) -> None:
    """Plan the attempt behind a broken one, which keeps its id, and tell a person of the defect."""
    delay = services.settings.retry.delay_after(attempt)
    next_at = services.now() + timedelta(seconds=delay)
    changes.change(session, change, attempt=attempt, next_attempt_at=next_at)
    services.workflows.deliver(session, change, delay=delay)
    instance = instances.get_by_ref(session, change.instance_ref)
    notices.add(
        session,
        "work-broken",
        f"{instance.address} {instance.instance_id}",
        f"{change.kind} of instance {instance.instance_id} broke inside koogate and is tried again",
        at=services.now(),
    )


def _expire(services: "Services", change_id: int, run: int, session: Session) -> None:
    """Do what a broken look at the vendor's deadline should have done: it broke after the deadline."""
    if _locked(session, change_id) is not None:
        expire(session, services.workflows, change_id, run, at=services.now())


def revive_lost(services: "Services") -> None:
    """Put back the workflows that are gone though their changes are open: nothing else would ever run them.

    No step of ours loses one; a database that was put back in parts, or tidied by hand, may.
    """
    before = services.now() - _EVERY
    suspects = services.unit_of_work.run_now(partial(changes.list_in_turn, before=before, limit=_MOST))
    living = durable.list_living([name for change in suspects for name in delivering.names_of(change)])
    for change in suspects:
        if living.isdisjoint(delivering.names_of(change)):
            _log.error("putting lost work back: change %s", change.id)
            services.unit_of_work.run_now(partial(_put_back, services, change))


def _put_back(services: "Services", seen: Change, session: Session) -> None:
    change = _locked(session, seen.id or 0)
    if change is None or change != seen:
        return
    if change.state == ChangeState.WAITING:
        services.workflows.watch(session, change, delay=services.settings.retry.complete_within)
        return
    # The lost attempt's id may be taken by its finished workflow, so the next one needs another.
    _plan_after(services, session, change, change.attempt + 1)


_REVIVE: dict[str, Callable[..., None]] = {"deliver": _attempt_again, "deadline": _expire}


def _locked(session: Session, change_id: int) -> Change | None:
    """Get a change behind its instance's lock; None if there is none."""
    try:
        instances.get_by_ref(session, changes.get(session, change_id).instance_ref)
        return changes.get(session, change_id)
    except ChangeNotFound:
        return None


def forget_old(services: "Services") -> bool:
    """Forget workflows that ended well some time ago (the changes keep the history), and old evidence.

    So many at once, the oldest; says whether there may be more.
    """
    ended = durable.list_finished(services.now() - _KEEP_WORKFLOWS, _MOST)
    durable.forget(ended)
    oldest = services.now() - timedelta(days=services.settings.keep_calls_days)
    forgotten = services.unit_of_work.run_now(partial(calls.delete_before, moment=oldest, most=_MOST))
    return _MOST in (len(ended), forgotten)
