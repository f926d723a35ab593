"""The built wheel, installed where the checkout cannot be seen."""

import base64
import os
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

SOURCES = ("handlers", "storage", "openapi", "scripts")
START_BUDGET = 60.0
WHEEL_BYTES = 2_000_000
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}


@dataclass(frozen=True)
class Installed:
    """A fresh environment with the wheel in it, and an empty folder to work in."""

    wheel: Path
    python: Path
    site_packages: Path
    folder: Path

    @property
    def command(self) -> Path:
        """Return the console script."""
        return self.python.parent / "koogate"


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program to its end and return what it printed; a failure fails the test."""
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def build(root: Path, folder: Path) -> Path:
    """Build the wheel from a copy, so that nothing is left in the checkout."""
    for name in SOURCES:
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in root.iterdir():
        if path.suffix in {".toml", ".md"} or path.name == "LICENSE":
            shutil.copy(path, folder)
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist", cwd=folder)
    return next((folder / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel beside the dependencies that are already on this machine."""
    wheel = build(root, tmp_path_factory.mktemp("source"))
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, symlinks=True)
    python = home / "bin/python"
    run(
        sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=home
    )
    site_packages = next(home.glob("lib/python*/site-packages"))
    # A .pth inside a folder named by a .pth is not read, so the checkout's own entry stays without effect.
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return Installed(wheel, python, site_packages, tmp_path_factory.mktemp("elsewhere"))


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def configuration(port: int) -> str:
    """Write the smallest koogate.toml that serves one address."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return f"""\
public_url = "http://127.0.0.1:{port}"
database_url = "sqlite:///koogate.db"
encryption_keys = ["{key}"]

[addresses.demo]
site = "cn"
keys.basic = ["first-key"]
provisioner = {{ kind = "static", front_end_url = "https://app.example.com/{{instance_id}}" }}

[koogallery]
base_url = "http://127.0.0.1:9"
access_key_id = "AK"
secret_access_key = "SK"
"""


@contextmanager
def serving(installed: Installed, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `koogate serve` in the empty folder, its output in server.txt; ended when left."""
    (installed.folder / "koogate.toml").write_text(configuration(port), encoding="utf-8")
    options = ["--config", "koogate.toml", "--host", "127.0.0.1", "--port", str(port)]
    with (installed.folder / "server.txt").open("wb") as output:
        process = subprocess.Popen(
            [str(installed.command), "serve", *options],
            cwd=installed.folder,
            env=ENVIRONMENT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ready(port: int) -> bool:
    """Ask once whether the server is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def test_the_wheel_owns_one_name(installed: Installed) -> None:
    """Neither `handlers` nor `storage` lands beside other people's packages."""
    owned = {path.name for path in installed.site_packages.iterdir()} - {"dependencies.pth", "__pycache__"}
    version = installed.wheel.name.split("-")[1]

    assert owned == {"koogate", f"koogate-{version}.dist-info"}


def test_the_wheel_carries_the_whole_tree_and_nothing_else(root: Path, installed: Installed) -> None:
    """Contracts, migrations and the licence travel along; tests, scripts and caches stay at home."""
    with ZipFile(installed.wheel) as wheel:
        names = set(wheel.namelist())
    contracts = {path.relative_to(root).as_posix() for path in root.glob("openapi/**/*.yaml")}
    migrations = {path.relative_to(root).as_posix() for path in root.glob("storage/migrations/**/*.py")}
    roots = {name.split("/")[2] for name in names if name.startswith("koogate/tree/")}

    assert contracts
    assert migrations
    assert {f"koogate/tree/{name}" for name in contracts | migrations} <= names
    assert roots == {"handlers", "storage", "openapi"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any("__pycache__" in name or name.endswith(".db") for name in names)
    assert installed.wheel.stat().st_size < WHEEL_BYTES


def test_the_command_runs(installed: Installed) -> None:
    """`koogate --help` names the commands, and `python -m koogate` is the same program."""
    by_name = run(installed.command, "--help", cwd=installed.folder)
    by_module = run(installed.python, "-m", "koogate", "--help", cwd=installed.folder)

    for command in ("serve", "demo", "simulate", "migrate", "keys"):
        assert command in by_name
        assert command in by_module


def test_the_server_starts(installed: Installed) -> None:
    """The installed server makes its database and becomes ready."""
    port = free_port()
    deadline = time.monotonic() + START_BUDGET
    with serving(installed, port) as process:
        while not (up := ready(port)) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)

    assert up, (installed.folder / "server.txt").read_text(encoding="utf-8", errors="replace")
    assert (installed.folder / "koogate.db").is_file()
