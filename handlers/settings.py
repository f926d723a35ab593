"""Settings: koogate.toml and the environment, frozen. The only reader of the environment.

Every key can also come from the environment: `KOOGATE_PUBLIC_URL`, `KOOGATE_ADDRESSES__DEMO__SITE`.
Secrets may be literal, `env:NAME` or `file:PATH` (relative to the configuration file).
"""

import base64
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from handlers.loopback import require_safe_url
from storage.engine import is_supported

Site = Literal["cn", "intl", "eu"]
Activity = Literal["newInstance", "upgradeInstance"]
_SCOPES = frozenset({"instances:read", "instances:write", "calls:read", "notices:read", "notices:write", "*"})
_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"


# How a parent process tells its workers which file to read.
CONFIG_VARIABLE = "KOOGATE_CONFIG_FILE"


class SettingsError(Exception):
    """A setting is wrong or missing; the text is one line that names it and never shows a secret."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_as_list)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Keys(_Part):
    """The access keys of one address by interface type; several of one type while they are rotated."""

    basic: Secrets = ()
    kit: Secrets = ()
    license: Secrets = ()
    general: Secrets = ()
    v1: Secrets = ()


class ProvisionerSettings(BaseModel):
    """How the vendor's product is reached; what goes beside `kind` depends on it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: Literal["static", "webhook", "plugin"]

    @property
    def options(self) -> dict[str, Any]:
        """Everything beside `kind`."""
        return dict(self.__pydantic_extra__ or {})

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show the kind only: the rest may hold a secret."""
        yield "kind", self.kind


class KooGallerySettings(_Part):
    """The marketplace's open APIs, which koogate calls."""

    base_url: str = "https://mkt.myhuaweicloud.com"
    fallback_url: str | None = None
    access_key_id: SecretStr = SecretStr("")
    secret_access_key: SecretStr = SecretStr("")
    timeout: float = Field(default=3.0, gt=0, le=30)
    attempts: int = Field(default=3, ge=1, le=10)

    @field_validator("base_url", "fallback_url")
    @classmethod
    def _safe(cls, value: str | None) -> str | None:
        return None if value is None else require_safe_url(value)


class AddressSettings(_Part):
    """One production address: one product line of one seller with its keys."""

    site: Site = "cn"
    keys: Keys = Keys()
    key_encoding: Literal["text", "base64"] | None = None
    sign_answers: bool | None = None
    answer_budget: float = Field(default=2.0, ge=0, le=15)
    answer_when: dict[Activity, Literal["committed", "done"]] = {}
    provisioner: ProvisionerSettings
    koogallery: KooGallerySettings | None = None

    @property
    def signs_answers(self) -> bool:
        """Whether answers carry `Body-Sign`: as set, else where the site still asks for it."""
        return self.site == "eu" if self.sign_answers is None else self.sign_answers

    def waits_for(self, activity: Activity) -> bool:
        """Whether the answer waits, within the budget, for the product."""
        return self.answer_when.get(activity, "done") == "done"

    def decode_key(self, key: SecretStr) -> bytes:
        """Give the bytes that sign; Europe shows its keys in Base64. Raises ValueError if it is not that."""
        encoding = self.key_encoding or ("base64" if self.site == "eu" else "text")
        text = key.get_secret_value()
        return base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()


class VendorKey(_Part):
    """Who may call the vendor API: a bearer token with scopes, perhaps for some addresses only."""

    name: str
    token: SecretStr = Field(min_length=16)
    scopes: frozenset[str]
    addresses: frozenset[str] | None = None

    @field_validator("scopes")
    @classmethod
    def _known(cls, value: frozenset[str]) -> frozenset[str]:
        unknown = sorted(value - _SCOPES)
        if unknown:
            msg = f"unknown scope {unknown[0]!r}; known are {', '.join(sorted(_SCOPES))}"
            raise ValueError(msg)
        return value


class RetrySettings(_Part):
    """How stubbornly the product and the marketplace's APIs are called. Seconds."""

    first_delay: float = Field(default=1.0, gt=0)
    longest_delay: float = Field(default=300.0, gt=0)
    give_up_after: float = Field(default=86_400.0, gt=0)
    complete_within: float = Field(default=10_800.0, gt=0)
    product_timeout: float = Field(default=10.0, gt=0, le=120)


class WorkSettings(_Part):
    """The durable work of this process. Seconds."""

    enabled: bool = True
    concurrency: int = Field(default=32, ge=1, le=256)
    polling_interval: float = Field(default=0.05, gt=0, le=10)
    heartbeat: float = Field(default=5.0, gt=0)
    dead_after: float = Field(default=30.0, gt=0)


class Settings(BaseSettings):
    """Everything koogate can be told."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="KOOGATE_", env_nested_delimiter="__"
    )

    public_url: str = "http://127.0.0.1:8080"
    database_url: str = "sqlite:///koogate.db"
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

    @field_validator("database_url")
    @classmethod
    def _supported(cls, value: str) -> str:
        if not is_supported(value):
            msg = "must begin with sqlite:/// or postgresql+psycopg://"
            raise ValueError(msg)
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
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def name_config(path: Path | None) -> None:
    """Tell the worker processes which file to read."""
    os.environ[CONFIG_VARIABLE] = str(path.absolute()) if path is not None else ""


def config_path() -> Path | None:
    """Give the file that the parent process named."""
    name = os.environ.get(CONFIG_VARIABLE, "")
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
        name = ".".join(map(str, first["loc"])) or "settings"
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
    """Refuse keys that cannot work: badly coded ones, and one key for two interface types."""
    for name, address in settings.addresses.items():
        seen: dict[bytes, str] = {}
        for kind in Keys.model_fields:
            for index, key in enumerate(getattr(address.keys, kind)):
                _check_key(address, key, f"addresses.{name}.keys.{kind}.{index}", kind, seen)


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
