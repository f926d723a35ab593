"""Read what a person must know, and say that it was read.

Contract: openapi/vendor.yaml
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from handlers.clock import Clock
from handlers.settings import VendorKey
from handlers.vendor.access import may_see
from handlers.vendor.paging import page, read_cursor
from handlers.vendor.rendering import render_notice
from storage import notices
from storage.errors import NoticeNotFound
from storage.models import Notice
from storage.session import Session

_AT_ONCE = 200


def list_notices(arguments: dict[str, Any], *, session: Session, caller: VendorKey) -> dict[str, Any]:
    """List notices, oldest first, those that the key may see."""
    limit = arguments["limit"]
    seen = _seen(session, caller, read_cursor(arguments["cursor"]) or 0)
    found = list(islice(seen, limit + 1))
    return page([render_notice(notice) for notice in found], [notice.id for notice in found], limit)


def acknowledge(
    arguments: dict[str, Any], *, session: Session, now: Clock, caller: VendorKey
) -> dict[str, Any]:
    """Mark a notice as read; a repeat keeps the first time.

    Raises NoticeNotFound, for one that the key may not see, too: what was written is then taken back.
    """
    notice = notices.acknowledge(session, arguments["noticeId"], at=now())
    if not may_see(caller, _address(notice)):
        raise NoticeNotFound(str(notice.id))
    return render_notice(notice)


def _seen(session: Session, caller: VendorKey, after: int) -> Iterator[Notice]:
    while batch := notices.list_(session, after=after, limit=_AT_ONCE):
        yield from (notice for notice in batch if may_see(caller, _address(notice)))
        after = batch[-1].id or 0


def _address(notice: Notice) -> str:
    """Name the address of a notice: its subject begins with it."""
    return notice.subject.partition(" ")[0]
