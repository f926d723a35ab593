"""Real servers for tests: started, killed without warning, stopped in order, called over real HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from cryptography.fernet import Fernet

from tests.product import SECRET
from tests.world import KEY, VENDOR_TOKEN, signed

ROOT = Path(__file__).parents[2]
_START = 40.0


class Unreachable(Exception):
    """No answer came: nobody listens, or the server died over the question."""


@dataclass
class Server:
    """One `koogate serve` of a configuration, on a port of its own that it keeps over restarts."""

    config: Path
    log: Path
    arguments: tuple[str, ...] = ()
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.port = self.port or free_port()

    def start(self, *, wait: bool = True) -> None:
        """Start the server, and wait until it is ready."""
        command = [sys.executable, "-m", "handlers.cli", "serve", "--config", str(self.config)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *self.arguments],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
                start_new_session=True,
            )
        if wait:
            self.await_ready()

    def await_ready(self) -> None:
        """Wait until the server says that it is ready."""
        end = time.monotonic() + _START
        while not self.is_ready():
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Ask the server whether it is ready."""
        try:
            return self.send("GET", "/health/ready", timeout=2.0)[0] == 200
        except Unreachable:
            return False

    def kill(self) -> None:
        """Kill the server as a power cut would; what it started dies with it."""
        if self.process is not None:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def terminate(self) -> int:
        """Ask the server to end, and give its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def send(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        timeout: float = 15.0,
    ) -> tuple[int, bytes]:
        """Send one request and give status and body; raises Unreachable."""
        request = Request(f"http://127.0.0.1:{self.port}{target}", raw, headers or {}, method=method)
        try:
            with urlopen(request, timeout=timeout) as response:
                return response.status, response.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()
        except (OSError, HTTPException) as error:
            # Nobody listens, or the server died in the middle of its answer.
            raise Unreachable(repr(error)) from None

    def send_signed(self, request: tuple[str, str, str, dict[str, str], bytes]) -> bytes:
        """Send a signed request, whose answer is always HTTP 200."""
        method, path, query, headers, raw = request
        status, body = self.send(method, f"{path}?{query}", headers, raw)
        assert status == 200
        return body

    def call(self, body: Any, *, address: str = "hook") -> dict[str, Any]:
        """Sign and send a call of the marketplace."""
        answer: dict[str, Any] = json.loads(self.send_signed(sign(body, address=address)))
        return answer

    def vendor(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call the vendor API."""
        headers = {"Authorization": f"Bearer {VENDOR_TOKEN}"}
        raw = None if body is None else json.dumps(body).encode()
        if raw is not None:
            headers["Content-Type"] = "application/json"
        status, answer = self.send(method, f"/vendor/v1{path}", headers, raw)
        return status, json.loads(answer)

    def items(self, path: str) -> list[dict[str, Any]]:
        """List everything that a path of the vendor API has."""
        found: list[dict[str, Any]] = []
        cursor = ""
        start = f"{path}{'&' if '?' in path else '?'}limit=200"
        while True:
            status, page = self.vendor("GET", start + cursor)
            assert status == 200, page
            found += page["items"]
            if page.get("nextCursor") is None:
                return found
            cursor = f"&cursor={page['nextCursor']}"

    def changes(self, instance_id: str) -> list[dict[str, Any]]:
        """Give the history of an instance."""
        status, page = self.vendor("GET", f"/instances/{instance_id}/changes")
        assert status == 200, page
        found: list[dict[str, Any]] = page["items"]
        return found


def sign(body: Any, *, address: str = "hook") -> tuple[str, str, str, dict[str, str], bytes]:
    """Make a signed request of now."""
    return signed(body, address=address, now=datetime.now(UTC))


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_config(
    directory: Path, database_url: str, gallery_url: str, product_url: str, *, budget: float = 0.5
) -> Path:
    """Write a configuration that notices a dead process soon and tries again soon."""
    path = directory / "koogate.toml"
    path.write_text(f"""
public_url = "https://saas.example.com"
database_url = "{database_url}"
encryption_keys = ["{Fernet.generate_key().decode()}"]
[addresses.hook]
keys.basic = ["{KEY}"]
answer_budget = {budget}
provisioner = {{ kind = "webhook", url = "{product_url}", secret = "{SECRET}" }}
[[vendor_keys]]
name = "product"
token = "{VENDOR_TOKEN}"
scopes = ["*"]
[koogallery]
base_url = "{gallery_url}"
access_key_id = "AK"
secret_access_key = "SK"
[retry]
first_delay = 0.2
longest_delay = 1.0
give_up_after = 600.0
[work]
polling_interval = 0.05
heartbeat = 0.3
dead_after = 2.0
""")
    return path


@contextmanager
def servers(config: Path, number: int = 1, *arguments: str) -> Iterator[list[Server]]:
    """Run servers of one configuration; whatever is left of them at the end is killed."""
    found = [Server(config, config.with_name(f"server-{n}.log"), arguments) for n in range(number)]
    try:
        for server in found:
            server.start(wait=False)
        for server in found:
            server.await_ready()
        yield found
    finally:
        for server in found:
            server.kill()
