"""The marketplace as these tests need it: it calls until it is told success, whoever dies meanwhile."""

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.durability.servers import Server, Unreachable
from tests.durability.tenants import Tenants, access_of

_PATIENCE = 90.0


@dataclass
class Purchase:
    """One bought order line, and every instance id that we were ever given for it."""

    order_id: str
    line: int = 1
    ids: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)

    @property
    def order_line_id(self) -> str:
        """The id of the line."""
        return f"{self.order_id}-{self.line:06}"

    @property
    def instance_id(self) -> str:
        """The one id that was given."""
        (found,) = self.ids
        return found


class Marketplace:
    """Drives purchases against servers that may be dead, several at a time."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = servers
        self._turn = itertools.count()
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="marketplace")
        self._stop = threading.Event()

    def close(self) -> None:
        """Give up what is still going on."""
        self._stop.set()
        self._pool.shutdown()

    def begin(self, drive: Callable[[Purchase], Any], purchase: Purchase) -> "Future[Any]":
        """Drive a purchase beside others."""
        return self._pool.submit(drive, purchase)

    def server(self) -> Server:
        """Take the servers in turn, as a load balancer would."""
        return self._servers[next(self._turn) % len(self._servers)]

    def insist(self, body: dict[str, Any], *, enough: set[str], purchase: Purchase) -> dict[str, Any]:
        """Send a call, signed anew each time, until the answer's code is one of `enough`."""
        end = time.monotonic() + _PATIENCE
        while not self._stop.is_set():
            assert time.monotonic() < end, f"no end of {body}; codes so far {purchase.codes}"
            fresh = {"businessId": secrets.token_hex(16)} if body["activity"] == "newInstance" else {}
            try:
                answer = self.server().call(body | fresh)
            except Unreachable:
                time.sleep(0.05)
                continue
            purchase.codes.add(answer["resultCode"])
            if "instanceId" in answer:
                purchase.ids.add(answer["instanceId"])
            if answer["resultCode"] in enough:
                return answer
            time.sleep(0.1)
        raise TimeoutError

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        """Buy, and ask until the access data is there, which is given back."""
        line = {"orderId": purchase.order_id, "orderLineId": purchase.order_line_id}
        new = {"activity": "newInstance", **line}
        self.insist(new, enough={"000000", "000004"}, purchase=purchase)
        query = {"activity": "queryInstance", "instanceId": purchase.instance_id}
        answer = self.insist(query, enough={"000000"}, purchase=purchase)
        # However late a delivery comes, it is the same instance.
        self.insist(new, enough={"000000"}, purchase=purchase)
        found: dict[str, Any] = answer["info"][0]["appInfo"]
        return found

    def succeed(self, purchase: Purchase, activity: str, **more: str) -> None:
        """Have something done to the instance of a purchase."""
        body = {"activity": activity, "instanceId": purchase.instance_id, **more}
        self.insist(body, enough={"000000"}, purchase=purchase)


class Reporter(threading.Thread):
    """The product's own process, which reports what it took on, however long no server answers."""

    def __init__(self, marketplace: Marketplace, tenants: Tenants) -> None:
        super().__init__(daemon=True, name="reporter")
        self._marketplace = marketplace
        self._tenants = tenants
        self._ended = threading.Event()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Report until nothing is left; 409 means that it was reported before, or not yet asked for."""
        while not self._ended.wait(0.2):
            for instance_id in list(dict.fromkeys(self._tenants.taken_on)):
                key = next(k for k, made in self._tenants.made.items() if made == instance_id)
                try:
                    self._marketplace.server().vendor(
                        "POST", f"/instances/{instance_id}/complete", {"access": access_of(key)}
                    )
                except Unreachable:
                    continue
