"""What the READMEs say is so: every command, setting, code, ruling, path and link, in both languages."""

import os
import re
import shutil
import sqlite3
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main
import yaml
from cryptography.fernet import Fernet
from prometheus_client import REGISTRY, generate_latest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from handlers.cli import app
from handlers.lifecycle import RULINGS, LifecycleError, Ruling, Stage, decide
from handlers.marketplace.result_codes import ResultCode
from handlers.refusals import answer_for
from handlers.settings import (
    AddressSettings,
    Keys,
    KooGallerySettings,
    ProvisionerSettings,
    Settings,
    VendorKey,
    make_settings,
)
from storage.models import Instance
from tests.readme.documents import BOTH, CHINESE, ENGLISH, ROOT, Document, anchor

documents = pytest.mark.parametrize("document", BOTH, ids=repr)
KEY = Fernet.generate_key().decode()
NEEDED = {"encryption_keys": [KEY]}
WORDS = {
    ENGLISH.name: {Ruling.APPLY: "apply", Ruling.MARK: "mark", Ruling.NOTHING: "nothing"},
    CHINESE.name: {Ruling.APPLY: "执行", Ruling.MARK: "记下", Ruling.NOTHING: "无需处理"},
}
WISH = re.compile(r"[a-z]+")
NO_LITERAL = {
    "needed": PydanticUndefined,
    "必填": PydanticUndefined,
    "none": None,
    "无": None,
    "by site": None,
    "随站点": None,
    "all": None,
    "全部": None,
    "`[koogallery]`": None,
}


def test_both_languages_say_the_same() -> None:
    """Both have the same headings by level, the same code but for comments, and tables of one shape."""
    assert [level for level, _ in CHINESE.headings] == [level for level, _ in ENGLISH.headings]
    assert [block.language for block in CHINESE.blocks] == [block.language for block in ENGLISH.blocks]
    assert [block.bare for block in CHINESE.blocks] == [block.bare for block in ENGLISH.blocks]
    shapes = [[[len(row) for row in table] for table in document.tables] for document in BOTH]
    assert shapes[0] == shapes[1]


@documents
def test_every_link_leads_somewhere(document: Document) -> None:
    """Each link is an address of the web, a file that is there, or a heading of the document itself."""
    anchors = {f"#{anchor(words)}" for _, words in document.headings}
    local = [link for link in document.links if not link.startswith("https://")]
    missing = [link for link in local if not (link in anchors if link[0] == "#" else (ROOT / link).exists())]

    assert local
    assert missing == []


@documents
def test_every_script_is_there(document: Document) -> None:
    """Each script that is named can be run."""
    scripts = set(re.findall(r"\bscripts/[\w-]+", document.text))

    assert {"scripts/demo", "scripts/test", "scripts/fuzz"} <= scripts
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


@documents
def test_every_command_is_one(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each `koogate ...` is accepted by the command line, options too; shell code has no syntax error."""
    monkeypatch.setenv("KOOGATE_SIMULATOR_KEY", "key")
    monkeypatch.setenv("KOOGATE_SIGNING_KEY", "key")

    named = {_parse(command) for command in document.commands}
    shell = "\n".join(document.code("sh"))
    checked = subprocess.run(["bash", "-n"], input=shell, text=True, capture_output=True, check=False)

    assert checked.stderr == ""
    simulated = {f"simulate {name}" for name in typer.main.get_command(app).commands["simulate"].commands}  # type: ignore[attr-defined]
    assert {"serve", "migrate", "keys make", "keys sign"} | simulated <= named


def _parse(arguments: list[str]) -> str:
    """Parse a command as the command line does; give its full name."""
    command: Any = typer.main.get_command(app)
    names: list[str] = []
    while isinstance(command, click.Group) or hasattr(command, "commands"):
        if not arguments:
            break
        assert arguments[0] in command.commands, arguments
        names.append(arguments[0])
        command, arguments = command.commands[arguments[0]], arguments[1:]
    if names[-1] != "simulate" and (arguments or names != ["keys", "sign"]):
        command.make_context(names[-1], arguments)
    return " ".join(names)


@documents
def test_every_piece_of_configuration_is_valid(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each block of TOML is taken by the settings, as far as it goes; secrets are found where it says."""
    for variable in set(re.findall(r'"env:(\w+)"', document.text)):
        monkeypatch.setenv(variable, KEY)
    for path in set(re.findall(r'"file:([\w.-]+)"', document.text)):
        (tmp_path / path).write_text("a-key\n", encoding="utf-8")
    contents = [tomllib.loads(block) for block in document.code("toml")]
    settings = [
        make_settings(NEEDED | content, directory=tmp_path)
        for content in contents
        if "project" not in content
    ]

    assert {address.provisioner.kind for made in settings for address in made.addresses.values()} == {
        "static",
        "webhook",
        "plugin",
    }
    assert settings[0].vendor_keys[0].token.get_secret_value() == KEY
    assert settings[0].addresses["demo"].keys.basic[0].get_secret_value() == "a-key"


@documents
def test_the_settings_are_all_there_with_their_defaults(document: Document) -> None:
    """The table of settings has every setting there is, no other, each with its default."""
    table = document.table_of("`public_url`")
    given = {name.strip("`"): row[0] for name, row in table.items()}
    actual = dict(_fields("", Settings))

    assert given.keys() == actual.keys()
    assert {name for name, cell in given.items() if not _agrees(cell, actual[name])} == set()


NESTED: dict[str, tuple[str, type[BaseModel]]] = {
    "addresses": ("addresses.X.", AddressSettings),
    "addresses.X.keys": ("addresses.X.keys.", Keys),
    "addresses.X.provisioner": ("addresses.X.provisioner.", ProvisionerSettings),
    "vendor_keys": ("vendor_keys[].", VendorKey),
    "koogallery": ("koogallery.", KooGallerySettings),
}


def _fields(prefix: str, model: type[BaseModel]) -> list[tuple[str, Any]]:
    found = []
    for name, field in model.model_fields.items():
        full = prefix + name
        found.append((full, field.default))
        inner, kind = NESTED.get(full, (f"{full}.", field.annotation))
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += _fields(inner, kind)
    return found


def _agrees(cell: str, default: Any) -> bool:
    if isinstance(default, BaseModel):
        return True
    if cell in NO_LITERAL:
        return default in ((), {}, None) if NO_LITERAL[cell] is None else default is PydanticUndefined
    plain = default.get_secret_value() if hasattr(default, "get_secret_value") else default
    return bool(tomllib.loads(f"value = {cell.strip('`')}")["value"] == plain)


@documents
def test_the_rulings_are_those_of_the_code(document: Document) -> None:
    """The table of what is legal is lifecycle.RULINGS, with the codes that refusals really get."""
    table = document.table_of(
        next(name for row in document.tables for name, *_ in row if "(refreshInstance)" in name)
    )
    given = {str(WISH.search(name)[0]): cells for name, cells in table.items()}  # type: ignore[index]
    expected = {wish.value: [_ruling(document, wish, stage) for stage in Stage] for wish in RULINGS}

    assert given == expected


def _ruling(document: Document, wish: Any, stage: Stage) -> str:
    is_frozen = stage is Stage.FROZEN
    state = "active" if is_frozen else stage.value
    columns: dict[str, Any] = {"instance_id": "i", "state": state, "is_frozen": is_frozen}
    instance = Instance(**columns)
    try:
        return WORDS[document.name][decide(wish, instance)]
    except LifecycleError as refusal:
        return f"`{answer_for(refusal).code}`"


@documents
def test_every_answer_code_is_explained(document: Document) -> None:
    """The table has every code there is, its meaning as the guide has it, and where Europe lacks it."""
    table = document.table_of("`000000`")

    assert [code.strip("`") for code in table] == [code.value for code in ResultCode]
    for code in ResultCode:
        meaning, when, advice = table[f"`{code}`"]
        assert code.meaning.chinese in meaning
        assert code.meaning.english in meaning
        assert when
        assert code.available("eu") != any(words in advice for words in ("not for Europe", "欧洲站不可用"))


@documents
def test_every_path_of_the_vendor_api_is_in_its_contract(document: Document) -> None:
    """Each URL below /vendor/v1 is an operation of openapi/vendor.yaml with known parameters."""
    contract = yaml.safe_load((ROOT / "openapi/vendor.yaml").read_text(encoding="utf-8"))
    shell = [line for block in document.code("sh") for line in block.splitlines() if "/vendor/v1" in line]

    assert shell
    for line in shell:
        path, query = re.findall(r"/vendor/v1(/[^\"?]+)(?:\?([^\"]*))?\"", line)[0]
        operation = _operation(contract, path, "post" if "-X POST" in line else "get")
        known = [_resolved(contract, each)["name"] for each in operation.get("parameters", [])]
        assert [
            pair.split("=")[0] for pair in query.split("&") if pair.split("=")[0] not in ["", *known]
        ] == []


def _operation(contract: Any, path: str, method: str) -> Any:
    for template, operations in contract["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", template), path):
            return operations[method]
    raise AssertionError(path)


def _resolved(contract: Any, parameter: Any) -> Any:
    reference = parameter.get("$ref", "")
    return contract["components"]["parameters"][reference.rpartition("/")[2]] if reference else parameter


@documents
def test_the_backup_is_one(document: Document, tmp_path: Path) -> None:
    """The statement of the backup makes a copy of a database that is in use."""
    statement = re.findall(r'"(VACUUM INTO \'[^\']+\')"', document.text)[0]
    source = sqlite3.connect(tmp_path / "koogate.db")
    source.executescript("pragma journal_mode=wal; create table t (x); insert into t values (1);")

    source.execute(re.sub(r"'.+'", f"'{tmp_path / 'copy.db'}'", statement))
    source.close()

    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("select x from t").fetchall() == [(1,)]
    copy.close()


@documents
def test_the_figures_have_these_names(document: Document) -> None:
    """The metrics that are named are served."""
    served = generate_latest(REGISTRY).decode()
    named = set(re.findall(r"`(koogate_\w+)`", document.text))

    assert named == {"koogate_calls_total", "koogate_call_seconds"}
    assert all(f" {name.removesuffix('_total')}" in served for name in named)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here to judge its unit")
@documents
def test_the_unit_is_one(document: Document, tmp_path: Path) -> None:
    """The service manager finds no unknown key in the unit."""
    unit = tmp_path / "koogate.service"
    unit.write_text(document.code("ini")[0], encoding="utf-8")

    found = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)

    assert "Unknown" not in found.stderr
