"""查询订单 (query order): tell the seller what was bought.

Contract: openapi/koogallery.yaml. Codes with their HTTP statuses: zh-cn_topic_0070649466.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from handlers.simulator import mock_orders
from handlers.simulator.periods import digits14
from handlers.simulator.state import Order, State

Answer = tuple[dict[str, Any], int]

_REFUSALS = {
    "0100": (500, "Failure of input parameter"),
    "0101": (400, "Invalid parameter"),
    "0154": (401, "Illegal token"),
    "0199": (400, "Request parameter error"),
    "0999": (500, "System internal error."),
}


def query_order(
    order_id: str, order_line_id: str | None = None, *, state: State, now: Callable[[], datetime]
) -> Answer:
    """Answer the order; an unknown order, or a line that is not its own, is refused with 0199."""
    order = mock_orders.find(order_id, at=now()) or state.find_order(order_id)
    if order is None:
        return refusal("0199", "no such order")
    if order_line_id not in {None, "", order.order_line_id}:
        return refusal("0199", "the order has no such line")
    return {"resultCode": "MKT.0000", "resultMsg": "Success", "orderInfo": order_info(order)}, 200


def refusal(suffix: str, detail: str = "") -> Answer:
    """Return the documented answer for an error code, given by the digits after its prefix."""
    status, message = _REFUSALS[suffix]
    text = f"{message} ({detail})" if detail else message
    return {"resultCode": f"MKT.{suffix}", "resultMsg": text[:1024]}, status


def order_info(order: Order) -> dict[str, Any]:
    """Return the OrderInfo object; what an order does not have is left out, what a buyer lacks is null."""
    return {
        "orderId": order.order_id,
        "orderType": order.order_type,
        "createTime": digits14(order.create_time),
        "orderLine": [_order_line(order)],
        "buyerInfo": order.buyer,
        "extendParams": [],
    }


def _order_line(order: Order) -> dict[str, Any]:
    line: dict[str, Any] = {"orderLineId": order.order_line_id, "chargingMode": order.charging_mode}
    if order.period_type is not None:
        line |= {"periodType": order.period_type, "periodNumber": order.period_number}
    if order.expire_time is not None:
        line["expireTime"] = digits14(order.expire_time)
    return line | {
        "productInfo": [_product_info(order)],
        "extendParams": order.extend_params,
        "currency": order.currency,
        "currencyAfterDiscount": order.currency_after_discount,
    }


def _product_info(order: Order) -> dict[str, Any]:
    info: dict[str, Any] = {"productId": order.product_id, "skuCode": order.sku_code}
    if order.linear_value is not None:
        info["linearValue"] = order.linear_value
    return info | {"productName": order.product_name}
