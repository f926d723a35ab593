"""`koogate serve`: what it says before the first call, and how it refuses."""

import json
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.cli.conftest import (
    environ,
    free_port,
    refusal,
    run,
    run_here,
    serving,
    wait_until_ready,
    write_config,
)
from tests.databases import new_database


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("[addresses.demo]", "[addresses.demo]\nsite = 'moon'", "addresses.demo.site: "),
        ("[koogallery]", "[koogallery]\nbase_url = 'http://example.com'", "koogallery.base_url: "),
        ("front_end_url", "frontend", "addresses.demo.provisioner: "),
        ('encryption_keys = ["', 'encryption_keys = ["x', "encryption_keys.0: "),
        ("sqlite:///", "mysql:///", "database_url: "),
        ("token-of-the-command-line-tests", "env:KOOGATE_NO_SUCH", "vendor_keys.0.token: "),
        ("[koogallery]", "[koogallery", ""),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    config: Path, taken_port: int, old: str, new: str, named: str
) -> None:
    """No traceback, however narrow the terminal: a supervisor's log shows what to mend."""
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")

    line = refusal(run_here("serve", "--config", str(config), "--port", str(taken_port), columns=40))

    assert line.startswith(named or f"{config}: ")


def test_a_real_terminal_session_shows_the_same_line(config: Path) -> None:
    """Nothing else is written, from the start of the process to its end."""
    config.write_text(
        config.read_text(encoding="utf-8").replace("front_end_url", "frontend"), encoding="utf-8"
    )

    ended = run("serve", "--config", str(config), "--port", "0", columns=40)

    assert refusal(ended) == "addresses.demo.provisioner: static provisioner: unknown option frontend"
    assert ended.out == ""


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The file, and what the system said."""
    path = tmp_path / "none.toml"

    assert refusal(run_here("serve", "--config", str(path))) == f"{path}: No such file or directory"


def test_without_any_configuration_the_first_missing_setting_is_named(tmp_path: Path) -> None:
    """An empty folder: no default file, no environment."""
    assert refusal(run("serve", cwd=tmp_path)) == "encryption_keys: Field required"


def test_a_file_in_the_folder_is_taken_without_a_word(config: Path) -> None:
    """`koogate serve` beside koogate.toml is enough."""
    config.write_text("colour = 1\n" + config.read_text(encoding="utf-8"), encoding="utf-8")

    assert refusal(run("serve", cwd=config.parent)) == "colour: Extra inputs are not permitted"


def test_several_processes_need_postgresql(config: Path) -> None:
    """An SQLite file has one writer."""
    line = refusal(run_here("serve", "--config", str(config), "--workers", "2"))

    assert line.startswith("--workers: an SQLite file is served by one process")


def test_a_port_that_is_taken_is_one_line(config: Path, taken_port: int) -> None:
    """Before anything is opened or started."""
    line = refusal(run_here("serve", "--config", str(config), "--port", str(taken_port)))

    assert line == f"--host, --port: 127.0.0.1 {taken_port}: Address already in use 无法监听"
    assert not config.with_name("koogate.db").exists()


def test_a_host_that_is_not_ours_is_one_line(config: Path) -> None:
    """An address of another machine."""
    line = refusal(run_here("serve", "--config", str(config), "--host", "192.0.2.1", "--port", "0"))

    assert line.startswith("--host, --port: 192.0.2.1 0: ")


def test_a_database_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    """The driver's first line; the password of the URL is not in it."""
    url = "postgresql+psycopg://koogate:hunter2@127.0.0.1:1/koogate"

    line = refusal(run("serve", "--config", str(write_config(tmp_path, url)), "--port", "0"))

    assert line.startswith("database_url: ")
    assert "hunter2" not in line


def test_a_file_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """A folder that nobody can write to."""
    config = write_config(tmp_path, "sqlite:////proc/none/koogate.db")

    assert refusal(run("serve", "--config", str(config), "--port", "0")).startswith("database_url: ")


def test_a_file_that_is_no_database_is_one_line(config: Path) -> None:
    """Somebody named the wrong file."""
    config.with_name("koogate.db").write_bytes(b"this is no database, whatever its name says" * 40)

    assert "not a database" in refusal(run("serve", "--config", str(config), "--port", "0"))


def test_a_database_of_another_version_names_the_command(config: Path) -> None:
    """The tables are not changed behind anybody's back."""
    assert run_here("migrate", "--config", str(config)).code == 0
    _forget_version(config.with_name("koogate.db"))

    assert refusal(run("serve", "--config", str(config), "--port", "0")).endswith("run koogate migrate")


def _forget_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update alembic_version set version_num = '0'")
        connection.commit()


def test_a_second_process_on_the_same_file_is_one_line(config: Path) -> None:
    """It would do the same work twice; migrating under a running server is refused as well."""
    with serving(config):
        for command in (("serve", "--port", "0"), ("migrate",)):
            line = refusal(run_here(*command, "--config", str(config)))
            assert line.startswith("database_url: koogate.db is served by another process")


PARTIAL = """\
public_url = "http://saas.example.com"
encryption_keys = ["{encryption_key}"]

[addresses.demo]
keys.basic = ["the-secret-key"]
provisioner = {{ kind = "static", front_end_url = "https://app.example.com" }}

[addresses.empty]
site = "intl"
provisioner = {{ kind = "static", front_end_url = "https://app.example.com" }}
"""


def test_the_start_tells_addresses_site_and_what_is_missing(tmp_path: Path) -> None:
    """A table of what is there, a line for each thing that is not, no secret."""
    path = tmp_path / "koogate.toml"
    encryption_key = Fernet.generate_key().decode()
    database = f'database_url = "sqlite:///{tmp_path}/koogate.db"\n'
    path.write_text(database + PARTIAL.format(encryption_key=encryption_key), encoding="utf-8")

    told = _start_and_stop(path, columns=120)

    for cells in (("demo", "cn", "basic 1", "static"), ("empty", "intl", "none", "static")):
        [row] = [line for line in told.splitlines() if line.startswith(f"│ {cells[0]} ")]
        assert all(cell in row for cell in cells)
    missing = [line.partition(": ")[2] for line in told.splitlines() if line.startswith("missing 缺少: ")]
    assert [each.partition(":")[0] for each in missing] == [
        "koogallery.access_key_id",
        "addresses.empty.keys.basic",
        "koogallery.access_key_id",
        "vendor_keys",
        "public_url",
    ]
    assert "the-secret-key" not in told
    assert encryption_key not in told


def test_a_whole_configuration_misses_nothing(config: Path) -> None:
    """And the address to enter in the seller centre is in one piece, at 80 columns too."""
    told = _start_and_stop(config, columns=80)

    assert "missing" not in told
    assert "production address 生产地址: https://saas.example.com/produce/demo" in told.splitlines()


def _start_and_stop(config: Path, *, columns: int) -> str:
    """Start the server, stop it as a person does, and give all it said."""
    port = free_port()
    log = config.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "handlers.cli", "serve", "-c", str(config), "--port", str(port)],
            env=environ({}, columns),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    told = log.read_text(encoding="utf-8")
    assert "Traceback" not in told
    return told


def test_a_running_server_serves_its_docs_and_logs_json(config: Path) -> None:
    """Every line after the table is JSON where no terminal is, and names no body or query."""
    with serving(config) as url:
        for path in ("/docs/", "/docs/vendor.json", "/health/live", "/metrics"):
            with urllib.request.urlopen(url + path, timeout=10) as answer:
                assert answer.status == 200
    logged = config.with_suffix(".log").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line) for line in logged if line.startswith("{")]

    assert {"event", "level", "logger", "timestamp"} <= lines[0].keys()
    assert {line["level"] for line in lines} == {"info"}


@pytest.mark.postgres
def test_two_processes_share_postgresql(tmp_path: Path) -> None:
    """Both start, the address answers, and both end when they are told to."""
    with (
        new_database("postgres", tmp_path) as url,
        serving(write_config(tmp_path, url), "--workers", "2") as at,
    ):
        for _ in range(10):
            with urllib.request.urlopen(f"{at}/health/ready", timeout=10) as answer:
                assert json.load(answer)["status"] == "ok"
