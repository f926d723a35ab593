"""What an activity answers, before it becomes bytes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from handlers.marketplace.result_codes import RESULT_MSG_MAX, ResultCode
from storage.session import Session


@dataclass(frozen=True, slots=True)
class Answer:
    """A result code, what we say about it, and the members that belong to the activity."""

    code: ResultCode
    message: str
    members: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> bytes:
        """Serialise the answer, in ASCII.

        The guide wants a Chinese memo as escapes (查询实例信息, zh-cn_topic_0070649428), and escaped text
        means the same everywhere else.
        """
        content = {"resultCode": self.code.value, "resultMsg": self.message[:RESULT_MSG_MAX], **self.members}
        raw = orjson.dumps(content)
        return raw if raw.isascii() else json.dumps(content, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that depends on durable work already committed.

    `outcome` is read again until it gives an answer or the address's budget ends; then `otherwise` goes out.
    `subject` is the row number of the instance whose settled work wakes the wait.
    """

    subject: int
    outcome: Callable[[Session], Answer | None]
    otherwise: Answer


@dataclass(frozen=True, slots=True)
class Question:
    """An answer that only the product knows, asked outside the transaction and within the budget."""

    ask: Callable[[], Answer]
    otherwise: Answer


Reply = Answer | Pending | Question

_OK = Answer(ResultCode.SUCCESS, "success.")


def ok(**members: Any) -> Answer:
    """Answer success, with the activity's own members."""
    return Answer(ResultCode.SUCCESS, "success.", members) if members else _OK


def in_progress(**members: Any) -> Answer:
    """Answer that the work goes on."""
    return Answer(ResultCode.IN_PROGRESS, "request is processing; 请求处理中", members)
