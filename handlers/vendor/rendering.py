"""Rows as the vendor API shows them: camelCase, RFC 3339, no password."""

from typing import Any

from handlers.lifecycle import stage_of
from handlers.vendor.paging import moment
from storage import instances
from storage.models import Change, ChangeState, Instance, Notice
from storage.session import Session


def render_instance(session: Session, instance: Instance) -> dict[str, Any]:
    """Show an instance."""
    return {
        "instanceId": instance.instance_id,
        "address": instance.address,
        "state": stage_of(instance).value,
        "orderId": instance.order_id,
        "orderLineId": instance.order_line_id,
        "orderType": instance.order_type,
        "chargingMode": instance.charging_mode,
        "productId": instance.product_id,
        "productName": instance.product_name,
        "skuCode": instance.sku_code,
        "linearValue": instance.linear_value,
        "customerId": instance.customer_id,
        "isTrial": instance.is_trial,
        "expiresAt": moment(instance.expires_at or instance.expected_expires_at),
        "createdAt": moment(instance.created_at),
        "activatedAt": moment(instance.activated_at),
        "frozenAt": moment(instance.frozen_at),
        "releasedAt": moment(instance.released_at),
        "failure": _failure(instance),
        "access": _access(session, instance),
    }


def _failure(instance: Instance) -> dict[str, Any] | None:
    if instance.failure_code is None:
        return None
    return {"resultCode": instance.failure_code, "reason": instance.failure_reason}


def _access(session: Session, instance: Instance) -> dict[str, Any] | None:
    access = instances.open_access(session, instance)
    if access is None:
        return None
    return {
        "frontEndUrl": access["front_end_url"],
        "adminUrl": access["admin_url"],
        "userName": access["user_name"],
        "hasPassword": access["password"] is not None,
        "memo": access["memo"],
    }


def render_change(change: Change) -> dict[str, Any]:
    """Show a piece of work; one whose attempt is under way is working."""
    is_working = change.state == ChangeState.PENDING and change.attempt > 0 and change.next_attempt_at is None
    return {
        "id": change.id,
        "kind": change.kind,
        "scene": change.scene or None,
        "state": "working" if is_working else change.state,
        "orderId": change.order_id,
        "orderLineId": change.order_line_id,
        "productId": change.product_id,
        "expiresAt": moment(change.expires_at),
        "attempt": change.attempt,
        "resultCode": change.result_code,
        "reason": change.reason,
        "createdAt": moment(change.created_at),
        "settledAt": moment(change.settled_at),
    }


def render_notice(notice: Notice) -> dict[str, Any]:
    """Show a notice."""
    return {
        "id": notice.id,
        "kind": notice.kind,
        "subject": notice.subject,
        "message": notice.message,
        "count": notice.count,
        "firstAt": moment(notice.first_at),
        "lastAt": moment(notice.last_at),
        "acknowledgedAt": moment(notice.acknowledged_at),
    }
