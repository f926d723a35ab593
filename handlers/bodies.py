"""Bodies of requests: read within a limit, parsed strictly."""

from functools import lru_cache
from typing import Any

from handlers.strict_json import Malformed, read_object

_LIMIT = 1_048_576


class BodyTooLarge(Exception):
    """The body is longer than the limit, in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is longer than {limit} bytes")
        self.limit = limit


class Disconnected(Exception):
    """The caller went away before the body was complete."""


async def read_body(receive: Any, limit: int) -> bytes:
    """Read the whole body; raises BodyTooLarge as soon as it is too long, or Disconnected."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        whole: bytes = message.get("body", b"")
        if len(whole) > limit:
            raise BodyTooLarge(limit)
        return whole
    parts = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts += message.get("body", b"")
        if len(parts) > limit:
            raise BodyTooLarge(limit)
        if not message.get("more_body"):
            return bytes(parts)
        message = await receive()


async def json_body(scope: Any, receive: Any) -> dict[str, Any]:
    """Read a JSON object from a request that says it sends one; raises Malformed or BodyTooLarge."""
    problem = media_type_problem(header(scope, b"content-type"))
    raw = await read_body(receive, _LIMIT)
    if problem:
        raise Malformed(problem)
    return read_object(raw)


def header(scope: Any, name: bytes) -> str | None:
    """Give the first header of a name, lower case, or None."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


@lru_cache(maxsize=64)
def media_type_problem(content_type: str | None) -> str | None:
    """Say what is wrong with a `Content-Type`, or None.

    The guide's examples write `charset=utf8`, others `utf-8`; without a charset JSON is UTF-8 anyway, and
    a missing header is taken for JSON.
    """
    if content_type is None or not content_type.strip():
        return None
    kind, *parameters = (part.strip() for part in content_type.split(";"))
    if kind.lower() != "application/json":
        return "the Content-Type is not application/json"
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            return "the charset of the Content-Type is not UTF-8"
    return None
