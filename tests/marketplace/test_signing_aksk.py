"""The AK/SK signature, held to known answers."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from handlers.marketplace.signing_aksk import canonical_request, sign

AT = datetime(2025, 1, 1, tzinfo=UTC)
HOST = "mkt.myhuaweicloud.com"
URL = (
    f"https://{HOST}/api/mkp-openapi-public/global/v1/order/query"
    "?orderId=MOCKPERIODYEARNEW&orderLineId=MOCKPERIODYEARNEW-000001"
)
JSON = {"content-type": "application/json"}
SIGNATURE = "ab5be6112b49164c34a4504d4b208627d547c65848e737fd949a309f10698631"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def signed(url: str = URL, headers: dict[str, str] | None = None, at: datetime = AT) -> dict[str, str]:
    """Sign a GET without a body with the keys of the known answer."""
    chosen = JSON if headers is None else headers
    return sign("GET", url, chosen, b"", access_key_id="test-ak", secret_access_key="test-sk", at=at)


def lines(url: str) -> list[str]:
    """Give the lines of the canonical request of a GET signed with the host alone."""
    return canonical_request("GET", url, {"Host": HOST}, b"").decode().split("\n")


def test_known_canonical_request() -> None:
    """The known request has its known SHA-256."""
    headers = JSON | {"host": HOST, "x-sdk-date": "20250101T000000Z"}
    digest = hashlib.sha256(canonical_request("GET", URL, headers, b"")).hexdigest()
    assert digest == "fa151465bf81c0bc6bd3a7f0dc6ed595bb151b150c2b99538c0bc1311e8c5f19"


def test_known_signature() -> None:
    """The known request has its known signature and the three headers to add."""
    assert signed() == {
        "X-Sdk-Date": "20250101T000000Z",
        "Host": HOST,
        "Authorization": (
            "SDK-HMAC-SHA256 Access=test-ak, SignedHeaders=content-type;host;x-sdk-date, "
            f"Signature={SIGNATURE}"
        ),
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "  application/json\t"},
        JSON | {"HOST": "elsewhere", "x-sdk-date": "20200101T000000Z", "authorization": "old"},
    ],
)
def test_header_spelling_does_not_matter(headers: dict[str, str]) -> None:
    """Blanks around a value, the case of names, and stale headers of an earlier signing change nothing."""
    assert signed(headers=headers)["Authorization"].endswith(SIGNATURE)


@pytest.mark.parametrize("url", [URL.replace(HOST, HOST + ":443"), URL.replace(HOST, "user@" + HOST.upper())])
def test_host_spelling_does_not_matter(url: str) -> None:
    """The default port, the case of the host and user information are no part of `Host`."""
    assert signed(url) == signed()


def test_other_port_and_time_zone() -> None:
    """Another port belongs to `Host`; the date is written in UTC."""
    assert signed("http://127.0.0.1:8090/x")["Host"] == "127.0.0.1:8090"
    assert signed("http://[::1]:80/x")["Host"] == "[::1]"
    beijing = datetime(2025, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert signed(at=beijing) == signed()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "/"),
        ("/", "/"),
        ("/a/b", "/a/b/"),
        ("/a/b/", "/a/b/"),
        ("/中 文/~x", "/%E4%B8%AD%20%E6%96%87/~x/"),
        ("/%e4%b8%ad", "/%E4%B8%AD/"),
        ("/a%2Fb", "/a%2Fb/"),
        ("/a:b@c", "/a%3Ab%40c/"),
    ],
)
def test_canonical_path(path: str, expected: str) -> None:
    """Every segment is encoded once, however it came, and the path ends with a slash."""
    assert lines(f"https://{HOST}{path}")[1] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ""),
        ("b=2&a=1", "a=1&b=2"),
        ("a=2&a=1&a", "a=&a=1&a=2"),
        ("a=x=y", "a=x%3Dy"),
        ("a=1&&b=", "a=1&b="),
        ("名=中 文", "%E5%90%8D=%E4%B8%AD%20%E6%96%87"),
        ("a=%7e%2f", "a=~%2F"),
        ("a=1+1", "a=1%2B1"),
    ],
)
def test_canonical_query(query: str, expected: str) -> None:
    """Parameters are encoded once and sorted, repeated names by their values; a name alone gets its `=`."""
    assert lines(f"https://{HOST}/?{query}")[2] == expected


def test_body_is_hashed() -> None:
    """The last line is the SHA-256 of the body, of nothing when there is none."""
    assert lines(f"https://{HOST}/")[-1] == EMPTY
    posted = canonical_request("post", f"https://{HOST}/", {"Host": HOST}, b"{}").decode().split("\n")
    assert posted[0] == "POST"
    assert posted[-1] == hashlib.sha256(b"{}").hexdigest()


def test_what_cannot_be_signed() -> None:
    """A naive time and a URL without a host are refused."""
    with pytest.raises(ValueError, match="aware"):
        signed(at=AT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="host"):
        signed("/only/a/path")
