"""`koogate --help`, `migrate` and `keys`."""

import json
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from handlers.app import create_app
from handlers.cli import app
from handlers.readiness import Readiness
from handlers.settings import load_settings
from storage.engine import create_engine
from tests.cli.conftest import KEY, refusal, run_here, serving, write_config
from tests.databases import new_database

COMMANDS = [
    [],
    ["serve"],
    ["demo"],
    ["migrate"],
    ["keys"],
    ["keys", "make"],
    ["keys", "sign"],
    ["simulate"],
    ["simulate", "purchase"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_there_in_both_languages(command: list[str]) -> None:
    """Every command says what it does, in English and Chinese."""
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "120"})

    assert result.exit_code == 0
    assert "Usage:" in result.output
    told = result.output.partition("Options")[0]
    assert not told.isascii() or command[:1] == ["simulate"]


def test_every_command_of_the_design_is_there() -> None:
    """Without an argument the command line lists its commands."""
    output = CliRunner().invoke(app, [], env={"COLUMNS": "120"}).output

    assert all(f" {name} " in output for name in ("serve", "demo", "simulate", "migrate", "keys"))


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_migrating_twice_is_migrating_once(tmp_path: Path, kind: str) -> None:
    """The second time finds everything done."""
    with new_database(kind, tmp_path) as url:
        config = write_config(tmp_path, url)
        ended = [run_here("migrate", "--config", str(config)) for _ in range(2)]
        engine = create_engine(url)
        checks = Readiness(engine).check()
        engine.dispose()

    assert [(each.code, each.err) for each in ended] == [(0, "")] * 2
    assert ended[0].out == ended[1].out == "the database is up to date; 数据库已是最新版本\n"
    assert (checks["database"], checks["migrations"]) == (True, True)


def test_migrating_what_does_not_answer_is_one_line(tmp_path: Path) -> None:
    """As with serve."""
    url = "postgresql+psycopg://koogate:hunter2@127.0.0.1:1/koogate"

    line = refusal(run_here("migrate", "--config", str(write_config(tmp_path, url))))

    assert line.startswith("database_url: ")
    assert "hunter2" not in line


def made() -> str:
    """Run `koogate keys make`."""
    result = CliRunner().invoke(app, ["keys", "make"], env={"COLUMNS": "40"})
    assert result.exit_code == 0
    return result.output


def test_made_keys_are_a_configuration(tmp_path: Path) -> None:
    """`koogate keys make > koogate.toml` is read without a change."""
    path = tmp_path / "koogate.toml"
    path.write_text(made(), encoding="utf-8")

    settings = load_settings(path)

    assert [key.name for key in settings.vendor_keys] == ["product"]
    Fernet(settings.encryption_keys[0].get_secret_value())


def test_the_lines_of_an_address_work_once_they_are_no_comment(tmp_path: Path) -> None:
    """The secret of the webhook is one that signs."""
    lines = made().splitlines()
    start = lines.index("# [addresses.demo]")
    lines[start:] = [line.removeprefix("# ") for line in lines[start:]]
    path = tmp_path / "koogate.toml"
    path.write_text("\n".join(lines), encoding="utf-8")

    settings = load_settings(path)
    create_app(settings)

    assert settings.addresses["demo"].provisioner.options["secret"].startswith("whsec_")


def test_keys_are_new_each_time() -> None:
    """Nobody shares them."""
    first, second = (secrets_of(tomllib.loads(made())) for _ in range(2))

    assert not first & second


def secrets_of(content: dict[str, Any]) -> set[str]:
    """Give the secrets of a configuration."""
    return {*content["encryption_keys"], *(key["token"] for key in content["vendor_keys"])}


def test_what_is_made_is_explained_in_both_languages() -> None:
    """Every comment above a setting has English and Chinese."""
    comments = [line for line in made().splitlines() if line.startswith("# ") and line.endswith(("。", "."))]

    assert len(comments) >= 4
    assert all(not line.isascii() for line in comments)


BODIES = [
    {"activity": "queryInstance", "instanceId": "none"},
    {"activity": "queryInstance", "instanceId": "none", "remark": "it's \"quoted\" `id` $HOME \\ 'twice'"},
    {"activity": "queryInstance", "instanceId": "none", "remark": "中文,全角“引号”"},
    {"activity": "queryInstance", "instanceId": "none", "remark": "two\nlines & a ? and # and %41"},
]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_printed_command_is_accepted_by_a_running_server(config: Path) -> None:
    """Pasted into a shell it gives 000003: the signature is right and the instance is not there."""
    with serving(config) as url:
        for body in BODIES:
            for text in (json.dumps(body, ensure_ascii=False), json.dumps(body, indent=1)):
                printed = run_here(
                    "keys", "sign", "--url", f"{url}/produce/demo", "--body", text, KOOGATE_SIGNING_KEY=KEY
                )
                assert printed.code == 0, printed.err
                answer = subprocess.run(
                    ["sh", "-c", printed.out], capture_output=True, text=True, timeout=30, check=True
                )
                assert json.loads(answer.stdout)["resultCode"] == "000003", answer.stdout


def test_a_body_like_a_file_name_is_sent_as_it_is() -> None:
    """With other options curl would read the file; and the key is not printed."""
    arguments = [
        "keys",
        "sign",
        "--url",
        "http://127.0.0.1/produce/x",
        "--body",
        "@/etc/passwd",
        "--key",
        KEY,
    ]

    printed = CliRunner().invoke(app, arguments).output

    assert "--data-raw '@/etc/passwd'" in printed
    assert KEY not in printed


def test_a_key_in_base64_signs_with_its_bytes() -> None:
    """Europe shows its keys so; what is no Base64 is said, and not printed."""
    arguments = ["keys", "sign", "--url", "http://127.0.0.1/produce/x", "--body", "{}", "--base64", "--key"]

    good = CliRunner().invoke(app, [*arguments, "ZXVyb3BlYW4ta2V5"])
    bad = CliRunner().invoke(app, [*arguments, "not*base64"])

    assert good.exit_code == 0
    assert bad.exit_code == 2
    assert "not Base64" in bad.output
    assert "not*base64" not in bad.output
