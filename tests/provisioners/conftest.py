"""A vendor's product on the loopback interface that verifies every message as Standard Webhooks wants it."""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from handlers.clock import utc_now
from handlers.provisioners import Task
from handlers.provisioners.webhook import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Reply:
    """One scripted answer; the pieces of the body go out with a pause before each."""

    status: int
    pieces: list[bytes]
    headers: dict[str, str]
    pause: float = 0.0


@dataclass
class Message:
    """One received request; `verified` is what the standard's own library read out of it."""

    path: str
    headers: dict[str, str]
    body: bytes
    verified: Any


@dataclass
class Product(ThreadingHTTPServer):
    """Answers the scripted replies in turn, repeating the last."""

    replies: list[Reply] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    secret: str = SECRET
    daemon_threads = True

    def __post_init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/koogate"

    def answer(self, status: int, body: Any = None, *, pause: float = 0.0, **headers: str) -> None:
        """Add an answer: None is no body, bytes go as they are, a list in pieces, the rest as JSON."""
        if isinstance(body, list):
            pieces = body
        elif body is None or isinstance(body, bytes):
            pieces = [body or b""]
        else:
            pieces = [json.dumps(body).encode()]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies.append(Reply(status, pieces, named, pause))

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that hang up, as tests make them do."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    server: Product
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        verified = Verifier(self.server.secret).verify(body, headers)
        self.server.messages.append(Message(self.path, headers, body, verified))
        replies = self.server.replies
        self._reply(replies.pop(0) if len(replies) > 1 else replies[0])

    def do_GET(self) -> None:
        self.server.messages.append(Message(self.path, {}, b"", None))
        self._reply(Reply(200, [b""], {}))

    def _reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        length = {"content-length": str(sum(map(len, reply.pieces)))} if reply.status != 204 else {}
        for name, value in (length | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        for piece in reply.pieces:
            time.sleep(reply.pause)
            self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def product() -> Iterator[Product]:
    """Run a product for one test."""
    server = Product()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def webhook(product: Product) -> Iterator[Webhook]:
    """Reach the product of the test, with real time and patience for a slow machine."""
    sender = Webhook(url=product.url, secret=SECRET, timeout=10.0, now=utc_now)
    yield sender
    sender.close()


@pytest.fixture
def make_task() -> Callable[..., Task]:
    """Make a task that differs from an ordinary one only where the test says so."""

    def make(kind: str = "provision", **other: Any) -> Task:
        ordinary: dict[str, Any] = {
            "key": "i-1:7",
            "address": "demo",
            "instance_id": "i-1",
            "order_id": "CS1",
            "order_line_id": "CS1-000001",
            "product_id": "P1",
            "sku_code": "SKU-A",
            "linear_value": 50,
            "product_name": "Seats",
            "charging_mode": "PERIOD",
            "order_type": "NEW",
            "scene": None,
            "expires_at": None,
            "is_trial": False,
            "customer": {"customerName": "Zhang San", "mobilePhone": "18688888888"},
            "extend_params": ({"name": "domain", "value": "a.example.com"},),
        }
        return Task(**{"kind": kind, **ordinary, **other})

    return make
