"""What selling, renewing, freezing, upgrading and releasing an instance means, for every version of the wire.

Nothing here knows HTTP or the marketplace's field names. Each function runs inside the caller's
transaction and holds the instance's lock; what the vendor's product must do becomes a change, which the
durable work carries out after the commit, one at a time and in order.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from handlers.turns import Work, begin, ref_of, start_again, supersede_open
from storage import changes, instances
from storage.models import Change, ChangeKind, ChangeState, Instance, InstanceState
from storage.session import Session


class Wish(StrEnum):
    """What the marketplace wants of an instance that exists."""

    RENEW = "renew"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    UPGRADE = "upgrade"
    RELEASE = "release"
    CHECK = "check"


class Stage(StrEnum):
    """Where an instance stands when a wish comes; frozen stands above provisioning and active."""

    PROVISIONING = "provisioning"
    ACTIVE = "active"
    FROZEN = "frozen"
    FAILED = "failed"
    RELEASED = "released"


class Ruling(StrEnum):
    """What becomes of a wish.

    apply: it is done and the product is told. mark: it is remembered until there is a product to tell.
    nothing: it is so already, success. not_ready, not_provisioned, released: refused, with that reason.
    """

    APPLY = "apply"
    MARK = "mark"
    NOTHING = "nothing"
    NOT_READY = "not_ready"
    NOT_PROVISIONED = "not_provisioned"
    RELEASED = "released"


def _row(*rulings: Ruling) -> dict[Stage, Ruling]:
    return dict(zip(Stage, rulings, strict=True))


_APPLY, _MARK, _NOTHING = Ruling.APPLY, Ruling.MARK, Ruling.NOTHING
_NOT_READY, _NOT_MADE, _OVER = Ruling.NOT_READY, Ruling.NOT_PROVISIONED, Ruling.RELEASED

# The one table of what is legal. The README shows it, and a test holds the two together.
# columns:           provisioning  active    frozen    failed     released
RULINGS: dict[Wish, dict[Stage, Ruling]] = {
    Wish.RENEW: _row(_APPLY, _APPLY, _APPLY, _NOT_MADE, _OVER),
    Wish.FREEZE: _row(_APPLY, _APPLY, _NOTHING, _MARK, _NOTHING),
    Wish.UNFREEZE: _row(_NOTHING, _NOTHING, _APPLY, _MARK, _OVER),
    Wish.UPGRADE: _row(_APPLY, _APPLY, _APPLY, _NOT_MADE, _OVER),
    Wish.RELEASE: _row(_APPLY, _APPLY, _APPLY, _APPLY, _NOTHING),
    Wish.CHECK: _row(_NOT_READY, _APPLY, _APPLY, _NOT_MADE, _OVER),
}


class LifecycleError(Exception):
    """A wish that the instance's stage does not allow."""

    def __init__(self, instance_id: str, wish: Wish) -> None:
        super().__init__(f"{wish} of {instance_id}")
        self.instance_id = instance_id
        self.wish = wish


class InstanceReleased(LifecycleError):
    """The instance is over; what was asked would give the buyer something that is gone."""


class NotProvisioned(LifecycleError):
    """The provisioning of the instance failed; there is nothing to act on."""


class NotReady(LifecycleError):
    """The instance is still being provisioned."""


_REFUSALS = {
    Ruling.NOT_READY: NotReady,
    Ruling.NOT_PROVISIONED: NotProvisioned,
    Ruling.RELEASED: InstanceReleased,
}


@dataclass(frozen=True, slots=True)
class Renewal:
    """The terms of a renewal: the order that causes it and the expiry it sets."""

    scene: str
    order_id: str
    order_line_id: str
    expires_at: datetime
    product_id: str | None = None

    @property
    def kind(self) -> ChangeKind:
        """Say what the product is asked: a renewal that changes the specification is a change."""
        return ChangeKind.CHANGE if self.scene == "RENEWAL_CHANGE" else ChangeKind.RENEW

    def as_change(self) -> dict[str, Any]:
        """Give the members of the change that tells the product."""
        return {
            "kind": self.kind,
            "scene": self.scene,
            "order_id": self.order_id,
            "order_line_id": self.order_line_id,
            "product_id": self.product_id,
            "expires_at": self.expires_at,
        }


def stage_of(instance: Instance) -> Stage:
    """Say where an instance stands."""
    if instance.is_frozen and instance.state in {InstanceState.PROVISIONING, InstanceState.ACTIVE}:
        return Stage.FROZEN
    return Stage(instance.state)


def decide(wish: Wish, instance: Instance) -> Ruling:
    """Look the wish up; raises the LifecycleError of a refusal."""
    ruling = RULINGS[wish][stage_of(instance)]
    if ruling in _REFUSALS:
        raise _REFUSALS[ruling](instance.instance_id, wish)
    return ruling


def sell(
    session: Session,
    work: Work,
    *,
    address: str,
    order_id: str,
    order_line_id: str,
    business_id: str,
    at: datetime,
) -> Instance:
    """Give the instance of an order line, making it and starting its provisioning the first time.

    The first business id becomes the instance id (创建实例, zh-cn_topic_0070649427). A repeat gives the
    same instance and starts nothing, unless provisioning had failed: then it starts afresh.
    """
    line = {"address": address, "order_id": order_id, "order_line_id": order_line_id}
    instance, is_new = _claim(session, business_id, at=at, **line)
    if is_new:
        order: dict[str, Any] = {"order_id": order_id, "order_line_id": order_line_id}
        begin(session, work, instance, ChangeKind.PROVISION, at=at, is_first=True, **order)
        return instance
    if instance.state == InstanceState.MERGED:
        instance = instances.get(session, address, instance.instance_id)
    if instance.state == InstanceState.FAILED:
        return _provision_again(session, work, instance, at)
    return instance


def _claim(session: Session, business_id: str, *, at: datetime, **line: str) -> tuple[Instance, bool]:
    # queryInstance parts its ids at commas and blanks do not survive that.
    is_plain = "," not in business_id and business_id == business_id.strip()
    instance_id = business_id if is_plain else str(uuid4())
    while True:
        instance, is_new = instances.claim(session, instance_id=instance_id, at=at, **line)
        if instance is not None:
            return instance, is_new
        # The guide says that business ids never repeat; if one does, the buyer still gets an id of his own.
        instance_id = str(uuid4())


def _provision_again(session: Session, work: Work, instance: Instance, at: datetime) -> Instance:
    locked = instances.lock(session, instance.address, instance.instance_id)
    if locked.state == InstanceState.FAILED:
        provisioning = changes.find(
            session,
            instance_ref=ref_of(locked),
            kind=ChangeKind.PROVISION,
            order_id=locked.order_id,
            order_line_id=locked.order_line_id,
        )
        if provisioning is not None:
            start_again(session, work, locked, provisioning, at)
    return locked


def renew(
    session: Session, work: Work, *, address: str, instance_id: str, renewal: Renewal, at: datetime
) -> None:
    """Set the expiry of an instance and tell the product.

    A repeat of the same order line does nothing, unless it names another expiry. A renewal never
    shortens what an earlier one gave: a delivery that was late by an hour would take a year from the
    buyer. Only UNSUBSCRIBE_RENEWAL_PERIOD brings the expiry forward.
    """
    instance = instances.lock(session, address, instance_id)
    change = changes.find(
        session,
        instance_ref=ref_of(instance),
        kind=renewal.kind,
        order_id=renewal.order_id,
        order_line_id=renewal.order_line_id,
        scene=renewal.scene,
    )
    if change is not None and change.expires_at == renewal.expires_at:
        return
    decide(Wish.RENEW, instance)
    instances.change(
        session,
        instance,
        at=at,
        expires_at=_later(instance.expires_at, renewal),
        product_id=_renewed_product(instance, renewal),
        is_trial=instance.is_trial and renewal.scene != "TRIAL_TO_FORMAL",
    )
    if change is None:
        begin(session, work, instance, at=at, **renewal.as_change())
    else:
        changes.change(session, change, expires_at=renewal.expires_at)
        start_again(session, work, instance, change, at)


def _renewed_product(instance: Instance, renewal: Renewal) -> str | None:
    """Take the product of another period type; what is paid by use has no period to change."""
    if instance.charging_mode == "ON_DEMAND":
        return instance.product_id
    return renewal.product_id or instance.product_id


def _later(current: datetime | None, renewal: Renewal) -> datetime:
    if current is None or renewal.scene == "UNSUBSCRIBE_RENEWAL_PERIOD":
        return renewal.expires_at
    return max(current, renewal.expires_at)


def set_frozen(
    session: Session, work: Work, *, address: str, instance_id: str, is_frozen: bool, at: datetime
) -> None:
    """Freeze or unfreeze an instance; one that is so already stays so."""
    instance = instances.lock(session, address, instance_id)
    ruling = decide(Wish.FREEZE if is_frozen else Wish.UNFREEZE, instance)
    if ruling is Ruling.NOTHING:
        return
    instances.change(session, instance, at=at, is_frozen=is_frozen, frozen_at=at if is_frozen else None)
    if ruling is Ruling.APPLY:
        begin(session, work, instance, ChangeKind.FREEZE if is_frozen else ChangeKind.UNFREEZE, at=at)


def upgrade(
    session: Session,
    work: Work,
    *,
    address: str,
    instance_id: str,
    order_id: str,
    order_line_id: str,
    at: datetime,
) -> Change:
    """Give the change that an upgrade order asked for, starting it at first or if it came to nothing."""
    instance = instances.lock(session, address, instance_id)
    line: dict[str, Any] = {"order_id": order_id, "order_line_id": order_line_id}
    change = changes.find(session, instance_ref=ref_of(instance), kind=ChangeKind.CHANGE, **line)
    if change is None:
        decide(Wish.UPGRADE, instance)
        return begin(session, work, instance, ChangeKind.CHANGE, at=at, **line)
    if change.state in {ChangeState.FAILED, ChangeState.SUPERSEDED}:
        decide(Wish.UPGRADE, instance)
        start_again(session, work, instance, change, at)
    return change


def release(
    session: Session,
    work: Work,
    *,
    address: str,
    instance_id: str,
    order_id: str | None,
    order_line_id: str | None,
    at: datetime,
) -> None:
    """End an instance: forget its access data, drop open work, tell the product to clear up."""
    instance = instances.lock(session, address, instance_id)
    if decide(Wish.RELEASE, instance) is Ruling.NOTHING:
        return
    has_runner = supersede_open(session, instance, at)
    instances.change(
        session, instance, at=at, state=InstanceState.RELEASED, released_at=at, is_frozen=False, access=None
    )
    change = changes.add(
        session,
        instance_ref=ref_of(instance),
        kind=ChangeKind.DEPROVISION,
        at=at,
        order_id=order_id,
        order_line_id=order_line_id,
    )
    if not has_runner:
        work.deliver(session, change)


def check(session: Session, *, address: str, instance_id: str) -> Instance:
    """Give the instance whose change is to be checked; raises what forbids the question."""
    instance = instances.get(session, address, instance_id)
    decide(Wish.CHECK, instance)
    return instance
