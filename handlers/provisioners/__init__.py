"""How the vendor's product is reached: a template, a signed webhook, or a plugin.

A plugin is a factory behind an entry point of the group `koogate.provisioners`; it imports what it needs of
the contract from here.
"""

from collections.abc import Mapping
from typing import Any

from handlers.clock import Clock, utc_now
from handlers.provisioners import plugin
from handlers.provisioners.contract import (
    Access,
    Kind,
    Later,
    ProductRefused,
    ProductUnavailable,
    Provisioner,
    Task,
    Verdict,
    carry_out,
)
from handlers.provisioners.static import Static
from handlers.provisioners.webhook import Webhook

__all__ = [
    "Access",
    "Kind",
    "Later",
    "ProductRefused",
    "ProductUnavailable",
    "Provisioner",
    "Task",
    "Verdict",
    "carry_out",
    "make",
]


def make(kind: str, options: Mapping[str, Any], *, timeout: float, now: Clock = utc_now) -> Provisioner:
    """Make the provisioner of a kind (static, webhook, plugin) from the options beside it.

    `timeout` is in seconds, for each request of a webhook. Raises ValueError naming the option that is
    missing, unknown or cannot be used (never its value), TypeError for a plugin that lacks a method or does
    not take its options.
    """
    match kind:
        case "static":
            return Static(**options)
        case "webhook":
            _require_options(kind, options, "url", "secret")
            return Webhook(url=options["url"], secret=options["secret"], timeout=timeout, now=now)
        case "plugin":
            if "name" not in options:
                raise ValueError("plugin provisioner: name is missing")
            return plugin.load(**options)
    raise ValueError(f"unknown kind of provisioner: {kind!r} (static, webhook or plugin)")


def _require_options(kind: str, options: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if name not in options:
            raise ValueError(f"{kind} provisioner: {name} is missing")
    for option in options:
        if option not in names:
            raise ValueError(f"{kind} provisioner: unknown option {option}")
