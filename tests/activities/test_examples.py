"""Every example of the activities' contracts, signed and sent: the contract says what is answered."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.world import World

ROOT = Path(__file__).parents[2]


def examples() -> list[Any]:
    """Give every request of the contracts with the answer that it promises."""
    return [
        pytest.param(example["value"], example["x-answer"], id=f"{path.stem}-{name}")
        for path in sorted((ROOT / "openapi/activities").glob("*.yaml"))
        for section in ("Examples", "Refused")
        for name, example in yaml.safe_load(path.read_text(encoding="utf-8"))[section].items()
    ]


@pytest.mark.parametrize(("body", "promised"), examples())
def test_an_example_is_answered_as_its_contract_says(
    world: World, body: dict[str, Any], promised: dict[str, str]
) -> None:
    """Each member of `x-answer` is in the answer."""
    reply = world.call(body)

    assert (reply.status, reply.header(b"content-type")) == (200, "application/json")
    assert {name: reply.json.get(name) for name in promised} == promised
    assert reply.json["resultMsg"]
