"""Signed calls, made before they are sent: no nonce and no order twice, all of one length."""

import hmac
import json
import secrets
import time
from dataclasses import dataclass

KEY = "benchmark-access-key-0001"
ADDRESS = "demo"
# The marketplace's window is 60 s, so calls are made for each round anew.
_HEAD = (
    "POST /produce/{address}?signature={signature}&timestamp={timestamp}&nonce={nonce} HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\nAccept: application/json\r\nUser-Agent: benchmark\r\n"
    "Content-Type: application/json;charset=utf-8\r\nContent-Length: {length}\r\n\r\n"
)


@dataclass(frozen=True)
class Calls:
    """Whole HTTP requests one after the other, each `length` bytes long."""

    data: bytes
    length: int

    def __len__(self) -> int:
        return len(self.data) // self.length

    def each(self) -> list[bytes]:
        """Give the requests one by one."""
        return [self.data[at : at + self.length] for at in range(0, len(self.data), self.length)]


def make_calls(number: int, *, is_probe: bool) -> Calls:
    """Make so many newInstance calls, each for an order of its own."""
    batch = secrets.token_hex(4)
    requests = [_request(f"CS{batch}{index:07}", is_probe=is_probe) for index in range(number)]
    return Calls(b"".join(requests), len(requests[0]))


def _request(order_id: str, *, is_probe: bool) -> bytes:
    body = {
        "activity": "newInstance",
        "businessId": secrets.token_hex(16),
        "orderId": order_id,
        "orderLineId": f"{order_id}-000001",
    }
    if is_probe:
        body["testFlag"] = "1"
    raw = json.dumps(body).encode()
    nonce = secrets.token_hex(16)
    timestamp = str(int(time.time() * 1000))
    head = _HEAD.format(
        address=ADDRESS,
        signature=_sign(nonce, timestamp, raw),
        timestamp=timestamp,
        nonce=nonce,
        length=len(raw),
    )
    return head.encode() + raw


def _sign(nonce: str, timestamp: str, body: bytes) -> str:
    key = KEY.encode()
    inner = hmac.digest(key, body, "sha256").hex()
    return hmac.digest(key, f"{KEY}{nonce}{timestamp}{inner}".encode(), "sha256").hex()
