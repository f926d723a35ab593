"""The simulated marketplace against sellers who do well and sellers who do not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from handlers.clock import utc_now
from handlers.simulator.catalogue import ChargingMode, Terms
from handlers.simulator.delivery import Options
from handlers.simulator.marketplace import Marketplace, Scene
from handlers.simulator.signing import sign_call
from handlers.simulator.state import PurchaseNotFoundError, State
from tests.simulator.seller import Answer, Body, Seller, code, ok, open_seller, sent

SWIFT = Options(timeout=5.0, retry_interval=0.0, poll_interval=0.0, polls=4)
MODES: list[ChargingMode] = ["PERIOD", "ONE_TIME", "ON_DEMAND", "ON_DEMAND_PKG"]
UNREADABLE = '调测失败,解析响应体失败,响应格式参考{"resultCode":"000000","resultMsg":"success."}'
BAD_CODE = "调用失败,生产接口resultCode返回错误"


@pytest.fixture
def state(tmp_path: Path) -> State:
    """Give an empty state file."""
    return State(tmp_path / "state.db")


def visit(seller: Seller, state: State, options: Options = SWIFT) -> Marketplace:
    """Give a marketplace that sells on the seller's address."""
    return Marketplace(seller.address, "first-key", state, now=utc_now, options=options)


def texts(marketplace: Marketplace) -> set[str]:
    """Return what was complained of."""
    return {finding.text for finding in marketplace.findings}


@pytest.mark.parametrize("mode", MODES)
def test_whole_life_goes_without_a_complaint(state: State, mode: ChargingMode) -> None:
    """A good seller takes a purchase through its whole life, in each charging mode, without a finding."""
    with open_seller() as seller, visit(seller, state) as marketplace:
        bought = marketplace.purchase(Terms(charging_mode=mode))
        instance_id = bought.instance_id or ""
        replies = [
            marketplace.renew(instance_id),
            marketplace.freeze(instance_id),
            marketplace.unfreeze(instance_id),
            marketplace.upgrade(instance_id),
            marketplace.check_change(instance_id),
            marketplace.release(instance_id),
        ]
    assert [reply.code for reply in replies] == ["000000"] * 6
    assert (marketplace.findings, bought.access["frontEndUrl"]) == ([], "https://app.example.com")
    assert state.get_subscription(instance_id).state == "released"


def test_calls_carry_what_the_guide_says(state: State) -> None:
    """A call is signed over its own bytes with a fresh nonce, and no real call has a testFlag."""
    with open_seller() as seller, visit(seller, state) as marketplace:
        marketplace.purchase()
    queries = [parse_qs(urlsplit(url).query) for url in seller.urls]
    assert [set(query) for query in queries] == [{"signature", "timestamp", "nonce"}] * 2
    assert queries[0]["nonce"] != queries[1]["nonce"]
    assert len(queries[0]["timestamp"][0]) == 13
    assert not any("testFlag" in call for call in seller.calls)
    created = seller.calls[0]
    text = (
        f'{{"activity":"newInstance","businessId":"{created["businessId"]}",'
        f'"orderId":"{created["orderId"]}","orderLineId":"{created["orderId"]}-000001"}}'
    )
    expected = sign_call("first-key", queries[0]["nonce"][0], queries[0]["timestamp"][0], text.encode())
    assert queries[0]["signature"] == [expected.upper()]


def test_asynchronous_seller_is_polled_until_done(state: State) -> None:
    """After 000004 the marketplace asks queryInstance until the access data is there."""

    def slow(body: Body, earlier: int) -> Body | None:
        if body["activity"] == "newInstance":
            return code("000004", instanceId=body["businessId"])
        return code("000004") if earlier < 2 else None

    with open_seller(slow) as seller, visit(seller, state) as marketplace:
        bought = marketplace.purchase()
    assert bought.completed
    assert marketplace.findings == []
    assert seller.activities() == ["newInstance", *["queryInstance"] * 3]


def test_seller_who_never_finishes_is_found(state: State) -> None:
    """A seller who answers 000004 for ever is given up, and the purchase has failed."""
    with (
        open_seller(lambda body, _: code("000004", instanceId=body.get("businessId", ""))) as seller,
        visit(seller, state) as marketplace,
    ):
        bought = marketplace.purchase()
    assert (bought.completed, texts(marketplace)) == (False, {"异步处理一直未完成"})
    assert state.last_subscription().state == "failed"


def test_slow_upgrade_is_delivered_until_its_outcome(state: State) -> None:
    """While the seller answers 000004, the upgrade is delivered again with the same order."""

    def slow(body: Body, earlier: int) -> Body | None:
        return code("000004") if body["activity"] == "upgradeInstance" and earlier < 2 else None

    with open_seller(slow) as seller, visit(seller, state) as marketplace:
        instance_id = marketplace.purchase().instance_id or ""
        reply = marketplace.upgrade(instance_id, linear_value=25)
    upgrades = [call["orderId"] for call in seller.calls if call["activity"] == "upgradeInstance"]
    product = state.get_order(state.get_subscription(instance_id).product_order_id)
    assert (reply.code, len(upgrades), len(set(upgrades))) == ("000000", 3, 1)
    assert (product.order_id, product.order_type, product.linear_value) == (upgrades[0], "CHANGE", 25)


def test_failed_first_delivery_is_tried_again(state: State) -> None:
    """A refused newInstance is delivered again for the same order line with another businessId."""

    def refuse_once(body: Body, earlier: int) -> Body | None:
        return code("000005") if body["activity"] == "newInstance" and earlier == 0 else None

    with open_seller(refuse_once) as seller, visit(seller, state) as marketplace:
        bought = marketplace.purchase()
    created = [call for call in seller.calls if call["activity"] == "newInstance"]
    assert bought.completed
    assert texts(marketplace) == {BAD_CODE}
    assert len({call["orderLineId"] for call in created}) == 1
    assert len({call["businessId"] for call in created}) == 2


def test_duplicates_of_a_good_seller_are_one_instance(state: State) -> None:
    """Twenty deliveries at once, each with its own businessId, name one instance."""
    with open_seller() as seller, visit(seller, state) as marketplace:
        bought = marketplace.purchase()
        replies = marketplace.redeliver(bought.order, 20, parallel=True)
    assert {(reply.body or {})["instanceId"] for reply in replies} == {bought.instance_id}
    assert len({call.get("businessId") for call in seller.calls if "businessId" in call}) == 21
    assert marketplace.findings == []


def test_new_instance_on_repeat_is_found(state: State) -> None:
    """A seller who makes another instance of the same order line is found out."""

    def forgetful(body: Body, _: int) -> Body | None:
        return ok(instanceId=body["businessId"]) if body["activity"] == "newInstance" else None

    with open_seller(forgetful) as seller, visit(seller, state) as marketplace:
        bought = marketplace.purchase()
        assert marketplace.findings == []
        marketplace.redeliver(bought.order, 1)
    assert texts(marketplace) == {"重复请求返回的instanceId与首次不一致"}
    assert state.last_subscription().instance_id == bought.instance_id


WRONG_ANSWERS: dict[str, tuple[Callable[[Body], Answer | Body], str]] = {
    "HTTP 500": (
        lambda _: sent(ok(instanceId="i"), status=500),
        "调测失败,接口响应httpCode=500,请检查服务器日志,定位失败原因",
    ),
    "no resultMsg": (lambda _: {"resultCode": "000000", "instanceId": "i"}, UNREADABLE),
    "number as resultCode": (lambda _: {**ok(instanceId="i"), "resultCode": 0}, UNREADABLE),
    "a list": (lambda _: sent([ok()]), UNREADABLE),
    "not JSON": (lambda _: (200, "application/json", b"<html>"), UNREADABLE),
    "text/html": (
        lambda _: sent(ok(instanceId="i"), content_type="text/html"),
        '调测失败,响应content-type格式错误,返回的格式为text/html,正确的格式为"application/json"',
    ),
    "no instanceId": (lambda _: ok(), "调测失败,接口响应缺少instanceId"),
    "long instanceId": (lambda _: ok(instanceId="i" * 65), "调测失败,字段instanceId长度不合法"),
    "long resultMsg": (
        lambda _: {**ok(instanceId="i"), "resultMsg": "m" * 256},
        "调测失败,字段resultMsg长度不合法",
    ),
    "refusal": (lambda _: code("000005"), BAD_CODE),
}


@pytest.mark.parametrize("name", WRONG_ANSWERS)
def test_wrong_answers_are_found(state: State, name: str) -> None:
    """Each wrong answer to newInstance is complained of in the page's words, and three attempts are made."""
    answer, text = WRONG_ANSWERS[name]
    with open_seller(lambda body, _: answer(body)) as seller, visit(seller, state) as marketplace:
        bought = marketplace.purchase()
    assert (bought.completed, texts(marketplace), len(seller.calls)) == (False, {text}, 3)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"instanceId": "other"}, "调测失败,接口响应缺少instanceId"),
        ({"appInfo": {"adminUrl": "https://a.example.com"}}, "调测失败,接口响应缺少frontEndUrl"),
        ({"appInfo": {"frontEndUrl": "x" * 513}}, "调测失败,字段frontEndUrl长度不合法"),
        ({"usageInfo": [{"usageValue": 1.5}]}, "调测失败,接口响应缺少statisticalTime"),
    ],
)
def test_wrong_instance_data_is_found(state: State, entry: Body, text: str) -> None:
    """What is missing or too long in a queryInstance answer is complained of by name."""
    with (
        open_seller(lambda body, _: ok(info=[{"instanceId": body["instanceId"], **entry}])) as seller,
        visit(seller, state) as marketplace,
    ):
        marketplace.query("i")
    assert texts(marketplace) == {text}


def test_silence_and_absence_are_found(state: State) -> None:
    """A seller who takes too long, or is not there, is complained of without an exception."""
    with open_seller() as seller:
        gone = seller.address
    with Marketplace(gone, "k", state, now=utc_now, options=SWIFT) as marketplace:
        marketplace.query("i")
    assert texts(marketplace) == {"调测失败,生产地址不可达"}

    def sleep(_: Body, __: int) -> None:
        import time  # noqa: PLC0415

        time.sleep(0.6)

    with (
        open_seller(sleep) as seller,
        visit(seller, state, replace(SWIFT, timeout=0.2)) as marketplace,
    ):
        marketplace.query("i")
    assert texts(marketplace) == {"调测失败,调用接口超时0.2s"}


def test_probe_replays_all_seven(state: State) -> None:
    """A probe sends each activity with testFlag 1 and leaves nothing in the state file."""
    with open_seller() as seller, visit(seller, state) as marketplace:
        marketplace.probe()
    assert sorted(seller.activities()) == [
        "changeInstanceCheck",
        "newInstance",
        "queryInstance",
        "refreshInstance",
        "releaseInstance",
        "updateInstanceStatus",
        "upgradeInstance",
    ]
    assert {call["testFlag"] for call in seller.calls} == {"1"}
    assert marketplace.findings == []
    with pytest.raises(PurchaseNotFoundError):
        state.last_subscription()


@pytest.mark.parametrize(
    ("scene", "order_type", "later"),
    [
        ("TRIAL_TO_FORMAL", "TRIAL_TO_FORMAL", True),
        ("RENEWAL", "RENEW", True),
        ("UNSUBSCRIBE_RENEWAL_PERIOD", "UNSUBSCRIBE", False),
        ("RENEWAL_CHANGE", "RENEW", True),
    ],
)
def test_each_renewal_scene_moves_the_expiry(
    state: State, *, scene: Scene, order_type: str, later: bool
) -> None:
    """Each scene comes with an order of its type and moves the expiry forward, or back."""
    with open_seller() as seller, visit(seller, state) as marketplace:
        instance_id = marketplace.purchase(Terms(period_number=3)).instance_id or ""
        before = state.get_subscription(instance_id).expire_time
        marketplace.renew(instance_id, scene=scene)
    call = seller.calls[-1]
    after = state.get_subscription(instance_id).expire_time
    assert (call["scene"], len(call["expireTime"])) == (scene, 17)
    assert state.get_order(call["orderId"]).order_type == order_type
    assert before is not None
    assert after is not None
    assert (after > before) == later
    assert ("productId" in call) == (scene == "RENEWAL_CHANGE")


def test_release_after_expiry_names_no_order(state: State) -> None:
    """An unsubscription comes with its order, the end of the freeze period without one."""
    with open_seller() as seller, visit(seller, state) as marketplace:
        instance_id = marketplace.purchase().instance_id or ""
        marketplace.release(instance_id, unsubscribe=False)
        marketplace.release(instance_id)
    assert ["orderId" in call for call in seller.calls[-2:]] == [False, True]
