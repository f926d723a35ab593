"""The products that the READMEs show: they run against the real provisioners and the real server."""

import asyncio
import inspect
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from handlers.provisioners import ProductRefused, ProductUnavailable, Provisioner, Task, carry_out, webhook
from handlers.provisioners.plugin import REQUIRED, Plugin
from tests.product import SECRET
from tests.readme.documents import BOTH, CHINESE, ENGLISH, Document
from tests.world import KEY, VENDOR_TOKEN, World, new_instance, running_world

documents = pytest.mark.parametrize("document", BOTH, ids=repr)
LINES = 30


def run_block(document: Document, marker: str) -> dict[str, Any]:
    """Run the block of Python that holds the marker, and give what it defined."""
    block = next(block for block in document.code("python") if marker in block)
    namespace: dict[str, Any] = {"__name__": "readme"}
    exec(compile(block, f"{document.name}: {marker}", "exec"), namespace)  # noqa: S102 - that is the test
    return namespace


def make_task(kind: str, sku_code: str = "standard") -> Task:
    """Make a task."""
    values: dict[str, Any] = dict.fromkeys(each.name for each in fields(Task))
    given = {"key": "i-1:1", "kind": kind, "address": "demo", "instance_id": "i-1", "sku_code": sku_code}
    return Task(**(values | given | {"is_trial": False, "customer": {}, "extend_params": ()}))


@dataclass
class Shop:
    """The server on a real port, with the README's receiver as its product."""

    world: World
    receiver_url: str


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Shop]:
    """Run receiver and server against each other, on SQLite."""
    door = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("KOOGATE_URL", f"http://127.0.0.1:{door.getsockname()[1]}")
    monkeypatch.setenv("KOOGATE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("KOOGATE_PRODUCT_TOKEN", VENDOR_TOKEN)
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), run_block(ENGLISH, "class Receiver")["Receiver"])
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{receiver.server_port}/koogate"
    address = {
        "keys": {"basic": [KEY]},
        "provisioner": {"kind": "webhook", "url": url, "secret": [SECRET]},
        "answer_budget": 10.0,
    }
    with (
        running_world(f"sqlite:///{tmp_path / 'koogate.db'}", addresses={"demo": address}) as world,
        serving(world, door),
    ):
        yield Shop(world, url)
    receiver.shutdown()
    receiver.server_close()


@contextmanager
def serving(world: World, door: socket.socket) -> Iterator[None]:
    """Serve the app of a world on a socket."""
    server = uvicorn.Server(uvicorn.Config(world.app, lifespan="off", log_config=None))
    done: Future[None] = asyncio.run_coroutine_threadsafe(server.serve(sockets=[door]), world.loop)
    try:
        yield
    finally:
        server.should_exit = True
        done.result(30)


def test_the_receiver_makes_a_tenant_and_takes_everything_else(shop: Shop) -> None:
    """A purchase, its renewal, freeze, upgrade, check and release go through the receiver of the README."""
    world = shop.world
    order_id, upgrade_id = world.gallery.place(), world.gallery.place(order_type="CHANGE")

    bought = world.answered(lambda: world.call(new_instance(order_id)))
    instance_id = bought.json["instanceId"]
    of_it = {"instanceId": instance_id}
    upgrade = {"orderId": upgrade_id, "orderLineId": f"{upgrade_id}-000001"}
    answers = [
        world.call({"activity": "updateInstanceStatus", "status": "FREEZE", **of_it}),
        world.call({"activity": "updateInstanceStatus", "status": "UNFREEZE", **of_it}),
        world.answered(lambda: world.call({"activity": "upgradeInstance", **upgrade, **of_it})),
        world.call({"activity": "changeInstanceCheck", "productInfo": {"skuCode": "x"}, **of_it}),
    ]
    access = world.call({"activity": "queryInstance", **of_it}).json["info"][0]["appInfo"]
    released = world.call({"activity": "releaseInstance", **of_it})

    assert [answer.code for answer in (bought, *answers, released)] == ["000000"] * 6
    assert access == {"frontEndUrl": f"https://app.example.com/{instance_id}", "userName": "admin"}
    assert {change["state"] for change in world.settled(instance_id)} == {"done"}


def test_the_receiver_reports_what_takes_longer(shop: Shop) -> None:
    """A provisioning that the receiver answered 202 to is completed through the vendor API."""
    bought = shop.world.call(new_instance(shop.world.gallery.place(sku_code="dedicated")))
    shop.world.until(lambda: shop.world.instance(bought.json["instanceId"])["state"] == "active")

    assert bought.code == "000000"
    assert shop.world.instance(bought.json["instanceId"])["access"]["userName"] == "admin"


def test_the_receiver_refuses_what_koogate_did_not_sign(shop: Shop) -> None:
    """A stranger gets 503 and no tenant."""
    body = json.dumps({"type": "instance.provision", "data": {"kind": "provision", "instanceId": "i"}})

    with pytest.raises(urllib.error.HTTPError, match="503") as refused:
        urllib.request.urlopen(urllib.request.Request(shop.receiver_url, body.encode()))
    refused.value.close()


@documents
def test_the_receiver_stays_short(document: Document) -> None:
    """Both READMEs show the one receiver, at a length that can be read."""
    block = next(block for block in document.blocks if "class Receiver" in block.text)

    assert block.bare in {each.bare for each in CHINESE.blocks}
    assert len(block.bare.splitlines()) <= LINES


@documents
def test_the_message_is_what_is_sent(document: Document) -> None:
    """The message that is shown has the members that a webhook really gets, and no other."""
    shown = json.loads(document.code("json")[0])
    task = make_task("provision")
    sent = json.loads(webhook._body(task, datetime(2026, 1, 31, 8, tzinfo=UTC)))

    assert shown.keys() == sent.keys()
    assert list(shown["data"]) == list(sent["data"])
    assert (shown["type"], shown["timestamp"]) == (sent["type"], sent["timestamp"])


@documents
def test_the_plugin_is_a_provisioner(document: Document) -> None:
    """The class of the README has the five methods of the Protocol, as they are called, and does its work."""
    crm_class = run_block(document, "class Crm")["Crm"]
    crm = Plugin(crm_class(base_url="https://crm.example.com"), "crm")

    for method in REQUIRED:
        wanted = inspect.signature(getattr(Provisioner, method))
        assert str(inspect.signature(getattr(crm_class, method))) == str(wanted)
    access = carry_out(crm, make_task("provision"))
    assert getattr(access, "front_end_url", None) == "https://crm.example.com/i-1"
    for kind in ("change", "unfreeze", "deprovision", "renew"):
        assert carry_out(crm, make_task(kind)) is None
    assert getattr(carry_out(crm, make_task("check", "discontinued")), "allowed", None) is False
    with pytest.raises(ProductRefused):
        carry_out(crm, make_task("provision", "discontinued"))
    with pytest.raises(ProductUnavailable):
        carry_out(crm, make_task("freeze"))


@documents
def test_the_entry_point_names_the_class(document: Document) -> None:
    """The entry point is of koogate's group and leads to the class that is shown."""
    block = next(block for block in document.code("toml") if "[project" in block)

    assert '[project.entry-points."koogate.provisioners"]' in block
    assert 'crm = "our_plugin:Crm"' in block
