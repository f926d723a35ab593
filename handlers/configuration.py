"""What can be set, in groups: an address with its keys, the vendor's keys, what is called, how stubbornly."""

import base64
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from handlers.loopback import require_safe_url

Site = Literal["cn", "intl", "eu"]
Activity = Literal["newInstance", "upgradeInstance"]
_SCOPES = frozenset({"instances:read", "instances:write", "calls:read", "notices:read", "notices:write", "*"})


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

    name: str = Field(min_length=1)
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

    def delay_after(self, attempt: int) -> float:
        """Give the pause after an attempt: it doubles, up to the longest."""
        return min(self.longest_delay, self.first_delay * 2.0 ** min(max(attempt, 1) - 1, 30))


class WorkSettings(_Part):
    """The durable work of this process. Seconds."""

    enabled: bool = True
    concurrency: int = Field(default=32, ge=1, le=256)
    polling_interval: float = Field(default=0.05, gt=0, le=10)
    heartbeat: float = Field(default=5.0, gt=0)
    dead_after: float = Field(default=30.0, gt=0)
