"""What a seller has sold before the fuzzer comes, so that it finds something to look at."""

import secrets

import requests

from tests.fuzz.signing import MarketplaceSignature

VENDOR_TOKEN = "vendor-token-of-the-fuzzed-server"


def fill(url: str, each: int = 4) -> None:
    """Sell at both addresses, and let the product fail some of what it took on."""
    for number in range(1, each + 1):
        _sell(url, "demo", f"fuzzed-instance-{number}")
        _sell(url, "later", secrets.token_hex(16))
    waiting = _vendor(url, "GET", "/instances?address=later")["items"]
    for instance in waiting[: each // 2]:
        _fail(url, instance["instanceId"])


def _sell(url: str, address: str, business_id: str) -> None:
    order_id = f"CS{secrets.token_hex(7).upper()}"
    about = {"orderId": order_id, "orderLineId": f"{order_id}-000001", "businessId": business_id}
    answer = requests.post(
        f"{url}/produce/{address}",
        json={"activity": "newInstance", **about},
        auth=MarketplaceSignature(),
        timeout=30,
    )
    assert answer.json()["resultCode"] in {"000000", "000004"}, answer.text


def _fail(url: str, instance_id: str) -> None:
    """Report a failure as soon as the product has been asked."""
    for _ in range(200):
        changes = _vendor(url, "GET", f"/instances/{instance_id}/changes")["items"]
        if changes[0]["state"] == "waiting":
            break
    _vendor(url, "POST", f"/instances/{instance_id}/fail", json={"reason": "no seats left"})


def _vendor(url: str, method: str, path: str, **more: object) -> dict:
    headers = {"Authorization": f"Bearer {VENDOR_TOKEN}"}
    answer = requests.request(method, f"{url}/vendor/v1{path}", headers=headers, timeout=30, **more)  # type: ignore[arg-type]
    assert answer.ok, answer.text
    found: dict = answer.json()
    return found
