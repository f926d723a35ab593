"""queryInstance: the marketplace asks for what the buyer needs to get in.

Contract: openapi/activities/query_instance.yaml
"""

from typing import Any

from handlers.addresses import Address
from handlers.answers import Answer, ok
from handlers.lifecycle import InstanceReleased, NotProvisioned, Wish
from handlers.marketplace.appinfo import app_info
from handlers.marketplace.result_codes import ResultCode
from handlers.validation import Invalid
from storage import instances
from storage.models import Instance, InstanceState
from storage.session import Session

_MOST = 100


def query_instance(body: dict[str, Any], *, session: Session, address: Address) -> Answer:
    """Give the access data of up to 100 instances, in the order asked.

    While one of them is being provisioned the answer is 000004, with what is known of the others.
    Raises InstanceNotFound or InstanceReleased (000003) and NotProvisioned (000005) for the first that is.
    """
    info = []
    is_complete = True
    for instance_id in _ids(body):
        instance = instances.get(session, address.name, instance_id)
        _refuse_if_over(instance)
        if instance.state == InstanceState.ACTIVE:
            info.append(_entry(session, instance_id, instance))
        else:
            is_complete = False
    if is_complete:
        return ok(info=info)
    members = {"info": info} if info else {}
    return Answer(ResultCode.IN_PROGRESS, "request is processing; 请求处理中", members)


def probe(body: dict[str, Any], *, address: Address) -> Answer:
    """Answer the marketplace's own test with made-up access data for any id."""
    sample = app_info(
        front_end_url=address.public_url,
        admin_url=address.public_url,
        user_name="test",
        password="test",  # noqa: S106 - a probe's made-up access data
        memo="test; 测试",
    )
    return ok(info=[{"instanceId": instance_id, "appInfo": sample} for instance_id in _ids(body)])


def _ids(body: dict[str, Any]) -> list[str]:
    ids = [part.strip() for part in body["instanceId"].split(",")]
    if not all(ids):
        raise Invalid("instanceId", "has an empty id between commas")
    if len(ids) > _MOST:
        raise Invalid("instanceId", f"has more than {_MOST} ids")
    return ids


def _refuse_if_over(instance: Instance) -> None:
    if instance.state == InstanceState.RELEASED:
        raise InstanceReleased(instance.instance_id, Wish.CHECK)
    if instance.state == InstanceState.FAILED:
        raise NotProvisioned(instance.instance_id, Wish.CHECK)


def _entry(session: Session, asked_id: str, instance: Instance) -> dict[str, Any]:
    """Describe an instance under the id it was asked by, with access data if there is any."""
    access = instances.open_access(session, instance)
    return {"instanceId": asked_id, **({"appInfo": app_info(**access)} if access else {})}
