"""Read what a person must know, and say that it was read.

Contract: openapi/vendor.yaml
"""

from typing import Any

from handlers.clock import Clock
from handlers.vendor.paging import page, read_cursor
from handlers.vendor.rendering import render_notice
from storage import notices
from storage.session import Session


def list_notices(arguments: dict[str, Any], *, session: Session) -> dict[str, Any]:
    """List notices, oldest first."""
    limit = arguments["limit"]
    found = notices.list_(session, after=read_cursor(arguments["cursor"]) or 0, limit=limit + 1)
    items = [render_notice(notice) for notice in found[:limit]]
    return page([*items, *found[limit:]], [notice.id for notice in found], limit)


def acknowledge(arguments: dict[str, Any], *, session: Session, now: Clock) -> dict[str, Any]:
    """Mark a notice as read; a repeat keeps the first time. Raises NoticeNotFound."""
    return render_notice(notices.acknowledge(session, arguments["noticeId"], at=now()))
