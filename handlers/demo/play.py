"""One purchase through its whole life, a row of a table for each step."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from rich import box
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from handlers.clock import utc_now
from handlers.demo.stage import Stage
from handlers.simulator.codes import DONE, RUNNING
from handlers.simulator.delivery import Exchange
from handlers.simulator.exchange import Reply
from handlers.simulator.marketplace import Marketplace, Purchase
from handlers.simulator.report import answer_text, complaint_lines, milliseconds
from handlers.simulator.state import State

# More kinds of calls in one step are counted, not named.
_NAMED = 2
_LONGEST_ACTIVITY = len("updateInstanceStatus")


@dataclass(slots=True)
class Play:
    """The steps so far: a row for each, and whether every one went as expected."""

    table: Table
    seen: list[Exchange] = field(default_factory=list)
    purchase: Purchase | None = None
    as_expected: bool = True

    def step(self, name: str, act: Callable[[], list[Reply]]) -> None:
        """Do one step; it goes as expected if all its answers are 000000 and nothing is complained of."""
        self.seen.clear()
        replies = act()
        went_well = bool(replies) and all(reply.code == DONE for reply in replies)
        went_well = went_well and not any(exchange.findings for exchange in self.seen)
        self.as_expected = self.as_expected and went_well
        worst = next((reply for reply in replies if reply.code != DONE), replies[-1] if replies else None)
        self.table.add_row(
            ("[green]✓[/] " if went_well else "[red]✗[/] ") + name,
            escape(_called(self.seen)),
            answer_text(worst) if worst else "-",
            milliseconds(sum(exchange.reply.duration for exchange in self.seen)),
        )


def perform(stage: Stage, console: Console) -> bool:
    """Drive the life of a purchase; return whether every step went as expected."""
    play = Play(_step_table())
    with (
        Live(play.table, console=console, refresh_per_second=8),
        Marketplace(
            stage.address, stage.key, State(stage.state), now=utc_now, watch=play.seen.append
        ) as marketplace,
    ):
        play.step("purchase 购买", lambda: _buy(marketplace, play))
        for name, value in (play.purchase.access if play.purchase else {}).items():
            line = f"buyer's access 买家访问信息  {escape(name)} [green]{escape(str(value))}[/]"
            console.print(line, soft_wrap=True)
        if play.purchase is not None and play.purchase.instance_id is not None:
            _live_through(play, marketplace, play.purchase, play.purchase.instance_id)
    if not console.is_terminal:
        console.print()  # what Live leaves out when it cannot redraw
    for line in complaint_lines(marketplace.findings):
        console.print(f"[red]{line}[/]")
    return play.as_expected


def _buy(marketplace: Marketplace, play: Play) -> list[Reply]:
    play.purchase = marketplace.purchase()
    return [exchange.reply for exchange in play.seen if exchange.reply.code != RUNNING]


def _live_through(play: Play, marketplace: Marketplace, bought: Purchase, instance_id: str) -> None:
    play.step("query 查询实例", lambda: [marketplace.query(instance_id)])
    play.step("renewal 续费", lambda: [marketplace.renew(instance_id)])
    play.step("freeze 冻结", lambda: [marketplace.freeze(instance_id)])
    play.step("unfreeze 解冻", lambda: [marketplace.unfreeze(instance_id)])
    play.step("upgrade 升级", lambda: [marketplace.upgrade(instance_id)])
    play.step("check 续费变更校验", lambda: [marketplace.check_change(instance_id)])
    play.step("duplicates 重复投递", lambda: marketplace.redeliver(bought.order, 8, parallel=True))
    play.step("probe 拨测", marketplace.probe)
    play.step("release 释放", lambda: [marketplace.release(instance_id)])


def _step_table() -> Table:
    """Make the table: its columns hold their longest words at 80 characters."""
    title = "One purchase, from order to release 一次购买的完整生命周期"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("Step 步骤", no_wrap=True)
    table.add_column("Called 调用", min_width=_LONGEST_ACTIVITY)
    table.add_column("Answer 结果码", overflow="fold")
    table.add_column("ms", justify="right", no_wrap=True)
    return table


def _called(exchanges: list[Exchange]) -> str:
    counts = Counter(exchange.activity for exchange in exchanges)
    if len(counts) > _NAMED:
        return f"{len(counts)} activities 种接口"
    return ", ".join(name if count == 1 else f"{name} x{count}" for name, count in counts.items())
