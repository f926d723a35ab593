from datetime import UTC, datetime

import pytest

from handlers.simulator.periods import after, digits14, digits17, end_of_day

NEW_YEARS_EVE = datetime(2024, 12, 31, 20, 30, 15, 256_999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period_type", "number", "expected"),
    [
        ("day", 1, "20250101203015"),
        ("month", 1, "20250131203015"),
        ("month", 2, "20250228203015"),
        ("month", -1, "20241130203015"),
        ("month", 12, "20251231203015"),
        ("year", 1, "20251231203015"),
    ],
)
def test_periods_end_on_the_same_day_or_the_last_of_a_short_month(
    period_type: str, number: int, expected: str
) -> None:
    """Months and years keep the day where it exists, and end on the last one where it does not."""
    assert digits14(after(NEW_YEARS_EVE, period_type, number)) == expected


def test_leap_day_ends_a_year_later_on_the_28th() -> None:
    """A year from 29 February ends on 28 February."""
    assert digits14(after(datetime(2024, 2, 29, tzinfo=UTC), "year", 1)) == "20250228000000"


def test_unknown_period_is_refused() -> None:
    """A period that nobody sells is not guessed at."""
    with pytest.raises(ValueError, match="week"):
        after(NEW_YEARS_EVE, "week", 1)


def test_days_end_in_beijing() -> None:
    """20:30 UTC is the next day in Beijing, which ends at 15:59:59 UTC."""
    assert digits14(end_of_day(NEW_YEARS_EVE)) == "20250101155959"
    assert digits14(end_of_day(NEW_YEARS_EVE, UTC)) == "20241231235959"


def test_seventeen_digits_cut_the_microseconds() -> None:
    """Milliseconds are cut, not rounded."""
    assert digits17(NEW_YEARS_EVE) == "20241231203015256"
