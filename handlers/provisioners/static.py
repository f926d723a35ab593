"""A product that needs no making: every buyer gets the same access, written as a template."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from string import Formatter
from typing import Any
from urllib.parse import quote

from handlers.provisioners.access import within_limits
from handlers.provisioners.contract import Access, ProductRefused, Task, Verdict

NAMES = ("instance_id", "order_id", "product_id", "sku_code", "address")

_OPTIONS = tuple(each.name for each in fields(Access))
_SAMPLE = dict.fromkeys(NAMES, "x")


class Static:
    """Answers at once from templates; everything beside provisioning just succeeds.

    A template may name {instance_id}, {order_id}, {product_id}, {sku_code} and {address}; a literal brace is
    doubled. In the addresses the values are percent-encoded. What a task does not know becomes empty. Raises
    ValueError naming the option that is missing, unknown or not such a template.
    """

    def __init__(self, **templates: str) -> None:
        for option, template in templates.items():
            _require_template(option, template)
        if "front_end_url" not in templates:
            raise ValueError("static provisioner: front_end_url is missing")
        self._templates = templates
        try:
            within_limits(self._filled(_SAMPLE))
        except ProductRefused as refusal:
            raise ValueError(f"static provisioner: {refusal.reason}") from None

    def __repr__(self) -> str:
        return f"Static({', '.join(self._templates)})"

    def provision(self, task: Task) -> Access:
        """Fill the templates; raises ProductRefused naming the member that became too long."""
        return within_limits(self._filled({name: getattr(task, name) or "" for name in NAMES}))

    def change(self, task: Task) -> None:
        """Succeed; the access stays as it was."""

    def freeze(self, task: Task) -> None:
        """Succeed."""

    def unfreeze(self, task: Task) -> None:
        """Succeed."""

    def deprovision(self, task: Task) -> None:
        """Succeed."""

    def renew(self, task: Task) -> None:
        """Succeed."""

    def check(self, task: Task) -> Verdict:  # noqa: ARG002 - the signature of a provisioner
        """Allow every change."""
        return Verdict(allowed=True)

    def _filled(self, values: Mapping[str, str]) -> Access:
        in_address = {name: quote(value, safe="") for name, value in values.items()}
        return Access(
            **{
                option: template.format_map(in_address if option.endswith("_url") else values)
                for option, template in self._templates.items()
            },
        )


def _require_template(option: str, template: Any) -> None:
    if option not in _OPTIONS:
        raise ValueError(f"static provisioner: unknown option {option}")
    if not isinstance(template, str):
        raise ValueError(f"static provisioner: {option} is not text")  # noqa: TRY004 - a setting, not a call
    if not _only_known_names(template):
        names = ", ".join(f"{{{name}}}" for name in NAMES)
        raise ValueError(f"static provisioner: {option} may only name {names}; double a literal brace")


def _only_known_names(template: str) -> bool:
    """Say whether it parses and holds plain known names: no attribute, index, conversion or format."""
    parse: Callable[[str], Any] = Formatter().parse
    try:
        parts = list(parse(template))
    except ValueError:
        return False
    return all(
        name is None or (name in NAMES and not form and not conversion) for _, name, form, conversion in parts
    )
