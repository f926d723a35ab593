"""Killing the server without warning, at random moments: nothing is lost, nothing is doubled."""

import os
import random
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from storage.engine import create_engine, is_sqlite
from tests.databases import new_database
from tests.durability.marketplace import Marketplace, Purchase, Reporter
from tests.durability.servers import Server, servers, write_config
from tests.durability.tenants import Tenants, access_of
from tests.gallery import Gallery

PURCHASES = int(os.environ.get("KOOGATE_PURCHASES", "50"))
KILLS = 8

pytestmark = pytest.mark.slow


@contextmanager
def seeded() -> Iterator[random.Random]:
    """Give the chance of this test; a failure shows its seed."""
    seed = secrets.randbelow(1_000_000)
    try:
        yield random.Random(seed)
    except BaseException as error:
        error.add_note(f"the seed was {seed}")
        raise


@contextmanager
def marketplace_of(found: list[Server]) -> Iterator[Marketplace]:
    """Give a marketplace that calls these servers."""
    marketplace = Marketplace(found)
    try:
        yield marketplace
    finally:
        marketplace.close()


def unfinished(database_url: str) -> list[str]:
    """List the workflows that are still to run, but for the looks at what was reported in time."""
    table = "workflow_status" if is_sqlite(database_url) else "dbos.workflow_status"
    statement = f"select workflow_uuid from {table} where status <> 'SUCCESS'"  # noqa: S608 - our own name
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            ids = list(connection.execute(text(statement)).scalars())
    finally:
        engine.dispose()
    return [found for found in ids if not found.startswith("deadline:")]


def await_rest(server: Server, database_url: str) -> None:
    """Wait until nothing is under way any more."""
    server.await_ready()
    end = time.monotonic() + 30
    while left := unfinished(database_url):
        assert time.monotonic() < end, f"never ended: {left}\n{server.log.read_text()}"
        time.sleep(0.2)


def expect_each_once(server: Server, purchases: list[Purchase], tenants: Tenants) -> None:
    """Every order line has one active instance, made under one key, under the one id that was given."""
    found = server.items("/instances")
    lines = [(instance["orderId"], instance["orderLineId"]) for instance in found]
    assert sorted(lines) == sorted((p.order_id, p.order_line_id) for p in purchases)
    assert {instance["state"] for instance in found} == {"active"}
    by_line = {instance["orderLineId"]: instance["instanceId"] for instance in found}
    for purchase in purchases:
        assert purchase.ids == {by_line[purchase.order_line_id]}
        assert purchase.codes <= {"000000", "000004"}
    assert len(tenants.keys_of("provision")) == len(purchases)
    assert sorted(tenants.made.values()) == sorted(by_line.values())
    for instance_id in by_line.values():
        assert [(c["kind"], c["state"]) for c in server.changes(instance_id)] == [("provision", "done")]


def expect_access(purchases: list[Purchase], accesses: list[dict[str, Any]], tenants: Tenants) -> None:
    """Every buyer was sent to the one tenant that was made for him."""
    key_of = {instance_id: key for key, instance_id in tenants.made.items()}
    for purchase, access in zip(purchases, accesses, strict=True):
        assert access["frontEndUrl"] == access_of(key_of[purchase.instance_id])["frontEndUrl"]


def spread(chance: random.Random, purchases: list[Purchase], rounds: int) -> list[list[Purchase]]:
    """Spread the purchases over the rounds by chance."""
    parts: list[list[Purchase]] = [[] for _ in range(rounds)]
    for purchase in purchases:
        parts[chance.randrange(rounds)].append(purchase)
    return parts


def test_a_server_on_sqlite_that_is_killed_again_and_again_loses_and_doubles_nothing(
    gallery: Gallery, tenants: Tenants, tmp_path: Path
) -> None:
    """The next start of the only process takes up what the last one left, from the file."""
    with new_database("sqlite", tmp_path) as url, seeded() as chance:
        config = write_config(tmp_path, url, gallery.url, tenants.url)
        tenants.slowest, tenants.faults, tenants.reports = 0.4, 0.15, 0.15
        purchases = [Purchase(gallery.place()) for _ in range(PURCHASES)]
        with servers(config) as found, marketplace_of(found) as marketplace:
            reporter = Reporter(marketplace, tenants)
            reporter.start()
            driven: dict[str, Future[Any]] = {}
            for part in spread(chance, purchases, KILLS):
                for purchase in part:
                    driven[purchase.order_id] = marketplace.begin(marketplace.buy, purchase)
                if chance.random() < 0.8:
                    found[0].await_ready()
                time.sleep(chance.random() * 0.9)
                found[0].kill()
                found[0].start(wait=False)
            accesses = [driven[purchase.order_id].result(90) for purchase in purchases]
            await_rest(found[0], url)
            reporter.stop()

            expect_each_once(found[0], purchases, tenants)
            expect_access(purchases, accesses, tenants)


@pytest.mark.postgres
def test_of_two_servers_on_postgresql_the_living_one_takes_over_from_the_killed(
    gallery: Gallery, tenants: Tenants, tmp_path: Path
) -> None:
    """A killed process stays away, so the other one must finish what it had begun."""
    with new_database("postgres", tmp_path) as url, seeded() as chance:
        config = write_config(tmp_path, url, gallery.url, tenants.url)
        tenants.slowest, tenants.faults, tenants.reports = 0.4, 0.15, 0.15
        purchases = [Purchase(gallery.place()) for _ in range(PURCHASES)]
        with servers(config, 2) as found, marketplace_of(found) as marketplace:
            reporter = Reporter(marketplace, tenants)
            reporter.start()
            driven: dict[str, Future[Any]] = {}
            for number, part in enumerate(spread(chance, purchases, KILLS)):
                dying, living = found[number % 2], found[(number + 1) % 2]
                living.await_ready()
                dying.await_ready()
                for purchase in part:
                    driven[purchase.order_id] = marketplace.begin(marketplace.buy, purchase)
                time.sleep(0.1 + chance.random() * 0.6)
                dying.kill()
                # The killed one does not come back before everything is done.
                for purchase in part:
                    driven[purchase.order_id].result(90)
                dying.start(wait=False)
            accesses = [driven[purchase.order_id].result() for purchase in purchases]
            await_rest(found[0], url)
            reporter.stop()

            expect_each_once(found[0], purchases, tenants)
            expect_access(purchases, accesses, tenants)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_what_follows_a_purchase_survives_kills_too(
    kind: str, gallery: Gallery, tenants: Tenants, tmp_path: Path
) -> None:
    """Upgrade, freeze, unfreeze and release reach the product once each and in their order."""
    with new_database(kind, tmp_path) as url, seeded() as chance:
        config = write_config(tmp_path, url, gallery.url, tenants.url)
        tenants.slowest, tenants.faults = 0.2, 0.15
        purchases = [Purchase(gallery.place()) for _ in range(8)]
        upgrades = {p.order_id: gallery.place(order_type="CHANGE", sku_code="sku-2") for p in purchases}
        with servers(config) as found, marketplace_of(found) as marketplace:

            def live(purchase: Purchase) -> None:
                order_id = upgrades[purchase.order_id]
                line = {"orderId": order_id, "orderLineId": f"{order_id}-000001"}
                marketplace.buy(purchase)
                marketplace.succeed(purchase, "upgradeInstance", **line)
                marketplace.succeed(purchase, "updateInstanceStatus", status="FREEZE")
                marketplace.succeed(purchase, "updateInstanceStatus", status="UNFREEZE")

            driven = [marketplace.begin(live, purchase) for purchase in purchases]
            kill_while(found[0], chance, driven)
            await_rest(found[0], url)
            driven = [
                marketplace.begin(lambda p: marketplace.succeed(p, "releaseInstance"), p) for p in purchases
            ]
            kill_while(found[0], chance, driven, at_least=1)
            await_rest(found[0], url)

            expected = ["provision", "change", "freeze", "unfreeze", "deprovision"]
            for purchase in purchases:
                assert purchase.codes <= {"000000", "000004"}
                assert tenants.product.kinds_of(purchase.instance_id) == expected
                history = found[0].changes(purchase.instance_id)
                assert [(c["kind"], c["state"]) for c in history] == [(name, "done") for name in expected]
                _, instance = found[0].vendor("GET", f"/instances/{purchase.instance_id}")
                assert (instance["state"], instance["skuCode"]) == ("released", "sku-2")
            assert len(tenants.made) == len(purchases) * len(expected)


def kill_while(server: Server, chance: random.Random, driven: "list[Future[Any]]", at_least: int = 3) -> None:
    """Kill the server again and again while something is driven, and see that it ends well."""
    kills = 0
    while kills < at_least or (kills < at_least + 2 and not all(future.done() for future in driven)):
        server.await_ready()
        time.sleep(chance.random() * 0.8)
        server.kill()
        server.start(wait=False)
        kills += 1
    for future in driven:
        future.result(90)
