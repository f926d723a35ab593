"""Cursors, opaque to the caller and a row number to us; and times."""

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any

from handlers.validation import Invalid

# Eighteen digits fit what a database takes for a row number.
_CURSOR = re.compile("r[0-9]{1,18}")


def write_cursor(row: int | None) -> str:
    """Make the cursor of the page that begins behind a row."""
    return base64.urlsafe_b64encode(b"r%d" % (row or 0)).decode().rstrip("=")


def read_cursor(cursor: str | None) -> int | None:
    """Read a cursor; raises Invalid for one that we did not make."""
    if cursor is None:
        return None
    row = _row(cursor)
    if row is None or write_cursor(row) != cursor:
        raise Invalid("cursor", "is not one of ours")
    return row


def _row(cursor: str) -> int | None:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return int(text[1:]) if _CURSOR.fullmatch(text) else None


def page(items: list[Any], rows: list[int | None], limit: int) -> dict[str, Any]:
    """Make a page of `limit` items out of one more than that, if there are so many."""
    has_more = len(items) > limit
    return {"items": items[:limit], "nextCursor": write_cursor(rows[limit - 1]) if has_more else None}


def moment(at: datetime | None) -> str | None:
    """Write a time as RFC 3339, in UTC."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def read_time(name: str, text: str | None) -> datetime | None:
    """Read a time with an offset, as UTC; raises Invalid for one that no calendar has.

    RFC 3339 knows leap seconds and the year 0, and an offset can lead out of all years.
    """
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(name, "is no time that can be compared") from None
