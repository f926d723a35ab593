"""The body of each call, field by field (接口描述 of the seven basic interfaces, V2.0)."""

import uuid
from collections.abc import Iterator

from handlers.simulator.state import Order

Body = dict[str, object]


def new_instance(order: Order) -> Body:
    """Return newInstance for an order; the businessId is a fresh one every time."""
    return {
        "activity": "newInstance",
        "businessId": str(uuid.uuid4()),
        "orderId": order.order_id,
        "orderLineId": order.order_line_id,
    }


def query_instance(instance_id: str) -> Body:
    """Return queryInstance for one id, or several joined by commas."""
    return {"activity": "queryInstance", "instanceId": instance_id}


def refresh_instance(
    instance_id: str, order: Order, *, scene: str, expire_time: str, product_id: str | None
) -> Body:
    """Return refreshInstance; the product is named only if it becomes another one."""
    body: Body = {"activity": "refreshInstance", "scene": scene, "expireTime": expire_time}
    return body | _about(instance_id, order) | ({} if product_id is None else {"productId": product_id})


def update_instance_status(instance_id: str, status: str) -> Body:
    """Return updateInstanceStatus to FREEZE or UNFREEZE."""
    return {"activity": "updateInstanceStatus", "instanceId": instance_id, "status": status}


def upgrade_instance(instance_id: str, order: Order) -> Body:
    """Return upgradeInstance for the order of the change."""
    return {"activity": "upgradeInstance", **_about(instance_id, order)}


def change_instance_check(instance_id: str, target: Order) -> Body:
    """Return changeInstanceCheck for the product that the target describes."""
    product = {
        "productId": target.product_id,
        "skuCode": target.sku_code,
        "linearValue": target.linear_value,
        "productName": target.product_name,
    }
    return {"activity": "changeInstanceCheck", "instanceId": instance_id, "productInfo": product}


def release_instance(instance_id: str, order: Order | None) -> Body:
    """Return releaseInstance: with the order of the unsubscription, or without one after expiry."""
    about: Body = {"instanceId": instance_id} if order is None else _about(instance_id, order)
    return {"activity": "releaseInstance", **about}


def debug_cases(expire_time: str) -> Iterator[Body]:
    """Yield a debug call (testFlag 1) for each of the seven activities, with ids nobody has seen."""
    instance_id, number = str(uuid.uuid4()), uuid.uuid4().hex[:15].upper()
    order: Body = {"orderId": f"CS{number}", "orderLineId": f"CS{number}-000001"}
    about: Body = {"instanceId": instance_id, **order}
    product = {"productId": "OFFI461867333479178240", "skuCode": "debug", "linearValue": 10}
    cases: list[Body] = [
        {"activity": "newInstance", "businessId": str(uuid.uuid4()), **order},
        query_instance(instance_id),
        {"activity": "refreshInstance", "scene": "RENEWAL", "expireTime": expire_time, **about},
        update_instance_status(instance_id, "FREEZE"),
        {"activity": "upgradeInstance", **about},
        {"activity": "changeInstanceCheck", "instanceId": instance_id, "productInfo": product},
        {"activity": "releaseInstance", **about},
    ]
    for case in cases:
        yield {**case, "testFlag": "1"}


def _about(instance_id: str, order: Order) -> Body:
    return {"instanceId": instance_id, "orderId": order.order_id, "orderLineId": order.order_line_id}
