"""The marketplace's order service as tests need it: real HTTP, orders by hand, faults on demand."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_COUNTER = threading.Lock()


@dataclass
class Gallery:
    """A running order service. `faults` holds HTTP statuses to answer before it is well again."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    _number: int = 0

    def place(
        self,
        *,
        order_type: str = "NEW",
        charging_mode: str = "PERIOD",
        product_id: str = "OFFI-1",
        sku_code: str = "sku-1",
        linear_value: int | None = 10,
        lines: int = 1,
        expire_time: str = "20301231155959",
    ) -> str:
        """Place an order and give its id; its lines are id + -000001 and so on."""
        with _COUNTER:
            self._number += 1
            order_id = f"CS26{id(self) % 9973:04}{self._number:08}"
        product = {
            "productId": product_id,
            "skuCode": sku_code,
            "linearValue": linear_value,
            "productName": "测试商品,测试规格",
        }
        self.orders[order_id] = {
            "orderId": order_id,
            "orderType": order_type,
            "createTime": "20251121090846",
            "orderLine": [
                {
                    "orderLineId": f"{order_id}-{number:06}",
                    "chargingMode": charging_mode,
                    "periodType": "year",
                    "periodNumber": 1,
                    "expireTime": expire_time,
                    "productInfo": [product],
                    "extendParams": [{"name": "ip", "value": "127.0.0.1"}],
                    "currency": "100",
                    "currencyAfterDiscount": "100",
                }
                for number in range(1, lines + 1)
            ],
            "buyerInfo": {
                "mobilePhone": "18688888888",
                "email": None,
                "customerId": "459bbbec25d24749b2eb83be37b602a8",
                "customerName": "mock_user_01",
                "customerRealName": "测试用户1",
                "customerType": 0,
                "userId": None,
                "userName": None,
            },
            "extendParams": [],
        }
        return order_id

    def answer(self, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Answer one look-up."""
        if self.faults:
            return self.faults.pop(0), {"resultCode": "MKT.0999", "resultMsg": "System internal error."}
        order_id = query.get("orderId", [""])[0]
        self.asked.append(order_id)
        if order_id not in self.orders:
            return 400, {"resultCode": "MKT.0199", "resultMsg": "Request parameter error"}
        return 200, {"resultCode": "MKT.0000", "resultMsg": "Success", "orderInfo": self.orders[order_id]}


def serve_gallery() -> tuple[Gallery, ThreadingHTTPServer]:
    """Start an order service on a free port; the caller shuts the server down."""
    gallery = Gallery()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            is_signed = "SDK-HMAC-SHA256 Access=AK" in self.headers.get("Authorization", "")
            status, content = (
                gallery.answer(parse_qs(parts.query)) if is_signed else (401, {"resultCode": "MKT.0154"})
            )
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gallery.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return gallery, server
