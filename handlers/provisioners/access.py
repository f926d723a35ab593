"""Access data as the marketplace can take it.

Source: 查询实例信息, zh-cn_topic_0070649428 (AppInfo and its lengths).
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from handlers.marketplace.appinfo import LIMITS
from handlers.provisioners.contract import Access, ProductRefused

# The buyer's browser follows these, so nothing but a web page may stand there.
_WEB_PAGE = re.compile(r"https?://[^\s/?#\x00-\x20\x7f]+[^\s\x00-\x20\x7f]*", re.IGNORECASE)
_MEMBERS = dict(zip((each.name for each in fields(Access)), LIMITS, strict=True))


def read_access(answer: Mapping[str, Any]) -> Access:
    """Read the camelCase members of an answer.

    An empty optional member counts as absent. Raises ProductRefused naming the member (never its value) that
    is missing, of the wrong type, no web address or too long.
    """
    values = {name: answer.get(member) for name, member in _MEMBERS.items()}
    optional = {name: value for name, value in values.items() if value not in (None, "")}
    return within_limits(Access(**{"front_end_url": "", **optional}))


def within_limits(access: Access) -> Access:
    """Give the access back if the marketplace can take it.

    Raises ProductRefused naming the member (never its value) that it cannot take.
    """
    for name, member in _MEMBERS.items():
        trouble = _trouble(name, getattr(access, name))
        if trouble:
            raise ProductRefused(f"access data: {member} {trouble}")
    return access


def _trouble(name: str, value: Any) -> str:
    if value is None and name != "front_end_url":
        return ""
    if value is None or value == "":
        return "is missing" if name == "front_end_url" else ""
    if not isinstance(value, str) or not _is_text(value):
        return "is not text"
    limit = LIMITS[_MEMBERS[name]]
    if len(value) > limit:
        return f"is longer than {limit} characters"
    if name.endswith("_url") and not _WEB_PAGE.fullmatch(value):
        return "is not an http or https address"
    return ""


def _is_text(value: str) -> bool:
    """Say whether it can be stored: no half character (PostgreSQL and UTF-8), no NUL (PostgreSQL)."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in value
