"""Reading an order: everything may be missing, null or odd."""

import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from handlers.koogallery.orders import OrderInfo, read_order

PRODUCT = {
    "productId": "OFFI846204237451911168",
    "skuCode": "0a4d1578-5295-46a7-92d4-7c803dccc51d",
    "linearValue": 50,
    "productName": "MOCK测试商品,测试规格,基础版,包周期",
}
LINE = {
    "orderLineId": "MOCKPERIODYEARNEW-000001",
    "chargingMode": "PERIOD",
    "periodType": "year",
    "periodNumber": 1,
    "expireTime": "20251121235959",
    "productInfo": [PRODUCT],
    "extendParams": [{"name": "emailDomainName", "value": "secret.example.com"}],
    "currency": "100",
    "currencyAfterDiscount": "99.90",
}
BUYER = {
    "mobilePhone": "18688888888",
    "email": None,
    "customerId": "459bbbec25d24749b2eb83be37b602a8",
    "customerName": "mock_user_01",
    "customerRealName": "测试用户1",
    "customerType": 0,
    "userId": None,
    "userName": None,
}
ORDER = {
    "orderId": "MOCKPERIODYEARNEW",
    "orderType": "NEW",
    "createTime": "20241121090846",
    "orderLine": [LINE],
    "buyerInfo": BUYER,
    "extendParams": [],
    "tomorrow": {"unknown": True},
}
QUANTITIES_THAT_ARE_NONE: list[Any] = [
    *[None, "", "x", 1.5, "1.5", True, [], "Infinity", "1e30", float("nan")],
]
ODD_VALUES: list[Any] = [
    None,
    "",
    "x",
    7,
    -1.5,
    True,
    [],
    [None, 3, "x"],
    {},
    {"a": 1},
    "1e999999999",
    "NaN",
    [[{}]],
    1e400,
]


def one_line(**members: Any) -> Any:
    """Read an order whose only line has these members."""
    return read_order({"orderLine": [members]}).line(None)


def test_an_order_is_read_whole() -> None:
    """Every documented member arrives, with amounts as decimals and times in UTC."""
    order = read_order(ORDER)
    line = order.line("MOCKPERIODYEARNEW-000001")
    assert (order.order_id, order.order_type) == ("MOCKPERIODYEARNEW", "NEW")
    assert order.created_at == datetime(2024, 11, 21, 9, 8, 46, tzinfo=UTC)
    assert order.extend_params == ()
    assert order.raw == ORDER
    assert line is not None
    assert (line.charging_mode, line.period_type, line.period_number) == ("PERIOD", "year", 1)
    assert line.expires_at == datetime(2025, 11, 21, 23, 59, 59, tzinfo=UTC)
    assert (line.currency, line.currency_after_discount) == (Decimal(100), Decimal("99.90"))
    assert line.extend_params == ({"name": "emailDomainName", "value": "secret.example.com"},)
    assert line.raw == LINE


def test_product_and_buyer_are_read() -> None:
    """The product's and the buyer's members arrive, nulls as None."""
    order = read_order(ORDER)
    product, buyer = order.order_line[0].product, order.buyer_info
    assert product is not None
    assert (product.product_id, product.sku_code) == (PRODUCT["productId"], PRODUCT["skuCode"])
    assert (product.linear_value, product.product_name) == (50, PRODUCT["productName"])
    assert buyer is not None
    assert (buyer.customer_id, buyer.customer_name) == (BUYER["customerId"], "mock_user_01")
    assert (buyer.customer_real_name, buyer.customer_type) == ("测试用户1", 0)
    assert (buyer.mobile_phone, buyer.email, buyer.user_id, buyer.user_name) == (
        "18688888888",
        None,
        None,
        None,
    )
    assert buyer.raw == BUYER


@pytest.mark.parametrize("info", [{}, dict.fromkeys(ORDER)])
def test_an_order_of_nothing(info: dict[str, Any]) -> None:
    """Missing and null members read as None or empty."""
    assert read_order(info) == OrderInfo(None, None, None, (), None, (), info)
    assert read_order(info).line(None) is None
    assert one_line().product is None


@pytest.mark.parametrize("value", ODD_VALUES, ids=repr)
@pytest.mark.parametrize("level", [ORDER, LINE, PRODUCT, BUYER], ids=["order", "line", "product", "buyer"])
def test_odd_values_never_raise(level: dict[str, Any], value: object) -> None:
    """Any value in any place gives an order, whose ids are then a text or None."""
    odd: dict[str, Any] = dict.fromkeys(level, value)
    places: dict[int, dict[str, Any]] = {
        id(ORDER): odd,
        id(LINE): {"orderLine": [odd]},
        id(PRODUCT): {"orderLine": [{"productInfo": [odd]}]},
        id(BUYER): {"buyerInfo": odd},
    }
    order = read_order(places[id(level)])
    assert order.order_id is None or isinstance(order.order_id, str)
    assert order.line("no such line") is None or order.order_line[0].order_line_id is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *[(50, 50), ("50", 50), (" 50 ", 50), (50.0, 50), ("50.0", 50), (0, 0), (-1, -1)],
        *[(value, None) for value in QUANTITIES_THAT_ARE_NONE],
    ],
)
def test_quantity_as_number_or_text(value: object, expected: int | None) -> None:
    """The quantity may be a number or a text that holds one; what is no whole number is None."""
    assert one_line(productInfo=[{"linearValue": value}]).product.linear_value == expected


@pytest.mark.parametrize("value", ["2025-11-21", "20251321000000", "", 20251121235959, None])
def test_odd_times_are_none(value: object) -> None:
    """A time that cannot be read is None, not an error."""
    assert one_line(expireTime=value).expires_at is None


def test_choosing_a_line() -> None:
    """A line is chosen by its id; the only one serves when an id is not known, never a line of another id."""
    two = read_order({"orderLine": [{"orderLineId": "a"}, {"orderLineId": "b"}]})
    assert two.line("b") is two.order_line[1]
    assert two.line("c") is None
    assert two.line(None) is None
    named, nameless = read_order({"orderLine": [{"orderLineId": "a"}]}), read_order({"orderLine": [{}]})
    assert named.line(None) is named.order_line[0]
    assert named.line("b") is None
    assert nameless.line("b") is nameless.order_line[0]


def test_no_personal_data_in_repr() -> None:
    """Neither the order's nor the buyer's repr shows who bought or what the buyer filled in."""
    order = read_order(ORDER | {"extendParams": [{"name": "phone", "value": "13900000000"}]})
    shown = repr(order) + str(order.buyer_info) + repr(order.order_line[0])
    for secret in ("18688888888", "mock_user", "测试用户1", "459bbbec", "secret.example.com", "13900000000"):
        assert secret not in shown
    assert "MOCKPERIODYEARNEW-000001" in shown


def test_an_order_survives_pickling() -> None:
    """An order can be kept by a durable workflow."""
    order = read_order(ORDER)
    assert pickle.loads(pickle.dumps(order)) == order  # noqa: S301 - our own bytes
