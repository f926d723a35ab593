"""The signature check as a FastAPI dependency that reads the raw body."""

import hmac
import time
from typing import Annotated

from fastapi import HTTPException, Query, Request

from benchmarks.calls import KEY

_KEY = KEY.encode()
_WINDOW = 60_000


async def genuine(
    request: Request,
    signature: Annotated[str, Query()],
    timestamp: Annotated[str, Query(pattern=r"^\d{10}(\d{3})?$")],
    nonce: Annotated[str, Query(min_length=1, max_length=128)],
) -> None:
    """Let signed calls pass; raises HTTPException for others."""
    if abs(time.time() * 1000 - int(timestamp)) > _WINDOW:
        raise HTTPException(401, "timestamp")
    inner = hmac.digest(_KEY, await request.body(), "sha256").hex()
    wanted = hmac.digest(_KEY, _KEY + f"{nonce}{timestamp}{inner}".encode(), "sha256").hex()
    if not hmac.compare_digest(wanted.encode(), signature.lower().encode()):
        raise HTTPException(401, "signature")
