"""The floor: an ASGI app that checks the signature, reads the JSON and gives a constant answer."""

import hmac
import time
from typing import Any
from urllib.parse import parse_qsl

import orjson

from benchmarks.calls import KEY

_KEY = KEY.encode()
_WINDOW = 60_000
_SUCCESS = b'{"resultCode":"000000","resultMsg":"success."}'
_REFUSED = b'{"resultCode":"000001","resultMsg":"authentication failed."}'


def create(_database_url: str, _gallery_url: str) -> Any:
    """Make the app."""
    return _app


async def _app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    answer = _REFUSED
    if _is_genuine(scope["query_string"], body):
        orjson.loads(body)
        answer = _SUCCESS
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def _is_genuine(query_string: bytes, body: bytes) -> bool:
    query = dict(parse_qsl(query_string.decode("latin-1")))
    nonce, timestamp = query.get("nonce", ""), query.get("timestamp", "")
    if not nonce or not timestamp.isdecimal() or abs(time.time() * 1000 - int(timestamp)) > _WINDOW:
        return False
    inner = hmac.digest(_KEY, body, "sha256").hex()
    wanted = hmac.digest(_KEY, _KEY + f"{nonce}{timestamp}{inner}".encode(), "sha256").hex()
    return hmac.compare_digest(wanted.encode(), query.get("signature", "").lower().encode())
