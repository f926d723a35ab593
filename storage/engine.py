"""Engines: one way to open a database, whatever it is."""

from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

__all__ = ["Engine", "create_engine", "create_writer_engine", "is_sqlite", "is_supported", "sqlite_path"]

_PRAGMAS = ("journal_mode=wal", "synchronous=full", "busy_timeout=30000", "foreign_keys=on")


def is_sqlite(url: str) -> bool:
    """Say whether the address names an SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def is_supported(url: str) -> bool:
    """Say whether koogate can keep its data there: SQLite, or PostgreSQL through psycopg."""
    return make_url(url).drivername in {"sqlite", "postgresql+psycopg"}


def sqlite_path(url: str) -> Path:
    """Give the file of an SQLite address; raises ValueError for a database in memory."""
    name = make_url(url).database
    if not name or name == ":memory:":
        msg = "a database in memory forgets orders; name a file"
        raise ValueError(msg)
    return Path(name)


def create_engine(url: str, *, pool_size: int = 8) -> Engine:
    """Make the engine for readers and for durable work.

    SQLite connections get WAL and synchronous=FULL: a commit that was answered survives a power cut.
    Their transactions begin IMMEDIATE, since a reader that turns writer half-way fails at once.
    """
    if not is_sqlite(url):
        return _create(url, pool_size=pool_size, max_overflow=4, pool_pre_ping=True)
    engine = _create(url, pool_size=pool_size, max_overflow=16)
    event.listen(engine, "connect", _prepare_immediate)
    return engine


def _create(url: str, **options: Any) -> Engine:
    # An error that is logged must not carry what was written: nonces, order ids, a buyer's data.
    return sqlalchemy.create_engine(url, hide_parameters=True, **options)


def create_writer_engine(url: str) -> Engine:
    """Make the engine of the one SQLite writer thread, which begins its transactions itself.

    It is apart from the other engine because the durable-work library begins its own transactions, and
    a second BEGIN would fail there.
    """
    engine = _create(url, pool_size=1, max_overflow=0)
    event.listen(engine, "connect", _prepare_explicit)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_immediate(connection: Any, _record: Any) -> None:
    connection.isolation_level = "IMMEDIATE"
    _apply_pragmas(connection)


def _prepare_explicit(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    _apply_pragmas(connection)


def _apply_pragmas(connection: Any) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"pragma {pragma}")


def _begin_immediate(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
