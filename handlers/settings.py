"""Settings: koogate.toml and the environment, frozen. The only reader of the environment.

Every key can also come from the environment, and wins there: `KOOGATE_PUBLIC_URL`,
`KOOGATE_ADDRESSES__DEMO__SITE`; a list or a table is written as JSON. Texts may be literal, `env:NAME` or
`file:PATH` (relative to the configuration file, in the environment to the current folder).
"""

import json
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from handlers.configuration import (
    Activity,
    AddressSettings,
    Keys,
    KooGallerySettings,
    ProvisionerSettings,
    RetrySettings,
    Secrets,
    VendorKey,
    WorkSettings,
)
from handlers.loopback import require_web_url
from storage.engine import is_sqlite, is_supported, sqlite_path
from storage.sealing import Sealer

__all__ = [
    "Activity",
    "AddressSettings",
    "Keys",
    "KooGallerySettings",
    "ProvisionerSettings",
    "RetrySettings",
    "Settings",
    "SettingsError",
    "VendorKey",
    "WorkSettings",
    "config_path",
    "load_settings",
    "make_settings",
    "name_config",
]

_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
# How a parent process tells its workers which file to read.
_CONFIG_VARIABLE = "KOOGATE_CONFIG_FILE"


class SettingsError(Exception):
    """A setting is wrong or missing; the text is one line that names it and never shows a secret."""


class Settings(BaseSettings):
    """Everything koogate can be told."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="KOOGATE_", env_nested_delimiter="__"
    )

    public_url: str = "http://127.0.0.1:8080"
    database_url: str = Field(default="sqlite:///koogate.db", repr=False)
    database_pool: int = Field(default=8, ge=1, le=100)
    encryption_keys: Secrets = Field(min_length=1)
    addresses: dict[Annotated[str, Field(pattern=_NAME)], AddressSettings] = {}
    vendor_keys: tuple[VendorKey, ...] = ()
    koogallery: KooGallerySettings = KooGallerySettings()
    retry: RetrySettings = RetrySettings()
    work: WorkSettings = WorkSettings()
    body_limit: int = Field(default=262_144, ge=1024, description="bytes of one marketplace call")
    time_window: float = Field(default=60.0, gt=0, description="seconds a timestamp may differ, both ways")
    keep_calls_days: int = Field(default=180, ge=1)

    @field_validator("public_url")
    @classmethod
    def _reachable(cls, value: str) -> str:
        return require_web_url(value)

    @field_validator("database_url")
    @classmethod
    def _supported(cls, value: str) -> str:
        if not _is_database(value):
            msg = "must be sqlite:///FILE or postgresql+psycopg://USER@HOST:PORT/NAME"
            raise ValueError(msg)
        if is_sqlite(value):
            sqlite_path(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        del env_settings, dotenv_settings, file_secret_settings
        return _Environment(settings_cls), init_settings


class _Environment(EnvSettingsSource):
    """The environment: lists and tables as JSON, anything else as it stands, references as in the file."""

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = _resolve(super().__call__(), Path.cwd(), "")
        return found

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Read JSON if it is a list or a table; the field itself refuses what does not fit it."""
        del field_name, field
        try:
            decoded = json.loads(value)
        except ValueError:
            return value
        return decoded if isinstance(decoded, list | dict) else value


def _is_database(url: str) -> bool:
    try:
        return is_supported(url)
    except Exception:  # noqa: BLE001 - what cannot be read as a URL, whoever says so and however
        return False


def name_config(path: Path | None) -> None:
    """Tell the worker processes which file to read."""
    os.environ[_CONFIG_VARIABLE] = str(path.absolute()) if path is not None else ""


def config_path() -> Path | None:
    """Give the file that the parent process named."""
    name = os.environ.get(_CONFIG_VARIABLE, "")
    return Path(name) if name else None


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings; raises SettingsError with one line that names what is wrong."""
    content: dict[str, Any] = {}
    directory = Path.cwd()
    if path is not None:
        content = _read(path)
        directory = path.parent
    return make_settings(content, directory=directory)


def make_settings(content: dict[str, Any], *, directory: Path) -> Settings:
    """Make settings of a parsed file; `directory` is what `file:` paths are relative to."""
    resolved = _resolve(content, directory, "")
    try:
        settings = Settings(**resolved)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"] if part != "[key]") or "settings"
        msg = f"{name}: {first['msg'].removeprefix('Value error, ')}"
        raise SettingsError(msg) from None
    _check_keys(settings)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise SettingsError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: {error}"
        raise SettingsError(msg) from None


def _resolve(value: Any, directory: Path, where: str) -> Any:
    """Replace `env:` and `file:` references, wherever they stand."""
    match value:
        case dict():
            return {name: _resolve(inner, directory, f"{where}.{name}") for name, inner in value.items()}
        case list():
            return [_resolve(inner, directory, f"{where}.{index}") for index, inner in enumerate(value)]
        case str() if value.startswith("env:"):
            return _from_environment(value.removeprefix("env:"), where.lstrip("."))
        case str() if value.startswith("file:"):
            return _from_file(directory / value.removeprefix("file:"), where.lstrip("."))
    return value


def _from_environment(name: str, where: str) -> str:
    if name not in os.environ:
        msg = f"{where}: the environment has no {name}"
        raise SettingsError(msg)
    return os.environ[name]


def _from_file(path: Path, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        msg = f"{where}: {path} cannot be read"
        raise SettingsError(msg) from None


def _check_keys(settings: Settings) -> None:
    """Refuse keys that cannot work: badly coded ones, and one key for two purposes."""
    for index, key in enumerate(settings.encryption_keys):
        _check_encryption_key(key, f"encryption_keys.{index}")
    tokens: dict[str, int] = {}
    for index, vendor_key in enumerate(settings.vendor_keys):
        first = tokens.setdefault(vendor_key.token.get_secret_value(), index)
        if first != index:
            msg = f"vendor_keys.{index}.token: the same token as vendor_keys.{first}"
            raise SettingsError(msg)
    for name, address in settings.addresses.items():
        seen: dict[bytes, str] = {}
        for kind in Keys.model_fields:
            for index, key in enumerate(getattr(address.keys, kind)):
                _check_key(address, key, f"addresses.{name}.keys.{kind}.{index}", kind, seen)


def _check_encryption_key(key: SecretStr, where: str) -> None:
    try:
        Sealer([key.get_secret_value()])
    except ValueError as error:
        msg = f"{where}: {error}; koogate keys make makes one"
        raise SettingsError(msg) from None


def _check_key(
    address: AddressSettings, key: SecretStr, where: str, kind: str, seen: dict[bytes, str]
) -> None:
    try:
        raw = address.decode_key(key)
    except ValueError:
        msg = f"{where}: not Base64 (addresses.NAME.key_encoding says how keys are written)"
        raise SettingsError(msg) from None
    if not raw:
        msg = f"{where}: an empty key"
        raise SettingsError(msg)
    if seen.setdefault(raw, kind) != kind:
        msg = f"{where}: the same key as keys.{seen[raw]}; the marketplace binds a key to one interface type"
        raise SettingsError(msg)
