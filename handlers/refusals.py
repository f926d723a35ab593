"""Which error means which result code, and what we say about it.

One table; what is not in it is 000005, logged with the call's number. The texts are in English and
Chinese, name what is wrong, and never quote a value.
"""

import logging
from collections.abc import Callable

from starlette.exceptions import HTTPException

from handlers.answers import Answer
from handlers.bodies import BodyTooLarge
from handlers.lifecycle import InstanceReleased, NotProvisioned, NotReady
from handlers.marketplace.result_codes import ResultCode
from handlers.reception import BadSignature, NotACall
from handlers.strict_json import Malformed
from handlers.validation import Invalid
from storage.errors import InstanceNotFound

_log = logging.getLogger(__name__)


def _invalid(error: Exception) -> Answer:
    return Answer(ResultCode.INVALID_PARAMETER, f"{error}; 请求参数不合法")


def _unauthenticated(error: Exception) -> Answer:
    return Answer(ResultCode.AUTHENTICATION_FAILED, f"{error}; 鉴权失败")


def _no_instance(_error: Exception) -> Answer:
    return Answer(ResultCode.INSTANCE_NOT_FOUND, "instanceId: no such instance; 实例ID不存在")


def _released(_error: Exception) -> Answer:
    return Answer(ResultCode.INSTANCE_NOT_FOUND, "instanceId: the instance was released; 实例已释放")


def _not_provisioned(_error: Exception) -> Answer:
    return Answer(ResultCode.INTERNAL_ERROR, "the instance could not be provisioned; 实例开通失败")


def _not_ready(_error: Exception) -> Answer:
    return Answer(ResultCode.INTERNAL_ERROR, "the instance is still being provisioned; 实例开通中")


def _no_route(error: Exception) -> Answer:
    what = "method" if isinstance(error, HTTPException) and error.status_code == 405 else "path"  # noqa: PLR2004
    return Answer(ResultCode.INVALID_PARAMETER, f"{what}: not of this interface; 请求参数不合法")


TABLE: dict[type[Exception], Callable[[Exception], Answer]] = {
    BadSignature: _unauthenticated,
    NotACall: _invalid,
    BodyTooLarge: _invalid,
    Malformed: _invalid,
    Invalid: _invalid,
    HTTPException: _no_route,
    InstanceNotFound: _no_instance,
    InstanceReleased: _released,
    NotProvisioned: _not_provisioned,
    NotReady: _not_ready,
}


def answer_for(error: Exception) -> Answer:
    """Word the refusal of an error; an unforeseen one is logged and answered 000005."""
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind](error)
    _log.error("an unforeseen error was answered 000005", exc_info=error)
    return Answer(ResultCode.INTERNAL_ERROR, "other inner error; 其它服务内部错误")
