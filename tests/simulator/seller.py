"""A seller's server of a few lines, right by default and wrong in whatever way a test asks for."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Answer = tuple[int, str, bytes]


def ok(**fields: Any) -> Body:
    """Answer success with further fields."""
    return {"resultCode": "000000", "resultMsg": "success.", **fields}


def code(result_code: str, **fields: Any) -> Body:
    """Answer another code with further fields."""
    return {"resultCode": result_code, "resultMsg": "not now", **fields}


def sent(
    answer: object, *, status: int = 200, content_type: str = "application/json;charset=UTF-8"
) -> Answer:
    """Say how an answer goes over the wire."""
    return status, content_type, json.dumps(answer).encode()


class Seller:
    """Keeps one instance for an order line; `wrong` may answer a call in its place."""

    def __init__(self, wrong: Callable[[Body, int], Answer | Body | None]) -> None:
        self.calls: list[Body] = []
        self.urls: list[str] = []
        self.address = ""
        self._wrong = wrong
        self._instances: dict[str, str] = {}
        self._lock = threading.Lock()

    def answer(self, url: str, body: Body) -> Answer:
        """Answer one call; `wrong` is told how often this activity was called before."""
        with self._lock:
            earlier = sum(call["activity"] == body["activity"] for call in self.calls)
            self.calls.append(body)
            self.urls.append(url)
            answer = self._wrong(body, earlier) or self._right(body)
        return answer if isinstance(answer, tuple) else sent(answer)

    def activities(self) -> list[str]:
        """Return what was called, in order."""
        return [call["activity"] for call in self.calls]

    def _right(self, body: Body) -> Body:
        match body["activity"]:
            case "newInstance":
                return ok(instanceId=self._instances.setdefault(body["orderLineId"], body["businessId"]))
            case "queryInstance":
                access = {"frontEndUrl": "https://app.example.com", "userName": "admin"}
                asked = body["instanceId"].split(",")
                return ok(info=[{"instanceId": instance_id, "appInfo": access} for instance_id in asked])
            case _:
                return ok()


@contextmanager
def open_seller(
    wrong: Callable[[Body, int], Answer | Body | None] = lambda _body, _n: None,
) -> Iterator[Seller]:
    """Run a seller on a free port."""
    seller = Seller(wrong)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            status, content_type, answer = seller.answer(self.path, json.loads(content))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    seller.address = f"http://127.0.0.1:{server.server_address[1]}/produce/demo"
    try:
        yield seller
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
