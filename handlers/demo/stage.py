"""Where the demo plays: a throw-away folder, fresh keys, and two processes that always end."""

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from cryptography.fernet import Fernet

_TREE = Path(__file__).parents[2]
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0

_CONFIG = """\
public_url = "{server_url}"
database_url = "sqlite:///{folder}/koogate.db"
encryption_keys = ["{encryption_key}"]

[addresses.demo]
site = "cn"
keys.basic = ["{key}"]

[addresses.demo.provisioner]
kind = "static"
front_end_url = "https://app.example.com/{{instance_id}}"
user_name = "admin"

[[vendor_keys]]
name = "product"
token = "{vendor_token}"
scopes = ["*"]

[koogallery]
base_url = "{simulator_url}"
access_key_id = "{access_key_id}"
secret_access_key = "{secret_access_key}"
"""


class DemoFailedError(Exception):
    """The demo could not be started; the message says why."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the demo plays: its folder, its ports and keys made for this one run."""

    folder: Path
    server_port: int = field(default_factory=_free_port)
    simulator_port: int = field(default_factory=_free_port)
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    vendor_token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    access_key_id: str = field(default_factory=lambda: secrets.token_hex(10).upper(), repr=False)
    secret_access_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)

    @property
    def server_url(self) -> str:
        """Return where koogate listens."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def simulator_url(self) -> str:
        """Return where the simulated marketplace listens."""
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def address(self) -> str:
        """Return the production address that the demo sells on."""
        return f"{self.server_url}/produce/demo"

    @property
    def state(self) -> Path:
        """Return the simulator's database file."""
        return self.folder / "simulator.db"


def start_both(stage: Stage, stack: ExitStack) -> None:
    """Start simulator and server and wait for both; raises DemoFailedError with a log's last words."""
    config = stage.folder / "koogate.toml"
    config.touch(mode=0o600)
    config.write_text(_config_text(stage), encoding="utf-8")
    here = ["--host", "127.0.0.1", "--port"]
    keys = ["--access-key-id", stage.access_key_id, "--secret-access-key", stage.secret_access_key]
    simulator = ["simulate", "serve", *here, str(stage.simulator_port), "--state", str(stage.state), *keys]
    server = ["serve", "--config", str(config), *here, str(stage.server_port)]
    simulating = stack.enter_context(_running(simulator, stage.folder / "simulator.log"))
    serving = stack.enter_context(_running(server, stage.folder / "koogate.log"))
    # The simulator answers an unsigned call with 401, which is answer enough.
    _wait_until_up(simulating, stage.simulator_url, stage.folder / "simulator.log", status=401)
    _wait_until_up(serving, f"{stage.server_url}/health/ready", stage.folder / "koogate.log", status=200)


def _config_text(stage: Stage) -> str:
    return _CONFIG.format(
        server_url=stage.server_url,
        simulator_url=stage.simulator_url,
        folder=stage.folder,
        encryption_key=Fernet.generate_key().decode(),
        key=stage.key,
        vendor_token=stage.vendor_token,
        access_key_id=stage.access_key_id,
        secret_access_key=stage.secret_access_key,
    )


@contextmanager
def _running(arguments: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a koogate command beside us; however we leave, it ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (our own program with our own arguments)
            [sys.executable, "-m", "handlers.cli", *arguments],
            cwd=_TREE,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path, *, status: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(url, timeout=2.0, trust_env=False).status_code == status:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.1)
    last_words = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise DemoFailedError(f"{url} did not come up:\n{last_words}")
