"""Validators compiled once from a contract, and the stage of Connexion that runs them.

Connexion builds its validators anew for every request and words its refusals with the whole body in
them; here a schema is compiled at the start, and a message names the field and hides its value. A body
that is `oneOf` by a one-value `enum` (our `activity`) is checked against its own branch only.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware

from handlers.bodies import json_body

_DROPPED = frozenset(
    {"nullable", "discriminator", "example", "xml", "externalDocs", "deprecated", "readOnly"}
)
_NESTED_LISTS = ("allOf", "anyOf", "oneOf")
_NESTED = ("items", "additionalProperties", "not")
_MASK = "the value"
Check = Callable[[Any], None]


class Invalid(Exception):
    """What was sent does not fit the contract. `field` is the path of what is wrong, "" for the whole."""

    def __init__(self, field: str, problem: str, *, discriminator: str | None = None) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field
        self.problem = problem
        self.discriminator = discriminator


def draft4(schema: Any) -> Any:
    """Turn an OpenAPI 3.0 schema, its references resolved, into JSON Schema draft 4."""
    if not isinstance(schema, Mapping):
        return schema
    plain = {
        name: value
        for name, value in schema.items()
        if name not in _DROPPED and not name.startswith("x-") and not (name == "format" and value == "uuid")
    }
    if "properties" in plain:
        plain["properties"] = {name: draft4(value) for name, value in plain["properties"].items()}
    for name in _NESTED_LISTS:
        if name in plain:
            plain[name] = [draft4(value) for value in plain[name]]
    for name in _NESTED:
        if name in plain:
            plain[name] = draft4(plain[name])
    return _nullable(plain) if schema.get("nullable") else plain


def _nullable(plain: dict[str, Any]) -> dict[str, Any]:
    if "enum" in plain:
        plain["enum"] = [*plain["enum"], None]
    if isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
        return plain
    return {"anyOf": [plain, {"type": "null"}]}


def compile_check(schema: Mapping[str, Any], where: str = "") -> Check:
    """Compile a schema into a function that raises Invalid, with a message that hides values."""
    validator = jsonschema_rs.Draft4Validator(draft4(schema), validate_formats=True, mask=_MASK)

    def check(value: Any) -> None:
        try:
            validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            path = ".".join(map(str, error.instance_path))
            field = ".".join(part for part in (where, path) if part)
            raise Invalid(field, error.message) from None

    return check


def compile_body(schema: Mapping[str, Any]) -> Check:
    """Compile a body's schema; branches told apart by a one-value enum are checked one at a time."""
    branches = _branches(schema)
    if branches is None:
        return compile_check(schema)
    name, by_value = branches
    table = {value: compile_check(branch) for value, branch in by_value.items()}
    known = ", ".join(table)

    def check(body: Any) -> None:
        value = body.get(name) if isinstance(body, dict) else None
        if value is None:
            raise Invalid(name, "is missing")
        branch = table.get(value) if isinstance(value, str) else None
        if branch is None:
            raise Invalid(name, f"is none of {known}", discriminator=str(value)[:32])
        branch(body)

    return check


def _branches(schema: Mapping[str, Any]) -> tuple[str, dict[str, Mapping[str, Any]]] | None:
    branches = schema.get("oneOf")
    if not branches:
        return None
    for name in branches[0].get("properties", {}):
        enums = [branch.get("properties", {}).get(name, {}).get("enum", ()) for branch in branches]
        if all(len(values) == 1 for values in enums):
            return name, {values[0]: branch for values, branch in zip(enums, branches, strict=True)}
    return None


# Python reads more than JSON does: "1_0", digits of other scripts, a sign or blanks before them.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,63})(\.[0-9]{1,64})?")


def _integer(text: str) -> int:
    number = _NUMBER.fullmatch(text)
    if number is None or number[1]:
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return float(text)


_CASTS: dict[str, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": {"true": True, "false": False}.__getitem__,
}


class _Parameter:
    """One query or path parameter, with its check."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        schema = definition["schema"]
        self.name: str = definition["name"]
        self.is_query = definition["in"] == "query"
        self.is_required = definition.get("required", False)
        self.default = schema.get("default")
        self._cast = _CASTS.get(schema.get("type", "string"))
        self._check = compile_check(schema, self.name)

    def read(self, given: str | int | None) -> Any:
        """Give the value; a number of the path has been read by the router already."""
        if given is None:
            if self.is_required:
                raise Invalid(self.name, "is missing")
            return self.default
        value: Any = given
        if self._cast is not None and isinstance(given, str):
            try:
                value = self._cast(given)
            except (ValueError, KeyError):
                value = given  # the check words the refusal
        self._check(value)
        return value


class ValidatedOperation:
    """One operation: check parameters and body, hand them on, refuse by raising Invalid or Malformed."""

    def __init__(self, next_app: Any, operation: Any, *, is_strict: bool) -> None:
        self.next_app = next_app
        self._parameters = [
            _Parameter(item) for item in operation.parameters if item["in"] in {"query", "path"}
        ]
        self._known = frozenset(parameter.name for parameter in self._parameters if parameter.is_query)
        content = (operation.request_body or {}).get("content", {}).get("application/json")
        self._body = compile_body(content["schema"]) if content else None
        self._is_strict = is_strict

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Check, then pass on with `koogate.params` and `koogate.payload` in the scope."""
        scope["koogate.params"] = self._read_parameters(scope)
        scope["koogate.payload"] = None
        if self._body is not None:
            payload = scope.get("koogate.body")
            if payload is None:
                payload = await json_body(scope, receive)
            self._body(payload)
            scope["koogate.payload"] = payload
        await self.next_app(scope, receive, send)

    def _read_parameters(self, scope: Any) -> dict[str, Any]:
        query = self._read_query(scope["query_string"]) if self._is_strict or self._known else {}
        path = scope["path_params"]
        return {
            parameter.name: parameter.read((query if parameter.is_query else path).get(parameter.name))
            for parameter in self._parameters
        }

    def _read_query(self, query_string: bytes) -> dict[str, str]:
        pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
        query = dict(pairs)
        if not self._is_strict:
            return query
        if unknown := query.keys() - self._known:
            raise Invalid(min(unknown)[:64], "is no parameter of this operation")
        if len(query) != len(pairs):
            names = [name for name, _ in pairs]
            raise Invalid(next(name for name in names if names.count(name) > 1), "stands twice")
        return query


class _Api(RoutedAPI):  # type: ignore[misc] # connexion ships no types
    def __init__(self, *arguments: Any, is_strict: bool = False, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._is_strict = is_strict
        self.add_paths()

    def make_operation(self, operation: Any) -> ValidatedOperation:
        return ValidatedOperation(self.next_app, operation, is_strict=self._is_strict)


class CompiledValidation(RoutedMiddleware):  # type: ignore[misc] # connexion ships no types
    """The stage that takes the place of Connexion's own request validation."""

    api_cls = _Api
