"""What durable work must know before it asks the product: the order line, and the task it makes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.koogallery import OrderInfo, OrderLine, read_order
from handlers.provisioners import Task
from handlers.turns import Work, begin, ref_of, supersede_open
from handlers.workflows.outcomes import Outcome
from storage import changes, instances, notices, orders
from storage.models import Change, ChangeKind, ChangeState, Instance, InstanceState
from storage.session import Session

_NEEDS_ORDER = frozenset({ChangeKind.PROVISION, ChangeKind.CHANGE})


@dataclass(frozen=True, slots=True)
class Question:
    """The order line to look up."""

    address: str
    order_id: str
    order_line_id: str


def needs_order(change: Change) -> bool:
    """Say whether the product must be told what the order says."""
    return change.kind in _NEEDS_ORDER and change.order_id is not None


def question(session: Session, change_id: int) -> Question | None:
    """Say which order line to look up; None if it is known from an earlier attempt."""
    change = changes.get(session, change_id)
    instance = instances.get_by_ref(session, change.instance_ref)
    order_id, order_line_id = change.order_id or "", change.order_line_id or ""
    if orders.find_info(session, instance.address, order_id, order_line_id) is not None:
        return None
    return Question(instance.address, order_id, order_line_id)


def learn(session: Session, work: Work, change_id: int, order: OrderInfo, *, at: datetime) -> Outcome | None:
    """Keep the order; gives an outcome if the work ends here, None if it goes on."""
    instance = instances.get_by_ref(session, changes.get(session, change_id).instance_ref)
    change = changes.get(session, change_id)
    if change.state != ChangeState.PENDING:
        return Outcome.dropped()
    order_id, order_line_id = change.order_id or "", change.order_line_id or ""
    line = order.line(order_line_id)
    if line is None:
        return Outcome.refused(f"order {order_id} has no line {order_line_id}")
    orders.add(session, instance.address, order_id, order_line_id, order.raw, at=at)
    if change.kind == ChangeKind.PROVISION:
        return _describe(session, work, instance, order, line, at=at)
    return None


def _describe(
    session: Session,
    work: Work,
    instance: Instance,
    order: OrderInfo,
    line: OrderLine,
    *,
    at: datetime,
) -> Outcome | None:
    """Write what was bought into the instance, unless another one serves that pay-per-use product."""
    product_id = product_columns(line).get("product_id")
    if line.charging_mode == "ON_DEMAND" and product_id is not None:
        twin = instances.find_pay_per_use(session, instance.address, instance.order_id, product_id)
        if twin is not None and twin.id != instance.id:
            _merge(session, work, instance, twin, at)
            return Outcome.dropped()
    instances.change(
        session,
        instance,
        at=at,
        order_type=_clean(order.order_type),
        charging_mode=_clean(line.charging_mode),
        is_trial=order.order_type == "TRIAL" and not _became_formal(session, instance),
        expected_expires_at=line.expires_at,
        customer_id=_clean(order.buyer_info.customer_id) if order.buyer_info else None,
        **product_columns(line),
    )
    return None


def _became_formal(session: Session, instance: Instance) -> bool:
    """Say whether the trial was bought before its own order could be looked up."""
    return any(change.scene == "TRIAL_TO_FORMAL" for change in changes.list_of(session, ref_of(instance)))


def product_columns(line: OrderLine) -> dict[str, Any]:
    """Give the columns of an instance that describe its product."""
    product = line.product
    if product is None:
        return {}
    return {
        "product_id": _clean(product.product_id),
        "product_name": _clean(product.product_name),
        "sku_code": _clean(product.sku_code),
        "linear_value": product.linear_value,
    }


def _merge(session: Session, work: Work, instance: Instance, twin: Instance, at: datetime) -> None:
    """Let the twin serve this order line: pay-per-use has one instance for an order and product."""
    supersede_open(session, instance, at)
    instances.change(session, instance, at=at, state=InstanceState.MERGED, merged_into=twin.instance_id)
    twin = instances.get_by_ref(session, ref_of(twin))
    if instance.is_frozen and not twin.is_frozen:
        instances.change(session, twin, at=at, is_frozen=True, frozen_at=at)
        begin(session, work, twin, ChangeKind.FREEZE, at=at)
    notices.add(
        session,
        "pay-per-use-merged",
        f"{instance.address} {instance.instance_id}",
        f"order line {instance.order_line_id} is served by instance {twin.instance_id}",
        at=at,
    )


def known_order(session: Session, instance: Instance, change: Change) -> tuple[OrderInfo, OrderLine] | None:
    """Give what is known of the change's order line, else of the line that was sold."""
    for order_id, order_line_id in (
        (change.order_id, change.order_line_id),
        (instance.order_id, instance.order_line_id),
    ):
        if order_id is None or order_line_id is None:
            continue
        raw = orders.find_info(session, instance.address, order_id, order_line_id)
        if raw is not None:
            order = read_order(raw)
            line = order.line(order_line_id)
            if line is not None:
                return order, line
    return None


def task_of(session: Session, change_id: int) -> Task | None:
    """Make the task for the product; None if there is nothing to ask it, or not any more."""
    instance = instances.get_by_ref(session, changes.get(session, change_id).instance_ref)
    change = changes.get(session, change_id)
    if change.state != ChangeState.PENDING:
        return None
    if change.kind == ChangeKind.DEPROVISION and not was_asked(session, instance):
        return None
    known = known_order(session, instance, change)
    order, line = known if known is not None else (None, None)
    product = product_columns(line) if line is not None and needs_order(change) else {}
    return Task(
        key=_key(instance, change),
        kind=ChangeKind(change.kind).value,
        address=instance.address,
        instance_id=instance.instance_id,
        order_id=change.order_id or instance.order_id,
        order_line_id=change.order_line_id or instance.order_line_id,
        product_id=product.get("product_id") or instance.product_id,
        sku_code=product.get("sku_code") or instance.sku_code,
        linear_value=_first(product.get("linear_value"), instance.linear_value),
        product_name=product.get("product_name") or instance.product_name,
        charging_mode=instance.charging_mode,
        order_type=order.order_type if order is not None else instance.order_type,
        scene=change.scene or None,
        expires_at=instance.expires_at or instance.expected_expires_at,
        is_trial=instance.is_trial,
        customer=order.buyer_info.raw if order is not None and order.buyer_info is not None else {},
        extend_params=line.extend_params if line is not None else (),
    )


def was_asked(session: Session, instance: Instance) -> bool:
    """Say whether the product may have heard of the instance: not before its order is known."""
    is_known = (
        orders.find_info(session, instance.address, instance.order_id, instance.order_line_id) is not None
    )
    return any(
        change.state == ChangeState.DONE or (is_known and (change.attempt > 0 or change.run > 1))
        for change in changes.list_of(session, ref_of(instance))
        if change.kind == ChangeKind.PROVISION
    )


def _clean(text: str | None) -> str | None:
    """Drop what PostgreSQL cannot hold; the order as received keeps it."""
    return None if text is None else text.replace("\x00", "")


def _key(instance: Instance, change: Change) -> str:
    """Give the idempotency key: the same on every attempt, and after a failure too.

    Only a renewal started again is another piece of work: its expiry was changed.
    """
    key = f"{instance.instance_id}:{change.id}"
    return f"{key}:{change.run}" if change.expires_at is not None else key


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
