"""Figures of calls, as a monitoring system reads them."""

import re

from tests.edge.asking import question, unknown_instance
from tests.world import World


def count(world: World, **labels: str) -> float:
    """Add up the counted calls of address demo that carry these labels."""
    text = world.run(world.send("GET", "/metrics", "", {}, b"")).raw.decode()
    lines = re.findall(r"^koogate_calls_total\{(.*)\} (\S+)$", text, re.MULTILINE)
    wanted = [f'{name}="{value}"' for name, value in {"address": "demo", **labels}.items()]
    return sum(float(number) for found, number in lines if all(label in found for label in wanted))


def test_calls_are_counted_by_what_became_of_them(world: World) -> None:
    """Activity, code and lane are labels; probes are a lane of their own."""
    labels = [
        {"activity": "queryInstance", "code": "000000", "lane": "test"},
        {"activity": "queryInstance", "code": "000003", "lane": "live"},
    ]
    before = [count(world, **each) for each in labels]

    world.call(question())
    world.call(unknown_instance())

    assert [count(world, **each) for each in labels] == [number + 1 for number in before]


def test_what_nobody_knows_or_signed_is_no_label(world: World) -> None:
    """Made-up activities and unsigned calls are counted together, so the figures stay few."""
    before = count(world, activity="other")

    world.call({"activity": "sellTheMoon"})
    world.call(question(), key="wrong")
    world.call(None, raw=b"no json")

    assert count(world, activity="other") == before + 3
    assert count(world, activity="sellTheMoon") == 0
