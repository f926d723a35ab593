"""The vendor's product as it should be written: slow, sometimes unwell, one piece of work for a key."""

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.product import Answer, Asked, Product


@dataclass
class Tenants:
    """What the product made. `slowest` in seconds; `faults` and `reports` are shares of the first requests.

    A share of the provisionings is only taken on (202): those are listed in `taken_on`, to be reported.
    """

    product: Product
    seed: int = 0
    slowest: float = 0.0
    faults: float = 0.0
    reports: float = 0.0
    made: dict[str, str] = field(default_factory=dict)
    taken_on: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where the product listens."""
        return self.product.url

    def answer(self, asked: Asked) -> Answer:
        """Do a piece of work once for its key; the answer is the same each time."""
        with self._lock:
            is_first = all(earlier.key != asked.key for earlier in self.product.asked)
            self.product.asked.append(asked)
        chance = random.Random(f"{self.seed}{asked.key}")
        pause, is_unwell, is_later = (chance.random() for _ in range(3))
        time.sleep(self.slowest * pause)
        if is_first and is_unwell < self.faults:
            return 503, {}
        instance_id: str = asked.data["instanceId"]
        with self._lock:
            self.made.setdefault(asked.key, instance_id)
        if asked.kind != "provision":
            return 200, {"allowed": True} if asked.kind == "check" else {}
        if is_later < self.reports:
            self.taken_on.append(instance_id)
            return 202, {}
        return 200, access_of(asked.key)

    def keys_of(self, kind: str) -> set[str]:
        """List the distinct keys under which a kind of work was asked for."""
        return {asked.key for asked in self.product.asked if asked.kind == kind}


def access_of(key: str) -> dict[str, Any]:
    """Make the access data of a tenant."""
    return {"frontEndUrl": f"https://app.example.com/{key}", "userName": "admin", "password": "Init-pass-1"}
