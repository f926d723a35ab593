"""Where settings come from: the file, references in it, the environment."""

import json
from pathlib import Path

import pytest

from handlers.settings import SettingsError, config_path, load_settings, make_settings, name_config
from tests.settings.right import FERNET, SECRET, changed, content


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


def test_a_parent_names_the_file_to_its_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its whole path: a worker may start elsewhere."""
    monkeypatch.setenv("KOOGATE_CONFIG_FILE", "")
    assert config_path() is None
    monkeypatch.chdir(tmp_path)

    name_config(Path("koogate.toml"))

    assert config_path() == tmp_path / "koogate.toml"
