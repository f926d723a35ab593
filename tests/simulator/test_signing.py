"""The simulator's own signatures against the known answers."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from handlers.simulator.signing import (
    OpenApiRequest,
    canonical_request,
    sign_call,
    sign_open_api,
    why_refused,
)

KEY = "b3f1c2d4-test-access-key-0001"
NEW_INSTANCE_NONCE = "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA"
UPDATE_STATUS_NONCE = "9F26B85CAEB3A8439221BA293E9250BC5EA689225B523C291EA75CC76B469510"
CALLS = {
    "A": (
        "nonce-0001",
        "1700000000000",
        '{"activity":"newInstance","businessId":"biz-1","orderId":"CS1","orderLineId":"CS1-000001"}',
        "e180b154266d4ebc3cff604fec43c4f538dd1a463b9801fd268a604a77f825f6",
    ),
    "B": (
        "nonce-0002",
        "1700000000001",
        (
            '{"activity":"newInstance","businessId":"biz-1","memo":"中文/a\\"b","orderId":"CS1",'
            '"orderLineId":"CS1-000001"}'
        ),
        "0779ea622ad0b17138e4c091a628ecdde2bc45bfd5881afaf1b456fc793c4da6",
    ),
    "C": (
        NEW_INSTANCE_NONCE,
        "1680508066618",
        (
            '{"activity":"newInstance","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8",'
            '"orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}'
        ),
        "94470f611f4c29a2dcdfdf2580c0072b8285eaaca263d38a9d4eb1988c4eb361",
    ),
    "D": (
        UPDATE_STATUS_NONCE,
        "1680509558159",
        (
            '{"activity":"updateInstanceStatus","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e",'
            '"status":"FREEZE","testFlag":"1"}'
        ),
        "acf09a762a381b22935888c891f9762b9636b652e8a55860922fde9d750b9e34",
    ),
}
QUERY = OpenApiRequest(
    method="GET",
    path="/api/mkp-openapi-public/global/v1/order/query",
    query="orderId=MOCKPERIODYEARNEW&orderLineId=MOCKPERIODYEARNEW-000001",
    headers={
        "content-type": "application/json",
        "host": "mkt.myhuaweicloud.com",
        "x-sdk-date": "20250101T000000Z",
    },
)
NAMES = "content-type;host;x-sdk-date"
SIGNED_AT = datetime(2025, 1, 1, tzinfo=UTC)
SIGNATURE = "ab5be6112b49164c34a4504d4b208627d547c65848e737fd949a309f10698631"


@pytest.mark.parametrize(("nonce", "timestamp", "body", "signature"), CALLS.values(), ids=CALLS)
def test_calls_are_signed_as_known(nonce: str, timestamp: str, body: str, signature: str) -> None:
    """Each known call gets its known signature."""
    assert sign_call(KEY, nonce, timestamp, body.encode()) == signature


def test_open_api_request_is_signed_as_known() -> None:
    """The known order query gets its known canonical form and signature."""
    digest = hashlib.sha256(canonical_request(QUERY, NAMES).encode()).hexdigest()
    assert digest == "fa151465bf81c0bc6bd3a7f0dc6ed595bb151b150c2b99538c0bc1311e8c5f19"
    assert sign_open_api(QUERY, NAMES, "test-sk") == SIGNATURE


def with_authorization(
    *, access: str = "AK", names: str = NAMES, signature: str = SIGNATURE, query: str = QUERY.query
) -> OpenApiRequest:
    """Return the known request with an Authorization header."""
    text = f"SDK-HMAC-SHA256 Access={access}, SignedHeaders={names}, Signature={signature}"
    return OpenApiRequest(QUERY.method, QUERY.path, query, {**QUERY.headers, "authorization": text})


def refusal(request: OpenApiRequest, *, late: timedelta = timedelta()) -> str | None:
    """Verify with the known keys."""
    return why_refused(request, access_key_id="AK", secret_access_key="test-sk", at=SIGNED_AT + late)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(minutes=15), timedelta(minutes=-15)])
def test_right_signature_is_taken_for_a_quarter_of_an_hour(late: timedelta) -> None:
    """A right signature passes up to 15 minutes before and after its date."""
    assert refusal(with_authorization(), late=late) is None


def test_query_may_come_in_any_order_and_encoding() -> None:
    """The order of parameters and needless percent signs do not change what is signed."""
    shuffled = "orderLineId=MOCKPERIODYEARNEW%2D000001&orderId=MOCKPERIODYEARNEW"
    assert refusal(with_authorization(query=shuffled)) is None


@pytest.mark.parametrize(
    ("request_", "late", "word"),
    [
        (QUERY, timedelta(), "Authorization"),
        (with_authorization(access="other"), timedelta(), "wrong"),
        (with_authorization(signature="0" * 64), timedelta(), "wrong"),
        (with_authorization(query="orderId=OTHER"), timedelta(), "wrong"),
        (with_authorization(names="host"), timedelta(), "must be signed"),
        (with_authorization(), timedelta(minutes=15, seconds=1), "15 minutes"),
        (with_authorization(), timedelta(minutes=-15, seconds=-1), "15 minutes"),
    ],
)
def test_anything_else_is_refused(request_: OpenApiRequest, late: timedelta, word: str) -> None:
    """No signature, a foreign one, one over something else or a stale one is refused with its reason."""
    assert word in (refusal(request_, late=late) or "")
