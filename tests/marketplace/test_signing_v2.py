"""The V2.0 signature, held to known answers."""

import pytest

from handlers.marketplace.signing_v2 import Match, body_sign, canonical, matching, settled, sign

KEY = b"b3f1c2d4-test-access-key-0001"
NEW_NONCE = "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA"
STATUS_NONCE = "9F26B85CAEB3A8439221BA293E9250BC5EA689225B523C291EA75CC76B469510"
BODY_A = b'{"activity":"newInstance","businessId":"biz-1","orderId":"CS1","orderLineId":"CS1-000001"}'
SIGNATURE_A = "e180b154266d4ebc3cff604fec43c4f538dd1a463b9801fd268a604a77f825f6"
INNER_A = b"694490804db88f709eb23563069d9bf1f1a923a8b82f77b156fbed4272bb00a2"
UNSETTLED_A = (
    b'{ "orderLineId" : "CS1-000001", "orderId":"CS1", "activity":"newInstance", '
    b'"businessId":"biz-1", "testFlag":null }'
)
BODY_B = (
    '{"activity":"newInstance","businessId":"biz-1","memo":"中文/a\\"b","orderId":"CS1",'
    '"orderLineId":"CS1-000001"}'
).encode()
BODY_C = (
    b'{"activity":"newInstance","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8",'
    b'"orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}'
)
BODY_D = (
    b'{"activity":"updateInstanceStatus","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e",'
    b'"status":"FREEZE","testFlag":"1"}'
)
VECTORS = [
    pytest.param("nonce-0001", "1700000000000", BODY_A, SIGNATURE_A, id="A"),
    pytest.param(
        "nonce-0002",
        "1700000000001",
        BODY_B,
        "0779ea622ad0b17138e4c091a628ecdde2bc45bfd5881afaf1b456fc793c4da6",
        id="B",
    ),
    pytest.param(
        NEW_NONCE,
        "1680508066618",
        BODY_C,
        "94470f611f4c29a2dcdfdf2580c0072b8285eaaca263d38a9d4eb1988c4eb361",
        id="C",
    ),
    pytest.param(
        STATUS_NONCE,
        "1680509558159",
        BODY_D,
        "acf09a762a381b22935888c891f9762b9636b652e8a55860922fde9d750b9e34",
        id="D",
    ),
]


@pytest.mark.parametrize(("nonce", "timestamp", "body", "signature"), VECTORS)
def test_known_signatures(nonce: str, timestamp: str, body: bytes, signature: str) -> None:
    """Each known call has its known signature, which matches in either case."""
    assert sign(KEY, nonce, timestamp, body) == signature
    assert matching([KEY], signature, nonce, timestamp, body) == Match(0, "raw")
    assert matching([KEY], signature.upper(), nonce, timestamp, body) == Match(0, "raw")


def test_canonical_text() -> None:
    """The signed text is key, nonce, timestamp and inner digest without separators."""
    assert canonical(KEY, "nonce-0001", "1700000000000", BODY_A) == KEY + b"nonce-00011700000000000" + INNER_A


def test_unsettled_body_matches_by_its_settled_form() -> None:
    """A body with blanks, another order and a null matches the signature over its settled form."""
    assert settled(UNSETTLED_A) == BODY_A
    found = matching([b"other", KEY], SIGNATURE_A, "nonce-0001", "1700000000000", UNSETTLED_A)
    assert found == Match(1, "settled")


def test_raw_match_of_a_later_key_wins_over_a_settled_match_of_an_earlier_one() -> None:
    """Every key is tried on the bytes received before the settled form is looked at."""
    signature = sign(b"second", "n", "1", UNSETTLED_A)
    assert matching([KEY, b"second"], signature, "n", "1", UNSETTLED_A) == Match(1, "raw")


def test_the_first_of_two_equal_keys_is_named() -> None:
    """Two equal keys give the index of the first."""
    assert matching([b"x", KEY, KEY], SIGNATURE_A, "nonce-0001", "1700000000000", BODY_A) == Match(1, "raw")


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "0" * 64,
        SIGNATURE_A[:-1],
        SIGNATURE_A + "0",
        " " + SIGNATURE_A[1:],
        "\u0660" * 64,
        SIGNATURE_A[:-1] + "\u212a",
        "\ud800" * 64,
        "g" * 64,
    ],
)
def test_wrong_signatures_do_not_match(signature: str) -> None:
    """Anything but the 64 right hex digits does not match, and does not raise."""
    assert matching([KEY], signature, "nonce-0001", "1700000000000", BODY_A) is None


@pytest.mark.parametrize(
    ("nonce", "timestamp", "body"),
    [
        ("nonce-0002", "1700000000000", BODY_A),
        ("nonce-0001", "1700000000001", BODY_A),
        ("nonce-0001", "1700000000000", BODY_A + b" x"),
        ("\ud800", "1700000000000", BODY_A),
        ("nonce-0001", "\udcff", b"\xff"),
    ],
)
def test_every_part_is_signed(nonce: str, timestamp: str, body: bytes) -> None:
    """Changing the nonce, the timestamp or the body breaks the signature."""
    assert matching([KEY], SIGNATURE_A, nonce, timestamp, body) is None


def test_an_empty_key_never_matches() -> None:
    """A call signed with the empty key is refused even where such a key is configured."""
    assert matching([b""], sign(b"", "n", "1", BODY_A), "n", "1", BODY_A) is None
    assert matching([], SIGNATURE_A, "nonce-0001", "1700000000000", BODY_A) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{}", b"{}"),
        (b'{"b":1,"a":null}', b'{"b":1}'),
        (
            b'{"b":{"z":1, "a":null},"a":[ null , true,false ]}',
            b'{"a":[null,true,false],"b":{"z":1,"a":null}}',
        ),
        (b'{"a":""}', b'{"a":""}'),
        (b'{"a":1.50,"b":1e400,"c":-0,"d":1E5}', b'{"a":1.50,"b":1e400,"c":-0,"d":1E5}'),
        (b'{"a":"\\u4e2d\\/x\\n"}', '{"a":"中/x\\n"}'.encode()),
        (b'{"a":"1"}', b'{"a":"1"}'),
    ],
)
def test_settled_form(body: bytes, expected: bytes) -> None:
    """The top is sorted and free of nulls; blanks and needless escapes go, numbers stay as spelt."""
    assert settled(body) == expected


def test_settled_keeps_a_number_of_any_size() -> None:
    """A number of ten thousand digits comes out as it went in."""
    body = b'{"n":' + b"7" * 10_000 + b"}"
    assert settled(body) == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b'{"a":' + b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
    ids=range(14),
)
def test_what_has_no_settled_form_gives_none(body: bytes) -> None:
    """Hostile or broken bodies give None and never raise."""
    assert settled(body) is None
    assert matching([KEY], SIGNATURE_A, "n", "1", body) is None


@pytest.mark.parametrize("depth", [10, 400, 900, 1_000])
def test_nesting_is_settled_or_refused(depth: int) -> None:
    """Nesting around the interpreter's limit gives the right form or None, never an exception."""
    body = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    assert settled(body) in ((body,) if depth < 100 else (body, None))


def test_body_sign() -> None:
    """The known answer body has its known `Body-Sign` header."""
    value = body_sign(KEY, b'{"resultCode":"000000","resultMsg":"success."}')
    assert value == 'sign_type="HMAC-SHA256", signature="JbR0HUhXEwSh/pUY87EkNzIr7Uaql76JQb9HSME8/cY="'
