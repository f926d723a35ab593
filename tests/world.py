"""A world for tests: the assembled app on a real database, an order service, a product, and a clock."""

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from cryptography.fernet import Fernet

from handlers.app import Koogate, create_app
from handlers.settings import make_settings
from handlers.simulator.signing import sign_call
from tests.gallery import Gallery, serve_gallery
from tests.product import SECRET, Product, serve_product

KEY = "b3f1c2d4-test-access-key-0001"
OLD_KEY = "an-older-key-that-still-counts"
EUROPEAN_KEY = "ZXVyb3BlYW4ta2V5LWJ5dGVz"  # Base64 of european-key-bytes
VENDOR_TOKEN = "vendor-token-for-tests-0001"
T = TypeVar("T")


@dataclass
class Clock:
    """The real time, moved by `ahead`."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        """Give the moment."""
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class Reply:
    """What came back over ASGI, as bytes and as JSON."""

    status: int
    headers: list[tuple[bytes, bytes]]
    raw: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        """The result code."""
        code: str = self.json["resultCode"]
        return code

    def header(self, name: bytes) -> str | None:
        """The first header of that exact name, case included."""
        return next((value.decode() for key, value in self.headers if key == name), None)


@dataclass
class World:
    """Everything a test needs; `call` is the marketplace's way in, `vendor` the vendor's."""

    app: Koogate
    gallery: Gallery
    product: Product
    clock: Clock
    database_url: str
    loop: asyncio.AbstractEventLoop
    _context: AbstractAsyncContextManager[Any] | None = None

    def start(self) -> None:
        """Open the database and begin to work."""
        self._context = self.app.running()
        self.run(self._context.__aenter__())

    def stop(self) -> None:
        """End the work in order and let go of the database."""
        assert self._context is not None
        self.run(self._context.__aexit__(None, None, None))

    def run(self, awaitable: Awaitable[T], timeout: float = 60) -> T:
        """Run something on the app's loop and wait for it."""

        async def wrapped() -> T:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(wrapped(), self.loop).result(timeout)

    def call(self, body: Any, *, address: str = "demo", **options: Any) -> Reply:
        """Send a signed call of the marketplace; see `signed` for the options."""
        return self.run(self.send(*signed(body, address=address, now=self.clock(), **options)))

    def call_together(self, bodies: Sequence[Any], *, address: str = "demo") -> list[Reply]:
        """Send signed calls all at once."""

        async def all_of_them() -> list[Reply]:
            requests = [signed(body, address=address, now=self.clock()) for body in bodies]
            return await asyncio.gather(*(self.send(*request) for request in requests))

        return self.run(all_of_them(), timeout=120)

    def vendor(self, method: str, path: str, body: Any = None, *, token: str | None = VENDOR_TOKEN) -> Reply:
        """Call the vendor API below /vendor/v1."""
        raw = b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["content-type"] = "application/json"
        route, _, query = path.partition("?")
        return self.run(self.send(method, f"/vendor/v1{route}", query, headers, raw))

    async def send(self, method: str, path: str, query: str, headers: dict[str, str], raw: bytes) -> Reply:
        """Send one request through the assembled app."""
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8080),
        }
        pending = [{"type": "http.request", "body": raw, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return pending.pop() if pending else {"type": "http.disconnect"}

        async def collect(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, collect)
        start = sent[0]
        return Reply(start["status"], list(start["headers"]), b"".join(m.get("body", b"") for m in sent[1:]))

    def buy(self, *, address: str = "hook", **order: Any) -> str:
        """Buy something, wait until it is provisioned, and give the instance id."""
        order_id = self.gallery.place(**order)
        reply = self.call(new_instance(order_id), address=address)
        instance_id: str = reply.json["instanceId"]
        self.until(lambda: self.instance(instance_id)["state"] != "provisioning")
        return instance_id

    def instance(self, instance_id: str) -> dict[str, Any]:
        """Get an instance as the vendor sees it."""
        found: dict[str, Any] = self.vendor("GET", f"/instances/{instance_id}").json
        return found

    def changes(self, instance_id: str) -> list[dict[str, Any]]:
        """Get the history of an instance as the vendor sees it."""
        found: list[dict[str, Any]] = self.vendor("GET", f"/instances/{instance_id}/changes").json["items"]
        return found

    def settled(self, instance_id: str) -> list[dict[str, Any]]:
        """Wait until nothing of an instance is under way, and give its history."""
        self.until(lambda: all(c["state"] not in {"pending", "working"} for c in self.changes(instance_id)))
        return self.changes(instance_id)

    def notices(self) -> list[dict[str, Any]]:
        """Get all notices."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.vendor("GET", f"/notices?limit=200{cursor}").json
            found += page["items"]
            if page["nextCursor"] is None:
                return found
            cursor = f"&cursor={page['nextCursor']}"

    def answered(self, utter: Callable[[], Reply]) -> Reply:
        """Call again, as the marketplace would, while the work goes on; a busy machine may take longer."""
        end = time.monotonic() + 30
        while (reply := utter()).code == "000004" and time.monotonic() < end:
            time.sleep(0.1)
        return reply

    def until(self, holds: Callable[[], Any], seconds: float = 20) -> None:
        """Wait until something holds; fails the test if it does not in time."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "it did not come about in time"
            time.sleep(0.02)


def signed(
    body: Any,
    *,
    address: str,
    now: datetime,
    key: str = KEY,
    raw: bytes | None = None,
    signed_as: bytes | None = None,
    nonce: str | None = None,
    timestamp: str | None = None,
    signature: str | None = None,
    content_type: str | None = "application/json;charset=utf8",
    method: str = "POST",
    extra_query: str = "",
) -> tuple[str, str, str, dict[str, str], bytes]:
    """Make a signed request; each part of it can be given another way."""
    raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode() if raw is None else raw
    nonce = secrets.token_hex(16) if nonce is None else nonce
    timestamp = str(int(now.timestamp() * 1000)) if timestamp is None else timestamp
    if signature is None:
        signature = sign_call(key, nonce, timestamp, raw if signed_as is None else signed_as).upper()
    query = urlencode({"signature": signature, "timestamp": timestamp, "nonce": nonce})
    headers = {} if content_type is None else {"Content-Type": content_type}
    return method, f"/produce/{address}", query + extra_query, headers, raw


def new_instance(order_id: str, line: int = 1, **more: str) -> dict[str, str]:
    """Make a newInstance body; the business id is new each time."""
    return {
        "activity": "newInstance",
        "businessId": secrets.token_hex(16),
        "orderId": order_id,
        "orderLineId": f"{order_id}-{line:06}",
        **more,
    }


def settings_content(database_url: str, gallery_url: str, product_url: str) -> dict[str, Any]:
    """Make the settings of the world: one address for each way of answering."""
    front_end_url = "https://app.example.com/{instance_id}"
    static = {"kind": "static", "front_end_url": front_end_url, "user_name": "admin"}
    webhook = {"kind": "webhook", "url": product_url, "secret": SECRET}
    keys = {"basic": [KEY, OLD_KEY]}
    return {
        "public_url": "https://saas.example.com",
        "database_url": database_url,
        "encryption_keys": [Fernet.generate_key().decode()],
        "addresses": {
            "demo": {"keys": keys, "provisioner": static},
            "hook": {"keys": keys, "provisioner": webhook, "answer_budget": 5.0},
            "hasty": {"keys": keys, "provisioner": webhook, "answer_budget": 0.2},
            "committed": {
                "keys": keys,
                "provisioner": static,
                "answer_when": {"newInstance": "committed", "upgradeInstance": "committed"},
            },
            "europe": {"site": "eu", "keys": {"basic": [EUROPEAN_KEY]}, "provisioner": static},
        },
        "vendor_keys": [
            {"name": "product", "token": VENDOR_TOKEN, "scopes": ["*"]},
            {"name": "reader", "token": "reader-token-for-tests", "scopes": ["instances:read"]},
            {
                "name": "demo-only",
                "token": "demo-only-token-for-tests",
                "scopes": ["*"],
                "addresses": ["demo"],
            },
        ],
        "koogallery": {
            "base_url": gallery_url,
            "access_key_id": "AK",
            "secret_access_key": "SK",
            "timeout": 2.0,
            "attempts": 2,
        },
        "retry": {"first_delay": 0.2, "longest_delay": 1.0, "give_up_after": 4.0, "complete_within": 600.0},
        "work": {"polling_interval": 0.02},
    }


# The worlds of this process, the running one last: an app with durable work is alone in its process.
_worlds: list[World] = []


@contextmanager
def running_world(database_url: str, **changed: Any) -> Iterator[World]:
    """Run a world until the block ends; one that runs already pauses meanwhile."""
    with ExitStack() as stack:
        gallery, gallery_server = serve_gallery()
        product, product_server = serve_product()
        for server in (gallery_server, product_server):
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        content = settings_content(database_url, gallery.url, product.url) | changed
        clock = Clock()
        app = create_app(make_settings(content, directory=Path()), now=clock)
        loop = stack.enter_context(_running_loop())
        world = World(app, gallery, product, clock, database_url, loop)
        if _worlds:
            _worlds[-1].stop()
            stack.callback(_worlds[-1].start)
        _worlds.append(world)
        stack.callback(_worlds.remove, world)
        world.start()
        stack.callback(world.stop)
        yield world


@contextmanager
def _running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="app", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
