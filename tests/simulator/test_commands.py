"""`koogate simulate` as a person types it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from handlers.simulator.commands import app
from handlers.simulator.state import State
from tests.simulator.seller import code, open_seller

STEPS = ["query", "check", "renew", "freeze", "unfreeze", "upgrade", "release", "probe"]


def run(command: str, address: str, state: Path, *more: str) -> tuple[int, str]:
    """Run a subcommand; return its exit code and output."""
    options = ["--address", address, "--state", str(state), *more]
    environment = {"KOOGATE_SIMULATOR_KEY": "k", "COLUMNS": "200"}
    result = CliRunner().invoke(app, [command, *options], env=environment)
    return result.exit_code, result.output


def test_purchase_and_all_that_follows(tmp_path: Path) -> None:
    """Every subcommand works on the last purchase of the state file and exits with 0."""
    state = tmp_path / "state.db"
    with open_seller() as seller:
        bought, output = run("purchase", seller.address, state, "--period", "year", "--deliveries", "3")
        codes = [run(step, seller.address, state)[0] for step in STEPS]
    assert (bought, codes) == (0, [0] * len(STEPS))
    assert "https://app.example.com" in output
    assert "000000 成功 succeeded" in output
    assert seller.activities().count("newInstance") == 4
    assert State(state).last_subscription().state == "released"


@pytest.mark.parametrize("command", ["purchase", "probe"])
def test_refusing_seller_makes_it_fail(tmp_path: Path, command: str) -> None:
    """A finding is printed in the page's words and ends in exit code 1."""
    more = ["--attempts", "1"] if command == "purchase" else []
    with open_seller(lambda _body, _n: code("000001")) as seller:
        exit_code, output = run(command, seller.address, tmp_path / "state.db", *more)
    assert exit_code == 1
    assert "调用失败,生产接口resultCode返回错误" in output
    assert "鉴权失败 authentication failed" in output


def test_nothing_bought_yet_is_said(tmp_path: Path) -> None:
    """Without a purchase there is nothing to freeze: exit code 1 and a sentence, no traceback."""
    exit_code, output = run("freeze", "http://127.0.0.1:9/", tmp_path / "state.db")
    assert exit_code == 1
    assert "knows no such purchase" in output
