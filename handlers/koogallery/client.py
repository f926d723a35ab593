"""Call the marketplace's open APIs, signed with the seller's AK/SK.

Source: 查询订单, zh-cn_topic_0070649466, and its table of error codes.
Answers hold personal data: they are neither logged nor quoted in errors.
"""

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import cycle
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx2

from handlers.clock import Clock
from handlers.koogallery.orders import OrderInfo, read_order
from handlers.loopback import require_safe_url
from handlers.marketplace import signing_aksk

_QUERY_ORDER = "/api/mkp-openapi-public/global/v1/order/query"
_HEADERS = {"Content-Type": "application/json"}

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_SERVER_ERROR = 500
# The guide answers "called too often" with 406 and code 0250; the gateway before it with 429.
_BUSY_STATUSES = frozenset({406, 429})
_SUCCESS = "0000"
_BUSY = "0250"
_INTERNAL_ERROR = "0999"
# Some of these come with status 500, but the same request will never succeed.
_FINAL = frozenset({"0100", "0101", "0102", "0150", "0151", "0154", "0199"})
_FINAL |= {"9001", "9002", "9003", "9004", "9005"}
_MESSAGE_MAX = 255

_jitter = random.SystemRandom()


class OrderRefused(Exception):
    """The marketplace answered no for good; `code` is without its `CBC.` or `MKT.`, e.g. `0150`."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the marketplace's code and message."""
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        """Say the code and the marketplace's words."""
        return f"{self.code}: {self.message}"


class KooGalleryUnavailable(Exception):
    """No usable answer was had; asking again later may bring one."""

    def __init__(self, reason: str) -> None:
        """Keep the reason, which quotes nothing of the answer but its code."""
        super().__init__(reason)
        self.reason = reason


class _TryAgainError(Exception):
    def __init__(self, reason: str, *, elsewhere: bool, after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.elsewhere = elsewhere
        self.after = after


class KooGallery:
    """The marketplace's open APIs; one pool of connections, safe to share between threads.

    TLS certificates are always verified; `http://` is for loopback hosts only (ValueError otherwise). Nothing
    is taken from the environment, so no proxy either. `timeout` (seconds) bounds each step of an attempt:
    connecting, sending, every wait for bytes.
    """

    def __init__(
        self,
        *,
        base_url: str,
        fallback_url: str | None,
        access_key_id: str,
        secret_access_key: str,
        now: Clock,
        timeout: float = 3.0,
        attempts: int = 3,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open nothing yet; raises ValueError for a URL that is not safe or for no attempts at all."""
        if attempts < 1:
            msg = "attempts must be at least 1"
            raise ValueError(msg)
        self._hosts = tuple(_checked(url) for url in (base_url, fallback_url) if url)
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self._now = now
        self._attempts = attempts
        self._sleep = sleep
        self._client = httpx2.Client(verify=True, trust_env=False, follow_redirects=False, timeout=timeout)

    def __repr__(self) -> str:
        """Show the hosts, and no key."""
        return f"KooGallery({', '.join(self._hosts)})"

    def query_order(self, order_id: str, order_line_id: str | None = None) -> OrderInfo:
        """Return the order with the line asked for, or with all its lines.

        Only reads, so it is repeated when the marketplace is busy, failing or silent; after a failure of one
        host the other is asked. Raises OrderRefused for a final no, KooGalleryUnavailable otherwise.
        """
        asked = {"orderId": order_id} | ({"orderLineId": order_line_id} if order_line_id else {})
        target = f"{_QUERY_ORDER}?{urlencode(asked, quote_via=quote, safe='')}"
        hosts = cycle(self._hosts)
        host = next(hosts)
        for attempt in range(1, self._attempts + 1):
            try:
                return _order(self._get(host + target), self._now)
            except _TryAgainError as failure:
                if attempt == self._attempts:
                    raise KooGalleryUnavailable(failure.reason) from None
                self._sleep(_pause(attempt, failure.after))
                host = next(hosts) if failure.elsewhere else host
        raise AssertionError  # the last attempt returns or raises

    def close(self) -> None:
        """Close the pooled connections; the client cannot be used afterwards."""
        self._client.close()

    def _get(self, url: str) -> httpx2.Response:
        signed = signing_aksk.sign(
            "GET",
            url,
            _HEADERS,
            b"",
            access_key_id=self._access_key_id,
            secret_access_key=self._secret_access_key,
            at=self._now(),
        )
        try:
            return self._client.get(url, headers=_HEADERS | signed)
        except httpx2.RequestError as error:
            reason = type(error).__name__
        # Raised out here so that no trace leads back to the request and what is in its headers.
        raise _TryAgainError(reason, elsewhere=True)


def _checked(url: str) -> str:
    parts = urlsplit(require_safe_url(url))
    if parts.username or parts.password or parts.query or parts.fragment:
        msg = "must be a host with at most a path"
        raise ValueError(msg)
    return url.rstrip("/")


def _order(response: httpx2.Response, now: Clock) -> OrderInfo:
    """Read the order out of an answer, or say by the error raised what to do next."""
    answer = _parsed(response.content)
    code = _code(answer)
    _check_passing(response, code, now)
    if code is None:
        # The API gateway before the marketplace speaks of keys, clocks and routes, not of the order.
        raise KooGalleryUnavailable(_reason(response.status_code, answer.get("error_code", "no code")))
    if code != _SUCCESS:
        raise OrderRefused(code, _printable(answer.get("resultMsg")))
    info = answer.get("orderInfo")
    if not response.is_success or not isinstance(info, dict):
        raise KooGalleryUnavailable(_reason(response.status_code, "no orderInfo"))
    return read_order(info)


def _check_passing(response: httpx2.Response, code: str | None, now: Clock) -> None:
    """Raise for what may pass: too many calls (same host), a failure inside (other host)."""
    if code in _FINAL:
        return
    status = response.status_code
    failing = status >= _SERVER_ERROR or code == _INTERNAL_ERROR
    if failing or status in _BUSY_STATUSES or code == _BUSY:
        after = _retry_after(response.headers.get("Retry-After", ""), now)
        busy = code == _BUSY
        raise _TryAgainError(_reason(status, code), elsewhere=failing and not busy, after=after)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _code(answer: dict[str, Any]) -> str | None:
    """Return the code after its prefix, which is `CBC.` or `MKT.` by no rule; a page has a blank inside."""
    code = answer.get("resultCode")
    if not isinstance(code, str):
        return None
    return _printable("".join(code.split()).rpartition(".")[2]) or None


def _reason(status: int, detail: object) -> str:
    return f"HTTP {status} {_printable(detail)}".rstrip()


def _printable(value: object) -> str:
    """Return a text that cannot break a log line; empty for what is no text."""
    if not isinstance(value, str):
        return ""
    return "".join(char if char.isprintable() else " " for char in value[:_MESSAGE_MAX])


def _retry_after(value: str, now: Clock) -> float:
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return _seconds_until(at, now())


def _seconds_until(at: datetime, now: datetime) -> float:
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def _pause(attempt: int, after: float) -> float:
    """Return the seconds to wait: doubling, spread out, at least what was asked for within our bound."""
    backoff = _FIRST_PAUSE * 2.0 ** (attempt - 1) * _jitter.uniform(0.5, 1.0)
    return min(max(backoff, after), _LONGEST_PAUSE)
