"""Fixtures of the storage tests: an empty database of each kind, and one with all tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine

from storage import schema
from storage.engine import create_engine
from storage.sealing import Sealer
from storage.unit_of_work import UnitOfWork, create_unit_of_work
from tests.databases import new_database


@dataclass(frozen=True)
class Place:
    """A database with all tables: its address, an engine to look on with, and where jobs run."""

    url: str
    engine: Engine
    unit_of_work: UnitOfWork

    @property
    def kind(self) -> str:
        """Which database it is."""
        return self.engine.dialect.name


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give an empty database of each kind."""
    with new_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def place(empty_url: str) -> Iterator[Place]:
    """Give a database with all tables."""
    engine = create_engine(empty_url)
    schema.prepare(engine)
    sealer = Sealer([Fernet.generate_key().decode()])
    unit_of_work = create_unit_of_work(empty_url, engine, sealer)
    yield Place(empty_url, engine, unit_of_work)
    unit_of_work.close()
    engine.dispose()
