"""Health: live always, ready only while calls can be answered."""

from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest

from handlers import health
from handlers.contracts import load_contract
from handlers.readiness import Readiness
from handlers.validation import draft4
from storage.engine import create_engine
from tests.world import Reply, World

pytestmark = pytest.mark.usefixtures("world")

NOWHERE = "postgresql+psycopg://koogate@127.0.0.1:1/koogate?connect_timeout=2"


def get(world: World, path: str, *, method: str = "GET") -> Reply:
    """Ask without a key."""
    return world.run(world.send(method, path, "", {}, b""))


def fits(path: str, reply: Reply) -> bool:
    """Say whether an answer is what openapi/health.yaml promises."""
    responses = load_contract("health.yaml")["paths"][path]["get"]["responses"]
    schema = responses[str(reply.status)]["content"]["application/json"]["schema"]
    return bool(jsonschema_rs.Draft4Validator(draft4(schema)).is_valid(reply.json))


def test_live_asks_nobody(world: World) -> None:
    """The process answers: that is all."""
    reply = get(world, "/health/live")

    assert (reply.status, reply.json) == (200, {"status": "ok"})
    assert fits("/health/live", reply)


def test_ready_names_what_it_rests_on(world: World) -> None:
    """Database, tables and durable work are well."""
    reply = get(world, "/health/ready")

    assert (reply.status, reply.json["status"]) == (200, "ok")
    assert reply.json["checks"] == {"database": "ok", "migrations": "ok", "workflows": "ok"}
    assert fits("/health/ready", reply)


@pytest.mark.parametrize("kind", ["server", "folder"])
def test_not_ready_when_the_database_is_gone(world: World, tmp_path: Path, kind: str) -> None:
    """503 says which check failed, and the process stays alive."""
    gone = {"server": NOWHERE, "folder": f"sqlite:///{tmp_path / 'none' / 'koogate.db'}"}
    assert world.app.services is not None
    services = replace(world.app.services, readiness=Readiness(create_engine(gone[kind])))
    app = health.create_health_app(services)
    world_of_it = replace(world, app=app)

    reply = get(world_of_it, "/health/ready")

    assert (reply.status, reply.json["status"]) == (503, "unavailable")
    assert reply.json["checks"] == {"database": "failed", "migrations": "failed", "workflows": "ok"}
    assert fits("/health/ready", reply)
    assert get(world_of_it, "/health/live").status == 200


def test_not_ready_with_the_tables_of_another_version(tmp_path: Path) -> None:
    """A database that answers and has no tables of ours is not enough."""
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")

    assert Readiness(engine).check() == {"database": True, "migrations": False, "workflows": True}
    engine.dispose()


def test_not_ready_when_the_durable_work_stopped(world: World) -> None:
    """Calls that nobody carries on should go to another process."""
    assert world.app.services is not None
    engine = create_engine(world.database_url)
    readiness = Readiness(engine)
    readiness.watch(lambda: False)

    status, content = health.ready(replace(world.app.services, readiness=readiness))

    assert (status, content["checks"]["workflows"]) == (503, "failed")
    engine.dispose()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/none", 404),
        ("POST", "/health/live", 405),
        ("GET", "/nothing", 404),
        ("GET", "/", 404),
    ],
)
def test_what_is_not_there_is_a_problem_document(world: World, method: str, path: str, status: int) -> None:
    """Whoever asks for the wrong thing is told so in one way."""
    reply = get(world, path, method=method)

    assert (reply.status, reply.json["status"]) == (status, status)
    assert reply.header(b"content-type") == "application/problem+json"
