"""When what a buyer pays for ends, and how the marketplace writes times."""

import calendar
from datetime import UTC, datetime, timedelta, timezone, tzinfo

BEIJING = timezone(timedelta(hours=8))
_MONTHS = {"month": 1, "year": 12}


def after(start: datetime, period_type: str, number: int) -> datetime:
    """Return the moment `number` days, months or years after `start`; short months are clamped."""
    if period_type == "day":
        return start + timedelta(days=number)
    if period_type not in _MONTHS:
        message = f"period type must be day, month or year, not {period_type!r}"
        raise ValueError(message)
    years, month = divmod(start.month - 1 + _MONTHS[period_type] * number, 12)
    year, month = start.year + years, month + 1
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))


def end_of_day(moment: datetime, zone: tzinfo = BEIJING) -> datetime:
    """Return 23:59:59 of that day in the zone, as UTC (the order page shows 15:59:59, Beijing's midnight)."""
    return moment.astimezone(zone).replace(hour=23, minute=59, second=59, microsecond=0).astimezone(UTC)


def digits14(moment: datetime) -> str:
    """Return `yyyyMMddHHmmss` in UTC, as orders are written."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def digits17(moment: datetime) -> str:
    """Return `yyyyMMddHHmmssSSS` in UTC, as `expireTime` of refreshInstance is written."""
    return digits14(moment) + f"{moment.microsecond // 1000:03d}"
