"""Assemble the app from the settings: contracts, edge, storage, durable work."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.to_thread

from handlers import docs, health, problems
from handlers.activities import dispatch
from handlers.addresses import Address, make_addresses
from handlers.clock import Clock, utc_now
from handlers.contracts import create_contract_app
from handlers.edge import PREFIX, Edge
from handlers.koogallery import KooGallery
from handlers.metrics import serve_metrics
from handlers.provisioners import Provisioner, make
from handlers.readiness import Readiness
from handlers.services import Services
from handlers.settings import Settings, SettingsError
from handlers.vendor.app import create_vendor_app
from handlers.workflows import delivering, durable, upkeep
from handlers.workflows.bell import Bell
from storage import schema
from storage.engine import create_engine, is_sqlite, sqlite_path
from storage.file_lock import FileLock
from storage.sealing import Sealer
from storage.unit_of_work import create_unit_of_work

App = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True)
class Running:
    """What an assembled app holds, for its end."""

    services: Services
    close: Callable[[], None]


def create_app(settings: Settings, *, now: Clock = utc_now) -> "Koogate":
    """Make the app; raises SettingsError for what only shows when things are put together."""
    return Koogate(settings, now)


class Koogate:
    """The whole server as one ASGI app. Its lifespan opens the database and starts the durable work."""

    def __init__(self, settings: Settings, now: Clock) -> None:
        self.settings = settings
        self._now = now
        self._addresses = make_addresses(settings)
        self._provisioners = {
            name: _make_provisioner(address, settings) for name, address in self._addresses.items()
        }
        self._routes: dict[str, App] = {}
        self._docs = docs.create_docs_app()
        self.services: Services | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Route by the first part of the path."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
            return
        path: str = scope["path"]
        for prefix, app in self._routes.items():
            if path.startswith(prefix):
                await app(scope, receive, send)
                return
        await problems.send_problem(send, 404, "there is nothing at this path")

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.running())
            except Exception as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Services]:
        """Open the database, start the work, and end both in order."""
        stop = await anyio.to_thread.run_sync(self._start)
        assert self.services is not None  # noqa: S101 - _start sets it
        try:
            yield self.services
        finally:
            self._routes = {}
            await anyio.to_thread.run_sync(stop)

    def _start(self) -> Callable[[], None]:
        opened = _open(self.settings, self._addresses, self._provisioners, self._now)
        self.services = opened.services
        self._routes = {
            PREFIX: create_marketplace_app(opened.services),
            "/vendor/v1": create_vendor_app(opened.services),
            "/health/": health.create_health_app(opened.services),
            "/docs": self._docs,
            "/metrics": serve_metrics,
        }
        return opened.close


def create_marketplace_app(services: Services) -> Edge:
    """Make the app of openapi/marketplace.yaml, with its edge around it."""

    def wire(operation: Any) -> App:
        schema_of_body = operation.request_body["content"]["application/json"]["schema"]
        activities = dispatch.activities_of(schema_of_body)

        async def endpoint(scope: Any, _receive: Any, _send: Any) -> None:
            call = scope["koogate.call"]
            call.answer = await operation.function(call, services, activities[call.activity])

        return endpoint

    return Edge(create_contract_app("marketplace.yaml", wire), services)


def _make_provisioner(address: Address, settings: Settings) -> Provisioner:
    chosen = address.settings.provisioner
    try:
        return make(chosen.kind, chosen.options, timeout=settings.retry.product_timeout)
    except (ValueError, TypeError) as error:
        msg = f"addresses.{address.name}.provisioner: {error}"
        raise SettingsError(msg) from None


def _make_koogallery(address: Address, settings: Settings, now: Clock) -> KooGallery:
    chosen = address.settings.koogallery or settings.koogallery
    return KooGallery(
        base_url=chosen.base_url,
        fallback_url=chosen.fallback_url,
        access_key_id=chosen.access_key_id.get_secret_value(),
        secret_access_key=chosen.secret_access_key.get_secret_value(),
        timeout=chosen.timeout,
        attempts=chosen.attempts,
        now=now,
    )


def _open(
    settings: Settings,
    addresses: dict[str, Address],
    provisioners: dict[str, Provisioner],
    now: Clock,
) -> Running:
    """Open the database and start the durable work; what was opened is closed again if that fails."""
    closing: list[Callable[[], None]] = []

    def close() -> None:
        while closing:
            closing.pop()()

    try:
        services = _open_services(settings, addresses, provisioners, now, closing)
    except BaseException:
        close()
        raise
    return Running(services, close)


def _open_services(
    settings: Settings,
    addresses: dict[str, Address],
    provisioners: dict[str, Provisioner],
    now: Clock,
    closing: list[Callable[[], None]],
) -> Services:
    url = settings.database_url
    if is_sqlite(url):
        path = Path(sqlite_path(url))
        closing.append(FileLock(path.with_name(path.name + ".lock")).release)
    sealer = Sealer([key.get_secret_value() for key in settings.encryption_keys])
    engine = create_engine(url, pool_size=settings.database_pool)
    closing.append(engine.dispose)
    schema.prepare(engine)
    durable.prepare(url)
    unit_of_work = create_unit_of_work(url, engine, sealer, threads=settings.database_pool)
    closing.append(unit_of_work.close)
    enqueuer = durable.Enqueuer(url, engine)
    closing.append(enqueuer.close)
    koogalleries = {name: _make_koogallery(address, settings, now) for name, address in addresses.items()}
    closing.extend(koogallery.close for koogallery in koogalleries.values())
    services = Services(
        settings=settings,
        now=now,
        unit_of_work=unit_of_work,
        sealer=sealer,
        workflows=delivering.Deliveries(enqueuer),
        bell=Bell(),
        readiness=Readiness(engine),
        addresses=addresses,
        provisioners=provisioners,
        koogalleries=koogalleries,
    )
    if settings.work.enabled:
        _start_work(services, engine, closing)
    return services


def _start_work(services: Services, engine: Any, closing: list[Callable[[], None]]) -> None:
    settings = services.settings
    worker = durable.Worker(settings.database_url, engine, services.unit_of_work, settings.work, services.now)
    delivering.use(services)

    def stop() -> None:
        worker.stop()
        delivering.use(None)

    closing.append(stop)
    worker.start(upkeep.tasks(services))
    services.readiness.watch(lambda: worker.is_alive)
