"""The session that handlers are given."""

from sqlmodel import Session

__all__ = ["Session"]
