"""Figures for a monitoring system, in Prometheus' form at /metrics."""

import time
from functools import cache
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Histogram, generate_latest

from handlers.answers import Answer
from handlers.reception import Call

_KNOWN = frozenset(
    {
        "newInstance",
        "queryInstance",
        "refreshInstance",
        "updateInstanceStatus",
        "releaseInstance",
        "upgradeInstance",
        "changeInstanceCheck",
    }
)
_CALLS = Counter("koogate_calls", "Calls of the marketplace", ["address", "activity", "code", "lane"])
_SECONDS = Histogram("koogate_call_seconds", "How long a call took", ["activity"])


def observe(call: Call, answer: Answer) -> None:
    """Count an answered call. A stranger's words are no label: they would be without number."""
    activity = call.activity if call.match is not None and call.activity in _KNOWN else "other"
    lane = "test" if call.is_test else "live"
    _calls(call.address.name, activity, answer.code.value, lane).inc()
    _seconds(activity).observe(time.perf_counter() - call.started)


@cache
def _calls(*labels: str) -> Counter:
    """Look the counter of these labels up once; their number is bounded."""
    return _CALLS.labels(*labels)


@cache
def _seconds(activity: str) -> Histogram:
    return _SECONDS.labels(activity)


async def serve_metrics(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer /metrics."""
    body = generate_latest(REGISTRY)
    headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
