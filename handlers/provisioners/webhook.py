"""A product reached over HTTP, with messages signed by Standard Webhooks.

The product verifies them with any library of the standard (https://www.standardwebhooks.com). `webhook-id` is
the task's key: the same on every attempt, so the product does each piece of work once.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from standardwebhooks import Webhook as Signer

from handlers.clock import Clock
from handlers.loopback import require_safe_url
from handlers.provisioners import product_answers
from handlers.provisioners.contract import (
    Access,
    Later,
    ProductRefused,
    ProductUnavailable,
    Task,
    Verdict,
)
from handlers.provisioners.product_answers import Answer

Meaning = TypeVar("Meaning")

_PREFIX = "whsec_"
# Everything that may stand in a header stays as it is.
_HEADER_SAFE = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_FIXED_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    # A small packed answer could become a huge one.
    "Accept-Encoding": "identity",
    "User-Agent": "koogate",
}


class Webhook:
    """Sends each task as one signed POST; one pool of connections, safe to share between threads.

    `url` is https, or http to a loopback host. `secret` is one `whsec_...` or several: each of them signs, so
    the product can go from one to the next. `timeout` (seconds) bounds connecting, every wait for bytes, and
    the reading of the whole body. Redirects are not followed, cookies not kept, and nothing is taken from the
    environment, so no proxy either. Raises ValueError naming the option that cannot be used.
    """

    def __init__(self, *, url: str, secret: str | Sequence[str], timeout: float, now: Clock) -> None:
        self._url = _checked_url(url)
        self._signers = _signers(secret)
        self._timeout = timedelta(seconds=timeout)
        self._now = now
        self._client = httpx2.Client(
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
            headers=_FIXED_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def __repr__(self) -> str:
        return f"Webhook({self._url.scheme}://{self._url.netloc.decode('ascii')})"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def provision(self, task: Task) -> Access | Later:
        """Send `instance.provision`; 202 is Later, any other success must carry access data."""
        return self._send(task, product_answers.provisioned)

    def change(self, task: Task) -> Access | Later | None:
        """Send `instance.change`; 202 is Later, another success may carry new access data."""
        return self._send(task, product_answers.changed)

    def freeze(self, task: Task) -> None:
        """Send `instance.freeze`; 410 (it is gone) is as good as done."""
        self._send(task, product_answers.done_or_gone)

    def unfreeze(self, task: Task) -> None:
        """Send `instance.unfreeze`."""
        self._send(task, product_answers.done)

    def deprovision(self, task: Task) -> None:
        """Send `instance.deprovision`; 410 (it is gone) is as good as done."""
        self._send(task, product_answers.done_or_gone)

    def renew(self, task: Task) -> None:
        """Send `instance.renew`."""
        self._send(task, product_answers.done)

    def check(self, task: Task) -> Verdict:
        """Send `instance.check`; the product answers `allowed`, and a `reason` if it does not allow it."""
        return self._send(task, product_answers.verdict)

    def _send(self, task: Task, read: Callable[[Answer], Meaning]) -> Meaning:
        at = self._now().astimezone(UTC)
        body = _body(task, at)
        headers = self._signed_headers(task.key, at, body)
        try:
            with self._client.stream("POST", self._url, content=body.encode(), headers=headers) as response:
                return read(Answer(response, now=self._now, until=self._now() + self._timeout))
        except httpx2.TimeoutException:
            trouble = "the product did not answer in time"
        except httpx2.HTTPError as error:
            trouble = f"the product could not be reached ({type(error).__name__})"
        # Raised out here: the error of the HTTP library holds the request, and with it the customer.
        raise ProductUnavailable(trouble)

    def _signed_headers(self, key: str, at: datetime, body: str) -> dict[str, str]:
        message_id = quote(key, safe=_HEADER_SAFE, errors="replace")
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signer.sign(message_id, at, body) for signer in self._signers),
        }


def _body(task: Task, at: datetime) -> str:
    """Write the message in ASCII, so that what is signed as text is what is sent as bytes."""
    data = {_camel_case(each.name): getattr(task, each.name) for each in fields(task)}
    message = {"type": f"instance.{task.kind}", "timestamp": at, "data": data}
    try:
        return json.dumps(message, default=_plain, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError):
        trouble = "the task cannot be written as JSON"
    raise ProductRefused(trouble)


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def _checked_url(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
        require_safe_url(str(parsed))
    except (TypeError, ValueError, httpx2.InvalidURL):
        raise ValueError(
            "webhook provisioner: url must begin with https:// (http:// is for loopback hosts only)",
        ) from None
    if parsed.userinfo:
        raise ValueError("webhook provisioner: url must not hold a user name or password")
    return parsed


def _signers(secret: str | Sequence[str]) -> tuple[Signer, ...]:
    secrets = [secret] if isinstance(secret, str) else secret
    if not isinstance(secrets, list | tuple) or not secrets:
        raise ValueError("webhook provisioner: secret must be one whsec_ text or a list of them")
    return tuple(map(_signer, secrets))


def _signer(secret: Any) -> Signer:
    """Read one secret strictly: the library skips what is not Base64, and would sign with another key."""
    try:
        padded = secret.removeprefix(_PREFIX).rstrip("=")
        key = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (AttributeError, ValueError, binascii.Error):
        key = b""
    if not key:
        raise ValueError("webhook provisioner: secret is not whsec_ and Base64")
    return Signer(key)
