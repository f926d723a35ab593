"""Wait, outside every transaction, for what an answer depends on, up to the address's budget."""

import asyncio
import contextlib
import time

from handlers.answers import Answer, Pending, Question
from handlers.services import Services

# Work done by another process rings no bell here; so we look again that often. Seconds.
_LOOK_AGAIN = 0.25


async def answer_in_time(reply: Pending | Question, services: Services, *, until: float) -> Answer:
    """Give the answer if it comes before `until` (of the performance counter), else the other one."""
    if isinstance(reply, Question):
        return await _ask(reply, until)
    return await _wait(reply, services, until)


async def _ask(reply: Question, until: float) -> Answer:
    asking = asyncio.get_running_loop().run_in_executor(None, reply.ask)
    try:
        return await asyncio.wait_for(asyncio.shield(asking), max(0.0, until - time.perf_counter()))
    except TimeoutError:
        asking.add_done_callback(_take_note)
        return reply.otherwise


def _take_note(asking: "asyncio.Future[Answer]") -> None:
    """Fetch the late result, so that nothing complains of an exception that nobody saw."""
    if not asking.cancelled():
        asking.exception()


async def _wait(reply: Pending, services: Services, until: float) -> Answer:
    with services.bell.listening(reply.subject) as rung:
        while (left := until - time.perf_counter()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), min(left, _LOOK_AGAIN))
            rung.clear()
            answer = await services.unit_of_work.read(reply.outcome)
            if answer is not None:
                return answer
    return reply.otherwise
