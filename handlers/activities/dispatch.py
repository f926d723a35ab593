"""Receive a checked call: hand it to its activity in one transaction, wait where an answer must.

Contract: openapi/marketplace.yaml. Each activity's contract names its handler in `x-handler`; a probe
(`testFlag` "1") goes to the function `probe` beside it, which sees no storage at all.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from handlers import evidence
from handlers.answers import Answer, Pending, Question, Reply
from handlers.reception import Call
from handlers.services import Services, supply, wanted
from handlers.waiting import answer_in_time
from storage.session import Session

Handler = Callable[..., Reply]


class Activity:
    """One activity's two functions, with the services each of them asks for."""

    def __init__(self, dotted: str) -> None:
        module_name, _, function_name = dotted.rpartition(".")
        module = import_module(module_name)
        self._handle: Handler = getattr(module, function_name)
        self._probe: Handler = module.probe
        self._handle_wants = wanted(self._handle)
        self._probe_wants = wanted(self._probe)

    def carry_out(self, session: Session, services: Services, call: Call) -> Reply:
        """Answer a call within the transaction of the session."""
        if call.is_test:
            return self._probe(call.payload, **supply(services, self._probe_wants, call.address))
        given = supply(services, self._handle_wants, call.address, session=session)
        return self._handle(call.payload, **given)


def activities_of(schema: Mapping[str, Any]) -> dict[str, Activity]:
    """Find the handlers that the contract names; raises ImportError or AttributeError for a missing one."""
    return {
        branch["properties"]["activity"]["enum"][0]: Activity(branch["x-handler"])
        for branch in schema["oneOf"]
    }


async def receive(call: Call, services: Services, activity: Activity) -> Answer:
    """Answer a call; the answer leaves only after its commit.

    Raises what the activity raises; nothing of it is then kept.
    """
    reply = await services.unit_of_work.run(partial(_carry_out, services, activity, call))
    if isinstance(reply, Answer):
        return reply
    until = call.started + call.address.settings.answer_budget
    answer = await answer_in_time(reply, services, until=until)
    if answer is not reply.otherwise:
        await services.unit_of_work.run(lambda session: evidence.settle(session, call, answer))
    return answer


def _carry_out(services: Services, activity: Activity, call: Call, session: Session) -> Reply:
    reply = activity.carry_out(session, services, call)
    first = reply.otherwise if isinstance(reply, Pending | Question) else reply
    evidence.record(session, call, first)
    return reply
