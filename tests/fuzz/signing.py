"""Signatures laid over the final bytes of a request, whatever the fuzzer made of it."""

import secrets
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from handlers.simulator.signing import OpenApiRequest, sign_call, sign_open_api

ACCESS_KEY = "access-key-of-the-fuzzed-address"
ACCESS_KEY_ID, SECRET_ACCESS_KEY = "FUZZAK", "fuzz-secret-access-key"
_SIGNED_HEADERS = "host;x-sdk-date"


def body_of(request: PreparedRequest) -> bytes:
    """Give the bytes that will be sent."""
    body = request.body or b""
    if isinstance(body, str):
        return body.encode()
    assert isinstance(body, bytes), "a stream cannot be signed"
    return body


class MarketplaceSignature(AuthBase):
    """Sign as KooGallery signs its calls: time, nonce and body, in the URL."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the three signed parameters."""
        timestamp, nonce = str(time.time_ns() // 1_000_000), secrets.token_hex(16)
        signature = sign_call(ACCESS_KEY, nonce, timestamp, body_of(request))
        request.prepare_url(
            str(request.url), {"signature": signature, "timestamp": timestamp, "nonce": nonce}
        )
        return request


class OpenApiSignature(AuthBase):
    """Sign as a seller signs what he asks of KooGallery: AK/SK, in the headers."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the time and the Authorization header."""
        parts = urlsplit(str(request.url))
        headers = {"host": parts.netloc, "x-sdk-date": f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"}
        asked = OpenApiRequest(str(request.method), parts.path, parts.query, headers, body_of(request))
        mac = sign_open_api(asked, _SIGNED_HEADERS, SECRET_ACCESS_KEY)
        request.headers["X-Sdk-Date"] = headers["x-sdk-date"]
        request.headers["Authorization"] = (
            f"SDK-HMAC-SHA256 Access={ACCESS_KEY_ID}, SignedHeaders={_SIGNED_HEADERS}, Signature={mac}"
        )
        return request
