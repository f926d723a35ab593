"""Do one thing to an address and show a person every call, answer and complaint."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape

from handlers.clock import utc_now
from handlers.simulator.codes import DONE
from handlers.simulator.delivery import Options
from handlers.simulator.exchange import Reply
from handlers.simulator.marketplace import Marketplace, access_data
from handlers.simulator.report import add_call, call_table, complaint_lines
from handlers.simulator.state import PurchaseNotFoundError, State


@dataclass(frozen=True, slots=True)
class Target:
    """The production address, its key, the state file, and how often a failed call is delivered."""

    address: str
    key: str = field(repr=False)
    state: Path
    attempts: int = 1


def on_instance(
    title: str, target: Target, instance: str | None, act: Callable[[Marketplace, str], Reply]
) -> None:
    """Do it to the instance, by default the last one bought; exit with 1 unless all went well."""

    def do(marketplace: Marketplace) -> bool:
        instance_id = instance or marketplace.state.last_subscription().instance_id or ""
        reply = act(marketplace, instance_id)
        show_access(access_data(reply, instance_id))
        return reply.code == DONE

    drive(title, target, do)


def drive(title: str, target: Target, do: Callable[[Marketplace], bool]) -> None:
    """Do it, show every call and complaint; exit with 1 unless all went well."""
    console, table = Console(), call_table(title)
    marketplace = Marketplace(
        target.address,
        target.key,
        State(target.state),
        now=utc_now,
        options=Options(attempts=target.attempts),
        watch=lambda exchange: add_call(table, exchange),
    )
    try:
        with marketplace:
            went_well = do(marketplace)
    except PurchaseNotFoundError as unknown:
        console.print(f"[red]{target.state.name} knows no such purchase: {escape(str(unknown))}[/]")
        raise typer.Exit(1) from None
    console.print(table)
    for line in complaint_lines(marketplace.findings):
        console.print(f"[red]{line}[/]")
    if marketplace.findings or not went_well:
        raise typer.Exit(1)


def show_access(access: dict[str, Any]) -> None:
    """Print what the buyer needs to get in."""
    for name, value in access.items():
        Console().print(f"[green]{escape(name)}[/] {escape(str(value))}")
