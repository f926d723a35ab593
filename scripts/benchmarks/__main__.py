"""The command line of the benchmarks; scripts/bench runs it."""

import enum
import json
import sys
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import report
from benchmarks.load import LoadFailed, drive, drive_wrk, has_wrk
from benchmarks.plan import BENCHMARKS, Benchmark
from benchmarks.processes import choose_cores
from benchmarks.rounds import Measuring, Round
from tests.databases import postgres_server

# Wide enough for the tables where no terminal says how wide it is.
_WIDTH = None if sys.stdout.isatty() else 120
_progress = Console(stderr=True)
Name = enum.StrEnum("Name", [(benchmark.name, benchmark.name) for benchmark in BENCHMARKS])  # type: ignore[misc]
ClientName = enum.StrEnum("ClientName", ["auto", "wrk", "own"])


def main(
    only: Annotated[list[Name] | None, typer.Argument(help="Which benchmarks; all without.")] = None,
    *,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, in which the variants alternate.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, max=20, help="Length of one measurement.")] = 5.0,
    quick: Annotated[bool, typer.Option("--quick", help="One round of 2 s: a look, not a figure.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    client: Annotated[
        ClientName, typer.Option(help="Which client; auto takes wrk if it is there.")
    ] = ClientName.auto,
) -> None:
    """Measure the server against its peers on this machine and print how they compare."""
    if quick:
        rounds, seconds = 1, 2.0
    measuring = _prepare(client, seconds)
    found = []
    for benchmark in BENCHMARKS:
        if (only and benchmark.name not in only) or not _can_run(benchmark):
            continue
        try:
            results = _alternate(measuring, benchmark, rounds)
        except LoadFailed as error:
            _progress.print(f"[bold red]{benchmark.name}:[/] {error}")
            raise typer.Exit(1) from None
        found.append(report.as_json(benchmark, results))
        if not as_json:
            report.show(Console(width=_WIDTH), benchmark, results)
    if as_json:
        typer.echo(json.dumps(found, indent=2))


def _prepare(client: ClientName, seconds: float) -> Measuring:
    cores = choose_cores()
    if cores.server is None:
        _progress.print("[yellow]server and client share the cores: this system cannot keep them apart[/]")
    cores.pin_client()
    takes_wrk = client is ClientName.wrk or (client is ClientName.auto and has_wrk())
    if not takes_wrk and client is ClientName.auto:
        _progress.print("[yellow]wrk is not installed: our own client sends the calls instead[/]")
    return Measuring(cores, drive_wrk if takes_wrk else drive, seconds)


def _can_run(benchmark: Benchmark) -> bool:
    if benchmark.database == "postgresql" and postgres_server() is None:
        _progress.print("[yellow]no PostgreSQL answers: not measured on it[/]")
        return False
    return True


def _alternate(measuring: Measuring, benchmark: Benchmark, rounds: int) -> dict[str, list[Round]]:
    results: dict[str, list[Round]] = {variant.name: [] for variant in benchmark.variants}
    for number in range(rounds):
        for variant in benchmark.variants:
            _progress.print(f"{benchmark.name}, round {number + 1} of {rounds}: {variant.name}", style="dim")
            results[variant.name].append(measuring.measure(benchmark, variant))
    return results


if __name__ == "__main__":
    typer.run(main)
