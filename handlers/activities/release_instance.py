"""releaseInstance: the order line is over; take the product away from the buyer.

Contract: openapi/activities/release_instance.yaml
"""

from typing import Any

from handlers import lifecycle
from handlers.addresses import Address
from handlers.answers import Answer, ok
from handlers.clock import Clock
from handlers.turns import Work
from storage.session import Session


def release_instance(
    body: dict[str, Any], *, session: Session, workflows: Work, now: Clock, address: Address
) -> Answer:
    """Release the instance and start deprovisioning; a repeat answers success again.

    Raises InstanceNotFound (000003) for an id that never existed.
    """
    lifecycle.release(
        session,
        workflows,
        address=address.name,
        instance_id=body["instanceId"],
        order_id=body.get("orderId") or None,
        order_line_id=body.get("orderLineId") or None,
        at=now(),
    )
    return ok()


def probe(_body: dict[str, Any]) -> Answer:
    """Answer the marketplace's own test; nothing is released."""
    return ok()
