"""Cursors: opaque to the caller, a row number to us."""

import base64
import binascii
from datetime import datetime
from typing import Any

from handlers.validation import Invalid


def write_cursor(row: int | None) -> str:
    """Make the cursor of the page that begins behind a row."""
    return base64.urlsafe_b64encode(b"r%d" % (row or 0)).decode().rstrip("=")


def read_cursor(cursor: str | None) -> int | None:
    """Read a cursor; raises Invalid for one that we did not make."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        row = int(text.removeprefix("r")) if text.startswith("r") and text[1:].isdecimal() else -1
    except (binascii.Error, ValueError):
        row = -1
    if not 0 <= row < 2**63:
        raise Invalid("cursor", "is not one of ours")
    return row


def page(items: list[Any], rows: list[int | None], limit: int) -> dict[str, Any]:
    """Make a page of `limit` items out of one more than that, if there are so many."""
    has_more = len(items) > limit
    return {"items": items[:limit], "nextCursor": write_cursor(rows[limit - 1]) if has_more else None}


def moment(at: datetime | None) -> str | None:
    """Write a time as RFC 3339, in UTC."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")
