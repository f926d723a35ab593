"""Show evidence without what identifies a person or opens a door."""

from typing import Any

_MASK = "***"
# Evidence holds what strangers sent, too: it must be shown however deep it is.
_DEEPEST = 64
# Names of the marketplace's fields, lower case, whichever version spells them.
_HIDDEN = frozenset(
    {
        "password",
        "username",
        "mobilephone",
        "phone",
        "email",
        "customername",
        "customerrealname",
        "name",
        "userid",
        "clientsecret",
        "memo",
        "signature",
        "authtoken",
    }
)


def mask(value: Any, *, levels: int = _DEEPEST) -> Any:
    """Give a copy of a JSON value with the values of telling names hidden, and what is nested too deeply."""
    if not isinstance(value, dict | list):
        return value
    if not levels:
        return _MASK
    if isinstance(value, list):
        return [mask(inner, levels=levels - 1) for inner in value]
    return {name: _mask_member(name, inner, levels - 1) for name, inner in value.items()}


def _mask_member(name: str, value: Any, levels: int) -> Any:
    if name.lower() in _HIDDEN and value not in (None, "", [], {}):
        return _MASK
    return mask(value, levels=levels)
