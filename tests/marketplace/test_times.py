"""The marketplace's times."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from handlers.marketplace.times import (
    format_statistical_time,
    parse_expire_time,
    parse_order_time,
    parse_timestamp_ms,
)


def test_expire_time_in_both_lengths() -> None:
    """Fourteen digits are seconds, seventeen have milliseconds; both are UTC."""
    assert parse_expire_time("20221124023618") == datetime(2022, 11, 24, 2, 36, 18, tzinfo=UTC)
    assert parse_expire_time("20221124023618256") == datetime(2022, 11, 24, 2, 36, 18, 256_000, tzinfo=UTC)
    assert parse_expire_time("20240229000000").utcoffset() == timedelta(0)


def test_order_time() -> None:
    """An order's time is fourteen digits of UTC."""
    assert parse_order_time("20241121090846") == datetime(2024, 11, 21, 9, 8, 46, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2022112402361",
        "202211240236182",
        "2022112402361825",
        "202211240236182560",
        "20221324023618",
        "20230229000000",
        "20221124240000",
        "20221124236000",
        "20221124235960",
        "00001124235959",
        "2022-11-24 02:3",
        " 2022112402361",
        "+2022112402361",
        "2022_112402361",
        "\u0662" * 14,
        "20221124T02361",
    ],
)
def test_no_such_time(text: str) -> None:
    """Other lengths, other characters and dates that the calendar lacks are refused."""
    with pytest.raises(ValueError, match=r".+"):
        parse_expire_time(text)
    with pytest.raises(ValueError, match=r".+"):
        parse_order_time(text)


def test_order_time_has_no_milliseconds() -> None:
    """Seventeen digits are no order time."""
    with pytest.raises(ValueError, match="14 digits"):
        parse_order_time("20221124023618256")


def test_statistical_time() -> None:
    """It is written in UTC with three digits of milliseconds, cut, not rounded; and reads back."""
    at = datetime(2025, 1, 1, 7, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=8)))
    assert format_statistical_time(at) == "20241231235959999"
    assert format_statistical_time(datetime(7, 1, 2, tzinfo=UTC)) == "00070102000000000"
    assert parse_expire_time(format_statistical_time(at)) == at.replace(microsecond=999_000)


def test_statistical_time_wants_an_aware_time() -> None:
    """A naive time is refused, not guessed."""
    naive = datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        format_statistical_time(naive)


def test_timestamps_in_milliseconds_and_seconds() -> None:
    """Thirteen digits are milliseconds, ten are seconds."""
    assert parse_timestamp_ms("1680508066618") == datetime(2023, 4, 3, 7, 47, 46, 618_000, tzinfo=UTC)
    assert parse_timestamp_ms("1680508066") == datetime(2023, 4, 3, 7, 47, 46, tzinfo=UTC)
    assert parse_timestamp_ms("9999999999999").year == 2286


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "168050806661",
        "16805080666180",
        "-680508066618",
        "1680508066.18",
        "\u0661" * 13,
        "1e10000000",
    ],
)
def test_no_such_timestamp(text: str) -> None:
    """Any other length or character is refused."""
    with pytest.raises(ValueError, match="10 or 13 digits"):
        parse_timestamp_ms(text)
