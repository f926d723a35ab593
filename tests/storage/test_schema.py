"""Migrations: fresh, repeated, by several processes at once, refused when out of date, and as the models."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

import storage.models
from handlers.workflows import durable
from storage import schema
from storage.engine import create_engine
from storage.errors import SchemaOutOfDate
from tests.storage.conftest import Place

ROOT = Path(__file__).parents[2]
_START = """
import sys
from handlers.workflows import durable
from storage import schema
from storage.engine import create_engine

sys.stdin.readline()
engine = create_engine(sys.argv[1])
schema.prepare(engine)
durable.prepare(sys.argv[1])
assert schema.is_current(engine)
"""


def ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave the tables of the durable-work library out; on SQLite they lie beside ours."""
    return kind != "table" or name in SQLModel.metadata.tables


def test_the_models_are_what_the_migrations_make(place: Place) -> None:
    """Columns, types, keys, indexes: the comparison finds no difference."""
    assert storage.models.__all__
    durable.prepare(place.url)
    with place.engine.connect() as connection:
        options = {"compare_type": True, "include_object": ours}
        context = MigrationContext.configure(connection, opts=options)

        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_comparison_finds_a_difference(place: Place) -> None:
    """Else the test above could not fail."""
    with place.engine.begin() as connection:
        connection.execute(text("drop index ix_calls_order"))
        connection.execute(text("alter table notices drop column message"))
    with place.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})

        assert {difference[0] for difference in compare_metadata(context, SQLModel.metadata)} == {
            "add_index",
            "add_column",
        }


def test_an_empty_database_gets_its_tables(empty_url: str) -> None:
    """`serve` on a new database needs no other command."""
    engine = create_engine(empty_url)
    assert not schema.is_current(engine)

    schema.prepare(engine)

    assert schema.is_current(engine)
    assert set(SQLModel.metadata.tables) <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_migrating_again_keeps_what_is_there(place: Place) -> None:
    """A repeat changes nothing."""
    with place.engine.begin() as connection:
        connection.execute(text("insert into executors (id, seen_at) values ('one', '2026-01-01')"))

    schema.migrate(place.engine)
    schema.prepare(place.engine)

    with place.engine.connect() as connection:
        assert connection.execute(text("select id from executors")).scalars().all() == ["one"]


def test_a_database_of_another_version_is_refused(place: Place) -> None:
    """The text names both versions and the command that helps."""
    with place.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0000'"))

    with pytest.raises(
        SchemaOutOfDate, match=r"at version 0000, this koogate needs \d{4}: run koogate migrate"
    ):
        schema.prepare(place.engine)
    assert not schema.is_current(place.engine)


@pytest.mark.slow
@pytest.mark.parametrize("empty_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_processes_that_start_together_make_the_tables_once(empty_url: str) -> None:
    """Four processes on one empty database: each finds all tables, ours and those of the durable work."""
    command = [sys.executable, "-c", _START, empty_url]
    started = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    try:
        for process in started:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        errors = [process.communicate(timeout=90)[1] for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()

    assert [process.returncode for process in started] == [0] * 4, errors


def test_a_database_that_is_away_does_not_answer(tmp_path: Path) -> None:
    """Readiness says no instead of raising."""
    engine = create_engine(f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}")

    assert not schema.answers(engine)
    engine.dispose()
