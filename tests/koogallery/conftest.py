"""A marketplace on the loopback interface that checks every signature with its own code."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from handlers.koogallery import KooGallery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCESS_KEY_ID = "test-access-key-id"
SECRET_ACCESS_KEY = "test-secret-access-key"
PHONE = "18688888888"
NOW = datetime(2025, 1, 1, 12, 30, 15, tzinfo=UTC)


@dataclass
class Reply:
    """One scripted answer: an object becomes JSON, bytes go out as they are."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0

    @classmethod
    def success(cls, code: str = "MKT.0000", delay: float = 0.0) -> Reply:
        """Give an order in the documented shape, or only look like it if the code says otherwise."""
        line = {"orderLineId": "CS1-000001", "chargingMode": "PERIOD", "productInfo": [{"linearValue": 50}]}
        order = {
            "orderId": "CS1",
            "orderType": "NEW",
            "orderLine": [line],
            "buyerInfo": {"mobilePhone": PHONE},
        }
        return cls(200, {"resultCode": code, "resultMsg": "Success", "orderInfo": order}, delay=delay)

    @classmethod
    def failure(cls, status: int, code: str, message: str = "no", **headers: str) -> Reply:
        """Give an answer that is not a success; headers are named with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, {"resultCode": code, "resultMsg": message}, named)


class Marketplace(ThreadingHTTPServer):
    """Answers the scripted replies in turn, repeating the last; keeps what was asked."""

    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        """Listen on a free port of the loopback interface."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies = list(replies)
        self.asked: list[str] = []
        self.hosts: list[str] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that hung up or would not shake hands, as tests make them do."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def next_reply(self) -> Reply:
        """Give the reply whose turn it is."""
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Marketplace

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.hosts.append(self.headers["Host"])
        wrong = {"error_code": "APIGW.0301", "error_msg": "Incorrect IAM authentication information"}
        reply = self.server.next_reply() if self._signature_is_right() else Reply(401, wrong)
        time.sleep(reply.delay)
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Stay silent."""

    def _signature_is_right(self) -> bool:
        pattern = r"SDK-HMAC-SHA256 Access=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})"
        found = re.fullmatch(pattern, self.headers["Authorization"] or "")
        if not found or found[1] != ACCESS_KEY_ID or not {"host", "x-sdk-date"} <= set(found[2].split(";")):
            return False
        if self.headers["Host"] != urlsplit(self.server.url).netloc:
            return False
        target = urlsplit(self.path)
        query = sorted(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in parse_qsl(target.query))
        text = f"{self.command}\n{target.path}/\n{'&'.join(query)}\n"
        text += "".join(f"{name}:{self.headers[name]}\n" for name in found[2].split(";"))
        text += f"\n{found[2]}\n{hashlib.sha256().hexdigest()}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        signed = f"SDK-HMAC-SHA256\n{self.headers['X-Sdk-Date']}\n{digest}".encode()
        return hmac.new(SECRET_ACCESS_KEY.encode(), signed, hashlib.sha256).hexdigest() == found[3]


@contextmanager
def _listening(market: Marketplace) -> Iterator[Marketplace]:
    thread = threading.Thread(target=market.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield market
    finally:
        market.shutdown()
        market.server_close()


@pytest.fixture
def reply() -> type[Reply]:
    """Give the class of scripted answers."""
    return Reply


@pytest.fixture
def market() -> Iterator[Marketplace]:
    """Give the primary host; tests fill in its replies."""
    with _listening(Marketplace(Reply(500, b"no reply scripted"))) as listening:
        yield listening


@pytest.fixture
def fallback() -> Iterator[Marketplace]:
    """Give the fallback host; tests fill in its replies."""
    with _listening(Marketplace(Reply(500, b"no reply scripted"))) as listening:
        yield listening


@pytest.fixture
def pauses() -> list[float]:
    """Give the list that the client's pauses are written to instead of being waited for."""
    return []


@pytest.fixture
def connect(pauses: list[float]) -> Iterator[Callable[..., KooGallery]]:
    """Give a function that makes a client for a host (and a fallback) and closes it after the test."""
    clients: list[KooGallery] = []

    def make(base_url: str, fallback_url: str | None = None, **options: Any) -> KooGallery:
        keys = {"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY}
        settings = keys | {"now": lambda: NOW, "sleep": pauses.append} | options
        clients.append(KooGallery(base_url=base_url, fallback_url=fallback_url, **settings))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
