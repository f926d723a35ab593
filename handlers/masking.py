"""Show evidence without what identifies a person or opens a door."""

from typing import Any

_MASK = "***"
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


def mask(value: Any) -> Any:
    """Give a copy of a JSON value with the values of telling names hidden, at any depth."""
    match value:
        case dict():
            return {name: _mask_member(name, inner) for name, inner in value.items()}
        case list():
            return [mask(inner) for inner in value]
    return value


def _mask_member(name: str, value: Any) -> Any:
    if name.lower() in _HIDDEN and value not in (None, "", [], {}):
        return _MASK
    return mask(value)
