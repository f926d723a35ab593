"""Settings: what is wrong is one line that names it; what is secret is never shown."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.app import create_app
from handlers.settings import Settings, SettingsError, make_settings
from tests.settings.right import FERNET, SECRETS, STATIC, TOKEN, changed, content


def start(settings: dict[str, Any], directory: Path = Path()) -> None:
    """Do what a start does with the settings."""
    create_app(make_settings(settings, directory=directory))


WRONG: list[tuple[str, Any, str, str]] = [
    ("colour", "red", "colour", "Extra inputs are not permitted"),
    ("addresses.demo.colour", "red", "addresses.demo.colour", "Extra inputs"),
    ("addresses.demo.keys.basics", ["x"], "addresses.demo.keys.basics", "Extra inputs"),
    ("addresses.demo.site", "us", "addresses.demo.site", "'cn', 'intl' or 'eu'"),
    ("addresses.Demo", {"provisioner": STATIC}, "addresses.Demo", "pattern"),
    ("addresses.a/b", {"provisioner": STATIC}, "addresses.a/b", "pattern"),
    ("addresses.demo.answer_budget", 16, "addresses.demo.answer_budget", "less than or equal to 15"),
    ("addresses.demo.answer_budget", "soon", "addresses.demo.answer_budget", "valid number"),
    ("addresses.demo.answer_when", {"freeze": "done"}, "addresses.demo.answer_when.freeze", "newInstance"),
    ("addresses.demo.keys.basic", [""], "addresses.demo.keys.basic.0", "an empty key"),
    ("addresses.demo.keys.kit", ["basic-key-2"], "addresses.demo.keys.kit.0", "the same key as keys.basic"),
    ("addresses.demo.key_encoding", "base64", "addresses.demo.keys.basic.0", "not Base64"),
    ("addresses.demo.key_encoding", "hex", "addresses.demo.key_encoding", "'text' or 'base64'"),
    ("addresses.demo.site", "eu", "addresses.demo.keys.basic.0", "not Base64"),
    ("addresses.demo.provisioner", {}, "addresses.demo.provisioner.kind", "Field required"),
    ("addresses.demo.provisioner.kind", "magic", "addresses.demo.provisioner.kind", "'static', 'webhook' or"),
    ("addresses.demo.provisioner.colour", "x", "addresses.demo.provisioner", "unknown option colour"),
    (
        "addresses.demo.provisioner",
        {"kind": "static"},
        "addresses.demo.provisioner",
        "front_end_url is missing",
    ),
    (
        "addresses.demo.provisioner.front_end_url",
        "https://a/{buyer}",
        "addresses.demo.provisioner",
        "front_end_url may only name",
    ),
    ("addresses.hook.provisioner.secret", "short", "addresses.hook.provisioner", "secret"),
    ("addresses.hook.provisioner.url", "http://app.example.com", "addresses.hook.provisioner", "url"),
    ("addresses.hook.provisioner.retries", 3, "addresses.hook.provisioner", "unknown option retries"),
    (
        "addresses.hook.provisioner",
        {"kind": "webhook", "url": "https://a"},
        "addresses.hook.provisioner",
        "secret is missing",
    ),
    ("addresses.hook.provisioner", {"kind": "plugin"}, "addresses.hook.provisioner", "name is missing"),
    (
        "addresses.hook.provisioner",
        {"kind": "plugin", "name": "no-such"},
        "addresses.hook.provisioner",
        "no-such",
    ),
    ("encryption_keys", [], "encryption_keys", "at least 1"),
    ("encryption_keys", ["short"], "encryption_keys.0", "32 bytes in URL-safe Base64"),
    ("encryption_keys", [FERNET, FERNET[:-4]], "encryption_keys.1", "32 bytes in URL-safe Base64"),
    ("encryption_keys", ["é" * 44], "encryption_keys.0", "32 bytes in URL-safe Base64"),
    ("vendor_keys.0.token", "too-short", "vendor_keys.0.token", "at least 16"),
    ("vendor_keys.0.scopes", ["instances:read", "all"], "vendor_keys.0.scopes", "unknown scope 'all'"),
    ("vendor_keys.0.name", "", "vendor_keys.0.name", "at least 1"),
    (
        "vendor_keys",
        [{"name": name, "token": TOKEN, "scopes": ["*"]} for name in "ab"],
        "vendor_keys.1.token",
        "the same token as vendor_keys.0",
    ),
    ("koogallery.base_url", "http://mkt.example.com", "koogallery.base_url", "https://"),
    ("koogallery.base_url", "http://127.0.0.1.example.com", "koogallery.base_url", "https://"),
    ("koogallery.base_url", "http://127.0.0.1@example.com", "koogallery.base_url", "https://"),
    ("koogallery.base_url", "https://", "koogallery.base_url", "https://"),
    ("koogallery.base_url", "https://u:hunter2@h:x", "koogallery.base_url", "https://"),
    ("koogallery.fallback_url", "ftp://127.0.0.1", "koogallery.fallback_url", "https://"),
    ("addresses.demo.koogallery.base_url", "http://x", "addresses.demo.koogallery.base_url", "https://"),
    ("koogallery.timeout", 0, "koogallery.timeout", "greater than 0"),
    ("public_url", "saas.example.com", "public_url", "https://"),
    ("public_url", "https://", "public_url", "https://"),
    ("database_url", "mysql://root:hunter2@127.0.0.1/x", "database_url", "sqlite:///FILE"),
    ("database_url", "postgresql://root:hunter2@127.0.0.1/x", "database_url", "postgresql+psycopg://"),
    ("database_url", "sqlite://", "database_url", "memory"),
    ("database_url", "sqlite:///:memory:", "database_url", "memory"),
    ("database_url", "koogate.db", "database_url", "sqlite:///FILE"),
    ("database_url", "postgresql+psycopg://u:hunter2@h:port/x", "database_url", "sqlite:///FILE"),
    ("database_url", "", "database_url", "sqlite:///FILE"),
    ("database_url", "env:KOOGATE_NO_SUCH", "database_url", "the environment has no KOOGATE_NO_SUCH"),
    ("vendor_keys.0.token", "file:none.txt", "vendor_keys.0.token", "cannot be read"),
    ("addresses.demo.keys.basic", ["env:KOOGATE_NO_SUCH"], "addresses.demo.keys.basic.0", "KOOGATE_NO_SUCH"),
    ("addresses.hook.provisioner.secret", "file:none", "addresses.hook.provisioner.secret", "cannot be read"),
    ("body_limit", 10, "body_limit", "1024"),
    ("time_window", 0, "time_window", "greater than 0"),
    ("work.concurrency", 0, "work.concurrency", "greater than or equal to 1"),
]


@pytest.mark.parametrize(("path", "value", "named", "says"), WRONG)
def test_a_wrong_setting_is_one_line_that_names_it(path: str, value: Any, named: str, says: str) -> None:
    """The line begins with the setting, says what is wrong, and shows no secret."""
    with pytest.raises(SettingsError) as caught:
        start(changed(path, value))

    line = str(caught.value)
    assert line.startswith(f"{named}: "), line
    assert says in line
    assert "\n" not in line
    for secret in (*SECRETS.values(), "hunter2"):
        assert secret not in line


def test_settings_that_are_right_start() -> None:
    """What the wrong ones are made of is right."""
    start(content())

    assert list(make_settings(content(), directory=Path()).addresses) == list(content()["addresses"])


def test_no_encryption_key_is_said() -> None:
    """There is no default for a secret."""
    with pytest.raises(SettingsError, match=r"^encryption_keys: Field required$"):
        make_settings({}, directory=Path())


@pytest.mark.parametrize("show", [str, repr, "{}".format, lambda settings: str(settings.addresses)])
def test_secrets_are_not_shown(show: Any) -> None:
    """However the settings are printed."""
    shown = show(make_settings(content(), directory=Path()))

    for name, secret in SECRETS.items():
        if name != "database":
            assert secret not in shown, name


def test_the_database_password_is_not_shown() -> None:
    """It is a part of a URL, and a secret all the same."""
    settings = make_settings(content(), directory=Path())

    assert "pg-password" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("encryption_keys", ["a-broken-secret"]),
        ("vendor_keys.0.token", "broken-secret"),
        ("addresses.demo.keys.basic", [{"a": "broken-secret"}]),
        ("koogallery.secret_access_key", ["broken-secret"]),
        ("addresses.hook.provisioner.secret", "whsec_broken-secret!"),
        ("database_url", "oracle://u:broken-secret@h/x"),
    ],
)
def test_a_whole_traceback_shows_no_secret(path: str, value: Any) -> None:
    """Whoever logs the error with all it carries logs no secret."""
    with pytest.raises(SettingsError) as caught:
        start(changed(path, value))

    assert "broken-secret" not in "".join(traceback.format_exception(caught.value))


def test_settings_are_frozen() -> None:
    """Nobody changes them while the server runs."""
    settings: Any = make_settings(content(), directory=Path())

    for target, name in (
        (settings, "public_url"),
        (settings.addresses["demo"], "site"),
        (settings.koogallery, "base_url"),
        (settings.vendor_keys[0], "scopes"),
        (settings.retry, "first_delay"),
        (settings.addresses["demo"].provisioner, "kind"),
    ):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(target, name, "x")


def test_settings_cannot_be_saved_by_accident() -> None:
    """JSON of the settings has stars where the secrets are."""
    made: Settings = make_settings(content(), directory=Path())

    saved = made.model_dump_json(exclude={"addresses": {"hook"}, "database_url": True})

    for name in ("encryption", "basic", "rotated", "token", "access", "secret"):
        assert SECRETS[name] not in saved
