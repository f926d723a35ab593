"""The edge behind a real server on a real socket, with both HTTP parsers."""

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import uvicorn

from handlers.startup import http_implementation
from tests.edge.asking import calls_of, question, unknown_instance
from tests.edge.test_body_sign import DECODED, body_sign_of
from tests.world import World, new_instance, signed

Parser = Literal["h11", "httptools"]


@dataclass
class Answer:
    """An answer as it stood on the wire: header names in the case they came in."""

    status: int
    headers: list[tuple[bytes, bytes]]
    raw: bytes

    @property
    def code(self) -> str:
        """The result code."""
        return str(json.loads(self.raw)["resultCode"])

    def header(self, name: bytes) -> bytes | None:
        """The header of that name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Client:
    """A client that sends exactly the bytes it is told to."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._stream = self.socket.makefile("rb")

    def send(self, raw: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(raw)

    def line(self) -> bytes:
        """Read one line."""
        return self._stream.readline().rstrip(b"\r\n")

    def answer(self) -> Answer:
        """Read one answer; ConnectionError if there is none."""
        status = self.line()
        if not status:
            raise ConnectionError
        headers: list[tuple[bytes, bytes]] = []
        while line := self.line():
            name, _, value = line.partition(b":")
            headers.append((name, value.strip()))
        answer = Answer(int(status.split()[1]), headers, b"")
        length = answer.header(b"content-length")
        answer.raw = self._stream.read(int(length)) if length is not None else b""
        return answer

    def close(self, *, rudely: bool = False) -> None:
        """Close the connection; rudely is with a reset."""
        if rudely:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._stream.close()
        self.socket.close()


@contextmanager
def serving(world: World, parser: Parser) -> Iterator[int]:
    """Serve the world's app on a free port, in the loop where it runs, as `koogate serve` would."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        world.app,
        http=parser,
        lifespan="off",
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    running = asyncio.run_coroutine_threadsafe(server.serve(sockets=[listening]), world.loop)
    try:
        world.until(lambda: server.started)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        running.result(20)
        listening.close()


@pytest.fixture(params=["h11", "httptools"])
def port(request: pytest.FixtureRequest, world: World) -> Iterator[int]:
    """Give the port of a server, once with each parser."""
    with serving(world, request.param) as port:
        yield port


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    """Give a connected client."""
    client = Client(port)
    yield client
    client.close()


def head_of(world: World, raw: bytes, *headers: str, address: str = "demo", **options: Any) -> bytes:
    """Make the head of a signed request for a body, with the headers that are given and no others."""
    method, path, query, more, _ = signed(None, raw=raw, address=address, now=world.clock(), **options)
    lines = [
        f"{method} {path}?{query} HTTP/1.1",
        "Host: saas.example.com",
        *(f"{name}: {value}" for name, value in more.items()),
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def request_of(world: World, body: Any, **options: Any) -> bytes:
    """Make a whole signed request."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head_of(world, raw, f"Content-Length: {len(raw)}", **options) + raw


def is_well(world: World, port: int) -> bool:
    """Whether a new client is served."""
    client = Client(port)
    client.send(request_of(world, question()))
    code = client.answer().code
    client.close()
    return code == "000000"


def test_a_purchase_over_the_wire(world: World, client: Client) -> None:
    """The whole way: socket, edge, order, product, and back."""
    body = new_instance(world.gallery.place())

    client.send(request_of(world, body, address="hook"))
    answer = client.answer()

    assert (answer.status, answer.code) == (200, "000000")
    assert answer.header(b"content-type") == b"application/json"
    assert json.loads(answer.raw)["instanceId"] == body["businessId"]


@pytest.mark.parametrize(("key", "code"), [(DECODED, "000000"), ("wrong", "000001")])
def test_body_sign_keeps_its_case_on_the_wire(world: World, key: str, code: str) -> None:
    """The parser that the server chooses where answers are signed leaves the header as it is written."""
    parser = http_implementation(world.app.settings)
    assert parser == "h11"
    with serving(world, "h11") as port:
        client = Client(port)
        client.send(request_of(world, question(), address="europe", key=key))
        answer = client.answer()
        client.close()

    assert answer.code == code
    assert [value.decode() for name, value in answer.headers if name == b"Body-Sign"] == [
        body_sign_of(answer.raw)
    ]


def test_without_europe_the_faster_parser_is_chosen(world: World) -> None:
    """Where no answer is signed, the case of headers is nobody's matter."""
    demo = {"demo": world.app.settings.addresses["demo"]}

    assert http_implementation(world.app.settings.model_copy(update={"addresses": demo})) == "httptools"


@pytest.mark.parametrize("size", [1, 50, 4096])
def test_a_chunked_body(world: World, client: Client, size: int) -> None:
    """A body of chunks is signed as the whole that it makes."""
    raw = json.dumps(question()).encode()
    client.send(head_of(world, raw, "Transfer-Encoding: chunked"))

    for at in range(0, len(raw), size):
        piece = raw[at : at + size]
        client.send(b"%x;name=value\r\n%s\r\n" % (len(piece), piece))
    client.send(b"0\r\n\r\n")

    assert client.answer().code == "000000"


def test_expect_100_continue(world: World, client: Client) -> None:
    """A client that asks first is told to go on, then answered."""
    raw = json.dumps(question()).encode()
    client.send(head_of(world, raw, f"Content-Length: {len(raw)}", "Expect: 100-continue"))

    assert client.line().startswith(b"HTTP/1.1 100")
    assert client.line() == b""
    client.send(raw)

    assert client.answer().code == "000000"


def test_a_pipeline_is_answered_in_its_order(world: World, client: Client) -> None:
    """Several calls in one write on one connection: each gets its own answer, a refused one too."""
    bodies = [question(), unknown_instance(), {"activity": "sellTheMoon"}, question()]

    client.send(b"".join(request_of(world, body) for body in bodies))

    answers = [client.answer() for _ in bodies]
    assert [answer.code for answer in answers] == ["000000", "000003", "000002", "000000"]
    asked = [json.loads(answers[index].raw)["info"][0]["instanceId"] for index in (0, 3)]
    assert asked == [bodies[0]["instanceId"], bodies[3]["instanceId"]]


def test_a_connection_serves_many_calls(world: World, client: Client) -> None:
    """Keep-alive holds after answers of every kind."""
    codes = []
    for options in ({}, {"key": "wrong"}, {"content_type": "text/xml"}, {"address": "nobody"}, {}):
        client.send(request_of(world, question(), **options))
        codes.append(client.answer().code)

    assert codes == ["000000", "000001", "000002", "000002", "000000"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_answered_200(world: World, client: Client, method: str) -> None:
    """The marketplace's debug page reads only what comes with 200."""
    client.send(request_of(world, question(), method=method))
    answer = client.answer()

    assert (answer.status, answer.code) == (200, "000002")


def test_head_has_no_body_and_leaves_the_connection_usable(world: World, port: int) -> None:
    """HEAD is answered 200 with headers only, which is what HTTP demands."""
    client = Client(port)
    head = head_of(world, b"", method="HEAD")

    client.send(head)
    status = client.line()
    while client.line():
        pass
    client.close()

    assert status.startswith(b"HTTP/1.1 200")
    assert is_well(world, port)


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_beyond_the_limit_is_answered(world: World, port: int, *, is_chunked: bool) -> None:
    """The refusal can be read although the client goes on sending, and the server stays well."""
    raw = b"x" * (world.app.settings.body_limit * 4)
    length = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {len(raw)}"
    client = Client(port)

    client.send(head_of(world, raw, length))
    client.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(raw), raw) if is_chunked else raw)
    answer = client.answer()
    client.close()

    assert (answer.status, answer.code) == (200, "000002")
    assert is_well(world, port)


@pytest.mark.parametrize("rudely", [False, True])
@pytest.mark.parametrize("sent", ["head", "half", "all"])
def test_a_client_that_hangs_up(
    world: World, port: int, caplog: pytest.LogCaptureFixture, sent: str, *, rudely: bool
) -> None:
    """Half a call leaves no trace; a whole one is carried out; neither troubles the server or its log."""
    body = unknown_instance()
    whole = request_of(world, body)
    cut = {"head": whole.index(b"\r\n\r\n") + 4, "half": len(whole) - 20, "all": len(whole)}[sent]
    client = Client(port)

    client.send(whole[:cut])
    if sent != "all":
        time.sleep(0.1)
    client.close(rudely=rudely and sent != "all")

    assert is_well(world, port)
    if sent == "all":
        world.until(lambda: calls_of(world, body["instanceId"]))
    assert len(calls_of(world, body["instanceId"])) == (sent == "all")
    assert [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}] == []


def test_a_client_that_hangs_up_while_we_wait_has_bought_all_the_same(world: World, port: int) -> None:
    """The work was committed; that nobody listens any more does not undo it."""
    body = new_instance(world.gallery.place())
    client = Client(port)
    client.send(request_of(world, body, address="hook"))
    time.sleep(0.05)
    client.close(rudely=True)

    world.until(lambda: calls_of(world, body["businessId"]))
    world.until(lambda: world.instance(body["businessId"])["state"] == "active")


def test_a_slow_body_holds_up_nobody_else(world: World, port: int) -> None:
    """While one client dribbles, others are served; the slow one is answered in the end."""
    whole = request_of(world, question())
    slow = Client(port)
    start = len(whole) - 20
    slow.send(whole[:start])

    for at in range(start, len(whole)):
        assert is_well(world, port) or at % 5
        slow.send(whole[at : at + 1])
        time.sleep(0.01)

    assert slow.answer().code == "000000"
    slow.close()


def test_many_clients_at_once(world: World, port: int) -> None:
    """Thirty connections with five calls each are all answered."""
    codes: list[str] = []

    def talk() -> None:
        client = Client(port)
        for _ in range(5):
            client.send(request_of(world, question()))
            codes.append(client.answer().code)
        client.close()

    threads = [threading.Thread(target=talk) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert codes == ["000000"] * 150


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"POST /produce/demo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /produce/demo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /produce/demo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["nonsense", "negative length", "broken chunk", "two lengths", "TLS"],
)
def test_what_is_no_http_troubles_nobody(world: World, port: int, raw: bytes) -> None:
    """Such a client is told 400 or dropped, never 5xx."""
    client = Client(port)
    client.send(raw)
    client.socket.shutdown(socket.SHUT_WR)
    answered = client.line()
    client.close()

    assert answered == b"" or b" 400 " in answered
    assert is_well(world, port)


def test_a_websocket_is_refused_politely(world: World, port: int) -> None:
    """An upgrade that is asked of us is no 5xx and no trace in the log."""
    client = Client(port)
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    wanted = ("Connection: Upgrade", "Upgrade: websocket", key, "Sec-WebSocket-Version: 13")
    client.send(head_of(world, b"", *wanted, method="GET"))
    answer = client.answer()
    client.close()

    assert answer.status < 500
    assert is_well(world, port)
