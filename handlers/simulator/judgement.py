"""Judge an answer as the debugging page does, in its words (常见问题, topic_0070649120).

Checks run in the page's order and stop where the page would: an unreadable answer has no fields to measure.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.simulator.codes import DONE
from handlers.simulator.exchange import Reply

_HTTP_OK = 200
_ANSWER_LENGTHS = {"resultCode": 6, "resultMsg": 255, "instanceId": 64}
_APP_LENGTHS = {"frontEndUrl": 512, "adminUrl": 512, "userName": 128, "password": 128, "memo": 1024}
_USAGE_LENGTHS = {"relatedInstanceId": 64, "usageValue": 20, "statisticalTime": 20, "dashboardUrl": 512}

UNREADABLE = '调测失败,解析响应体失败,响应格式参考{"resultCode":"000000","resultMsg":"success."}'
BAD_CODE = "调用失败,生产接口resultCode返回错误"
# The page never sends a call twice or waits, so it has no words for these two.
INSTANCE_CHANGED = "重复请求返回的instanceId与首次不一致"
NEVER_FINISHED = "异步处理一直未完成"


@dataclass(frozen=True, slots=True)
class Finding:
    """A complaint: the page's text, and what it means here; it holds no values of the answer."""

    activity: str
    text: str
    detail: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.activity}: {self.text}" + (f" ({self.detail})" if self.detail else "")


def judge(fields: Mapping[str, object], reply: Reply, *, accept: Collection[str] = (DONE,)) -> list[Finding]:
    """Return every complaint about the answer to a call with these fields."""
    activity = str(fields.get("activity", ""))
    return [Finding(activity, text, detail) for text, detail in _complaints(fields, reply, accept)]


def _complaints(
    fields: Mapping[str, object], reply: Reply, accept: Collection[str]
) -> Iterator[tuple[str, str]]:
    if (carrier := _carrier_complaint(reply)) is not None:
        yield carrier
        return
    answer = reply.body
    if answer is None or not _is_text(answer.get("resultCode")) or not _is_text(answer.get("resultMsg")):
        yield UNREADABLE, "no JSON object with the strings resultCode and resultMsg"
        return
    if answer["resultCode"] not in accept:
        yield BAD_CODE, reply.code
    yield from _too_long(answer, _ANSWER_LENGTHS)
    if fields.get("activity") == "newInstance" and reply.code in accept:
        yield from _missing(answer, ["instanceId"])
    if fields.get("activity") == "queryInstance" and reply.code == DONE:
        yield from _query_complaints(str(fields.get("instanceId", "")).split(","), answer.get("info"))


def _carrier_complaint(reply: Reply) -> tuple[str, str] | None:
    if reply.failure == "timeout":
        return f"调测失败,调用接口超时{reply.limit:g}s", "no complete answer in time"
    if reply.failure is not None:
        return "调测失败,生产地址不可达", reply.failure
    if reply.status != _HTTP_OK:
        return f"调测失败,接口响应httpCode={reply.status},请检查服务器日志,定位失败原因", ""
    if reply.content_type.partition(";")[0].strip().lower() != "application/json":
        wrong = reply.content_type[:80]
        return (
            f'调测失败,响应content-type格式错误,返回的格式为{wrong},正确的格式为"application/json"',
            "",
        )
    return None


def _query_complaints(wanted: list[str], info: object) -> Iterator[tuple[str, str]]:
    entries = _objects(info)
    answered = [entry.get("instanceId") for entry in entries]
    if not all(instance_id in answered for instance_id in wanted):
        yield "调测失败,接口响应缺少instanceId", "info has no entry for an instance that was asked for"
    for entry in entries:
        yield from _too_long(entry, {"instanceId": 64})
        if isinstance(access := entry.get("appInfo"), dict):
            yield from _missing(access, ["frontEndUrl"])
            yield from _too_long(access, _APP_LENGTHS)
        for usage in _objects(entry.get("usageInfo")):
            yield from _missing(usage, ["usageValue", "statisticalTime"])
            yield from _too_long(usage, _USAGE_LENGTHS)


def _missing(answer: Mapping[str, Any], names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        if answer.get(name) in (None, ""):
            yield f"调测失败,接口响应缺少{name}", ""


def _too_long(answer: Mapping[str, Any], limits: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for name, limit in limits.items():
        value = answer.get(name)
        if value is not None and len(str(value)) > limit:
            yield f"调测失败,字段{name}长度不合法", f"more than {limit} characters"


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
