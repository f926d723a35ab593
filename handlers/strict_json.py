"""Read JSON that nobody can read in two ways.

Whoever signs a body with a name twice, a NaN or a byte order mark would have us guess; so each of these is
refused, with a message that names it and never quotes a value.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

_LONGEST_NUMBER = 64
# Whoever looks into a body may go down recursively, and no call of the marketplace is deeper than five.
_DEEPEST = 64
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE_THAT_NEEDS_A_LOOK = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class Malformed(Exception):
    """The body is no JSON that we take; the text says why."""


def read_object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object; raises Malformed."""
    text = _decode(raw)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        msg = f"the body is not JSON (at character {error.pos})"
        raise Malformed(msg) from None
    except RecursionError:
        msg = "the body is nested too deeply"
        raise Malformed(msg) from None
    if not isinstance(value, dict):
        msg = "the body is not a JSON object"
        raise Malformed(msg)
    if raw.count(b"{") + raw.count(b"[") > _DEEPEST:
        _check_depth(value)
    if _ESCAPE_THAT_NEEDS_A_LOOK.search(raw):
        _check_characters(value)
    return value


def _decode(raw: bytes) -> str:
    if not raw.strip():
        msg = "the body is empty"
        raise Malformed(msg)
    if raw.startswith(_BYTE_ORDER_MARKS):
        msg = "the body begins with a byte order mark"
        raise Malformed(msg)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"the body is not UTF-8 (at byte {error.start})"
        raise Malformed(msg) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = f"the name {_first_repeated(pairs)[:64]!a} stands twice in an object"
        raise Malformed(msg)
    return found


def _first_repeated(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    return next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        msg = f"a number has more than {_LONGEST_NUMBER} digits"
        raise Malformed(msg)
    return int(digits)


def _decimal(digits: str) -> float:
    number = float(digits)
    if len(digits) > _LONGEST_NUMBER or number in {float("inf"), float("-inf")}:
        msg = f"a number is too large or has more than {_LONGEST_NUMBER} digits"
        raise Malformed(msg)
    return number


def _constant(name: str) -> NoReturn:
    msg = f"{name} is not JSON"
    raise Malformed(msg)


def _check_depth(value: Any) -> None:
    """Refuse what is nested deeper than anybody needs; one level after the other, so any depth is counted."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
        if not level:
            return
    msg = "the body is nested too deeply"
    raise Malformed(msg)


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _check_characters(value: Any) -> None:
    """Refuse characters that are none, and NUL, which a database cannot hold."""
    match value:
        case str():
            if "\x00" in value or _LONE_SURROGATE.search(value):
                msg = "a text has a NUL or half of a surrogate pair"
                raise Malformed(msg)
        case dict():
            for name, inner in value.items():
                _check_characters(name)
                _check_characters(inner)
        case list():
            for inner in value:
                _check_characters(inner)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_decimal, parse_constant=_constant
)
