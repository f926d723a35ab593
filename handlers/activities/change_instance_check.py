"""changeInstanceCheck: may this instance be changed at its renewal? The product knows.

Contract: openapi/activities/change_instance_check.yaml
"""

from typing import Any
from uuid import uuid4

from handlers import lifecycle
from handlers.addresses import Address
from handlers.answers import Answer, Question, ok
from handlers.marketplace.result_codes import ResultCode
from handlers.provisioners import ProductRefused, ProductUnavailable, Provisioner, Task, Verdict, carry_out
from handlers.strict_json import Malformed, read_object
from handlers.validation import Invalid
from storage.models import Instance
from storage.session import Session

_LARGEST = 2**53


def change_instance_check(
    body: dict[str, Any], *, session: Session, address: Address, provisioner: Provisioner
) -> Question:
    """Ask the product whether the change is possible; nothing is changed.

    `productInfo` may be an object or that object as JSON text. Answers the product's reason if it says no,
    000005 if it does not say in time. Raises InstanceNotFound and InstanceReleased (000003),
    NotProvisioned and NotReady (000005).
    """
    target = _product_info(body)
    instance = lifecycle.check(session, address=address.name, instance_id=body["instanceId"])
    task = _task(instance, target)
    silence = Answer(ResultCode.INTERNAL_ERROR, "the product did not answer in time; 产品未及时答复")
    return Question(lambda: _ask(provisioner, task, address), silence)


def probe(body: dict[str, Any]) -> Answer:
    """Answer the marketplace's own test; the product is not asked."""
    _product_info(body)
    return ok()


def _ask(provisioner: Provisioner, task: Task, address: Address) -> Answer:
    try:
        verdict = carry_out(provisioner, task)
    except ProductRefused as refusal:
        code = ResultCode(refusal.result_code)
        # No page says how to refuse a check (assumption): any code of the site tells the seller why.
        is_known = code.available(address.settings.site)
        return Answer(code if is_known else ResultCode.INTERNAL_ERROR, refusal.reason)
    except ProductUnavailable:
        return Answer(ResultCode.INTERNAL_ERROR, "the product cannot be asked now; 产品暂不可用")
    if isinstance(verdict, Verdict) and not verdict.allowed:
        return Answer(ResultCode.INTERNAL_ERROR, verdict.reason or "the change is not possible; 不支持变更")
    return ok()


def _product_info(body: dict[str, Any]) -> dict[str, Any]:
    given = body["productInfo"]
    if isinstance(given, dict):
        return given
    try:
        return read_object(given.encode())
    except Malformed:
        raise Invalid("productInfo", "is neither an object nor one as JSON text") from None


def _task(instance: Instance, target: dict[str, Any]) -> Task:
    return Task(
        # A key of its own each time: the product would answer the same key as it did before.
        key=f"{instance.instance_id}:check:{uuid4().hex}",
        kind="check",
        address=instance.address,
        instance_id=instance.instance_id,
        order_id=instance.order_id,
        order_line_id=instance.order_line_id,
        product_id=_text(target, "productId") or instance.product_id,
        sku_code=_text(target, "skuCode") or instance.sku_code,
        linear_value=_linear_value(target, instance.linear_value),
        product_name=_text(target, "productName") or instance.product_name,
        charging_mode=instance.charging_mode,
        order_type=None,
        scene=None,
        expires_at=instance.expires_at or instance.expected_expires_at,
        is_trial=instance.is_trial,
        customer={},
        extend_params=(),
    )


def _text(target: dict[str, Any], name: str) -> str | None:
    """Read a text; raises Invalid for what is none, which JSON text may hold behind the contract's back."""
    value = target.get(name)
    if value is None or isinstance(value, str):
        return value
    raise Invalid(f"productInfo.{name}", "is no text")


def _linear_value(target: dict[str, Any], otherwise: int | None) -> int | None:
    """Read the quantity, a number or its digits; raises Invalid for what is neither."""
    value = target.get("linearValue")
    if value is None:
        return otherwise
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < len(str(_LARGEST)):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST:
        return value
    raise Invalid("productInfo.linearValue", "is no whole number")
