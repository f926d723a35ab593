"""Every test of the edge starts with no stranger counted, so that refusals are recorded."""

import pytest

from handlers.edge import Edge
from handlers.floodgate import Floodgate
from tests.world import World


@pytest.fixture(autouse=True)
def _no_strangers_yet(request: pytest.FixtureRequest) -> None:
    if "world" in request.fixturenames:
        edge_of(request.getfixturevalue("world"))._strangers = Floodgate(per_minute=60)


def edge_of(world: World) -> Edge:
    """Give the edge of the running app."""
    edge = world.app._routes["/produce/"]
    assert isinstance(edge, Edge)
    return edge
