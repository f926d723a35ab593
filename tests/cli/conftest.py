"""The command line as its own process, with a configuration that works."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from handlers.cli import app

ROOT = Path(__file__).parents[2]
KEY = "key-of-the-command-line-tests"
TOKEN = "token-of-the-command-line-tests"
CONFIG = """\
public_url = "https://saas.example.com"
database_url = "{database_url}"
encryption_keys = ["{encryption_key}"]

[addresses.demo]
keys.basic = ["{key}"]
provisioner = {{ kind = "static", front_end_url = "https://app.example.com/{{instance_id}}" }}

[[vendor_keys]]
name = "product"
token = "{token}"
scopes = ["*"]

[koogallery]
access_key_id = "AK"
secret_access_key = "SK"
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def run(*arguments: str, columns: int = 80, cwd: Path | None = None, **environment: str) -> Ended:
    """Run a command to its end."""
    result = subprocess.run(
        [sys.executable, "-m", "handlers.cli", *arguments],
        cwd=cwd,
        env=environ(environment, columns),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(result.returncode, result.stdout, result.stderr)


def run_here(*arguments: str, columns: int = 80, **environment: str) -> Ended:
    """Run a command to its end within this process, which is quicker; for what does not serve."""
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": str(columns), **environment})
    return Ended(result.exit_code, result.stdout, result.stderr)


def environ(more: Mapping[str, str], columns: int = 80) -> dict[str, str]:
    """Make an environment in which the command line finds its tree and nothing is set for it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KOOGATE_")}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": str(columns), "PYTHONUTF8": "1", **more}


def refusal(ended: Ended) -> str:
    """Give the one line with which a command refused to start; anything else fails the test."""
    assert ended.code == 2, ended
    assert "Traceback" not in ended.err + ended.out
    [line] = ended.err.splitlines()
    assert line.startswith("koogate: ")
    return line.removeprefix("koogate: ")


def free_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(config: Path, *more: str) -> Iterator[str]:
    """Run `koogate serve` until the block ends, and give its address."""
    port = free_port()
    log = config.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "handlers.cli", "serve", "-c", str(config), "--port", str(port), *more],
            env=environ({}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0, log.read_text(encoding="utf-8")


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers that it is ready."""
    end = time.monotonic() + 40
    while True:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < end, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.1)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Give a port that is taken: what wrongly gets as far as to listen is refused there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a configuration that works, on an SQLite file beside it."""
    return write_config(tmp_path, f"sqlite:///{tmp_path / 'koogate.db'}")


def write_config(directory: Path, database_url: str) -> Path:
    """Write a configuration that works."""
    path = directory / "koogate.toml"
    text = CONFIG.format(
        database_url=database_url, encryption_key=Fernet.generate_key().decode(), key=KEY, token=TOKEN
    )
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def heeded_ctrl_c() -> Iterator[None]:
    """Have children heed Ctrl-C, also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
