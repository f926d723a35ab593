"""The nine orders that KooGallery offers for debugging (调测订单数据); answered as of now, never stored.

Source: 查询订单 (zh-cn_topic_0070649466); only the first was seen answered, the other eight follow its shape.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from handlers.simulator import periods
from handlers.simulator.state import Order, OrderType

_BUYER: dict[str, Any] = {
    "mobilePhone": "18688888888",
    "email": None,
    "customerId": "459bbbec25d24749b2eb83be37b602a8",
    "customerName": "mock_user_01",
    "customerRealName": "测试用户1",
    "customerType": 0,
    "userId": None,
    "userName": None,
}
_EXTEND_PARAMS = [{"name": "emailDomainName", "value": "test.xxxx.com"}, {"name": "ip", "value": "127.0.0.1"}]


class _Kind(NamedTuple):
    order_type: OrderType
    charging_mode: str
    sold_as: str
    period_type: str | None = None


KINDS = {
    "MOCKPERIODYEARNEW": _Kind("NEW", "PERIOD", "包周期", "year"),
    "MOCKONETIMENEW": _Kind("NEW", "ONE_TIME", "按次"),
    "MOCKONDEMAND": _Kind("NEW", "ON_DEMAND", "按需"),
    "MOCKONDEMANDPKG": _Kind("NEW", "ON_DEMAND_PKG", "按需套餐包", "year"),
    "MOCKPERIODDAYTRIAL": _Kind("TRIAL", "PERIOD", "包周期", "day"),
    "MOCKMONTYTRIALTOFORMAL": _Kind("TRIAL_TO_FORMAL", "PERIOD", "包周期", "month"),
    "MOCKMONTYUNSUBSCRIBE": _Kind("UNSUBSCRIBE", "PERIOD", "包周期", "month"),
    "MOCKMONTYRENEW": _Kind("RENEW", "PERIOD", "包周期", "month"),
    "MOCKMONTYCHANGE": _Kind("CHANGE", "PERIOD", "包周期", "month"),
}


def find(order_id: str, *, at: datetime) -> Order | None:
    """Return the mock order as it looks at this moment, or None for any other id."""
    kind = KINDS.get(order_id)
    if kind is None:
        return None
    return Order(
        order_id=order_id,
        order_line_id=f"{order_id}-000001",
        order_type=kind.order_type,
        charging_mode=kind.charging_mode,
        period_type=kind.period_type,
        period_number=1 if kind.period_type else None,
        product_id="OFFI846204237451911168",
        sku_code="0a4d1578-5295-46a7-92d4-7c803dccc51d",
        linear_value=50,
        product_name=f"MOCK测试商品,测试规格,基础版,{kind.sold_as}",
        currency="100",
        currency_after_discount="100",
        buyer=_BUYER,
        extend_params=_EXTEND_PARAMS,
        create_time=at,
        expire_time=_end(at, kind.period_type),
    )


def _end(at: datetime, period_type: str | None) -> datetime | None:
    # The recorded mock ends at 23:59:59 as printed, unlike the page's example, so its day is counted in UTC.
    return None if period_type is None else periods.end_of_day(periods.after(at, period_type, 1), UTC)
