"""A product reached through the vendor's own Python: an entry point of the group `koogate.provisioners`."""

import inspect
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from handlers.provisioners.access import within_limits
from handlers.provisioners.contract import (
    Access,
    Later,
    ProductRefused,
    ProductUnavailable,
    Provisioner,
    Task,
    Verdict,
)

GROUP = "koogate.provisioners"
REQUIRED = ("provision", "change", "freeze", "unfreeze", "deprovision")
OPTIONAL = ("renew", "check")

Result = TypeVar("Result")


class Plugin:
    """Calls the vendor's provisioner, and keeps its errors and mistakes within the contract.

    An error that is not one of ours becomes ProductUnavailable with nothing but the name of its class; a
    result of the wrong kind becomes ProductRefused. Raises TypeError naming the method that is missing or
    `async`.
    """

    def __init__(self, provisioner: Provisioner, name: str) -> None:
        for method in REQUIRED:
            if not callable(getattr(provisioner, method, None)):
                raise TypeError(f"provisioner plugin {name!r} has no method {method}")
        for method in (*REQUIRED, *OPTIONAL):
            if inspect.iscoroutinefunction(getattr(provisioner, method, None)):
                raise TypeError(f"provisioner plugin {name!r}: {method} must not be async")
        self._provisioner = provisioner
        self._name = name

    def __repr__(self) -> str:
        return f"Plugin({self._name!r})"

    def provision(self, task: Task) -> Access | Later:
        """Have the plugin make the product."""
        result = self._ask("provision", task)
        if isinstance(result, Later):
            return result
        return within_limits(self._of(Access, "provision", result))

    def change(self, task: Task) -> Access | Later | None:
        """Have the plugin change the product."""
        result = self._ask("change", task)
        if result is None or isinstance(result, Later):
            return result
        return within_limits(self._of(Access, "change", result))

    def freeze(self, task: Task) -> None:
        """Have the plugin keep the buyer out."""
        self._ask("freeze", task)

    def unfreeze(self, task: Task) -> None:
        """Have the plugin let the buyer in again."""
        self._ask("unfreeze", task)

    def deprovision(self, task: Task) -> None:
        """Have the plugin take the product away."""
        self._ask("deprovision", task)

    def renew(self, task: Task) -> None:
        """Tell the plugin of the renewal, if it wants to know."""
        if hasattr(self._provisioner, "renew"):
            self._ask("renew", task)

    def check(self, task: Task) -> Verdict:
        """Ask the plugin whether the change is possible; one without an opinion allows it."""
        if not hasattr(self._provisioner, "check"):
            return Verdict(allowed=True)
        return self._of(Verdict, "check", self._ask("check", task))

    def _ask(self, method: str, task: Task) -> Any:
        try:
            return getattr(self._provisioner, method)(task)
        except (ProductRefused, ProductUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the vendor's code raises
            trouble = type(error).__name__
        # Raised out here so that not even its context carries the plugin's words.
        raise ProductUnavailable(f"plugin {self._name}: {trouble}")

    def _of(self, wanted: type[Result], method: str, result: Any) -> Result:
        if isinstance(result, wanted):
            return result
        raise ProductRefused(f"plugin {self._name}: {method} did not answer with {wanted.__name__}")


def load(name: str, **options: Any) -> Plugin:
    """Make the plugin of that name from the remaining options.

    Raises ValueError if no entry point, more than one, or none that can be imported has the name; TypeError
    if a method is missing or the factory does not take the options.
    """
    point = _entry_point(name)
    try:
        factory: Callable[..., Provisioner] = point.load()
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"provisioner plugin {name!r} cannot be imported: {type(error).__name__}",
        ) from error
    return Plugin(factory(**options), name)


def _entry_point(name: str) -> EntryPoint:
    # An editable install beside a wheel shows the same entry point twice.
    found = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if not found:
        raise ValueError(f"provisioner plugin {name!r}: no such entry point in the group {GROUP}")
    if len(found) > 1:
        raise ValueError(f"provisioner plugin {name!r}: several packages offer it")
    return next(iter(found.values()))
