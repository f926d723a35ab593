"""The gateway in front of the open APIs: nobody without a right AK/SK signature gets further.

It sits before Connexion, whose security functions see neither the body nor the query as it was sent.
"""

from collections.abc import Callable
from datetime import datetime

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.simulator.orders import refusal
from handlers.simulator.signing import OpenApiRequest, why_refused

_BODY_LIMIT = 4 * 1024 * 1024


class Gate:
    """Refuse unsigned, wrongly signed and skewed requests with 0154; pass the others on unchanged."""

    def __init__(
        self, app: ASGIApp, *, access_key_id: str, secret_access_key: str, now: Callable[[], datetime]
    ) -> None:
        self._app = app
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything but HTTP passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        problem = "body too large or cut off" if body is None else self._problem(_request(scope, body))
        if body is None or problem is not None:
            answer, status = refusal("0154", problem or "")
            await Response(orjson.dumps(answer), status, media_type="application/json")(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    def _problem(self, request: OpenApiRequest) -> str | None:
        return why_refused(
            request,
            access_key_id=self._access_key_id,
            secret_access_key=self._secret_access_key,
            at=self._now(),
        )


def _request(scope: Scope, body: bytes) -> OpenApiRequest:
    return OpenApiRequest(
        method=scope["method"],
        path=(scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def _read(receive: Receive) -> bytes | None:
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _BODY_LIMIT:
            return None
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    kept: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return kept.pop() if kept else await receive()

    return again
