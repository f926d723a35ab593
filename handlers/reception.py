"""One call of the marketplace while it is being received: what is known of it, and whether it is genuine."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from handlers.addresses import Address
from handlers.answers import Answer
from handlers.marketplace import signing_v2
from handlers.marketplace.times import parse_timestamp_ms

_LONGEST_NONCE = 128
_SIGNED = ("timestamp", "nonce", "signature")


class NotACall(Exception):
    """Something that a call must have is missing or wrong; the text names it."""


class BadSignature(Exception):
    """The call was not signed with a key of the address."""


@dataclass(slots=True)
class Call:
    """A received call. `nonce` is set once the signature was right."""

    address: Address
    interface: str
    received_at: datetime
    started: float
    raw: bytes = b""
    query: dict[str, str] = field(default_factory=dict)
    nonce: str | None = None
    match: signing_v2.Match | None = None
    payload: Any = None
    activity: str | None = None
    is_test: bool = False
    answer: Answer | None = None
    recorded_body: bytes | None = None
    record_id: int | None = None
    verdict: str = "answered"
    is_unknown_activity: bool = False


def read_query(query_string: bytes) -> dict[str, str]:
    """Read the URL parameters; a signed one that stands twice is refused with NotACall."""
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    query = dict(pairs)
    if len(query) != len(pairs):
        names = [name for name, _ in pairs]
        for name in _SIGNED:
            if names.count(name) > 1:
                msg = f"{name}: stands twice in the URL"
                raise NotACall(msg)
    return query


def authenticate(call: Call, window: timedelta) -> None:
    """Check time and signature of a call; raises NotACall or BadSignature.

    The order and the codes are those of the marketplace's own sample: a missing or old timestamp and a
    missing nonce are parameters, everything about the signature is authentication.
    """
    timestamp, nonce, signature = (call.query.get(name, "") for name in _SIGNED)
    _check_time(timestamp, call.received_at, window)
    if not nonce:
        msg = "nonce: is missing"
        raise NotACall(msg)
    if len(nonce) > _LONGEST_NONCE or not nonce.isprintable():
        msg = f"nonce: is longer than {_LONGEST_NONCE} characters or not printable"
        raise NotACall(msg)
    if not signature:
        msg = "signature: is missing"
        raise BadSignature(msg)
    keys = call.address.keys[call.interface]
    call.match = signing_v2.matching(keys, signature, nonce, timestamp, call.raw)
    if call.match is None:
        msg = "signature: does not match"
        raise BadSignature(msg)
    call.nonce = nonce


def _check_time(timestamp: str, now: datetime, window: timedelta) -> None:
    if not timestamp:
        msg = "timestamp: is missing"
        raise NotACall(msg)
    try:
        sent_at = parse_timestamp_ms(timestamp)
    except ValueError:
        msg = "timestamp: is neither 13 digits of milliseconds nor 10 of seconds"
        raise NotACall(msg) from None
    if abs(now - sent_at) > window:
        msg = f"timestamp: differs by more than {window.total_seconds():.0f} s from our clock"
        raise NotACall(msg)
