"""Several processes at once: on one PostgreSQL they are one server, on one SQLite file only one may be."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.databases import new_database
from tests.durability.servers import ROOT, Server, free_port, servers, sign, write_config
from tests.durability.tenants import Tenants
from tests.gallery import Gallery, serve_gallery
from tests.product import serve_product, slowly
from tests.world import new_instance

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Gallery, Tenants]]:
    """Give an order service and a product for all tests of this file."""
    gallery, gallery_server = serve_gallery()
    product, product_server = serve_product()
    yield gallery, Tenants(product)
    for server in (gallery_server, product_server):
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def pair(place: tuple[Gallery, Tenants], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """Give two processes that started together on one empty PostgreSQL database."""
    gallery, tenants = place
    directory = tmp_path_factory.mktemp("pair")
    with new_database("postgres", directory) as url:
        config = write_config(directory, url, gallery.url, tenants.url, budget=5.0)
        with servers(config, 2) as found:
            yield found


def calls_of(server: Server, instance_id: str) -> list[dict[str, Any]]:
    """List the recorded calls of an instance."""
    return server.items(f"/calls?instanceId={instance_id}")


@pytest.mark.postgres
def test_a_request_sent_to_two_processes_one_after_the_other_is_executed_once(
    pair: list[Server], place: tuple[Gallery, Tenants]
) -> None:
    """The nonce lives in the database: the other process gives the recorded bytes again."""
    gallery, tenants = place
    body = new_instance(gallery.place())
    request = sign(body)

    first, second, third = (server.send_signed(request) for server in (*pair, pair[0]))

    assert first == second == third
    assert json.loads(first)["resultCode"] == "000000"
    assert len(calls_of(pair[0], body["businessId"])) == 1
    assert len(tenants.product.asked_of(body["businessId"])) == 1


@pytest.mark.postgres
@pytest.mark.parametrize("_round", range(5))
def test_a_request_sent_to_two_processes_at_once_is_executed_once(
    pair: list[Server], place: tuple[Gallery, Tenants], _round: int
) -> None:
    """Whoever comes second gives what is recorded; what is final is the same from both."""
    gallery, tenants = place
    body = new_instance(gallery.place())
    request = sign(body)

    with ThreadPoolExecutor(8) as pool:
        answers = [a.result() for a in [pool.submit(pair[n % 2].send_signed, request) for n in range(8)]]

    codes = [json.loads(answer)["resultCode"] for answer in answers]
    assert set(codes) <= {"000000", "000004"}
    assert "000000" in codes
    assert {json.loads(answer)["instanceId"] for answer in answers} == {body["businessId"]}
    assert len({server.send_signed(request) for server in pair}) == 1
    assert len(calls_of(pair[0], body["businessId"])) == 1
    assert len(tenants.product.asked_of(body["businessId"])) == 1


@pytest.mark.postgres
def test_a_nonce_used_at_one_process_is_refused_with_another_body_at_the_other(pair: list[Server]) -> None:
    """The same nonce under another signature is no replay but a forgery."""
    query = {"activity": "queryInstance", "instanceId": "made-up", "testFlag": "1"}
    method, path, parameters, headers, raw = sign(query)
    nonce = parameters.rpartition("nonce=")[2]
    assert json.loads(pair[0].send_signed((method, path, parameters, headers, raw)))["resultCode"] == "000000"
    forged = sign(query | {"instanceId": "another"})
    forged_query = forged[2].rpartition("nonce=")[0] + f"nonce={nonce}"

    answer = json.loads(pair[1].send_signed((*forged[:2], forged_query, *forged[3:])))

    assert answer["resultCode"] == "000001"


@pytest.mark.postgres
def test_a_hundred_deliveries_of_one_order_over_two_processes_make_one_instance(
    pair: list[Server], place: tuple[Gallery, Tenants]
) -> None:
    """Each has a business id of its own; the first one committed is the instance's id for ever."""
    gallery, tenants = place
    order_id = gallery.place()

    with ThreadPoolExecutor(20) as pool:
        sent = [pool.submit(pair[n % 2].call, new_instance(order_id)) for n in range(100)]
        answers = [future.result() for future in sent]

    assert {answer["resultCode"] for answer in answers} <= {"000000", "000004"}
    (instance_id,) = {answer["instanceId"] for answer in answers}
    found = [instance for instance in pair[1].items("/instances") if instance["orderId"] == order_id]
    assert [instance["instanceId"] for instance in found] == [instance_id]
    assert len(tenants.product.asked_of(instance_id)) == 1


@pytest.mark.postgres
def test_two_worker_processes_of_one_command_serve_together(
    place: tuple[Gallery, Tenants], tmp_path: Path
) -> None:
    """`--workers 2` starts on an empty database, sells, and ends in order."""
    gallery, tenants = place
    with new_database("postgres", tmp_path) as url:
        config = write_config(tmp_path, url, gallery.url, tenants.url, budget=5.0)
        with servers(config, 1, "--workers", "2") as (server,):
            orders = [gallery.place() for _ in range(10)]
            with ThreadPoolExecutor(5) as pool:
                answers = list(pool.map(lambda order_id: server.call(new_instance(order_id)), orders))

            assert {answer["resultCode"] for answer in answers} == {"000000"}
            assert len(server.items("/instances")) == len(orders)
            assert server.terminate() == 0


def test_a_second_server_on_an_sqlite_file_is_told_so_in_one_line(
    place: tuple[Gallery, Tenants], tmp_path: Path
) -> None:
    """It would do the same work again; so it ends, names the file, and harms nothing."""
    gallery, tenants = place
    with new_database("sqlite", tmp_path) as url:
        config = write_config(tmp_path, url, gallery.url, tenants.url)
        with servers(config) as (server,):
            command = [sys.executable, "-m", "handlers.cli", "serve", "-c", str(config)]
            second = subprocess.run(
                [*command, "--port", str(free_port())],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=40,
                check=False,
            )

            assert second.returncode == 2
            (line,) = second.stderr.strip().splitlines()
            assert f"{Path(url).name} is served by another process" in line
            assert second.stdout == ""
            assert server.is_ready()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_server_that_is_asked_to_end_answers_what_it_has_begun(
    kind: str, place: tuple[Gallery, Tenants], tmp_path: Path
) -> None:
    """SIGTERM: calls under way get their final answer, and the exit code is 0."""
    gallery, tenants = place
    with new_database(kind, tmp_path) as url:
        config = write_config(tmp_path, url, gallery.url, tenants.url, budget=5.0)
        bodies = [new_instance(gallery.place()) for _ in range(3)]
        for body in bodies:
            access = {"frontEndUrl": "https://app.example.com/slow"}
            tenants.product.answers[body["businessId"]] = [slowly(1.0, (200, access))]
        with servers(config) as (server,), ThreadPoolExecutor(3) as pool:
            sent = [pool.submit(server.call, body) for body in bodies]
            wait_until(lambda: all(tenants.product.asked_of(body["businessId"]) for body in bodies))

            assert server.terminate() == 0
            assert [future.result()["resultCode"] for future in sent] == ["000000"] * 3
            assert "Traceback" not in server.log.read_text()


def test_work_that_outlasts_the_end_is_done_after_the_next_start(
    place: tuple[Gallery, Tenants], tmp_path: Path
) -> None:
    """The end does not wait for a product that takes for ever; the answer was 000004."""
    gallery, tenants = place
    with new_database("sqlite", tmp_path) as url:
        config = write_config(tmp_path, url, gallery.url, tenants.url, budget=0.1)
        body = new_instance(gallery.place())
        access = {"frontEndUrl": "https://app.example.com/slow"}
        tenants.product.answers[body["businessId"]] = [slowly(8.0, (200, access))]
        with servers(config) as (server,):
            assert server.call(body)["resultCode"] == "000004"
            wait_until(lambda: tenants.product.asked_of(body["businessId"]))

            began = time.monotonic()
            assert server.terminate() == 0
            assert time.monotonic() - began < 15
            server.start()
            wait_until(lambda: server.call(body)["resultCode"] == "000000")
            assert len({asked.key for asked in tenants.product.asked_of(body["businessId"])}) == 1


def wait_until(holds: Any, seconds: float = 20) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)
