"""What the simulated marketplace sells, and to whom: every order is written here."""

import secrets
import string
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from handlers.simulator import periods
from handlers.simulator.state import Order, State

ChargingMode = Literal["PERIOD", "ONE_TIME", "ON_DEMAND", "ON_DEMAND_PKG"]
PeriodType = Literal["year", "month", "day"]

BUYER: dict[str, Any] = {
    "mobilePhone": "18600000000",
    "email": None,
    "customerId": "5f0e8d7c6b5a49388271605f4e3d2c1b",
    "customerName": "simulated_buyer",
    "customerRealName": "模拟买家",
    "customerType": 1,
    "userId": None,
    "userName": None,
}
EXTEND_PARAMS = [{"name": "emailDomainName", "value": "buyer.example.com"}]
_SUFFIX = string.ascii_uppercase + string.digits
_PRICES = {"year": Decimal(1000), "month": Decimal(100), "day": Decimal(5)}
_SOLD_AS = {
    "PERIOD": "包周期",
    "ONE_TIME": "按次",
    "ON_DEMAND": "按需",
    "ON_DEMAND_PKG": "按需套餐包",
}
_TIMED = {"PERIOD", "ON_DEMAND_PKG"}
_SMALL, _LARGE = "6a1b7c52-standard", "6a1b7c52-enterprise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a buyer pays: the period counts only where time is sold, a trial is free."""

    charging_mode: ChargingMode = "PERIOD"
    period_type: PeriodType = "month"
    period_number: int = 1
    linear_value: int = 10
    trial: bool = False


def buy(state: State, terms: Terms, *, at: datetime) -> Order:
    """Store the order of a purchase and begin its subscription."""
    timed = terms.charging_mode in _TIMED
    price = Decimal(0) if terms.trial else _PRICES[terms.period_type] * terms.period_number
    ends = periods.end_of_day(periods.after(at, terms.period_type, terms.period_number))
    order = Order(
        order_id="",
        order_line_id="",
        order_type="TRIAL" if terms.trial else "NEW",
        charging_mode=terms.charging_mode,
        period_type=terms.period_type if timed else None,
        period_number=terms.period_number if timed else None,
        product_id=_product_id(terms.charging_mode, terms.period_type, _SMALL),
        sku_code=_SMALL,
        linear_value=terms.linear_value,
        product_name=f"模拟商品,标准版,{_SOLD_AS[terms.charging_mode]}",
        currency=str(price),
        currency_after_discount=str(price),
        buyer=BUYER,
        extend_params=EXTEND_PARAMS,
        create_time=at,
        expire_time=ends if timed else None,
    )
    placed = place(state, order)
    state.subscribe(placed)
    return placed


def larger(bought: Order, linear_value: int | None = None) -> Order:
    """Return the order as it would read for the larger edition, by default with ten more of the quantity."""
    return replace(
        bought,
        sku_code=_LARGE,
        product_id=_product_id(bought.charging_mode, bought.period_type, _LARGE),
        product_name=bought.product_name.replace("标准版", "企业版"),
        linear_value=linear_value or (bought.linear_value or 0) + 10,
    )


def for_period(bought: Order, period_type: PeriodType, period_number: int, expires: datetime) -> Order:
    """Return the order as it would read for another period; another period type is another product."""
    price = str(_PRICES[period_type] * period_number)
    return replace(
        bought,
        period_type=period_type,
        period_number=period_number,
        product_id=_product_id(bought.charging_mode, period_type, bought.sku_code),
        currency=price,
        currency_after_discount=price,
        expire_time=expires,
    )


def place(state: State, order: Order) -> Order:
    """Store the order under a fresh id, and return it with that id."""
    while True:
        order_id = f"CS{order.create_time:%y%m%d%H%M}" + "".join(secrets.choice(_SUFFIX) for _ in range(5))
        placed = replace(order, order_id=order_id, order_line_id=f"{order_id}-000001")
        if state.add_order(placed):
            return placed


def _product_id(charging_mode: str, period_type: str | None, sku_code: str) -> str:
    """One SKU has a product for each way to pay for it."""
    ways = ["PERIOD/year", "PERIOD/month", "PERIOD/day", "ONE_TIME/", "ON_DEMAND/", "ON_DEMAND_PKG/"]
    way = f"{charging_mode}/{period_type if charging_mode == 'PERIOD' else ''}"
    return f"OFFI84620423745191{ways.index(way):02d}{1 if sku_code == _LARGE else 0:02d}"
