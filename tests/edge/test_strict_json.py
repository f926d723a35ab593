"""The strict reading of JSON, by examples and by properties."""

import json
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.strict_json import Malformed, read_object

# The durable-work threads of a world that still runs use `random` while a strategy draws.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the .random. module:hypothesis.errors.HypothesisDeprecationWarning"
)

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=6)
PIECES = ["{", "}", "[", "]", ":", ",", '"a"', '"a":1', "null", "true", "NaN", "-Infinity", "1e999", "0", " "]
FRAGMENTS = st.lists(st.sampled_from([*PIECES, '"\\ud800"', '"\\u0000"', "\ufeff", "é"]), max_size=12).map(
    "".join
)


@settings(max_examples=150, deadline=None)
@given(OBJECTS, st.booleans(), st.sampled_from([None, 1]))
def test_what_is_json_is_read_as_json(value: dict[str, Any], is_ascii: bool, indent: int | None) -> None:  # noqa: FBT001
    """Every object that JSON can carry comes out as json.loads would read it, however it is spelt."""
    raw = json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode()

    assert read_object(raw) == json.loads(raw) == value


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60) | FRAGMENTS.map(str.encode) | FRAGMENTS.map(lambda text: f"{{{text}}}".encode())
)
@example(b'{"a":1,"a":1}')
@example(b'{"a":NaN}')
def test_what_is_accepted_json_loads_reads_alike(raw: bytes) -> None:
    """Any bytes are either refused as Malformed, or mean what json.loads takes them for."""
    try:
        value = read_object(raw)
    except Malformed:
        return
    assert value == json.loads(raw)
    assert isinstance(value, dict)


@settings(max_examples=100, deadline=None)
@given(OBJECTS, st.sampled_from([bytes([byte]) for byte in b"{}[]:,x"]))
def test_an_appended_byte_is_refused(value: dict[str, Any], extra: bytes) -> None:
    """Nothing but blanks may follow the object."""
    with pytest.raises(Malformed):
        read_object(json.dumps(value).encode() + extra)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"{", "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":"\n"}', "not JSON"),
        (b'{"a":1}{"a":1}', "not JSON"),
        (b'{/**/"a":1}', "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"1", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":[Infinity]}', "Infinity"),
        (b'{"a":-Infinity}', "-Infinity"),
        (b'{"a":1e400}', "number"),
        (b'{"a":-1e400}', "number"),
        (b'{"a":' + b"7" * 65 + b"}", "number"),
        (b'{"a":0.' + b"7" * 65 + b"}", "number"),
        (b'{"a":' + b"7" * 100_000 + b"}", "number"),
        (b'{"a":1,"a":1}', "twice"),
        (b'{"a":{"b":1,"b":2}}', "twice"),
        (b'{"a":[{"b":1,"\\u0062":2}]}', "twice"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "UTF-8"),
        (b'{"a":"\xc0\xaf"}', "UTF-8"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"a":["\\uDC00\\ud800"]}', "surrogate"),
        (b'{"\\ud800":1}', "surrogate"),
        (b'{"a":"\\u0000"}', "NUL"),
        (b'{"a":{"\\u0000":1}}', "NUL"),
        (b'{"a":"\x00"}', "not JSON"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("\ufeff{}".encode("utf-16-le"), "byte order mark"),
        ("\ufeff{}".encode("utf-16-be"), "byte order mark"),
        ("\ufeff{}".encode("utf-32-le"), "byte order mark"),
        ("{}".encode("utf-16-le"), "not JSON"),
        (b'{"a":' + b"[" * 100_000, "nested"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "nested"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "nested"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "nested"),
    ],
    ids=range(42),
)
def test_what_could_be_read_in_two_ways_is_refused(raw: bytes, reason: str) -> None:
    """Each refusal names what is wrong."""
    with pytest.raises(Malformed, match=reason):
        read_object(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b" {} \r\n",
        b'{"a":' + b"[" * 63 + b"]" * 63 + b"}",
        b'{"a":' * 64 + b"1" + b"}" * 64,
        b'{"a":[' + b",".join([b"{}"] * 5000) + b"]}",
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"\\\\ud800"}',
        b'{"a":"\\\\u0000"}',
        '{"a":"\ufeff😀"}'.encode(),
        b'{"":{"":1}}',
        b'{"a":{"a":1}}',
        b'{"a":-0.0,"b":' + b"9" * 64 + b"}",
        b'{"a":1e308,"b":5e-324}',
    ],
    ids=range(13),
)
def test_what_has_one_meaning_is_read(raw: bytes) -> None:
    """Depth up to 64, numbers up to 64 digits, and every character that is one."""
    assert read_object(raw) == json.loads(raw)


def test_many_names_with_one_repeated_are_refused_in_little_time() -> None:
    """The time to find the repeated name grows with the length of the body, not with its square."""
    names = ",".join(f'"{number:06}":0' for number in range(24_000))
    began = time.process_time()

    with pytest.raises(Malformed, match="'023999' stands twice"):
        read_object(f'{{{names},"023999":1}}'.encode())

    assert time.process_time() - began < 1
