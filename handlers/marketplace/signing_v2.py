"""Sign and check the calls of the V2.0 basic interfaces.

The signature is keyed twice with the access key, which also opens the signed text. The marketplace's
guide (HTTP Body签名, zh-cn_topic_0070649476) leaves the key of both steps out; the licence guide
(zh-cn_topic_0070649248) prints it.
"""

import hmac
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, Literal, NoReturn

Form = Literal["raw", "settled"]

_HEX_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Match:
    """Say which key a signature was made with, and over which form of the body."""

    key_index: int
    form: Form


def canonical(key: bytes, nonce: str, timestamp: str, body: bytes) -> bytes:
    """Return the text that is signed: key, nonce, timestamp and the lower-case hex digest of the body."""
    inner = hmac.digest(key, body, "sha256").hex()
    # "surrogatepass": a nonce from a hostile query string must give a wrong signature, not an exception.
    return key + f"{nonce}{timestamp}{inner}".encode("utf-8", "surrogatepass")


def sign(key: bytes, nonce: str, timestamp: str, body: bytes) -> str:
    """Return the signature in lower-case hex; `timestamp` goes in exactly as it is sent."""
    return hmac.digest(key, canonical(key, nonce, timestamp, body), "sha256").hex()


def matching(keys: Sequence[bytes], signature: str, nonce: str, timestamp: str, body: bytes) -> Match | None:
    """Find the key that made the signature: over the bytes received, or else over their settled form.

    Upper and lower case are equal. All keys are tried before the answer, so time does not tell which one
    matched. An empty key never matches. Never raises, whatever the caller sent.
    """
    if len(signature) != _HEX_LENGTH or not signature.isascii():
        return None
    given = signature.lower().encode()
    if (index := _signer(keys, given, nonce, timestamp, body)) is not None:
        return Match(index, "raw")
    again = settled(body)
    if again is None or again == body:
        return None
    index = _signer(keys, given, nonce, timestamp, again)
    return None if index is None else Match(index, "settled")


def settled(body: bytes) -> bytes | None:
    """Return the JSON object re-serialised the way the marketplace's own sample does, or None if it is none.

    Top-level nulls are dropped and top-level names sorted; nested objects keep their order; no blanks; only
    what JSON demands is escaped. Numbers keep the spelling they came with (`1.50` stays `1.50`, of any size).
    Never raises: what is no UTF-8, no JSON, nested too deeply or not writable again as UTF-8 gives None.
    """
    try:
        found = _DECODER.decode(body.decode())
        if not isinstance(found, dict):
            return None
        kept = {name: found[name] for name in sorted(found) if found[name] is not None}
        return _written(kept).encode()
    except (ValueError, RecursionError):
        return None


def body_sign(key: bytes, body: bytes) -> str:
    """Return the value of the answer header `Body-Sign`, for the sites that still want answers signed."""
    signature = b64encode(hmac.digest(key, body, "sha256")).decode()
    return f'sign_type="HMAC-SHA256", signature="{signature}"'


def _signer(keys: Sequence[bytes], given: bytes, nonce: str, timestamp: str, body: bytes) -> int | None:
    found = None
    for index, key in enumerate(keys):
        same = hmac.compare_digest(sign(key, nonce, timestamp, body).encode(), given)
        if same and key and found is None:
            found = index
    return found


class _Number(str):
    """A JSON number as it was spelt: parsing 1e400 or 5,000 digits would change it, or fail."""

    __slots__ = ()


def _refuse(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python would read but which are not JSON."""
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_refuse)
_WORDS = {None: "null", True: "true", False: "false"}


def _written(value: Any) -> str:
    match value:
        case _Number():
            return value
        case str():
            return encode_basestring(value)
        case dict():
            return "{" + ",".join(f"{encode_basestring(n)}:{_written(v)}" for n, v in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_written, value)) + "]"
        case _:
            return _WORDS[value]
