"""One call on a seller's production address: the bytes that KooGallery would send, and what came back."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
import orjson

from handlers.simulator.signing import sign_call

# As in every example of the guide: `utf8`, without the hyphen.
_HEADERS = {"Accept": "application/json", "Content-Type": "application/json;charset=utf8"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or (with `failure` set) why there is none; its content is left out of the repr.

    `duration` is in seconds, `limit` the seconds it was allowed.
    """

    status: int
    body: dict[str, Any] | None = field(repr=False)
    duration: float
    content_type: str = ""
    failure: str | None = None
    limit: float = 0.0

    @property
    def code(self) -> str:
        """Return the resultCode, or an empty string."""
        code = None if self.body is None else self.body.get("resultCode")
        return code if isinstance(code, str) else ""


class Line:
    """The connection to one production address; may be used from several threads."""

    def __init__(self, address: str, key: str, *, now: Callable[[], datetime], timeout: float) -> None:
        self.address = address
        self._key = key
        self._now = now
        self._timeout = timeout
        self._client = httpx2.Client(timeout=timeout, trust_env=False, follow_redirects=False)

    def send(self, fields: Mapping[str, object]) -> Reply:
        """Sign and send one call; never raises for what the other side does."""
        body = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
        url = httpx2.URL(self.address).copy_merge_params(self._signature(body))
        started = time.perf_counter()
        try:
            answer = self._client.post(url, content=body, headers=_HEADERS)
        except httpx2.TimeoutException:
            return self._no_answer("timeout", started)
        except httpx2.HTTPError as problem:
            return self._no_answer(type(problem).__name__, started)
        return Reply(
            status=answer.status_code,
            body=_json_object(answer.content),
            duration=time.perf_counter() - started,
            content_type=answer.headers.get("content-type", ""),
            limit=self._timeout,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _signature(self, body: bytes) -> dict[str, str]:
        nonce = secrets.token_hex(32).upper()
        timestamp = str(int(self._now().timestamp() * 1000))
        signature = sign_call(self._key, nonce, timestamp, body)
        # SaaS examples print the digits in upper case; the seller has to compare without case.
        return {"signature": signature.upper(), "timestamp": timestamp, "nonce": nonce}

    def _no_answer(self, failure: str, started: float) -> Reply:
        return Reply(0, None, time.perf_counter() - started, failure=failure, limit=self._timeout)


def _json_object(content: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
