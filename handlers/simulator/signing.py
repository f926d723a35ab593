"""The marketplace's half of two signatures, written apart from the server's.

Sources: HTTP Body签名 (zh-cn_topic_0070649476); 请求签名流程 AK/SK (zh-cn_topic_0000002529652329).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

MAX_SKEW = timedelta(minutes=15)
_ALGORITHM = "SDK-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    _ALGORITHM
    + r"\s+Access=(?P<access>[^,\s]+),\s*SignedHeaders=(?P<names>[^,\s]+),\s*Signature=(?P<mac>[0-9a-f]{64})"
)


def sign_call(key: str, nonce: str, timestamp: str, body: bytes) -> str:
    """Return the lower-case hex `signature` of a V2.0 call with exactly these body bytes."""
    secret = key.encode()
    inner = hmac.new(secret, body, hashlib.sha256).hexdigest()
    text = f"{key}{nonce}{timestamp}{inner}"
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class OpenApiRequest:
    """A request as it arrived: path and query still percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


def canonical_request(request: OpenApiRequest, signed_headers: str) -> str:
    """Return the text whose hash an AK/SK signature covers."""
    names = sorted(signed_headers.split(";"))
    return "\n".join(
        [
            request.method.upper(),
            _canonical_path(request.path),
            _canonical_query(request.query),
            *(f"{name}:{request.headers.get(name, '').strip()}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )


def sign_open_api(request: OpenApiRequest, signed_headers: str, secret_access_key: str) -> str:
    """Return the lower-case hex AK/SK signature of a request that carries `x-sdk-date`."""
    digest = hashlib.sha256(canonical_request(request, signed_headers).encode()).hexdigest()
    text = "\n".join([_ALGORITHM, request.headers["x-sdk-date"], digest])
    return hmac.new(secret_access_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def why_refused(
    request: OpenApiRequest, *, access_key_id: str, secret_access_key: str, at: datetime
) -> str | None:
    """Return what is wrong with the AK/SK signature, or None if it is right."""
    sent = _AUTHORIZATION.fullmatch(request.headers.get("authorization", "").strip())
    if sent is None:
        return "Authorization header is missing or malformed"
    names = sent["names"].lower()
    if not {"host", "x-sdk-date"} <= set(names.split(";")):
        return "host and x-sdk-date must be signed"
    if (late := _why_not_now(request.headers.get("x-sdk-date", ""), at)) is not None:
        return late
    expected = sign_open_api(request, names, secret_access_key)
    known = hmac.compare_digest(sent["access"].encode(), access_key_id.encode())
    right = hmac.compare_digest(sent["mac"].encode(), expected.encode())
    return None if known and right else "access key or signature is wrong"


def _why_not_now(date: str, at: datetime) -> str | None:
    try:
        signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return "X-Sdk-Date is missing or malformed"
    return "X-Sdk-Date is more than 15 minutes off" if abs(at - signed_at) > MAX_SKEW else None


def _canonical_path(path: str) -> str:
    encoded = "/".join(_encode(segment) for segment in path.split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def _canonical_query(query: str) -> str:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return "&".join(sorted(f"{_encode(name)}={_encode(value)}" for name, _, value in pairs))


def _encode(text: str) -> str:
    return quote(unquote(text), safe="-_.~")
