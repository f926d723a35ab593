import gzip
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from handlers.clock import utc_now
from handlers.provisioners import (
    Access,
    Later,
    ProductRefused,
    ProductUnavailable,
    Task,
    Verdict,
    carry_out,
)
from handlers.provisioners.webhook import Webhook

if TYPE_CHECKING:
    from tests.provisioners.conftest import Product

MakeTask = Callable[..., Task]

ACCESS = {"frontEndUrl": "https://app.example.com/i-1"}
QUIET = ["freeze", "unfreeze", "deprovision", "renew"]
KINDS = ["provision", "change", *QUIET, "check"]
PASSING = [408, 409, 425, 429, 500, 502, 503, 504, 599]
ODD = [203, 206, 300, 301, 302, 303, 304, 307, 308]
FINAL = [400, 401, 402, 403, 404, 405, 406, 413, 415, 422, 451, 499]


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("wrap", [False, True])
def test_a_provisioned_product_names_its_access(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    status: int,
    wrap: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Access data may stand in the answer or under `access`; an empty optional member is none."""
    access = {
        **ACCESS,
        "adminUrl": "https://app.example.com/admin",
        "userName": "admin",
        "password": "p",
        "memo": "",
    }
    product.answer(status, {"access": access} if wrap else access)

    assert webhook.provision(make_task()) == Access(
        front_end_url="https://app.example.com/i-1",
        admin_url="https://app.example.com/admin",
        user_name="admin",
        password="p",
    )


@pytest.mark.parametrize("kind", ["provision", "change"])
def test_accepted_means_later(product: "Product", webhook: Webhook, make_task: MakeTask, kind: str) -> None:
    """202 promises a report through the vendor API."""
    product.answer(202, {"note": "soon"})

    assert carry_out(webhook, make_task(kind)) == Later()


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("kind", QUIET)
def test_a_success_is_enough(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    kind: str,
    status: int,
) -> None:
    """What needs no result is done by any success."""
    product.answer(status)

    assert carry_out(webhook, make_task(kind)) is None


@pytest.mark.parametrize(("status", "body"), [(204, None), (200, None), (200, {"ok": True}), (201, b"fine")])
def test_a_change_needs_no_access_data(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    status: int,
    body: Any,
) -> None:
    """Without access data in the answer the access stays as it was."""
    product.answer(status, body)

    assert webhook.change(make_task("change")) is None


def test_a_change_may_bring_new_access_data(
    product: "Product", webhook: Webhook, make_task: MakeTask
) -> None:
    """With access data in the answer the buyer gets the new one."""
    product.answer(200, {"access": ACCESS})

    assert webhook.change(make_task("change")) == Access("https://app.example.com/i-1")


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"allowed": True}, Verdict(allowed=True)),
        ({"allowed": False, "reason": "60 seats\nin use"}, Verdict(allowed=False, reason="60 seats in use")),
        ({"allowed": False, "reason": 5}, Verdict(allowed=False)),
    ],
)
def test_a_check_is_answered(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    body: dict[str, Any],
    verdict: Verdict,
) -> None:
    """The product says yes, or no with a reason."""
    product.answer(200, body)

    assert webhook.check(make_task("check")) == verdict


@pytest.mark.parametrize("body", [None, b"yes", {}, {"allowed": "false"}, {"allowed": 1}, [b"[true]"]])
@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_check_without_yes_or_no(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    body: Any,
    status: int,
) -> None:
    """Anything but a plain true is never taken for a yes."""
    product.answer(status, body if status != 204 else None)

    with pytest.raises(ProductRefused, match="lacks allowed"):
        webhook.check(make_task("check"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", PASSING)
def test_a_passing_trouble(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    kind: str,
    status: int,
) -> None:
    """A busy or broken product is asked again, and its words are not repeated."""
    product.answer(status, {"message": "hidden"})

    with pytest.raises(ProductUnavailable) as caught:
        carry_out(webhook, make_task(kind))

    assert caught.value.reason == f"the product answered {status}"
    assert caught.value.retry_after is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", FINAL)
def test_a_final_no(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    kind: str,
    status: int,
) -> None:
    """Every other 4xx is the product's last word."""
    product.answer(status, {"message": "not like this"})

    with pytest.raises(ProductRefused) as caught:
        carry_out(webhook, make_task(kind))

    assert (caught.value.reason, caught.value.result_code) == ("not like this", "000005")


@pytest.mark.parametrize("kind", ["freeze", "deprovision"])
def test_what_is_gone_need_not_be_taken_away(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    kind: str,
) -> None:
    """410 ends a freeze and a deprovisioning well."""
    product.answer(410, {"message": "no such instance"})

    assert carry_out(webhook, make_task(kind)) is None


@pytest.mark.parametrize("kind", ["provision", "change", "unfreeze", "renew", "check"])
def test_what_is_gone_cannot_be_used(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    kind: str,
) -> None:
    """410 is a refusal of everything that needs the product."""
    product.answer(410, {"message": "no such instance"})

    with pytest.raises(ProductRefused, match="no such instance"):
        carry_out(webhook, make_task(kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", ODD)
def test_an_answer_nobody_agreed_on(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    kind: str,
    status: int,
) -> None:
    """A redirect is not followed, and what is neither success nor refusal is tried again."""
    product.answer(status, None, location=product.url)

    with pytest.raises(ProductUnavailable, match=str(status)):
        carry_out(webhook, make_task(kind))

    assert len(product.messages) == 1


@pytest.mark.parametrize(
    ("body", "reason", "code"),
    [
        ({"message": "m", "reason": "r", "detail": "d"}, "m", "000005"),
        ({"reason": "r", "detail": "d"}, "r", "000005"),
        ({"type": "about:blank", "title": "t", "status": 422, "detail": "d"}, "d", "000005"),
        ({"message": " \n", "detail": "d"}, "d", "000005"),
        ({"message": ["m"], "reason": 5}, "the product answered 422", "000005"),
        ({"message": "sold\r\nout\x1b", "resultCode": "000106"}, "sold out", "000106"),
        ({"message": "m", "resultCode": "000000"}, "m", "000005"),
        ({"message": "m", "resultCode": "000004"}, "m", "000005"),
        ({"message": "m", "resultCode": 100}, "m", "000005"),
        ({"message": "m", "resultCode": ["000106"]}, "m", "000005"),
        ({"message": "x" * 5000}, "x" * 200, "000005"),
        (b'{"message": "half \\ud800 character"}', "half character", "000005"),
        (b"<html>hidden</html>", "the product answered 422", "000005"),
        (b'["message"]', "the product answered 422", "000005"),
        (b'"message"', "the product answered 422", "000005"),
        (b'{"message": "' + b"x" * 70_000 + b'"}', "the product answered 422", "000005"),
        (b"[" * 60_000, "the product answered 422", "000005"),
        (b"\xff\xfe\xfa", "the product answered 422", "000005"),
        (b'{"n": ' + b"9" * 6000 + b', "message": "m"}', "the product answered 422", "000005"),
        (None, "the product answered 422", "000005"),
    ],
)
def test_the_words_of_a_refusal(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    body: Any,
    *,
    reason: str,
    code: str,
) -> None:
    """A refusal says the product's own words if it found any, cleaned and bounded, and an allowed code."""
    product.answer(422, body)

    with pytest.raises(ProductRefused) as caught:
        webhook.provision(make_task())

    assert (caught.value.reason, caught.value.result_code) == (reason, code)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("3600", 3600.0),
        ("86400", 3600.0),
        ("9" * 400, 3600.0),
        ("-5", None),
        ("1.5", None),
        ("\u0664", None),
        ("soon", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    *,
    said: str,
    seconds: float | None,
    status: int,
) -> None:
    """The product's wish is kept up to an hour; what is no number of seconds is none."""
    product.answer(status, retry_after=said.encode().decode("latin-1"))

    with pytest.raises(ProductUnavailable) as caught:
        webhook.provision(make_task())

    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(("ahead", "seconds"), [(90, 90.0), (-90, 0.0), (90_000, 3600.0)])
def test_retry_after_as_a_date(product: "Product", make_task: MakeTask, ahead: int, seconds: float) -> None:
    """A date counts from now: a past one is at once, a far one an hour."""
    now = utc_now().replace(microsecond=0)
    product.answer(503, retry_after=format_datetime(now + timedelta(seconds=ahead), usegmt=True))
    sender = Webhook(url=product.url, secret=product.secret, timeout=10.0, now=lambda: now)

    with pytest.raises(ProductUnavailable) as caught:
        sender.provision(make_task())
    sender.close()

    assert caught.value.retry_after == seconds


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the machine into another time zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CST-8")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
def test_retry_after_as_a_date_without_a_zone(product: "Product", make_task: MakeTask) -> None:
    """A date whose zone is not known is read as UTC, wherever the machine stands."""
    now = utc_now().replace(microsecond=0)
    at = (now + timedelta(seconds=60)).astimezone(UTC)
    product.answer(503, retry_after=format_datetime(at.replace(tzinfo=None)))
    sender = Webhook(url=product.url, secret=product.secret, timeout=10.0, now=lambda: now)

    with pytest.raises(ProductUnavailable) as caught:
        sender.provision(make_task())
    sender.close()

    assert caught.value.retry_after == 60.0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, "frontEndUrl is missing"),
        (b"{", "frontEndUrl is missing"),
        (b"[]", "frontEndUrl is missing"),
        ({"access": None}, "frontEndUrl is missing"),
        ({"access": {"userName": "admin"}}, "frontEndUrl is missing"),
        ({"frontEndUrl": None}, "frontEndUrl is missing"),
        ({"frontEndUrl": ["https://hidden.example.com"]}, "frontEndUrl is not text"),
        ({"frontEndUrl": "javascript:hidden()"}, "frontEndUrl is not an http or https address"),
        ({"frontEndUrl": "https:// hidden"}, "frontEndUrl is not an http or https address"),
        ({"frontEndUrl": "https://hidden" + "x" * 500}, "frontEndUrl is longer than 512"),
        ({**ACCESS, "adminUrl": "hidden"}, "adminUrl is not an http or https address"),
        ({**ACCESS, "adminUrl": "https://hidden" + "x" * 500}, "adminUrl is longer than 512"),
        ({**ACCESS, "userName": 7}, "userName is not text"),
        ({**ACCESS, "userName": "hidden" * 22}, "userName is longer than 128"),
        ({**ACCESS, "password": "hidden" * 22}, "password is longer than 128"),
        ({**ACCESS, "password": {"is": "hidden"}}, "password is not text"),
        ({**ACCESS, "memo": "hidden" * 171}, "memo is longer than 1024"),
        ({**ACCESS, "memo": "hidden\ud800"}, "memo is not text"),
        ({**ACCESS, "memo": "hidden\x00"}, "memo is not text"),
    ],
)
def test_access_data_that_the_marketplace_cannot_take(
    product: "Product",
    webhook: Webhook,
    make_task: MakeTask,
    body: Any,
    words: str,
) -> None:
    """Provisioning without usable access data is refused by the member's name, never its value."""
    product.answer(200, body)

    with pytest.raises(ProductRefused, match=words) as caught:
        webhook.provision(make_task())

    assert "hidden" not in str(caught.value)


def test_access_data_at_its_limits(product: "Product", webhook: Webhook, make_task: MakeTask) -> None:
    """Lengths count characters, and the longest the marketplace takes is taken."""
    access = {
        "frontEndUrl": "https://" + "x" * 504,
        "adminUrl": "https://" + "x" * 504,
        "userName": "名" * 128,
        "password": "密" * 128,
        "memo": "注" * 1024,
    }
    product.answer(200, access)

    result = webhook.provision(make_task())

    assert isinstance(result, Access)
    assert (result.front_end_url, result.memo) == (access["frontEndUrl"], access["memo"])


def test_an_answer_without_end(product: "Product", webhook: Webhook, make_task: MakeTask) -> None:
    """A huge answer is dropped after 64 KiB, not read to its end."""
    product.answer(200, [b'{"frontEndUrl": "https://a.example.com", "memo": "', *[b"x" * 2**20] * 200, b'"}'])

    with pytest.raises(ProductRefused, match="frontEndUrl is missing"):
        webhook.provision(make_task())


def test_an_answer_as_long_as_allowed(product: "Product", webhook: Webhook, make_task: MakeTask) -> None:
    """64 KiB are read whole, one byte more is not."""
    whole = json.dumps(ACCESS).encode().ljust(64 * 1024)
    product.answer(200, whole)
    product.answer(200, whole + b" ")

    assert webhook.provision(make_task()) == Access("https://app.example.com/i-1")
    with pytest.raises(ProductRefused, match="frontEndUrl is missing"):
        webhook.provision(make_task())


def test_a_packed_answer_is_not_unpacked(product: "Product", webhook: Webhook, make_task: MakeTask) -> None:
    """A small packed answer cannot become a huge one: we do not ask for packing and do not undo it."""
    product.answer(200, gzip.compress(json.dumps(ACCESS).encode()), content_encoding="gzip")

    with pytest.raises(ProductRefused, match="frontEndUrl is missing"):
        webhook.provision(make_task())

    assert product.messages[0].headers["accept-encoding"] == "identity"


def test_an_answer_that_breaks_off(product: "Product", webhook: Webhook, make_task: MakeTask) -> None:
    """Half an answer is no answer."""
    product.answer(200, ACCESS, content_length="9999", connection="close")

    with pytest.raises(ProductUnavailable, match=r"could not be reached \(") as caught:
        webhook.provision(make_task())

    assert caught.value.__context__ is None


def test_a_product_that_does_not_answer(product: "Product", make_task: MakeTask) -> None:
    """Patience ends after the timeout."""
    product.answer(200, ACCESS, pause=1.0)
    sender = Webhook(url=product.url, secret=product.secret, timeout=0.2, now=utc_now)

    with pytest.raises(ProductUnavailable, match="in time"):
        sender.provision(make_task())
    sender.close()


def test_an_answer_that_drips(product: "Product", make_task: MakeTask) -> None:
    """A product that sends a byte now and then cannot hold the caller for long."""
    drops = [json.dumps(ACCESS).encode()[at : at + 1] for at in range(40)]
    product.answer(200, drops, pause=0.1)
    sender = Webhook(url=product.url, secret=product.secret, timeout=0.3, now=utc_now)

    began = time.monotonic()
    with pytest.raises(ProductUnavailable, match="in time"):
        sender.provision(make_task())
    sender.close()

    assert time.monotonic() - began < 3


def test_a_success_counts_before_its_body(product: "Product", make_task: MakeTask) -> None:
    """Where no result is needed, the body is not waited for."""
    product.answer(200, {"slow": True}, pause=1.0)
    sender = Webhook(url=product.url, secret=product.secret, timeout=0.5, now=utc_now)

    assert carry_out(sender, make_task("freeze")) is None
    sender.close()


def test_cookies_are_not_kept(product: "Product", webhook: Webhook, make_task: MakeTask) -> None:
    """One answer does not change the next message."""
    product.answer(204, set_cookie="who=hidden; Path=/")
    for _ in range(2):
        webhook.freeze(make_task("freeze"))

    assert "cookie" not in product.messages[1].headers
