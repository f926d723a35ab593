"""The marketplace's order service, for the server that carries its work out: it knows every order."""

from typing import Any
from urllib.parse import parse_qsl

import orjson


def create(_database_url: str, _gallery_url: str) -> Any:
    """Make the app."""
    return _app


async def _app(scope: Any, _receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    query = dict(parse_qsl(scope["query_string"].decode()))
    answer = orjson.dumps(
        {"resultCode": "MKT.0000", "resultMsg": "Success", "orderInfo": _order(query["orderId"])}
    )
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def _order(order_id: str) -> dict[str, Any]:
    product = {"productId": "OFFI-1", "skuCode": "sku-1", "linearValue": 10, "productName": "商品"}
    line = {
        "orderLineId": f"{order_id}-000001",
        "chargingMode": "PERIOD",
        "periodType": "year",
        "periodNumber": 1,
        "expireTime": "20301231155959",
        "productInfo": [product],
        "extendParams": [],
    }
    buyer = {"customerId": "459bbbec25d24749b2eb83be37b602a8", "customerName": "buyer"}
    return {
        "orderId": order_id,
        "orderType": "NEW",
        "createTime": "20251121090846",
        "orderLine": [line],
        "buyerInfo": buyer,
        "extendParams": [],
    }
