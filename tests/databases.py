"""Databases for tests: a new SQLite file, or a new database on a real PostgreSQL server."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_DEFAULT = "postgresql://root@127.0.0.1:5432/postgres"


def postgres_server() -> str | None:
    """Give the address of the PostgreSQL server to test on, or None if none answers."""
    address = os.environ.get("KOOGATE_TEST_POSTGRES", _DEFAULT)
    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return None
    return address


@contextmanager
def new_database(kind: str, directory: Path) -> Iterator[str]:
    """Make an empty database and give its URL; it is dropped at the end."""
    if kind == "sqlite":
        yield f"sqlite:///{directory / f'{secrets.token_hex(6)}.db'}"
        return
    server = postgres_server()
    if server is None:
        pytest.skip("no PostgreSQL answers (KOOGATE_TEST_POSTGRES, else 127.0.0.1:5432): not tested on it")
    name = f"koogate_test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    base = server.rpartition("/")[0].replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        yield f"{base}/{name}"
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')
