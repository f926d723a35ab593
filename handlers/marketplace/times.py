"""Read and write the marketplace's times, which are digits without separators, in UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_DIGITS = 10
_MILLISECONDS_DIGITS = 13
_TO_SECONDS = 14
_TO_MILLISECONDS = 17


def parse_expire_time(text: str) -> datetime:
    """Read `yyyyMMddHHmmss`, or the same with three digits of milliseconds.

    The guide's table has 14 digits and its example 17 (更新实例, zh-cn_topic_0070649429).
    Raises ValueError for anything else and for dates the calendar does not have.
    """
    return _calendar(text, _TO_SECONDS, _TO_MILLISECONDS)


def parse_order_time(text: str) -> datetime:
    """Read `yyyyMMddHHmmss` of an order (查询订单, zh-cn_topic_0070649466).

    Raises ValueError for anything else and for dates the calendar does not have.
    """
    return _calendar(text, _TO_SECONDS)


def format_statistical_time(at: datetime) -> str:
    """Write `yyyyMMddHHmmssSSS` in UTC, cut to milliseconds; raises ValueError for a naive time."""
    if at.tzinfo is None:
        msg = "a time to send must be aware"
        raise ValueError(msg)
    utc = at.astimezone(UTC)
    # Not strftime: it does not pad years before 1000 on every platform.
    day = f"{utc.year:04}{utc.month:02}{utc.day:02}"
    return f"{day}{utc.hour:02}{utc.minute:02}{utc.second:02}{utc.microsecond // 1000:03}"


def parse_timestamp_ms(text: str) -> datetime:
    """Read the `timestamp` of a signed call: 13 digits of milliseconds, or 10 of seconds.

    Some pages of the guide say seconds, every example has milliseconds. Raises ValueError for anything else.
    """
    _check_digits(text, _SECONDS_DIGITS, _MILLISECONDS_DIGITS)
    milliseconds = int(text) if len(text) == _MILLISECONDS_DIGITS else int(text) * 1000
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _calendar(text: str, *lengths: int) -> datetime:
    _check_digits(text, *lengths)
    microsecond = int(text[_TO_SECONDS:] or "0") * 1000
    month, day, hour, minute, second = (int(text[i : i + 2]) for i in range(4, _TO_SECONDS, 2))
    return datetime(int(text[:4]), month, day, hour, minute, second, microsecond, tzinfo=UTC)


def _check_digits(text: str, *lengths: int) -> None:
    # isdecimal alone would take digits of other scripts.
    if len(text) not in lengths or not (text.isascii() and text.isdecimal()):
        msg = f"a time of {' or '.join(map(str, lengths))} digits was expected"
        raise ValueError(msg)
