"""A user's own CSV file as a data set; :mod:`gdviz.training.table` reads it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from gdviz.catalogue import knob
from gdviz.catalogue.fields import Fields
from gdviz.catalogue.pauses import between_steps
from gdviz.training.datasets.dataset import DATASETS, Dataset, Loaded, Task

if TYPE_CHECKING:
    from gdviz.training.table import Plan, Table


@dataclass(frozen=True)
class UsersTable(Dataset):
    """A user's own CSV file. It is kept with the run, and goes nowhere else."""

    label = "Your own CSV"
    source = "https://www.rfc-editor.org/rfc/rfc4180"

    @property
    def task(self) -> Task:
        return self.values()["learn"]  # type: ignore[return-value]

    def plan(self, table: "Table") -> "Plan":
        """The reading of the file: its columns, rows and target.

        Raises:
            ValueError: It cannot be trained on so; says why.
        """
        from gdviz.training.table import understand  # here, because Arrow takes a third of a second to load

        return understand(table, **self.values(), look=between_steps.get())  # type: ignore[arg-type]

    def load(self, content: bytes | None = None) -> Loaded:
        if content is None:
            raise ValueError(f"{self.label}: no file was given")
        from gdviz.training import table

        return Loaded(*table.encode(self.plan(table.read(content))))


def _learn() -> Any:
    return knob("classes", choices=("classes", "binary", "regression"), help="what the target is")


def _missing() -> Any:
    return knob("drop", choices=("drop", "mean", "refuse"), help="what to do with rows in which something is missing")


@DATASETS.register("own_table")
@dataclass(frozen=True)
class OwnTable(UsersTable):
    """Your own CSV file. It is kept with the run, and goes nowhere else."""

    learn: str = _learn()
    target: str = knob("", help="the name of the target's column; empty for the last one")
    missing: str = _missing()
    columns: str = knob("", help="what columns are, where that is not what they seem: zip=category,age=left out")
    decimal: str = knob("auto", choices=("auto", "point", "comma"), help="the mark of decimals")
    dates: str = knob("auto", choices=("auto", "day first", "month first"), help="how 1/2/2024 is read")

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Version 0.1.0 knew the target by its number."""
        old = isinstance(values.get("target"), int)
        return NumberedTable.from_values(values) if old else super().from_values(values)  # type: ignore[return-value]

    @classmethod
    def from_text(cls, text: str, fields: Fields, notes: list[str]) -> Self:
        old = "columns=" not in text and re.search(r"(?:^|,)target=\d+(?:,|$)", text)
        return NumberedTable.from_text(text, fields, notes) if old else super().from_text(text, fields, notes)  # type: ignore[return-value]


@DATASETS.accept
@dataclass(frozen=True)
class NumberedTable(UsersTable):
    """A CSV file as version 0.1.0 read it, so that what it stored keeps its numbers."""

    name = "own_table"

    learn: str = _learn()
    target: int = knob(0, 0, 10_000, help="the target's column, counting from 1; 0 is the last")
    missing: str = _missing()
