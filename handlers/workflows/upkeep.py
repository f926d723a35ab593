"""Upkeep: start again what broke, forget what is old."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from handlers.turns import advance
from handlers.workflows import durable
from storage import calls, changes
from storage.errors import ChangeNotFound
from storage.models import ChangeState
from storage.session import Session

if TYPE_CHECKING:
    from handlers.services import Services

_EVERY = timedelta(minutes=10)
_KEEP_WORKFLOWS = timedelta(days=7)
_MOST = 500
_log = logging.getLogger(__name__)


def tasks(services: "Services") -> Callable[[], None]:
    """Make what the worker does at each heartbeat; the slower part only now and then."""
    done_at = services.now() - _EVERY

    def upkeep() -> None:
        nonlocal done_at
        revive_broken(services)
        if services.now() - done_at >= _EVERY:
            done_at = services.now()
            forget_old(services)

    return upkeep


def revive_broken(services: "Services") -> None:
    """Give a change whose workflow broke (a defect, a database that was away for long) another attempt."""
    broken = durable.list_broken()
    for workflow_id in broken:
        kind, _, rest = workflow_id.partition(":")
        if kind != "deliver":
            continue
        change_id, run, _attempt = map(int, rest.split(":"))
        _log.error("starting again what broke: %s", workflow_id)
        services.unit_of_work.run_now(partial(_again, services, change_id, run))
    durable.forget(broken)


def _again(services: "Services", change_id: int, run: int, session: Session) -> None:
    try:
        change = changes.get(session, change_id)
    except ChangeNotFound:
        return
    if change.state != ChangeState.PENDING or change.run != run:
        advance(session, services.workflows, change.instance_ref)
        return
    # The broken attempt keeps its id, so the next one needs another.
    changes.change(session, change, attempt=change.attempt + 1)
    services.workflows.deliver(session, change)


def forget_old(services: "Services") -> None:
    """Forget workflows that ended well some time ago (the changes keep the history), and old evidence."""
    durable.forget(durable.list_finished(services.now() - _KEEP_WORKFLOWS, _MOST))
    oldest = services.now() - timedelta(days=services.settings.keep_calls_days)
    services.unit_of_work.run_now(lambda session: calls.delete_before(session, oldest))
