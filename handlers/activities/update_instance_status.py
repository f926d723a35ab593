"""updateInstanceStatus: freeze an instance after expiry or a violation, or lift that.

Contract: openapi/activities/update_instance_status.yaml
"""

from typing import Any

from handlers import lifecycle
from handlers.addresses import Address
from handlers.answers import Answer, ok
from handlers.clock import Clock
from handlers.turns import Work
from storage.session import Session


def update_instance_status(
    body: dict[str, Any], *, session: Session, workflows: Work, now: Clock, address: Address
) -> Answer:
    """Freeze or unfreeze, and tell the product; data is kept, and a repeat answers success again.

    Raises InstanceNotFound (000003); InstanceReleased (000003) for unfreezing what is over.
    """
    lifecycle.set_frozen(
        session,
        workflows,
        address=address.name,
        instance_id=body["instanceId"],
        is_frozen=body["status"] == "FREEZE",
        at=now(),
    )
    return ok()


def probe(_body: dict[str, Any]) -> Answer:
    """Answer the marketplace's own test; nothing is frozen."""
    return ok()
