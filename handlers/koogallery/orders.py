"""What the marketplace tells of an order.

Every member may be missing or null, unknown members are ignored, and a value of the wrong kind reads as None:
an order that was paid for must not fail over a detail. `raw` is the JSON object as it came.
What may hold personal data is left out of every repr.

Source: 查询订单, zh-cn_topic_0070649466; international topic_0070649116; Europe en-us_topic_000033.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from handlers.marketplace.times import parse_expire_time

_T = TypeVar("_T")
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True, repr=False)
class BuyerInfo:
    """Who bought: personal data, hidden from repr."""

    customer_id: str | None
    customer_name: str | None
    customer_real_name: str | None
    customer_type: int | None
    user_id: str | None
    user_name: str | None
    mobile_phone: str | None
    email: str | None
    raw: Mapping[str, Any]

    def __repr__(self) -> str:
        """Show that there is a buyer, and nothing else."""
        return "BuyerInfo(hidden)"


@dataclass(frozen=True, slots=True)
class ProductInfo:
    """What was bought: `linear_value` is the quantity, `sku_code` the specification."""

    product_id: str | None
    sku_code: str | None
    linear_value: int | None
    product_name: str | None
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One position of an order.

    `expires_at` is reckoned from the order's creation and for reference only. `currency` and
    `currency_after_discount` are amounts, despite the marketplace's name for them.
    """

    order_line_id: str | None
    charging_mode: str | None
    expires_at: datetime | None
    period_type: str | None
    period_number: int | None
    product_info: tuple[ProductInfo, ...]
    extend_params: tuple[Mapping[str, Any], ...] = field(repr=False)
    currency: Decimal | None
    currency_after_discount: Decimal | None
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def product(self) -> ProductInfo | None:
        """The first product of the line; the marketplace's examples have exactly one."""
        return self.product_info[0] if self.product_info else None


@dataclass(frozen=True, slots=True)
class OrderInfo:
    """An order; `created_at` is when it was placed, not when it takes effect."""

    order_id: str | None
    order_type: str | None
    created_at: datetime | None
    order_line: tuple[OrderLine, ...]
    buyer_info: BuyerInfo | None
    extend_params: tuple[Mapping[str, Any], ...] = field(repr=False)
    raw: Mapping[str, Any] = field(repr=False)

    def line(self, order_line_id: str | None) -> OrderLine | None:
        """Return that line, or the only one if its id or ours is not known, or None."""
        for line in self.order_line:
            if order_line_id is not None and line.order_line_id == order_line_id:
                return line
        if len(self.order_line) != 1:
            return None
        only = self.order_line[0]
        return only if order_line_id is None or only.order_line_id is None else None


def read_order(info: Mapping[str, Any]) -> OrderInfo:
    """Read the `orderInfo` object of an answer; never raises for what is in it."""
    buyer = info.get("buyerInfo")
    return OrderInfo(
        order_id=_text(info.get("orderId")),
        order_type=_text(info.get("orderType")),
        created_at=_time(info.get("createTime")),
        order_line=_each(info.get("orderLine"), _line),
        buyer_info=_buyer(buyer) if isinstance(buyer, dict) else None,
        extend_params=_each(info.get("extendParams"), dict),
        raw=info,
    )


def _line(line: Mapping[str, Any]) -> OrderLine:
    return OrderLine(
        order_line_id=_text(line.get("orderLineId")),
        charging_mode=_text(line.get("chargingMode")),
        expires_at=_time(line.get("expireTime")),
        period_type=_text(line.get("periodType")),
        period_number=_whole(line.get("periodNumber")),
        product_info=_each(line.get("productInfo"), _product),
        extend_params=_each(line.get("extendParams"), dict),
        currency=_decimal(line.get("currency")),
        currency_after_discount=_decimal(line.get("currencyAfterDiscount")),
        raw=line,
    )


def _product(product: Mapping[str, Any]) -> ProductInfo:
    return ProductInfo(
        product_id=_text(product.get("productId")),
        sku_code=_text(product.get("skuCode")),
        linear_value=_whole(product.get("linearValue")),
        product_name=_text(product.get("productName")),
        raw=product,
    )


def _buyer(buyer: Mapping[str, Any]) -> BuyerInfo:
    return BuyerInfo(
        customer_id=_text(buyer.get("customerId")),
        customer_name=_text(buyer.get("customerName")),
        customer_real_name=_text(buyer.get("customerRealName")),
        customer_type=_whole(buyer.get("customerType")),
        user_id=_text(buyer.get("userId")),
        user_name=_text(buyer.get("userName")),
        mobile_phone=_text(buyer.get("mobilePhone")),
        email=_text(buyer.get("email")),
        raw=buyer,
    )


def _each(value: object, read: Callable[[Mapping[str, Any]], _T]) -> tuple[_T, ...]:
    return tuple(read(item) for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _text(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _time(value: object) -> datetime | None:
    try:
        return parse_expire_time(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    # The bound keeps "1e999999999" from becoming an integer that fills the memory.
    return number if number.is_finite() and number.adjusted() < _MOST_DIGITS else None


def _whole(value: object) -> int | None:
    number = _decimal(value)
    return int(number) if number is not None and number == number.to_integral_value() else None
