"""Fixtures of every test: the world, once on SQLite and once on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests.databases import new_database
from tests.world import World, running_world


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shared_world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the assembled app, running on one database after the other."""
    directory = tmp_path_factory.mktemp("world")
    with new_database(request.param, directory) as url, running_world(url) as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """Give the world, its faults and its clock set back after the test."""
    yield shared_world
    shared_world.clock.ahead = type(shared_world.clock.ahead)()
    shared_world.gallery.faults.clear()
    shared_world.product.default.clear()
    shared_world.product.answers.clear()
