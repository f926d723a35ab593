"""What koogate asks of the vendor's product, and what the product may answer."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from handlers.marketplace.result_codes import ResultCode

Kind = Literal["provision", "deprovision", "freeze", "unfreeze", "change", "renew", "check"]

REASON_MAX = 200
REFUSAL_CODES = frozenset(
    {
        ResultCode.INTERNAL_ERROR,
        ResultCode.NO_RESOURCE,
        ResultCode.MOBILE_REJECTED,
        ResultCode.EMAIL_REJECTED,
        ResultCode.ALREADY_PURCHASED,
        ResultCode.PRODUCT_ERROR,
        ResultCode.ALREADY_SUBSCRIBED,
        ResultCode.SOLD_OUT,
        ResultCode.EMAIL_DOMAIN_TAKEN,
    },
)
# Control, formatting (a name could be written backwards) and half characters.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs"})


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work for the vendor's product.

    `key` is the same on every attempt, so that the product can tell a repeat. `customer` and `extend_params`
    are as the marketplace sent them: personal data, hence not in the repr.
    """

    key: str
    kind: Kind
    address: str
    instance_id: str
    order_id: str | None
    order_line_id: str | None
    product_id: str | None
    sku_code: str | None
    linear_value: int | None
    product_name: str | None
    charging_mode: str | None
    order_type: str | None
    scene: str | None
    expires_at: datetime | None
    is_trial: bool
    customer: Mapping[str, Any] = field(repr=False)
    extend_params: tuple[Mapping[str, Any], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """What the buyer needs to get in; only the addresses are in the repr."""

    front_end_url: str
    admin_url: str | None = None
    user_name: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    memo: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Later:
    """The product took the work on and will report its end through the vendor API."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the instance may be changed as asked, and if not, why."""

    allowed: bool
    reason: str = ""


class ProductRefused(Exception):
    """The product said no for good; `result_code` is what the marketplace is told.

    The reason is made one printable line of at most 200 characters. A code that a product may not choose
    becomes 000005.
    """

    def __init__(self, reason: str, result_code: str = ResultCode.INTERNAL_ERROR.value) -> None:
        self.reason = one_line(reason)
        self.result_code = result_code if result_code in REFUSAL_CODES else ResultCode.INTERNAL_ERROR.value
        super().__init__(self.reason)


class ProductUnavailable(Exception):
    """The product could not be asked or was busy: try again, after `retry_after` seconds if it named them."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        self.reason = one_line(reason)
        self.retry_after = retry_after
        super().__init__(self.reason)


class Provisioner(Protocol):
    """How the vendor's product is reached.

    Every method may be called again with the same `task.key` and must then come to the same end. All raise
    ProductRefused for a final no and ProductUnavailable for a passing trouble. A provisioner may also have
    `renew(task) -> None` and `check(task) -> Verdict`; `carry_out` uses them if they are there.
    """

    def provision(self, task: Task) -> Access | Later:
        """Make the product behind the instance."""

    def change(self, task: Task) -> Access | Later | None:
        """Give the instance what the task's order bought; None leaves the access as it was."""

    def freeze(self, task: Task) -> None:
        """Keep the buyer out, and the buyer's data."""

    def unfreeze(self, task: Task) -> None:
        """Let the buyer in again."""

    def deprovision(self, task: Task) -> None:
        """Take the product away; one that is gone already is a success."""


def carry_out(provisioner: Provisioner, task: Task) -> Access | Later | Verdict | None:
    """Do what the task's kind says.

    A provisioner without `renew` has nothing to do for it, and one without `check` allows every change.
    Raises ProductRefused and ProductUnavailable as the provisioner does, ValueError for an unknown kind.
    """
    match task.kind:
        case "provision":
            return provisioner.provision(task)
        case "change":
            return provisioner.change(task)
        case "check":
            return _check(provisioner, task)
        case "freeze" | "unfreeze" | "deprovision" | "renew":
            _obey(provisioner, task)
            return None
    raise ValueError(f"unknown kind of task: {task.kind!r}")


def _check(provisioner: Provisioner, task: Task) -> Verdict:
    check: Callable[[Task], Verdict] | None = getattr(provisioner, "check", None)
    return Verdict(allowed=True) if check is None else check(task)


def _obey(provisioner: Provisioner, task: Task) -> None:
    method: Callable[[Task], None] | None = getattr(provisioner, task.kind, None)
    if method is None and task.kind != "renew":
        raise TypeError(f"the provisioner has no method {task.kind}")
    if method is not None:
        method(task)


def one_line(text: str) -> str:
    """Make any text one printable line of at most 200 characters."""
    # Cut first: a product may send a reason as long as its answer.
    start = text[: 4 * REASON_MAX]
    kept = (char for char in start if char.isspace() or unicodedata.category(char) not in _UNPRINTABLE)
    return " ".join("".join(kept).split())[:REASON_MAX].rstrip()
