"""Times go in aware and come out aware, in UTC, to the microsecond."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from storage import executors
from tests.storage.conftest import Place

CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 1, 7, 59, 59, 999999, tzinfo=CHINA),
        datetime(2026, 6, 30, 23, 30, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_a_moment_comes_back_as_itself(place: Place, moment: datetime) -> None:
    """Whatever zone it was given in, it is the same moment, and aware."""
    place.unit_of_work.run_now(lambda session: executors.beat(session, "me", at=moment))

    found = place.unit_of_work.run_now(
        lambda session: session.execute(executors._T.select()).one()._mapping["seen_at"]
    )

    assert found == moment
    assert found.tzinfo is UTC


def test_a_moment_is_stored_in_utc(place: Place) -> None:
    """So that moments compare rightly within the database."""
    at = datetime(2026, 1, 1, 1, 0, tzinfo=CHINA)
    place.unit_of_work.run_now(lambda session: executors.beat(session, "me", at=at))
    column = "seen_at" if place.kind == "sqlite" else "seen_at at time zone 'UTC'"

    with place.engine.connect() as connection:
        stored = str(connection.execute(text(f"select {column} from executors")).scalar())  # noqa: S608

    assert stored.startswith("2025-12-31 17:00:00")


def test_moments_of_different_zones_are_compared_as_moments(place: Place) -> None:
    """Nine in China is before two in London."""
    nine = datetime(2026, 1, 1, 9, 0, tzinfo=CHINA)
    two = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
    place.unit_of_work.run_now(lambda session: executors.beat(session, "china", at=nine))

    def alive(since: datetime) -> set[str]:
        return place.unit_of_work.run_now(lambda session: executors.list_alive(session, since=since))

    assert alive(two) == set()
    assert alive(nine) == {"china"}


def test_a_time_without_a_zone_is_refused(place: Place) -> None:
    """Nobody could say which moment it was."""
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the point

    with pytest.raises(StatementError, match="without a zone"):
        place.unit_of_work.run_now(lambda session: executors.beat(session, "me", at=naive))
