"""The vendor API under its contract: every answer of these tests is held against openapi/vendor.yaml."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest

from handlers.contracts import load_contract
from handlers.validation import draft4
from tests.product import Answer
from tests.world import VENDOR_TOKEN, Reply, World, new_instance

READER = "reader-token-for-tests"
DEMO_ONLY = "demo-only-token-for-tests"


@dataclass(frozen=True)
class Api:
    """Call the vendor API; an answer that the contract does not describe fails the test."""

    world: World

    def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = VENDOR_TOKEN
    ) -> Reply:
        """Call below /vendor/v1."""
        reply = self.world.vendor(method, path, body, token=token)
        hold_against_contract(method, path, reply)
        return reply

    def raw(self, method: str, path: str, raw: bytes = b"", **headers: str) -> Reply:
        """Call with headers and bytes as given; `authorization` is added if it is missing."""
        given = {"authorization": f"Bearer {VENDOR_TOKEN}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        route, _, query = path.partition("?")
        reply = self.world.run(self.world.send(method, f"/vendor/v1{route}", query, given, raw))
        hold_against_contract(method, path, reply)
        return reply

    def items(self, path: str, *, token: str = VENDOR_TOKEN) -> list[dict[str, Any]]:
        """Read a whole list, two items a page."""
        found: list[dict[str, Any]] = []
        join = "&" if "?" in path else "?"
        cursor = ""
        while True:
            page = self("GET", f"{path}{join}limit=2{cursor}", token=token).json
            found += page["items"]
            if page["nextCursor"] is None:
                return found
            cursor = f"&cursor={page['nextCursor']}"

    def refused(
        self, status: int, method: str, path: str, body: Any = None, **options: Any
    ) -> dict[str, Any]:
        """Call what must be refused with that status, and give the problem document."""
        reply = self(method, path, body, **options)
        assert reply.status == status, reply.raw
        problem: dict[str, Any] = reply.json
        return problem


@pytest.fixture
def api(world: World) -> Api:
    """Give the vendor API of the world."""
    return Api(world)


def hold_against_contract(method: str, path: str, reply: Reply) -> None:
    """Check status, media type and body against the operation, or else against the problem schema."""
    media_type = reply.header(b"content-type") or ""
    content = _content(method, path.partition("?")[0], reply.status)
    assert media_type in content, (method, path, reply.status, media_type)
    schema = draft4(_closed(content[media_type]["schema"]))
    jsonschema_rs.Draft4Validator(schema, validate_formats=True).validate(reply.json)
    if media_type == "application/problem+json":
        assert reply.json["status"] == reply.status


def _content(method: str, path: str, status: int) -> Mapping[str, Any]:
    contract = load_contract("vendor.yaml")
    for template, operations in contract["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            response = operations.get(method.lower(), {}).get("responses", {}).get(str(status))
            if response is not None:
                found: Mapping[str, Any] = response["content"]
                return found
    assert status in {401, 404, 405, 413}, "an answer that the contract does not know"
    return {"application/problem+json": {"schema": contract["components"]["schemas"]["Problem"]}}


def _closed(schema: Any) -> Any:
    """Forbid members that the contract does not describe: what slips out of the server must be seen here."""
    if isinstance(schema, list | tuple):
        return [_closed(inner) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    closed = {name: _closed(inner) for name, inner in schema.items()}
    if "properties" in closed and closed.get("type") == "object":
        closed["additionalProperties"] = False
    return closed


def buy_with(world: World, answer: Answer, *, address: str = "hasty", **order: Any) -> str:
    """Buy something to whose provisioning the product answers that, and give the instance id."""
    body = new_instance(world.gallery.place(**order))
    world.product.answers[body["businessId"]] = [answer]
    world.call(body, address=address)
    return body["businessId"]


def wait_for_change(world: World, instance_id: str, state: str) -> dict[str, Any]:
    """Wait until the last change of an instance is in a state, and give it."""
    world.until(lambda: [change["state"] for change in world.changes(instance_id)][-1:] == [state])
    return world.changes(instance_id)[-1]


@contextmanager
def every_answer(world: World, answer: Answer) -> Iterator[None]:
    """Have the product give that answer to everything, for the block."""
    world.product.default[:] = [answer]
    yield
    world.product.default.clear()
