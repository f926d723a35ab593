"""newInstance: an order line was paid; give it an instance.

Contract: openapi/activities/new_instance.yaml
"""

from typing import Any

from handlers import lifecycle
from handlers.addresses import Address
from handlers.answers import Answer, Pending, Reply, in_progress, ok
from handlers.clock import Clock
from handlers.marketplace.result_codes import ResultCode
from handlers.turns import Work, ref_of
from storage import instances
from storage.models import Instance, InstanceState
from storage.session import Session


def new_instance(
    body: dict[str, Any], *, session: Session, workflows: Work, now: Clock, address: Address
) -> Reply:
    """Give the order line its instance and start provisioning; a repeat gives the same instance id.

    Answers 000000 once the product is there, 000004 while the work goes on, and the reason of a failure
    if it failed meanwhile; the next delivery then starts afresh.
    """
    instance = lifecycle.sell(
        session,
        workflows,
        address=address.name,
        order_id=body["orderId"],
        order_line_id=body["orderLineId"],
        business_id=body["businessId"],
        at=now(),
    )
    answer = _outcome(instance, address)
    if answer is not None:
        return answer
    otherwise = in_progress(instanceId=instance.instance_id)
    if not address.waits_for("newInstance"):
        return otherwise
    instance_id = instance.instance_id

    def outcome(reading: Session) -> Answer | None:
        return _outcome(instances.get(reading, address.name, instance_id), address)

    return Pending(ref_of(instance), outcome, otherwise)


def probe(body: dict[str, Any]) -> Answer:
    """Answer the marketplace's own test as if all had gone well; nothing is made."""
    return ok(instanceId=body["businessId"])


def _outcome(instance: Instance, address: Address) -> Answer | None:
    """Say what came of the provisioning, or None while it goes on."""
    if instance.state == InstanceState.PROVISIONING:
        return None
    if instance.state == InstanceState.FAILED:
        code = ResultCode(instance.failure_code or ResultCode.INTERNAL_ERROR)
        code = code.fitting("newInstance", address.settings.site)
        return Answer(code, f"provisioning failed: {instance.failure_reason}; 实例开通失败")
    return ok(instanceId=instance.instance_id)
