"""What the product's answer to a webhook means."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx2

from handlers.clock import Clock
from handlers.provisioners.access import read_access
from handlers.provisioners.contract import (
    Access,
    Later,
    ProductRefused,
    ProductUnavailable,
    Verdict,
    one_line,
)

BODY_MAX = 64 * 1024
RETRY_AFTER_MAX = 3600.0

_DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT})
_CLIENT_ERRORS = range(400, 500)
_TRY_AGAIN = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    },
)
# `detail` and `title` are those of a problem document (RFC 9457).
_WORDS = ("message", "reason", "detail", "title")


class Answer:
    """An answer whose body is read only if somebody asks for it, and never after `until`."""

    def __init__(self, response: httpx2.Response, *, now: Clock, until: datetime) -> None:
        self.status = response.status_code
        self._response = response
        self._now = now
        self._until = until

    def json_object(self) -> Mapping[str, Any]:
        """Give the JSON object, or an empty one for anything else, also for more than 64 KiB.

        Raises ProductUnavailable if it does not arrive in time.
        """
        try:
            parsed = json.loads(self._body())
        except (ValueError, RecursionError):
            return {}
        return parsed if isinstance(parsed, dict) else {}

    def retry_after(self) -> float | None:
        """Give the seconds of `Retry-After` (seconds or HTTP date), 0 to 3600, or None."""
        text = self._response.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return min(float(text), RETRY_AFTER_MAX)
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)) - self._now()
        return min(max(seconds.total_seconds(), 0.0), RETRY_AFTER_MAX)

    def _body(self) -> bytes:
        body = b""
        # Raw: an answer that was packed although we did not ask for it is not unpacked.
        for chunk in self._response.iter_raw():
            body += chunk
            if len(body) > BODY_MAX:
                return b""
            if self._now() > self._until:
                raise ProductUnavailable("the product did not finish its answer in time")
        return body


def provisioned(answer: Answer) -> Access | Later:
    """Read the answer to `instance.provision`."""
    if answer.status == HTTPStatus.ACCEPTED:
        return Later()
    require_success(answer)
    return read_access(_access_members(answer.json_object()))


def changed(answer: Answer) -> Access | Later | None:
    """Read the answer to `instance.change`; None if it holds no `frontEndUrl`."""
    if answer.status == HTTPStatus.ACCEPTED:
        return Later()
    require_success(answer)
    members = _access_members(answer.json_object())
    return read_access(members) if members.get("frontEndUrl") is not None else None


def verdict(answer: Answer) -> Verdict:
    """Read the answer to `instance.check`; one that does not say yes or no is refused."""
    done(answer)
    body = answer.json_object()
    allowed, reason = body.get("allowed"), body.get("reason")
    if not isinstance(allowed, bool):
        raise ProductRefused("the product's answer to the check lacks allowed (true or false)")
    return Verdict(allowed, one_line(reason) if isinstance(reason, str) else "")


def done(answer: Answer) -> None:
    """Read an answer that only has to be a success; 202 is one."""
    if answer.status != HTTPStatus.ACCEPTED:
        require_success(answer)


def done_or_gone(answer: Answer) -> None:
    """Read an answer to taking something away: 410 says that it is gone already."""
    if answer.status != HTTPStatus.GONE:
        done(answer)


def require_success(answer: Answer) -> None:
    """Raise ProductRefused for a final no, ProductUnavailable for all that may pass.

    What nobody agreed on (a redirect, an odd status) may pass too: a mended product gets the task again.
    """
    if answer.status in _DONE:
        return
    if answer.status in _TRY_AGAIN or answer.status not in _CLIENT_ERRORS:
        raise ProductUnavailable(f"the product answered {answer.status}", answer.retry_after())
    body = answer.json_object()
    code = body.get("resultCode")
    words = _words(body) or f"the product answered {answer.status}"
    raise ProductRefused(words, code) if isinstance(code, str) else ProductRefused(words)


def _access_members(body: Mapping[str, Any]) -> Mapping[str, Any]:
    nested = body.get("access")
    return nested if isinstance(nested, dict) else body


def _words(body: Mapping[str, Any]) -> str:
    said = (one_line(text) for text in map(body.get, _WORDS) if isinstance(text, str))
    return next(filter(None, said), "")
