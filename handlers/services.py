"""Who gets what: a handler asks for its services by name, as keyword-only arguments.

The list is closed: a name that is not in it stops the start, and no parameter of a request can fill one.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from handlers.addresses import Address
from handlers.clock import Clock
from handlers.koogallery import KooGallery
from handlers.provisioners import Provisioner
from handlers.readiness import Readiness
from handlers.settings import Settings
from handlers.turns import Work
from handlers.workflows.bell import Bell
from storage.sealing import Sealer
from storage.unit_of_work import UnitOfWork

NAMES = frozenset(
    {"session", "now", "settings", "koogallery", "workflows", "address", "provisioner", "caller"}
)


class UnknownService(TypeError):
    """A handler asks for something that is no service."""


@dataclass(frozen=True)
class Services:
    """What a process has for its handlers."""

    settings: Settings
    now: Clock
    unit_of_work: UnitOfWork
    sealer: Sealer
    workflows: Work
    bell: Bell
    readiness: Readiness
    addresses: Mapping[str, Address]
    provisioners: Mapping[str, Provisioner] = field(default_factory=dict)
    koogalleries: Mapping[str, KooGallery] = field(default_factory=dict)


def wanted(function: Callable[..., Any]) -> frozenset[str]:
    """Say which services a handler asks for; raises UnknownService."""
    names = frozenset(
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    )
    if unknown := names - NAMES:
        msg = f"{function.__module__}.{function.__name__} asks for {', '.join(sorted(unknown))}"
        raise UnknownService(msg)
    return names


def supply(
    services: Services, names: frozenset[str], address: Address | None = None, **own: Any
) -> dict[str, Any]:
    """Give the named services; `own` holds those of this one request, as the session."""
    given: dict[str, Any] = {}
    for name in names:
        if name in own:
            given[name] = own[name]
        elif name == "address":
            given[name] = address
        elif name == "provisioner":
            given[name] = services.provisioners[address.name] if address else None
        elif name == "koogallery":
            given[name] = services.koogalleries[address.name] if address else None
        else:
            given[name] = getattr(services, name)
    return given
