"""Settings: what is wrong is one line that names it; what is secret is never shown."""

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from handlers.app import create_app
from handlers.settings import Settings, SettingsError, config_path, load_settings, make_settings, name_config

FERNET = Fernet.generate_key().decode()
STATIC = {"kind": "static", "front_end_url": "https://app.example.com"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "a-token-of-the-vendor"
SECRETS = {
    "encryption": FERNET,
    "basic": "basic-key-1",
    "rotated": "basic-key-2",
    "token": TOKEN,
    "webhook": SECRET,
    "access": "AK-OF-SELLER",
    "secret": "SK-OF-SELLER",
    "database": "pg-password",
}


def content() -> dict[str, Any]:
    """Make settings that are right, with every kind of secret in them."""
    return {
        "database_url": "postgresql+psycopg://koogate:pg-password@127.0.0.1/koogate",
        "encryption_keys": [FERNET],
        "addresses": {
            "demo": {"keys": {"basic": ["basic-key-1", "basic-key-2"]}, "provisioner": dict(STATIC)},
            "hook": {
                "keys": {"basic": ["another-key"]},
                "provisioner": {
                    "kind": "webhook",
                    "url": "https://app.example.com/koogate",
                    "secret": SECRET,
                },
            },
        },
        "vendor_keys": [{"name": "product", "token": TOKEN, "scopes": ["*"]}],
        "koogallery": {"access_key_id": "AK-OF-SELLER", "secret_access_key": "SK-OF-SELLER"},
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """Make settings with one thing set another way; a part of the path may be an index."""
    settings = content()
    target: Any = settings
    *parents, last = path.split(".")
    for name in parents:
        target = target[int(name)] if isinstance(target, list) else target.setdefault(name, {})
    target[int(last) if isinstance(target, list) else last] = value
    return settings


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


def write(directory: Path, text: str) -> Path:
    """Write a configuration file."""
    path = directory / "koogate.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    """TOML as the documentation shows it, dotted keys and inline tables."""
    path = write(
        tmp_path,
        f"""
        encryption_keys = "{FERNET}"
        [addresses.demo]
        site = "intl"
        keys.basic = "one"
        provisioner = {{ kind = "static", front_end_url = "https://app.example.com/{{instance_id}}" }}
        """,
    )

    settings = load_settings(path)

    demo = settings.addresses["demo"]
    assert (demo.site, [key.get_secret_value() for key in demo.keys.basic]) == ("intl", ["one"])
    assert demo.provisioner.options == {"front_end_url": "https://app.example.com/{instance_id}"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("public_url = ", "Invalid value"),
        ("a = 1\na = 2\n", "line 2"),
        ("[addresses.demo\n", "line 1"),
        ("token = 'hunter2' 'x'", "line 1"),
    ],
)
def test_broken_toml_is_one_line_with_file_and_place(tmp_path: Path, text: str, says: str) -> None:
    """The file and the line in it, and nothing of its text."""
    path = write(tmp_path, text)

    with pytest.raises(SettingsError) as caught:
        load_settings(path)

    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert says in line
    assert "\n" not in line
    assert "hunter2" not in line


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, or not UTF-8."""
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'public_url = "\xe9"')

    for path in (tmp_path / "none.toml", tmp_path, latin):
        with pytest.raises(SettingsError, match=f"^{path}: "):
            load_settings(path)


def test_references_are_replaced_wherever_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file lies beside the configuration, its last line break does not count."""
    (tmp_path / "basic.key").write_text("from-a-file\n", encoding="utf-8")
    monkeypatch.setenv("A_TOKEN", "token-from-the-environment")
    monkeypatch.setenv("A_SECRET", SECRET)
    settings = content()
    settings["addresses"]["demo"]["keys"]["basic"] = ["file:basic.key", "literal"]
    settings["addresses"]["hook"]["provisioner"]["secret"] = "env:A_SECRET"
    settings["vendor_keys"][0]["token"] = "env:A_TOKEN"

    made = make_settings(settings, directory=tmp_path)

    keys = [key.get_secret_value() for key in made.addresses["demo"].keys.basic]
    assert keys == ["from-a-file", "literal"]
    assert made.vendor_keys[0].token.get_secret_value() == "token-from-the-environment"
    assert made.addresses["hook"].provisioner.options["secret"] == SECRET


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """One member of a table can be set; its neighbours stay as the file has them."""
    monkeypatch.setenv("KOOGATE_PUBLIC_URL", "https://other.example.com")
    monkeypatch.setenv("KOOGATE_ADDRESSES__DEMO__SITE", "intl")
    monkeypatch.setenv("KOOGATE_KOOGALLERY__TIMEOUT", "1.5")
    monkeypatch.setenv("KOOGATE_WORK__ENABLED", "false")

    made = make_settings(changed("public_url", "https://file.example.com"), directory=Path())

    assert made.public_url == "https://other.example.com"
    assert (made.addresses["demo"].site, len(made.addresses["demo"].keys.basic)) == ("intl", 2)
    assert (made.koogallery.timeout, made.koogallery.access_key_id.get_secret_value()) == (
        1.5,
        "AK-OF-SELLER",
    )
    assert made.work.enabled is False


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ("one-key", ["one-key"]),
        ("12345678", ["12345678"]),
        ('["one", "two"]', ["one", "two"]),
        ("env:A_KEY", ["from-elsewhere"]),
        ('["env:A_KEY", "two"]', ["from-elsewhere", "two"]),
    ],
)
def test_a_list_of_secrets_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, keys: list[str]
) -> None:
    """One secret as it is, several as JSON; a reference is never taken for the secret itself."""
    monkeypatch.setenv("A_KEY", "from-elsewhere")
    monkeypatch.setenv("KOOGATE_ADDRESSES__DEMO__KEYS__BASIC", value)

    made = make_settings(content(), directory=Path())

    assert [key.get_secret_value() for key in made.addresses["demo"].keys.basic] == keys


def test_everything_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any file, as containers have it."""
    for name, value in content().items():
        text = value if isinstance(value, str) else json.dumps(value)
        monkeypatch.setenv(f"KOOGATE_{name.upper()}", text)

    assert make_settings({}, directory=Path()) == make_settings(content(), directory=Path())


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("KOOGATE_ADDRESSES", "oops", "addresses: "),
        ("KOOGATE_ADDRESSES__DEMO__KEYS", "oops", "addresses.demo.keys: "),
        ("KOOGATE_VENDOR_KEYS", '[{"name": "x"', "vendor_keys: "),
        ("KOOGATE_ADDRESSES__DEMO__SITE", "us", "addresses.demo.site: "),
        ("KOOGATE_ENCRYPTION_KEYS", "short", "encryption_keys.0: "),
        ("KOOGATE_ENCRYPTION_KEYS", "env:KOOGATE_NO_SUCH", "encryption_keys: "),
        ("KOOGATE_BODY_LIMIT", "many", "body_limit: "),
    ],
)
def test_a_wrong_environment_is_one_line_as_well(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, named: str
) -> None:
    """The setting is named as in the file."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        make_settings(content(), directory=Path())

    assert str(caught.value).startswith(named)
    assert "\n" not in str(caught.value)


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


def test_a_parent_names_the_file_to_its_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its whole path: a worker may start elsewhere."""
    monkeypatch.setenv("KOOGATE_CONFIG_FILE", "")
    assert config_path() is None
    monkeypatch.chdir(tmp_path)

    name_config(Path("koogate.toml"))

    assert config_path() == tmp_path / "koogate.toml"


def test_settings_cannot_be_saved_by_accident() -> None:
    """JSON of the settings has stars where the secrets are."""
    made: Settings = make_settings(content(), directory=Path())

    saved = made.model_dump_json(exclude={"addresses": {"hook"}, "database_url": True})

    for name in ("encryption", "basic", "rotated", "token", "access", "secret"):
        assert SECRETS[name] not in saved
