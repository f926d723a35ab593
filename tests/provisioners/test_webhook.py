import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from handlers.clock import Clock, utc_now
from handlers.provisioners import (
    Access,
    Later,
    ProductRefused,
    ProductUnavailable,
    Task,
    carry_out,
    make,
)
from handlers.provisioners.webhook import Webhook

if TYPE_CHECKING:
    from tests.provisioners.conftest import Product

MakeTask = Callable[..., Task]

KEY = b"0123456789abcdef01234567"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
OTHER = "whsec_" + base64.b64encode(b"another key of some length").decode()
ACCESS = {"frontEndUrl": "https://app.example.com/i-1"}
KINDS = ["provision", "change", "freeze", "unfreeze", "deprovision", "renew", "check"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_message_carries_the_whole_task(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    kind: str,
) -> None:
    """The verified message names its type and holds every member of the task in camelCase."""
    product.answer(200, {**ACCESS, "allowed": True})
    expires_at = datetime(2027, 1, 31, 16, 0, tzinfo=UTC)

    carry_out(webhook, make_task(kind, expires_at=expires_at, is_trial=True, scene="EXPIRE"))

    message = product.messages[0].verified
    assert message["type"] == f"instance.{kind}"
    assert abs(datetime.fromisoformat(message["timestamp"]) - utc_now()) < timedelta(minutes=1)
    assert message["data"] == {
        "key": "i-1:7",
        "kind": kind,
        "address": "demo",
        "instanceId": "i-1",
        "orderId": "CS1",
        "orderLineId": "CS1-000001",
        "productId": "P1",
        "skuCode": "SKU-A",
        "linearValue": 50,
        "productName": "Seats",
        "chargingMode": "PERIOD",
        "orderType": "NEW",
        "scene": "EXPIRE",
        "expiresAt": "2027-01-31T16:00:00Z",
        "isTrial": True,
        "customer": {"customerName": "Zhang San", "mobilePhone": "18688888888"},
        "extendParams": [{"name": "domain", "value": "a.example.com"}],
    }


def test_the_signature_by_hand(product: "Product", make_task: MakeTask) -> None:
    """The signature is HMAC-SHA256 over id, timestamp and body joined by dots, under the decoded secret."""
    product.secret = SECRET
    product.answer(204)
    now = utc_now()
    sender = Webhook(url=product.url, secret=SECRET, timeout=10.0, now=lambda: now)
    sender.freeze(make_task("freeze", customer={"customerName": "张三", "memo": "\ud800", "n": 10**30}))
    sender.close()

    received = product.messages[0]
    signed = f"i-1:7.{int(now.timestamp())}.".encode() + received.body
    by_hand = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert received.headers["webhook-signature"] == f"v1,{by_hand}"
    assert received.headers["webhook-timestamp"] == str(int(now.timestamp()))
    assert received.headers["content-type"] == "application/json"
    assert received.body.isascii()
    assert received.verified["data"]["customer"]["customerName"] == "张三"


def test_the_zone_of_the_clock_does_not_matter(product: "Product", make_task: MakeTask) -> None:
    """A clock that is not UTC gives the same message and the same signature for the same moment."""
    product.answer(204)
    moment = utc_now()
    clocks: list[Clock] = [lambda: moment, lambda: moment.astimezone(timezone(timedelta(hours=8)))]
    for now in clocks:
        sender = Webhook(url=product.url, secret=product.secret, timeout=10.0, now=now)
        sender.freeze(make_task("freeze"))
        sender.close()

    first, second = product.messages
    assert first.body == second.body
    assert first.headers["webhook-signature"] == second.headers["webhook-signature"]


def test_every_attempt_has_the_same_id(product: "Product", webhook: Webhook, make_task: MakeTask) -> None:
    """The product tells a repeat by `webhook-id`, which is the key of the task."""
    product.answer(503)
    product.answer(200, ACCESS)
    task = make_task()

    with pytest.raises(ProductUnavailable):
        webhook.provision(task)
    webhook.provision(task)

    assert [message.headers["webhook-id"] for message in product.messages] == ["i-1:7", "i-1:7"]


def test_a_key_that_no_header_can_hold(product: "Product", webhook: Webhook, make_task: MakeTask) -> None:
    """Characters outside printable ASCII are percent-encoded, and the message still verifies."""
    product.answer(204)

    webhook.freeze(make_task("freeze", key="实例\r\n:7"))

    assert product.messages[0].headers["webhook-id"] == "%E5%AE%9E%E4%BE%8B%0D%0A:7"


def test_two_secrets_sign_both(product: "Product", make_task: MakeTask) -> None:
    """While a secret is replaced, a product with the old or the new one accepts, and nobody else does."""
    product.secret = OTHER
    product.answer(204)
    sender = Webhook(url=product.url, secret=[SECRET, OTHER], timeout=10.0, now=utc_now)
    sender.freeze(make_task("freeze"))
    sender.close()

    received = product.messages[0]
    assert received.headers["webhook-signature"].count("v1,") == 2
    assert Verifier(SECRET).verify(received.body, received.headers) == received.verified
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_dGhpcmQ=").verify(received.body, received.headers)


def test_values_that_are_not_json(product: "Product", webhook: Webhook, make_task: MakeTask) -> None:
    """Money and moments among the customer's data are written as text; what cannot be written is refused."""
    product.answer(204)
    at = datetime(2026, 1, 1, tzinfo=UTC)

    webhook.freeze(make_task("freeze", customer=MappingProxyType({"amount": Decimal("1.10"), "at": at})))
    with pytest.raises(ProductRefused, match="cannot be written as JSON"):
        webhook.freeze(make_task("freeze", customer={"phone": object()}))

    assert product.messages[0].verified["data"]["customer"] == {
        "amount": "1.10",
        "at": "2026-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.com/koogate",
        "http://10.0.0.1/koogate",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@app.example.com/",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
        "https://",
        "https://user:hidden@app.example.com/",
        "https://app.example.com:hidden/",
        "",
        None,
    ],
)
def test_an_unsafe_url_stops_the_start(url: Any) -> None:
    """Plain HTTP stays on this machine, and credentials stay out of the address."""
    with pytest.raises(ValueError, match=r"webhook provisioner: url must") as caught:
        make("webhook", {"url": url, "secret": SECRET}, timeout=10.0)

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://app.example.com", "http://localhost:9", "http://[::1]:9", "http://127.1.2.3"]
)
def test_a_safe_url_is_taken(url: str) -> None:
    """HTTPS goes anywhere, HTTP to loopback hosts."""
    sender = Webhook(url=url, secret=SECRET, timeout=10.0, now=utc_now)
    sender.close()

    assert url.split("//")[1] in repr(sender)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_not base64!", "whsec_aGlkZGVu_-", [], [SECRET, ""], None, 7]
)
def test_an_unusable_secret_stops_the_start(secret: Any) -> None:
    """A secret that is no Base64 is refused, not half read, and not shown."""
    with pytest.raises(ValueError, match=r"webhook provisioner: secret") as caught:
        make("webhook", {"url": "https://app.example.com", "secret": secret}, timeout=10.0)

    assert "aGlkZGVu" not in str(caught.value)


def test_the_repr_hides_secret_and_query() -> None:
    """Only the place it talks to is shown."""
    sender = Webhook(url="https://app.example.com/a?token=hidden", secret=SECRET, timeout=10.0, now=utc_now)
    sender.close()

    assert repr(sender) == "Webhook(https://app.example.com)"


def test_nobody_listens(make_task: MakeTask) -> None:
    """A connection that is refused can be tried again, and the error holds no request."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    sender = Webhook(url=url, secret=SECRET, timeout=10.0, now=utc_now)

    with pytest.raises(ProductUnavailable, match="could not be reached") as caught:
        sender.provision(make_task())
    sender.close()

    assert caught.value.retry_after is None
    assert caught.value.__context__ is None


def test_nothing_is_taken_from_the_environment(
    product: "Product",
    make_task: MakeTask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy of the environment does not get to see the customer's data."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    product.answer(202)
    sender = Webhook(url=product.url, secret=product.secret, timeout=10.0, now=utc_now)

    assert sender.provision(make_task()) == Later()
    sender.close()


def test_make_gives_a_working_webhook(product: "Product", make_task: MakeTask) -> None:
    """The options of the settings are enough to reach the product, with the real clock."""
    product.answer(201, {"access": ACCESS})
    sender = make("webhook", {"url": product.url, "secret": product.secret}, timeout=10.0)

    assert carry_out(sender, make_task()) == Access("https://app.example.com/i-1")
    assert json.loads(product.messages[0].body)["type"] == "instance.provision"
    assert isinstance(sender, Webhook)
    sender.close()
