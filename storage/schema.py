"""The schema of the database: bring it up to date, or say that it is not."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from storage.errors import SchemaOutOfDate

_HERE = Path(__file__).parent / "migrations"
# Any number that only koogate takes: one process migrates, the others wait for it.
_LOCK = 7_046_011


def migrate(engine: Engine) -> None:
    """Bring the database up to date; several processes may try at once."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def prepare(engine: Engine) -> None:
    """Make the tables in an empty database; raises SchemaOutOfDate for one of another version."""
    with engine.connect() as connection:
        current = _current(connection)
    if current is None:
        migrate(engine)
    elif current != _head():
        msg = f"the database is at version {current}, this koogate needs {_head()}: run koogate migrate"
        raise SchemaOutOfDate(msg)


def is_current(engine: Engine) -> bool:
    """Say whether the database has the tables this version needs."""
    with engine.connect() as connection:
        return _current(connection) == _head()


def answers(engine: Engine) -> bool:
    """Say whether the database answers at all."""
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    except SQLAlchemyError:
        return False
    return True


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    return config


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
