"""Errors of a store that cannot be used, in words."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa


class StoreError(RuntimeError):
    """The store cannot be used; the message says why."""


@contextmanager
def store_errors() -> Iterator[None]:
    """Turns errors of the database into :class:`StoreError`, in words."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"The store of runs cannot be used: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The first line of the database's own message."""
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0]


def with_place(error: Exception) -> str:
    """An unexpected error of a worker in words: its class, where it was raised, and its message."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(where.filename).name}, line {where.lineno}: {error}"
