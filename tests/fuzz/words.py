"""What openapi/marketplace.yaml says in words, no schema being able to: good-looking data that is refused."""

import json
import re
from datetime import UTC, datetime
from typing import Any

_LARGEST = 2**53 - 1


def refused_by_words(body: Any) -> bool:
    """Say whether a body that fits the schema must be answered 000002 all the same."""
    if not isinstance(body, dict):
        return False
    if has_nul(body):
        return True
    match body.get("activity"):
        case "refreshInstance":
            return not is_moment(body["expireTime"])
        case "changeInstanceCheck":
            return isinstance(body["productInfo"], str) and not is_product_info(body["productInfo"])
        case "queryInstance":
            return not is_list_of_ids(body["instanceId"])
        case _:
            return False


def has_nul(value: Any) -> bool:
    """Say whether a NUL hides anywhere in a JSON value, in a name too."""
    if isinstance(value, dict):
        return any(has_nul(name) or has_nul(inner) for name, inner in value.items())
    if isinstance(value, list):
        return any(has_nul(inner) for inner in value)
    return isinstance(value, str) and "\x00" in value


def is_moment(digits: str) -> bool:
    """Say whether 14 or 17 digits are a moment of the calendar."""
    year, month, day, hour, minute, second = (int(part) for part in re.findall("^....|..", digits[:14]))
    try:
        datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return False
    return True


def is_product_info(text: str) -> bool:
    """Say whether a text is a JSON object with a usable quantity, if it has one."""
    try:
        content = json.loads(text)
    except ValueError:
        return False
    if not isinstance(content, dict):
        return False
    quantity = content.get("linearValue")
    if isinstance(quantity, str):
        return re.fullmatch("[0-9]{1,15}", quantity) is not None
    return quantity is None or (type(quantity) is int and 0 <= quantity <= _LARGEST)


def is_list_of_ids(text: str) -> bool:
    """Say whether a text is one to a hundred ids with commas between them."""
    ids = text.split(",")
    return len(ids) <= 100 and all(part.strip() for part in ids)
