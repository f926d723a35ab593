"""Requests that do not fit the contract, and what refusals look like."""

from typing import Any

import pytest

from tests.vendor.conftest import Api

pytestmark = pytest.mark.usefixtures("world")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/instances?colour=red"),
        ("GET", "/instances?State=active"),
        ("GET", "/instances?activity=newInstance"),
        ("GET", "/instances/x?verbose=1"),
        ("GET", "/instances/x/changes?limit=1"),
        ("GET", "/calls?state=active"),
        ("GET", "/calls/1?x="),
        ("GET", "/notices?address=demo"),
        ("POST", "/notices/1/acknowledge?force"),
        ("POST", "/instances/x/retry?now=true"),
    ],
)
def test_an_unknown_parameter_is_refused(api: Api, method: str, path: str) -> None:
    """A mistyped filter must not list everything: 400, and the problem names it."""
    problem = api.refused(400, method, path)

    assert problem["title"] == "Bad Request"
    assert problem["field"] == path.partition("?")[2].partition("=")[0]
    assert problem["detail"].endswith("is no parameter of this operation")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/instances?state=sleeping", "state"),
        ("/instances?state=merged", "state"),
        ("/instances?address=UPPER", "address"),
        ("/instances?address=", "address"),
        ("/instances?orderId=", "orderId"),
        (f"/instances?orderId={'x' * 65}", "orderId"),
        ("/instances?productId=%00", "productId"),
        ("/instances?customerId=a%0Ab", "customerId"),
        ("/calls?resultCode=12345", "resultCode"),
        ("/calls?resultCode=abcdef", "resultCode"),
        ("/calls?isTest=1", "isTest"),
        ("/calls?isTest=True", "isTest"),
        (f"/calls?activity={'x' * 33}", "activity"),
        ("/calls/0", "callId"),
        ("/calls/2147483648", "callId"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(api: Api, path: str, field: str) -> None:
    """The problem names the parameter and hides its value."""
    problem = api.refused(400, "GET", path)

    assert problem["field"] == field
    assert "x" * 33 not in problem["detail"]


BODIES: list[tuple[str, Any, str]] = [
    ("complete", {"acess": None}, ""),
    ("complete", {"access": {}}, "access"),
    ("complete", {"access": {"frontEndUrl": "https://a", "extra": 1}}, "access"),
    ("complete", {"access": {"frontEndUrl": "ftp://a"}}, "access.frontEndUrl"),
    ("complete", {"access": {"frontEndUrl": "https://a b"}}, "access.frontEndUrl"),
    ("complete", {"access": {"frontEndUrl": "https://" + "a" * 505}}, "access.frontEndUrl"),
    ("complete", {"access": {"frontEndUrl": "https://a", "password": "p" * 129}}, "access.password"),
    ("complete", {"access": {"frontEndUrl": "https://a", "userName": 7}}, "access.userName"),
    ("complete", {"access": {"frontEndUrl": "https://a", "memo": "m" * 1025}}, "access.memo"),
    ("complete", {"access": "https://a"}, "access"),
    ("fail", {}, ""),
    ("fail", {"reason": ""}, "reason"),
    ("fail", {"reason": "r" * 256}, "reason"),
    ("fail", {"reason": None}, "reason"),
    ("fail", {"reason": "r", "resultCode": "000000"}, "resultCode"),
    ("fail", {"reason": "r", "resultCode": "000004"}, "resultCode"),
    ("fail", {"reason": "r", "resultCode": 100}, "resultCode"),
    ("fail", {"reason": "r", "code": "000100"}, ""),
]


@pytest.mark.parametrize(("what", "body", "field"), BODIES)
def test_a_body_that_does_not_fit_is_refused(api: Api, what: str, body: Any, field: str) -> None:
    """Strict on the way in: unknown members, missing ones, wrong kinds and lengths; no value repeated."""
    problem = api.refused(400, "POST", f"/instances/none/{what}", body)

    assert problem.get("field", "") == field
    assert "pppp" not in problem["detail"]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "the body is empty"),
        (b"null", "the body is not a JSON object"),
        (b"[]", "the body is not a JSON object"),
        (b'{"reason":', "the body is not JSON (at character 10)"),
        (b'{"reason":"a","reason":"b"}', "the name 'reason' stands twice in an object"),
        (b'{"reason":"\xff"}', "the body is not UTF-8 (at byte 11)"),
        (b'\xef\xbb\xbf{"reason":"a"}', "the body begins with a byte order mark"),
        (b'{"reason":NaN}', "NaN is not JSON"),
        (b'{"reason":"a\\u0000"}', "a text has a NUL or half of a surrogate pair"),
    ],
)
def test_what_is_no_clean_json_is_refused(api: Api, raw: bytes, says: str) -> None:
    """The same strict reader as for the marketplace, with a problem document instead of a code."""
    reply = api.raw("POST", "/instances/none/fail", raw, content_type="application/json")

    assert (reply.status, reply.json["detail"]) == (400, says)


def test_another_media_type_is_refused(api: Api) -> None:
    """A form is no JSON."""
    reply = api.raw(
        "POST", "/instances/none/fail", b"reason=a", content_type="application/x-www-form-urlencoded"
    )

    assert (reply.status, reply.json["detail"]) == (400, "the Content-Type is not application/json")


def test_a_body_over_a_mebibyte_is_413(api: Api) -> None:
    """It is refused before it is read as JSON."""
    reply = api.raw("POST", "/instances/none/fail", b"x" * 1_048_577, content_type="application/json")

    assert (reply.status, reply.json["title"]) == (413, "Content Too Large")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/none",
        "/instances/",
        "/instances/x/",
        "/instances/x/none",
        "/instances//changes",
        "/calls/x/y",
    ],
)
def test_an_unknown_path_is_404(api: Api, path: str) -> None:
    """A problem document, as everything that is refused."""
    assert api.refused(404, "GET", path)["title"] == "Not Found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/instances", "GET"),
        ("POST", "/instances/x", "GET"),
        ("GET", "/instances/x/complete", "POST"),
        ("PUT", "/notices", "GET"),
        ("PATCH", "/calls/1", "GET"),
    ],
)
def test_another_method_is_405_and_told_which_is_allowed(
    api: Api, method: str, path: str, allowed: str
) -> None:
    """RFC 9110: a 405 carries Allow."""
    reply = api(method, path)

    assert (reply.status, reply.json["title"]) == (405, "Method Not Allowed")
    assert allowed in (reply.header(b"allow") or "")


def test_answers_are_not_to_be_kept(api: Api) -> None:
    """No cache between may hold a buyer's data."""
    for reply in (api("GET", "/instances?limit=1"), api("GET", "/instances/none")):
        assert reply.header(b"cache-control") == "no-store"
