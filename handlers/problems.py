"""Problem documents (RFC 9457) for those who are not the marketplace."""

from collections.abc import Sequence
from typing import Any

import orjson
from starlette.exceptions import HTTPException

# about:blank is titled with the phrase of the status (RFC 9457, 4.2.1).
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    500: "Internal Server Error",
}


async def send_http_problem(send: Any, error: HTTPException) -> None:
    """Send what routing found: no such path, or a method that the path does not have, with those it has."""
    allow = (error.headers or {}).get("Allow")
    headers = [(b"allow", allow.encode("latin-1"))] if allow else []
    await send_problem(send, error.status_code, str(error.detail), headers=headers)


async def send_problem(
    send: Any,
    status: int,
    detail: str,
    *,
    field: str | None = None,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    """Send a problem document; `field` names what of the request is wrong."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    if field:
        content["field"] = field
    if status == 401:  # noqa: PLR2004 - HTTP statuses are their own names
        headers = [*headers, (b"www-authenticate", b"Bearer")]
    await send_json(send, status, content, media_type=b"application/problem+json", headers=headers)


async def send_json(
    send: Any,
    status: int,
    content: Any,
    *,
    media_type: bytes = b"application/json",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    """Send a JSON answer."""
    body = orjson.dumps(content)
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", media_type),
                (b"content-length", b"%d" % len(body)),
                (b"cache-control", b"no-store"),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
