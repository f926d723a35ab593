"""The delivery engine: send a call, judge the answer, try again what failed or is not finished."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from handlers.simulator.codes import DONE, RUNNING
from handlers.simulator.exchange import Line, Reply
from handlers.simulator.judgement import NEVER_FINISHED, Finding, judge

Fields = Mapping[str, object]

ONLY_DONE = frozenset({DONE})
DONE_OR_RUNNING = frozenset({DONE, RUNNING})


@dataclass(frozen=True, slots=True)
class Options:
    """How patient the marketplace is, in seconds and in tries; the real hours are compressed to seconds."""

    timeout: float = 20.0
    attempts: int = 3
    retry_interval: float = 1.0
    poll_interval: float = 0.5
    polls: int = 120
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call as it happened: what was asked, what came back, what was wrong with it."""

    fields: Fields = field(repr=False)
    reply: Reply
    findings: list[Finding]

    @property
    def activity(self) -> str:
        """Return what kind of call it was."""
        return str(self.fields.get("activity", ""))

    @property
    def done(self) -> bool:
        """Say whether the seller answered a success that nothing is wrong with."""
        return self.reply.code == DONE and not self.findings


class Delivery:
    """Sends calls over one line; every complaint gathers in `findings`, every call goes to `watch`."""

    def __init__(self, line: Line, options: Options, watch: Callable[[Exchange], None]) -> None:
        self.findings: list[Finding] = []
        self.options = options
        self._line = line
        self._watch = watch

    def once(self, fields: Fields, accept: Collection[str] = ONLY_DONE) -> Exchange:
        """Send one call and judge its answer; any resultCode but the accepted ones is a finding."""
        reply = self._line.send(fields)
        exchange = Exchange(fields, reply, judge(fields, reply, accept=accept))
        self.findings += exchange.findings
        self._watch(exchange)
        return exchange

    def retried(self, fields: Fields, accept: Collection[str] = ONLY_DONE) -> Exchange:
        """Send a call, and again while there is something to complain of and attempts are left."""
        exchange = self.once(fields, accept)
        for _ in range(self.options.attempts - 1):
            if not exchange.findings:
                break
            self.pause()
            exchange = self.once(fields, accept)
        return exchange

    def until_done(self, attempt: Callable[[], Exchange]) -> Exchange:
        """Repeat the attempt while the seller answers 000004; complain if that never ends."""
        exchange = attempt()
        for _ in range(self.options.polls - 1):
            if exchange.reply.code != RUNNING:
                return exchange
            self.options.sleep(self.options.poll_interval)
            exchange = attempt()
        if exchange.reply.code == RUNNING:
            self.complain(exchange, NEVER_FINISHED, f"still {RUNNING} after {self.options.polls} calls")
        return exchange

    def pause(self) -> None:
        """Wait until the next attempt is due."""
        self.options.sleep(self.options.retry_interval)

    def complain(self, exchange: Exchange, text: str, detail: str) -> None:
        """Add a finding that only several answers together reveal."""
        finding = Finding(exchange.activity, text, detail)
        exchange.findings.append(finding)
        self.findings.append(finding)
