"""Media types that a body may be declared as."""

import pytest

from handlers.bodies import media_type_problem

TAKEN = [
    None,
    "",
    " ",
    "application/json",
    "Application/JSON",
    "application/json;charset=utf8",
    "application/json;charset=utf-8",
    "application/json;charset=UTF-8",
    'application/json;charset="UTF-8"',
    "application/json ; charset = utf8",
    "application/json\t;\tCHARSET=Utf8 ",
    "application/json;",
    "application/json; version=1; charset=utf8",
]
REFUSED_TYPES = [
    "text/xml",
    "text/plain",
    "text/plain;charset=utf-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonp",
    "application/problem+json",
    "application/json, application/json",
    "json",
    ";charset=utf-8",
    "*/*",
]
REFUSED_CHARSETS = [
    "application/json;charset=gbk",
    "application/json;charset=bogus",
    "application/json;charset=",
    "application/json;charset",
    "application/json;charset=utf-16",
    "application/json;charset=iso-8859-1",
    "application/json;charset=utf8;charset=gbk",
    "application/json;charset=ÿ",
]


@pytest.mark.parametrize("content_type", TAKEN)
def test_json_in_utf_8_is_taken(content_type: str | None) -> None:
    """The guide's own spellings, those of its other pages, and a header that is absent."""
    assert media_type_problem(content_type) is None


@pytest.mark.parametrize("content_type", REFUSED_TYPES)
def test_other_types_are_refused(content_type: str) -> None:
    """What is not declared as JSON is not read as JSON."""
    assert media_type_problem(content_type) == "the Content-Type is not application/json"


@pytest.mark.parametrize("content_type", REFUSED_CHARSETS)
def test_other_charsets_are_refused(content_type: str) -> None:
    """Bytes declared in another charset would be read wrongly, or guessed."""
    assert media_type_problem(content_type) == "the charset of the Content-Type is not UTF-8"
