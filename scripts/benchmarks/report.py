"""The measured figures as tables for people and as JSON for machines."""

import dataclasses
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.plan import Aim, Benchmark
from benchmarks.rounds import Round

Results = Mapping[str, Sequence[Round]]

# The share of the server's core that others may take before rates say little.
_BEARABLE = 0.05


def median(rounds: Sequence[Round], pick: Callable[[Round], float]) -> float:
    """Give the median of one figure over the rounds."""
    return statistics.median(pick(one) for one in rounds)


def ratios(results: Results, ours: str, peer: str) -> list[float]:
    """Compare two variants round by round, since what else the machine does changes between rounds."""
    return [mine.rate / theirs.rate for mine, theirs in zip(results[ours], results[peer], strict=True)]


def cpu_ratios(results: Results, ours: str, peer: str) -> list[float]:
    """Compare what a call costs; other work on the machine hardly changes that."""
    return [theirs.cpu / mine.cpu for mine, theirs in zip(results[ours], results[peer], strict=True)]


def show(console: Console, benchmark: Benchmark, results: Results) -> None:
    """Print the figures of a benchmark, and how its variants compare."""
    console.print(_figures(benchmark, results))
    console.print(_comparison(benchmark, results))


def as_json(benchmark: Benchmark, results: Results) -> dict[str, Any]:
    """Give everything that was measured. Seconds, calls a second."""
    return {
        "benchmark": benchmark.name,
        "title": benchmark.title,
        "rounds": {name: [dataclasses.asdict(one) for one in rounds] for name, rounds in results.items()},
        "ratios": {
            f"{ours} / {peer}": {
                "by_rate": statistics.median(ratios(results, ours, peer)),
                "by_cpu": statistics.median(cpu_ratios(results, ours, peer)),
            }
            for ours, peer in _pairs(results)
        },
        "aims": [
            {**dataclasses.asdict(aim), "measured": _measured(results, aim), "is_met": _is_met(results, aim)}
            for aim in benchmark.aims
        ],
    }


def _pairs(results: Results) -> list[tuple[str, str]]:
    mine = [name for name in results if name.startswith("ours")]
    return [(ours, peer) for ours in mine for peer in results if peer not in mine]


def _is_disturbed(results: Results, aim: Aim) -> bool:
    return any(one.others_busy > _BEARABLE for name in (aim.ours, aim.peer) for one in results[name])


def _measured(results: Results, aim: Aim) -> float:
    """Judge by the rates, or by the cost of a call if strangers worked on the server's core."""
    compare = cpu_ratios if _is_disturbed(results, aim) else ratios
    return statistics.median(compare(results, aim.ours, aim.peer))


def _is_met(results: Results, aim: Aim) -> bool:
    return _measured(results, aim) >= aim.at_least


def _figures(benchmark: Benchmark, results: Results) -> Table:
    table = Table("variant", title=benchmark.title, title_justify="left")
    headings = ("calls/s", "min - max", "CPU µs/call", "p50 ms", "p99 ms", "server busy", "others", "client")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for name, rounds in results.items():
        rates = [one.rate for one in rounds]
        table.add_row(
            name,
            f"{statistics.median(rates):,.0f}",
            f"{min(rates):,.0f} - {max(rates):,.0f}",
            f"{median(rounds, lambda one: one.cpu) * 1e6:.1f}",
            f"{median(rounds, lambda one: one.p50) * 1e3:.2f}",
            f"{median(rounds, lambda one: one.p99) * 1e3:.2f}",
            f"{median(rounds, lambda one: one.server_busy):.0%}",
            f"{median(rounds, lambda one: one.others_busy):.0%}",
            f"{median(rounds, lambda one: one.client_busy):.0%}",
        )
    return table


def _comparison(benchmark: Benchmark, results: Results) -> Table:
    aims = {(aim.ours, aim.peer): aim for aim in benchmark.aims}
    table = Table("ratio of calls/s")
    for heading in ("median", "min - max", "by CPU", "aim", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for ours, peer in _pairs(results):
        found = ratios(results, ours, peer)
        aim = aims.get((ours, peer))
        table.add_row(
            f"{ours} / {peer}",
            f"{statistics.median(found):.2f}",
            f"{min(found):.2f} - {max(found):.2f}",
            f"{statistics.median(cpu_ratios(results, ours, peer)):.2f}",
            f"≥ {aim.at_least:.2f}" if aim else "",
            _verdict(results, aim) if aim else "",
        )
    return table


def _verdict(results: Results, aim: Aim) -> str:
    verdict = "[green]met[/]" if _is_met(results, aim) else "[red]missed[/]"
    return f"{verdict} (by CPU: disturbed)" if _is_disturbed(results, aim) else verdict
