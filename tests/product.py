"""The vendor's product as tests need it: real HTTP, signatures checked, answers on demand."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Asked:
    """One request that the product got."""

    key: str
    kind: str
    data: dict[str, Any]


@dataclass
class Product:
    """A running product. `answers` gives by instance id what to say instead of success, in turn."""

    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, list[Answer | Callable[[Asked], Answer]]] = field(default_factory=dict)
    default: list[Answer] = field(default_factory=list)
    url: str = ""

    def asked_of(self, instance_id: str) -> list[Asked]:
        """List what was asked for an instance, in order."""
        return [asked for asked in self.asked if asked.data.get("instanceId") == instance_id]

    def kinds_of(self, instance_id: str) -> list[str]:
        """List the kinds of what was asked for an instance, each key once, in order."""
        seen: dict[str, str] = {}
        for asked in self.asked_of(instance_id):
            if asked.kind != "check":
                seen.setdefault(asked.key, asked.kind)
        return list(seen.values())

    def answer(self, asked: Asked) -> Answer:
        """Answer one request."""
        self.asked.append(asked)
        planned = self.answers.get(asked.data.get("instanceId", ""), [])
        if planned:
            chosen = planned.pop(0)
            return chosen(asked) if callable(chosen) else chosen
        if self.default:
            return self.default[0]
        if asked.kind == "provision":
            return 200, {
                "frontEndUrl": f"https://app.example.com/{asked.data['instanceId']}",
                "userName": "admin",
                "password": "Init-pass-1",
                "memo": "首次登录请修改密码",
            }
        return 200, {"allowed": True} if asked.kind == "check" else {}


def slowly(seconds: float, answer: Answer) -> Callable[[Asked], Answer]:
    """Make an answer that takes its time."""

    def give(_asked: Asked) -> Answer:
        time.sleep(seconds)
        return answer

    return give


def serve_product() -> tuple[Product, ThreadingHTTPServer]:
    """Start a product on a free port; the caller shuts the server down."""
    product = Product()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            content: Any = Webhook(SECRET).verify(raw, dict(self.headers.items()))
            kind = content["type"].removeprefix("instance.")
            status, answer = product.answer(Asked(self.headers["webhook-id"], kind, content["data"]))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    product.url = f"http://127.0.0.1:{server.server_port}/koogate"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return product, server
