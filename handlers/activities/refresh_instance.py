"""refreshInstance: a renewal, its refund, or a trial turned into a purchase sets the expiry.

Contract: openapi/activities/refresh_instance.yaml
"""

from typing import Any

from handlers import lifecycle
from handlers.addresses import Address
from handlers.answers import Answer, ok
from handlers.clock import Clock
from handlers.marketplace.times import parse_expire_time
from handlers.turns import Work
from handlers.validation import Invalid
from storage.session import Session


def refresh_instance(
    body: dict[str, Any], *, session: Session, workflows: Work, now: Clock, address: Address
) -> Answer:
    """Set the expiry that the order gives, and tell the product; a repeat changes nothing.

    `expireTime` is absolute, UTC, 14 or 17 digits. Raises InstanceNotFound (000003), InstanceReleased
    (000003), NotProvisioned (000005).
    """
    renewal = lifecycle.Renewal(
        scene=body["scene"],
        order_id=body["orderId"],
        order_line_id=body["orderLineId"],
        expires_at=_expire_time(body),
        product_id=body.get("productId") or None,
    )
    lifecycle.renew(
        session,
        workflows,
        address=address.name,
        instance_id=body["instanceId"],
        renewal=renewal,
        at=now(),
    )
    return ok()


def probe(body: dict[str, Any]) -> Answer:
    """Answer the marketplace's own test; the time is still checked."""
    _expire_time(body)
    return ok()


def _expire_time(body: dict[str, Any]) -> Any:
    try:
        return parse_expire_time(body["expireTime"])
    except ValueError:
        raise Invalid("expireTime", "is no date of the calendar") from None
