"""Show people what was called and answered."""

from collections.abc import Iterable

from rich.markup import escape
from rich.table import Table

from handlers.simulator.codes import meaning
from handlers.simulator.delivery import Exchange
from handlers.simulator.exchange import Reply
from handlers.simulator.judgement import Finding

_SHOWN = ("scene", "status", "instanceId", "orderId", "expireTime", "testFlag")


def call_table(title: str) -> Table:
    """Return an empty table with a column for the request, its answer and its duration."""
    table = Table(title=title, title_justify="left")
    table.add_column("Request 请求", overflow="fold")
    table.add_column("Answer 结果码", overflow="fold")
    table.add_column("ms", justify="right", no_wrap=True)
    return table


def add_call(table: Table, exchange: Exchange) -> None:
    """Add a row for one call."""
    table.add_row(request_line(exchange), answer_text(exchange.reply), milliseconds(exchange.reply.duration))


def request_line(exchange: Exchange) -> str:
    """Return the activity and its telling fields in one line."""
    told = [f"{name}={exchange.fields[name]}" for name in _SHOWN if exchange.fields.get(name)]
    return escape(" ".join([exchange.activity, *told]))


def answer_text(reply: Reply) -> str:
    """Return the answer's code with its meaning, or why there is none."""
    if reply.code:
        return escape(f"{reply.code} {meaning(reply.code)}")
    return escape(reply.failure or f"HTTP {reply.status}")


def milliseconds(seconds: float) -> str:
    """Return whole milliseconds."""
    return f"{seconds * 1000:.0f}"


def complaint_lines(findings: Iterable[Finding]) -> list[str]:
    """Return each different complaint once, in order, with how often it was made."""
    counts: dict[Finding, int] = {}
    for finding in findings:
        counts[finding] = counts.get(finding, 0) + 1
    return [escape(str(finding)) + (f"  x{count}" if count > 1 else "") for finding, count in counts.items()]
