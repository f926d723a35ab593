"""Sign our calls of the marketplace's open APIs with the seller's AK/SK (SDK-HMAC-SHA256).

Source: API签名指南, and 获取AK/SK认证 of the open API guide (zh-cn_topic_0000002529652329).
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

ALGORITHM = "SDK-HMAC-SHA256"

_DEFAULT_PORTS = {"https": ":443", "http": ":80"}
_OURS = frozenset({"host", "x-sdk-date", "authorization"})


def sign(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    access_key_id: str,
    secret_access_key: str,
    at: datetime,
) -> dict[str, str]:
    """Return the headers to add to the request: `X-Sdk-Date`, `Authorization` and `Host`.

    Every header given is signed, so it must be sent unchanged; `Host`, `X-Sdk-Date` and `Authorization` among
    them are replaced. Host is part of the signature: sign again for another host. The gateway refuses a time
    more than 15 minutes off. Raises ValueError for a naive `at` or a URL without a host.
    """
    if at.tzinfo is None:
        msg = "the time of a signature must be aware"
        raise ValueError(msg)
    date = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    host = _host(urlsplit(url))
    signed = {name: value for name, value in headers.items() if name.lower() not in _OURS}
    signed |= {"Host": host, "X-Sdk-Date": date}
    request = canonical_request(method, url, signed, body)
    text = f"{ALGORITHM}\n{date}\n{hashlib.sha256(request).hexdigest()}"
    signature = hmac.digest(secret_access_key.encode(), text.encode(), "sha256").hex()
    authorization = (
        f"{ALGORITHM} Access={access_key_id}, SignedHeaders={_signed_names(signed)}, Signature={signature}"
    )
    return {"X-Sdk-Date": date, "Authorization": authorization, "Host": host}


def canonical_request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the request in the one spelling both sides hash; `headers` are those signed, with host and date.

    The path ends with `/` here even if the request line does not. A `+` in the query is a plus, not a blank.
    """
    parts = urlsplit(url)
    lines = sorted((name.lower(), value.strip()) for name, value in headers.items())
    text = "\n".join(
        (
            method.upper(),
            _path(parts.path),
            _query(parts.query),
            "".join(f"{name}:{value}\n" for name, value in lines),
            _signed_names(headers),
            hashlib.sha256(body).hexdigest(),
        ),
    )
    return text.encode()


def _signed_names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(name.lower() for name in headers))


def _host(parts: SplitResult) -> str:
    if not parts.hostname:
        msg = "a URL to sign needs a host"
        raise ValueError(msg)
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix(_DEFAULT_PORTS.get(parts.scheme, ":443"))


def _encoded(text: str) -> str:
    """Percent-encode all but the unreserved characters, whether or not the text was encoded already."""
    return quote(unquote_to_bytes(text), safe="")


def _path(path: str) -> str:
    encoded = "/".join(map(_encoded, path.split("/")))
    return encoded if encoded.endswith("/") else encoded + "/"


def _query(query: str) -> str:
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(
        f"{name}={value}" for name, value in sorted((_encoded(n), _encoded(v)) for n, _, v in pairs)
    )
