"""An order service that has every order anybody asks for, and checks who asks."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from handlers.simulator.signing import OpenApiRequest, why_refused
from tests.fuzz.signing import ACCESS_KEY_ID, SECRET_ACCESS_KEY


def order(order_id: str, order_line_id: str) -> dict[str, Any]:
    """Make an order with that one line."""
    line = {
        "orderLineId": order_line_id,
        "chargingMode": "PERIOD",
        "periodType": "year",
        "periodNumber": 1,
        "expireTime": "20301231155959",
        "productInfo": [
            {"productId": "OFFI-1", "skuCode": "sku-1", "linearValue": 10, "productName": "测试商品"}
        ],
        "extendParams": [{"name": "ip", "value": "127.0.0.1"}],
        "currency": "100",
        "currencyAfterDiscount": "100",
    }
    about = {"orderId": order_id, "orderType": "NEW", "createTime": "20251121090846"}
    return {**about, "orderLine": [line], "buyerInfo": None, "extendParams": []}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        problem = why_refused(
            OpenApiRequest("GET", parts.path, parts.query, headers),
            access_key_id=ACCESS_KEY_ID,
            secret_access_key=SECRET_ACCESS_KEY,
            at=datetime.now(UTC),
        )
        if problem:
            self._send(401, {"resultCode": "MKT.0154", "resultMsg": problem})
            return
        query = parse_qs(parts.query, keep_blank_values=True)
        found = order(query["orderId"][0], query["orderLineId"][0])
        self._send(200, {"resultCode": "MKT.0000", "resultMsg": "Success", "orderInfo": found})

    def _send(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""


@contextmanager
def order_service() -> Iterator[str]:
    """Run the order service until the block ends; gives its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
