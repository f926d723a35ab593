"""A tiny seller that keeps openapi/marketplace.yaml, and copies of it with one bug each.

`python wrong_sellers.py --port PORT` serves the one called BUG at `/BUG/produce/demo`.
"""

import argparse
from collections.abc import Callable
from typing import Any

import orjson
import uvicorn
from starlette.requests import Request
from starlette.responses import Response

from handlers.bodies import media_type_problem
from handlers.contracts import load_contract
from handlers.strict_json import Malformed, read_object
from handlers.validation import Invalid, compile_body
from tests.fuzz.words import refused_by_words

Content = dict[str, Any]
Bug = Callable[[Content, Content], Content | None]

_OPERATION = load_contract("marketplace.yaml")["paths"]["/produce/{address}"]["post"]
_CHECK = compile_body(_OPERATION["requestBody"]["content"]["application/json"]["schema"])
_SUCCESS = {"resultCode": "000000", "resultMsg": "success."}
_INVALID = {"resultCode": "000002", "resultMsg": "invalid"}
_INTERNAL = {"resultCode": "000005", "resultMsg": "internal"}
_UNSIGNED = {"resultCode": "000001", "resultMsg": "signature"}


def answer(body: Content) -> Content:
    """Answer as the contract wants it."""
    try:
        _CHECK(body)
    except Invalid:
        return _INVALID
    if refused_by_words(body):
        return _INVALID
    if body["activity"] == "newInstance":
        return {**_SUCCESS, "instanceId": body["businessId"]}
    return {**_SUCCESS, "info": []} if body["activity"] == "queryInstance" else _SUCCESS


def _fails_at_the_maximum(body: Content, _right: Content) -> Content | None:
    info = body.get("productInfo")
    is_largest = isinstance(info, dict) and info.get("linearValue") == 9007199254740991
    return _INTERNAL if is_largest else None


def _answers_a_number(_body: Content, right: Content) -> Content | None:
    return {**right, "resultCode": int(right["resultCode"])}


def _forgets_the_instance(body: Content, right: Content) -> Content | None:
    return _SUCCESS if body.get("activity") == "newInstance" and right is not _INVALID else None


def _takes_bad_data(body: Content, right: Content) -> Content | None:
    return _SUCCESS if body.get("activity") == "updateInstanceStatus" and right is _INVALID else None


def _calls_bad_data_internal(_body: Content, right: Content) -> Content | None:
    return _INTERNAL if right is _INVALID else None


def _cannot_sign_chinese(body: Content, _right: Content) -> Content | None:
    return None if orjson.dumps(body).isascii() else _UNSIGNED


def _refuses_good_data(body: Content, right: Content) -> Content | None:
    return _INVALID if body.get("scene") == "RENEWAL_CHANGE" and right is not _INVALID else None


class _CannotReleaseTwice:
    """Only a sequence of calls shows it: sold, released, released again."""

    def __init__(self) -> None:
        self._sold: set[Any] = set()
        self._released: set[Any] = set()

    def __call__(self, body: Content, right: Content) -> Content | None:
        if right is _INVALID:
            return None
        if body["activity"] == "newInstance":
            self._sold.add(body["businessId"])
        if body["activity"] != "releaseInstance" or body["instanceId"] not in self._sold:
            return None
        if body["instanceId"] in self._released:
            return _INTERNAL
        self._released.add(body["instanceId"])
        return None


BUGS: dict[str, Bug] = {
    "none": lambda _body, _right: None,
    "fails-at-the-maximum": _fails_at_the_maximum,
    "answers-a-number": _answers_a_number,
    "forgets-the-instance": _forgets_the_instance,
    "takes-bad-data": _takes_bad_data,
    "calls-bad-data-internal": _calls_bad_data_internal,
    "cannot-sign-chinese": _cannot_sign_chinese,
    "refuses-good-data": _refuses_good_data,
    "cannot-release-twice": _CannotReleaseTwice(),
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve them all; `speaks-http` is the one that answers a wrong method with a status of HTTP."""
    if scope["type"] != "http":
        return
    request = Request(scope, receive)
    name, _, path = request.url.path.removeprefix("/").partition("/")
    status = 405 if name == "speaks-http" and request.method != "POST" else 200
    content = _content(BUGS.get(name, BUGS["none"]), path, request, await request.body())
    await Response(orjson.dumps(content), status, media_type="application/json")(scope, receive, send)


def _content(bug: Bug, path: str, request: Request, raw: bytes) -> Content:
    if path != "produce/demo" or request.method != "POST":
        return _INVALID
    if media_type_problem(request.headers.get("content-type")):
        return _INVALID
    try:
        body = read_object(raw)
    except Malformed:
        return _INVALID
    right = answer(body)
    return bug(body, right) or right


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(app, port=parser.parse_args().port, log_level="warning", lifespan="off")
