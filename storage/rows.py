"""From a row of a Core statement to an object of its model, detached: reading it writes nothing."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import Row, Table
from sqlalchemy.orm import ClassManager, class_mapper
from sqlmodel import SQLModel

Model = TypeVar("Model", bound=SQLModel)


def table_of(model: type[SQLModel]) -> Table:
    """Give the table of a model, for Core statements built once at import."""
    return cast("Table", model.__table__)  # type: ignore[attr-defined]


def load(model: type[Model], row: Row[Any]) -> Model:
    """Make a detached object of a whole row."""
    # As the ORM itself makes what it loads: checking each column again would cost more than reading it.
    target: Model = _manager(model).new_instance()
    target.__dict__.update(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a row's columns
    return target


def apply(target: SQLModel, values: Mapping[str, Any]) -> None:
    """Bring a detached object up to date with what was just written."""
    for name, value in values.items():
        setattr(target, name, value)


@cache
def _manager(model: type[Model]) -> ClassManager[Model]:
    return class_mapper(model).class_manager
