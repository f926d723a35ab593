"""The durable-execution library, kept behind one module: start, stop, enqueue, take over.

DBOS keeps the state of workflows in our database and has one engine a process; so this is the one place
with a process-wide object. Steps run at least once: what they do outside carries an idempotency key.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

from handlers.clock import Clock
from handlers.settings import WorkSettings
from storage import executors
from storage.engine import is_sqlite
from storage.session import Session
from storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from storage.engine import Engine

_NAME = "koogate"
_QUEUE = "deliveries"
# Not a hash of the code: work begun by one release is finished by the next.
_APPLICATION_VERSION = "1"
_UNFINISHED = ("PENDING", "ENQUEUED", "DELAYED")
_log = logging.getLogger(__name__)


class Enqueuer:
    """Put workflows into the caller's transaction; works in every process, with or without a worker."""

    def __init__(self, url: str, engine: "Engine") -> None:
        self._client = DBOSClient(
            system_database_url=url,
            system_database_engine=engine,
            serializer=DBOSPortableJSONSerializer(),
        )

    def enqueue(
        self, session: Session, workflow: str, workflow_id: str, *arguments: Any, delay: float = 0.0
    ) -> None:
        """Have a workflow run after the commit, once for an id; `delay` in seconds."""
        options: Any = {"queue_name": _QUEUE, "workflow_name": workflow, "workflow_id": workflow_id}
        if delay > 0:
            options["delay_seconds"] = delay
        connection = session.connection()
        self._client.enqueue_in_transaction(connection, options, *arguments)
        # The library leaves its schema translation behind, and every later statement would pay for it.
        connection.execution_options(schema_translate_map=None)

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()


def prepare(url: str) -> None:
    """Make the library's own tables, so that processes that only enqueue find them."""
    DBOS.migrate(url)


class Worker:
    """This process's part in the durable work, and its watch over processes that died."""

    def __init__(
        self, url: str, engine: "Engine", unit_of_work: UnitOfWork, settings: WorkSettings, now: Clock
    ) -> None:
        # An SQLite file has one process, which a lock on it ensures: nobody to take over from but the past.
        self._is_alone = is_sqlite(url)
        self._url = url
        self._engine = engine
        self._unit_of_work = unit_of_work
        self._settings = settings
        self._now = now
        self._beaten_at = time.monotonic()
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._run, name="koogate-heartbeat", daemon=True)
        # A fresh id for each start: two living processes with one id would both do the same work.
        self.executor_id = uuid.uuid4().hex

    def start(self, upkeep: Callable[[], None]) -> None:
        """Begin to work; `upkeep` runs at every heartbeat.

        What an earlier process left unfinished goes on at once where no other process can be at it, else
        when that one has been silent for long enough.
        """
        self._upkeep = upkeep
        self._beat()
        DBOS(config=_config(self._url, self._engine, self.executor_id))
        DBOS.launch()
        DBOS.register_queue(
            _QUEUE,
            worker_concurrency=self._settings.concurrency,
            polling_interval_sec=self._settings.polling_interval,
            on_conflict="always_update",
        )
        if self._is_alone:
            self._sweep()
        self._watch.start()

    def stop(self) -> None:
        """Stop in order: running steps get a moment, what is left goes on at the next start.

        A start that failed half-way is stopped so, too.
        """
        self._stop.set()
        if self._watch.ident is not None:
            self._watch.join()
        DBOS.destroy(workflow_completion_timeout_sec=5)
        self._unit_of_work.run_now(lambda session: executors.remove(session, self.executor_id))

    @property
    def is_alive(self) -> bool:
        """Whether the watch is running."""
        return self._watch.is_alive()

    def _run(self) -> None:
        while not self._stop.wait(self._settings.heartbeat):
            try:
                if self._beat():
                    self._keep_up()
            except Exception:  # noqa: BLE001 - the watch must outlive whatever a database does
                _log.exception("the heartbeat failed; it is tried again")

    def _beat(self) -> bool:
        """Say that this process is alive; False if it was held up, and so cannot tell who else is.

        When a database was away, every process is late. The first one back would take the others for dead.
        """
        now = self._now()
        self._unit_of_work.run_now(lambda session: executors.beat(session, self.executor_id, at=now))
        held_up = time.monotonic() - self._beaten_at
        self._beaten_at = time.monotonic()
        return self._is_alone or held_up < max(self._settings.dead_after / 2, 2 * self._settings.heartbeat)

    def _keep_up(self) -> None:
        """Sweep, one process at a time: else a slower one would resume again what the first has begun."""

        def locked(session: Session) -> None:
            if executors.may_sweep(session):
                self._sweep()

        if self._is_alone:
            # The one writer would wait for itself.
            self._sweep()
        else:
            self._unit_of_work.run_now(locked)

    def _sweep(self) -> None:
        """Resume the begun work of processes that are not alive, and do the upkeep."""
        since = self._now() - timedelta(seconds=self._settings.dead_after)

        def list_alive(session: Session) -> set[str]:
            executors.remove_before(session, since)
            return executors.list_alive(session, since=since)

        alive = self._unit_of_work.run_now(list_alive)
        self._resume_all_but({self.executor_id} if self._is_alone else alive)
        self._upkeep()

    def _resume_all_but(self, alive: set[str]) -> None:
        for status in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False):
            if status.executor_id not in alive:
                _log.warning("resuming the work of a process that ended: %s", status.workflow_id)
                DBOS.resume_workflow(status.workflow_id)


def _config(url: str, engine: "Engine", executor_id: str) -> Any:
    return {
        "name": _NAME,
        "system_database_url": url,
        "system_database_engine": engine,
        "executor_id": executor_id,
        "application_version": _APPLICATION_VERSION,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
    }


def list_broken() -> list[str]:
    """List the workflows that ended with an error of ours, not with a refusal of the product."""
    return _list_ids(["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED"])


def list_living(workflow_ids: list[str]) -> set[str]:
    """List those of the workflows that are under way, in line or planned; or broken: those are revived."""
    if not workflow_ids:
        return set()
    return set(_list_ids([*_UNFINISHED, "ERROR"], workflow_ids=workflow_ids))


def _list_ids(statuses: list[str], **chosen: Any) -> list[str]:
    found = DBOS.list_workflows(status=statuses, load_input=False, load_output=False, **chosen)
    return [status.workflow_id for status in found]


def forget(workflow_ids: list[str]) -> None:
    """Delete finished workflows."""
    if workflow_ids:
        DBOS.delete_workflows(workflow_ids)


def list_finished(before: datetime, most: int) -> list[str]:
    """List workflows that succeeded before a moment, oldest first."""
    found = DBOS.list_workflows(
        status="SUCCESS", completed_before=before.isoformat(), limit=most, load_input=False, load_output=False
    )
    return [status.workflow_id for status in found]
