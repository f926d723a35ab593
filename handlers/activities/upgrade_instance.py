"""upgradeInstance: an upgrade order was paid; give the instance what it says.

Contract: openapi/activities/upgrade_instance.yaml
"""

from typing import Any

from handlers import lifecycle
from handlers.addresses import Address
from handlers.answers import Answer, Pending, Reply, in_progress, ok
from handlers.clock import Clock
from handlers.marketplace.result_codes import ResultCode
from handlers.turns import Work
from storage import changes
from storage.models import Change, ChangeState
from storage.session import Session


def upgrade_instance(
    body: dict[str, Any], *, session: Session, workflows: Work, now: Clock, address: Address
) -> Reply:
    """Have the product changed to what the order says; the instance id stays.

    Answers 000000 once the product confirmed, 000004 while the work goes on (the next delivery gives its
    outcome), the product's reason if it refused. Raises InstanceNotFound and InstanceReleased (000003),
    NotProvisioned (000005).
    """
    change = lifecycle.upgrade(
        session,
        workflows,
        address=address.name,
        instance_id=body["instanceId"],
        order_id=body["orderId"],
        order_line_id=body["orderLineId"],
        at=now(),
    )
    answer = _outcome(change, address)
    if answer is not None:
        return answer
    if not address.waits_for("upgradeInstance"):
        return in_progress()
    change_id = change.id or 0
    return Pending(
        change.instance_ref, lambda reading: _outcome(changes.get(reading, change_id), address), in_progress()
    )


def probe(_body: dict[str, Any]) -> Answer:
    """Answer the marketplace's own test; nothing is changed."""
    return ok()


def _outcome(change: Change, address: Address) -> Answer | None:
    """Say what came of the change, or None while it goes on."""
    if change.state in {ChangeState.PENDING, ChangeState.WAITING}:
        return None
    if change.state == ChangeState.DONE:
        return ok()
    if change.state == ChangeState.SUPERSEDED:
        return Answer(
            ResultCode.INTERNAL_ERROR,
            "dropped: the instance was released or not provisioned; 实例已释放或开通失败",
        )
    code = ResultCode(change.result_code or ResultCode.INTERNAL_ERROR)
    code = code.fitting("upgradeInstance", address.settings.site)
    return Answer(code, f"upgrade failed: {change.reason}; 实例升级失败")
