"""The simulated order interface, asked over a real socket."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
import uvicorn

from handlers.clock import utc_now
from handlers.simulator.app import create_simulator
from handlers.simulator.catalogue import Terms, buy
from handlers.simulator.signing import OpenApiRequest, sign_open_api
from handlers.simulator.state import State

PATH = "/api/mkp-openapi-public/global/v1/order/query"
MOCKS = {
    "MOCKPERIODYEARNEW": ("NEW", "PERIOD", "year"),
    "MOCKONETIMENEW": ("NEW", "ONE_TIME", None),
    "MOCKONDEMAND": ("NEW", "ON_DEMAND", None),
    "MOCKONDEMANDPKG": ("NEW", "ON_DEMAND_PKG", "year"),
    "MOCKPERIODDAYTRIAL": ("TRIAL", "PERIOD", "day"),
    "MOCKMONTYTRIALTOFORMAL": ("TRIAL_TO_FORMAL", "PERIOD", "month"),
    "MOCKMONTYUNSUBSCRIBE": ("UNSUBSCRIBE", "PERIOD", "month"),
    "MOCKMONTYRENEW": ("RENEW", "PERIOD", "month"),
    "MOCKMONTYCHANGE": ("CHANGE", "PERIOD", "month"),
}

Ask = Callable[..., httpx2.Response]


@pytest.fixture(scope="module")
def state_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the state file that the server and the test share."""
    return tmp_path_factory.mktemp("simulator") / "state.db"


@pytest.fixture(scope="module")
def base_url(state_path: Path) -> Iterator[str]:
    """Run the simulator on a free port."""
    app = create_simulator(state_path, access_key_id="AK", secret_access_key="SK", now=utc_now)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def ask(base_url: str) -> Ask:
    """Give a function that asks for an order, signed as the test wants."""

    def do(secret: str = "SK", late: timedelta = timedelta(), **query: str) -> httpx2.Response:
        url = httpx2.URL(base_url)
        headers = {
            "host": f"{url.host}:{url.port}",
            "x-sdk-date": f"{utc_now() - late:%Y%m%dT%H%M%SZ}",
        }
        text = urlencode(query)
        mac = sign_open_api(OpenApiRequest("GET", PATH, text, headers), "host;x-sdk-date", secret)
        signed = f"SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, Signature={mac}"
        return httpx2.get(f"{base_url}{PATH}?{text}", headers={**headers, "authorization": signed})

    return do


@pytest.mark.parametrize("order_id", MOCKS)
def test_mock_orders_answer(ask: Ask, order_id: str) -> None:
    """Each of the nine mock orders answers with its type, its charging mode and times as of now."""
    answer = ask(orderId=order_id, orderLineId=f"{order_id}-000001")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    order: dict[str, Any] = answer.json()["orderInfo"]
    line = order["orderLine"][0]
    order_type, charging_mode, period_type = MOCKS[order_id]
    assert answer.json()["resultCode"] == "MKT.0000"
    assert (order["orderType"], line["chargingMode"], line.get("periodType")) == (
        order_type,
        charging_mode,
        period_type,
    )
    assert ("expireTime" in line) == (period_type is not None)
    created = datetime.strptime(order["createTime"], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    assert abs(utc_now() - created) < timedelta(seconds=30)
    assert (order["buyerInfo"]["email"], line["productInfo"][0]["linearValue"]) == (None, 50)


def test_first_mock_ends_a_year_later_at_the_end_of_the_day(ask: Ask) -> None:
    """The recorded mock order's expiry is a year after its creation, at 23:59:59."""
    order = ask(orderId="MOCKPERIODYEARNEW").json()["orderInfo"]
    created, expires = order["createTime"], order["orderLine"][0]["expireTime"]
    assert (int(expires[:4]) - int(created[:4]), expires[8:]) == (1, "235959")


def test_bought_order_answers_as_bought(ask: Ask, state_path: Path) -> None:
    """An order that another process wrote to the state file is answered with its terms."""
    terms = Terms(charging_mode="PERIOD", period_type="year", period_number=2, linear_value=7)
    order = buy(State(state_path), terms, at=datetime(2026, 11, 23, 13, 47, 5, tzinfo=UTC))
    answer = ask(orderId=order.order_id).json()
    line = answer["orderInfo"]["orderLine"][0]
    assert order.order_id.startswith("CS2611231347")
    assert answer["orderInfo"]["createTime"] == "20261123134705"
    assert (line["periodType"], line["periodNumber"], line["expireTime"]) == ("year", 2, "20281123155959")
    assert (line["productInfo"][0]["linearValue"], line["currency"]) == (7, "2000")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"orderId": "CS0000000000NOONE"}, 400, "MKT.0199"),
        ({"orderId": "MOCKONDEMAND", "orderLineId": "MOCKONDEMAND-000002"}, 400, "MKT.0199"),
        ({}, 400, "MKT.0101"),
        ({"orderId": "MOCKONDEMAND", "more": "1"}, 400, "MKT.0101"),
        ({"orderId": "X" * 65}, 500, "MKT.0100"),
    ],
)
def test_bad_questions_get_their_code(ask: Ask, query: dict[str, str], status: int, code: str) -> None:
    """A wrong order, line or parameter is refused with the documented code and HTTP status."""
    answer = ask(**query)
    assert (answer.status_code, answer.json()["resultCode"]) == (status, code)


def test_foreign_and_late_signatures_are_refused(ask: Ask) -> None:
    """A signature with another key, or 16 minutes old or early, is refused with 0154 and 401."""
    answers = [
        ask(secret="other", orderId="MOCKONDEMAND"),
        ask(late=timedelta(minutes=16), orderId="MOCKONDEMAND"),
        ask(late=timedelta(minutes=-16), orderId="MOCKONDEMAND"),
    ]
    assert [(a.status_code, a.json()["resultCode"]) for a in answers] == [(401, "MKT.0154")] * 3


def test_unsigned_question_is_refused(base_url: str) -> None:
    """Without an Authorization header nothing is answered."""
    answer = httpx2.get(f"{base_url}{PATH}?orderId=MOCKONDEMAND")
    assert (answer.status_code, answer.json()["resultCode"]) == (401, "MKT.0154")
