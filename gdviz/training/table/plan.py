"""How a table becomes inputs and a target."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from gdviz.training.table.columns import Column, find_columns, said_kinds
from gdviz.training.table.reading import MOST_COLUMNS, Table
from gdviz.training.table.values import numbers

MOST_CATEGORIES = 100
"""A category has at most so many inputs, one for each of its most frequent values; the others share one."""
MOST_NUMBERS = 10_000_000
"""Rows times inputs; where categories would make more, fewer of their values have an input of their own."""
_FEWEST_ROWS = 10
_OLD_EMPTY = {"", "na", "n/a", "nan", "null", "none", "?"}


@dataclass(frozen=True, eq=False)
class Part:
    """A column that is an input, or several."""

    column: Column
    values: tuple[str, ...] | None = None
    """The values of a category that have an input of 0 and 1 of their own; None for a number."""
    others: bool = False
    """One more input for all its other values."""
    gap: bool = False
    """One more input for missing cells."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of its inputs."""
        if self.values is None:
            return (self.column.name,)
        more = (*(["any other"] if self.others else []), *(["missing"] if self.gap else []))
        return tuple(f"{self.column.name} = {value}" for value in (*self.values, *more))


@dataclass(frozen=True, eq=False)
class Plan:
    """How a table becomes inputs and a target; :func:`encode` carries it out."""

    columns: tuple[Column, ...]
    target: str
    rows: Any
    """The rows that are kept."""
    parts: tuple[Part, ...]
    goal: Any
    """For each row that is kept, the number to be predicted or the number of the class."""
    classes: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(name for part in self.parts for name in part.inputs)


def understand(
    table: Table,
    target: str | int = "",
    learn: str = "classes",
    missing: str = "drop",
    columns: str = "",
    decimal: str = "auto",
    dates: str = "auto",
    look: Callable[[], object] = lambda: None,
) -> Plan:
    """Decide on the kind of each column, the rows that are kept, the inputs and the classes.

    A column of numbers or dates is an input; a category becomes an input of 0 and 1 for each of its values, as far as
    they are frequent. Left out are identifiers, free texts, columns that never vary, and numbers among which other
    texts stand. Dates count in days from the first one.

    Args:
        table: The file.
        target: The target's name; empty for the last column. A number, counting from 1 with 0 for the last, asks for
            the rules of version 0.1.0: every column is an input, a number where all its cells are, else a category.
        learn: "classes", "binary" or "regression".
        missing: What to do where an input is missing: "drop" the row, take the "mean" (of a category: a value of its
            own), or "refuse". A row whose target is missing is always dropped, unless that is refused.
        columns: What columns are, as a line of CSV: ``zip=category,age=left out``; the others are found out.
        decimal: The mark of decimals, "point" or "comma"; with "auto", what each column shows.
        dates: Whether 1/2/2024 is read "day first" or "month first"; with "auto", what each column shows.
        look: Called between two columns: what it raises ends the work.

    Raises:
        ValueError: The table does not fit; names the column.
    """
    if isinstance(target, int):
        return _as_version_0_1(table, target, learn, missing)
    said = said_kinds(columns)
    for field, name in (("target", target), *(("columns", name) for name in said)):
        if name and name not in table.names:
            raise ValueError(f"CSV: {field} must name a column of {', '.join(table.names)}; got {name!r}"[:600])
    if np.all(np.isfinite(numbers(pa.array(table.names), comma=False))):
        raise ValueError(f"CSV: the first line must name the columns; it holds {', '.join(table.names)}"[:600])
    target = target or table.names[-1]
    found = find_columns(table, said, decimal, dates, look)
    others = [column for column in found if column.name != target]
    if not any(column.used for column in others):  # the number of a row is better than nothing
        found = [replace(c, used=c.name not in said and c.why == "it counts the rows") for c in found]
    found = [replace(c, used=c.used and c.name != target) for c in found]
    used, goal = [c for c in found if c.used], found[table.names.index(target)]
    rows = _complete(table, [*used, goal], goal, missing)
    none_left = "" if used else "no column is left to learn from: " + "; ".join(f"{c.name} {c.why}" for c in others)
    try:
        goal_values, classes = _goal(goal, rows, learn)
    except ValueError as error:
        raise ValueError(f"{error}; {none_left}"[:600] if none_left else f"{error}") from None
    if none_left:
        raise ValueError(f"CSV: {none_left}"[:600])
    categories = sum(c.kind == "category" for c in used)
    most = max(1, min(MOST_CATEGORIES, MOST_NUMBERS // (len(rows) * max(1, categories))))
    parts = tuple(_category(c, rows, most) if c.kind == "category" else Part(c) for c in used)
    words = {part.column.name: _in_words(part) for part in parts if part.others}
    found = [replace(c, why=words.get(c.name, c.why)) for c in found]
    return _checked(Plan(tuple(found), target, rows, parts, goal_values, classes))


def encode(plan: Plan) -> tuple[Any, Any, tuple[str, ...], tuple[str, ...]]:
    """Inputs (n, d), target (n,), names of the inputs and names of the classes."""
    x = np.zeros((len(plan.rows), len(plan.inputs)))
    at = 0
    for part in plan.parts:
        codes = part.column.codes[plan.rows]
        if part.values is None:
            values = part.column.numbers[codes]
            x[:, at] = np.where(np.isnan(values), np.nanmean(values), values)
        else:
            own = {value: place for place, value in enumerate(part.values)}
            rest = np.where(part.column.gaps, len(own) + part.others, len(own))
            places = [own.get(text, other) for text, other in zip(part.column.texts.to_pylist(), rest, strict=True)]
            x[np.arange(len(codes)), at + np.array(places)[codes]] = 1.0
        at += len(part.inputs)
    return x, plan.goal, plan.inputs, plan.classes


def _complete(table: Table, used: list[Column], goal: Column, missing: str) -> Any:
    """The rows that are kept."""
    if missing == "refuse":
        first = min((c for c in used if c.missing), key=_first_gap, default=None)
        if first is not None:
            raise ValueError(f"CSV: {first.name} is missing in line {_first_gap(first) + 2}")
    kept = np.ones(table.rows, dtype=bool)
    for column in used if missing == "drop" else [goal]:
        kept &= ~column.gaps[column.codes]
    rows = np.flatnonzero(kept)
    if len(rows) < _FEWEST_ROWS:
        worst = max(used, key=lambda column: column.missing)
        hint = f"; {worst.name} is missing in {worst.missing}" if worst.missing else ""
        raise ValueError(
            f"CSV: at least {_FEWEST_ROWS} complete rows are needed; {len(rows)} of {table.rows} are complete{hint}"
        )
    return rows


def _first_gap(column: Column) -> int:
    return int(np.argmax(column.gaps[column.codes]))


def _goal(goal: Column, rows: Any, learn: str) -> tuple[Any, tuple[str, ...]]:
    """The target of each row, and the names of the classes, in the order of numbers or of the alphabet."""
    codes = goal.codes[rows]
    values = None if goal.kind == "mixed" else goal.numbers
    if learn == "regression":
        if values is None:
            raise ValueError(f"CSV: the target {goal.name} must be a number in every row for a regression")
        return values[codes], ()
    present = np.unique(codes)
    if values is None:
        names = sorted(goal.texts.take(pa.array(present)).to_pylist())
        order = {name: number for number, name in enumerate(names)}
        labels = np.array([order.get(text, 0) for text in goal.texts.to_pylist()])
    else:
        different, first = np.unique(values[present], return_index=True)
        names = goal.texts.take(pa.array(present[first])).to_pylist()
        labels = np.searchsorted(different, values)
    _check_classes(goal.name, len(names), learn)
    return labels[codes], tuple(names)


def _check_classes(name: str, count: int, learn: str) -> None:
    allowed = 2 if learn == "binary" else MOST_CATEGORIES
    if not 2 <= count <= allowed:
        raise ValueError(
            f"CSV: the target {name} must have {'2' if allowed == 2 else f'2 to {allowed}'} different values "
            f"for {learn}; it has {count}"
        )


def _category(column: Column, rows: Any, most: int) -> Part:
    """A category with inputs of their own for its most frequent values."""
    counts = np.bincount(column.codes[rows], minlength=len(column.texts))
    there = np.flatnonzero((counts > 0) & ~column.gaps)
    own = there[np.argsort(-counts[there], kind="stable")[:most]]
    values = tuple(sorted(column.texts.take(pa.array(own)).to_pylist()))
    return Part(column, values, len(there) > len(own), bool(np.any(counts[column.gaps])))


def _in_words(part: Part) -> str:
    count = int(np.sum(~part.column.gaps))
    return f"{count} values; all but the {len(part.values or ())} most frequent ones share an input"


def _checked(plan: Plan) -> Plan:
    count = len(plan.inputs)
    if count > MOST_COLUMNS:
        raise ValueError(f"CSV: at most {MOST_COLUMNS} inputs are allowed; the columns make {count}")
    if count * len(plan.rows) > 2 * MOST_NUMBERS:
        raise ValueError(
            f"CSV: rows times inputs must be at most {2 * MOST_NUMBERS:,}; got {len(plan.rows):,} times {count:,}: "
            "leave out columns"
        )
    return plan


# Version 0.1.0 ------------------------------------------------------------------------------------------------------


def _as_version_0_1(table: Table, target: int, learn: str, missing: str) -> Plan:
    """The rules by which stored runs of version 0.1.0 read their files: the same numbers, to the last digit."""
    if not 0 <= target <= len(table.names):
        raise ValueError(f"CSV: target must be a column from 1 to {len(table.names)}, or 0 for the last; got {target}")
    columns = [
        Column(name, texts, codes, np.array([text.lower() in _OLD_EMPTY for text in texts.to_pylist()]))
        for name, texts, codes in zip(table.names, table.texts, table.codes, strict=True)
    ]
    goal = columns[(target or len(columns)) - 1]
    rows = _complete(table, columns, goal, missing)
    parts = tuple(_old_part(column, rows) for column in columns if column is not goal)
    values, present = _old_numbers(goal, rows), goal.texts.take(pa.array(np.unique(goal.codes[rows]))).to_pylist()
    if learn == "regression":
        if values is None:
            raise ValueError(f"CSV: the target {goal.name} must be a number in every row for a regression")
        return Plan(tuple(columns), goal.name, rows, parts, values[goal.codes[rows]], ())
    names = sorted(present) if values is None else sorted(present, key=float)
    _check_classes(goal.name, len(names), learn)
    order = {name: number for number, name in enumerate(names)}
    labels = np.array([order.get(text, 0) for text in goal.texts.to_pylist()])[goal.codes[rows]]
    plan = Plan(tuple(columns), goal.name, rows, parts, labels, tuple(names))
    if len(plan.inputs) > MOST_COLUMNS:
        raise ValueError(f"CSV: at most {MOST_COLUMNS} inputs are allowed; the columns make {len(plan.inputs)}")
    return plan


def _old_part(column: Column, rows: Any) -> Part:
    values = _old_numbers(column, rows)
    if values is not None and not np.all(np.isnan(values[column.codes[rows]])):
        return Part(replace(column, numbers=values, kind="number", used=True))
    names = sorted(column.texts.take(pa.array(np.unique(column.codes[rows]))).to_pylist())
    if len(names) > MOST_CATEGORIES:
        raise ValueError(
            f"CSV: {column.name} has {len(names)} different texts, at most {MOST_CATEGORIES} are allowed: leave it out"
        )
    return Part(replace(column, kind="category", used=True), tuple(names))


def _old_numbers(column: Column, rows: Any) -> Any:
    """The texts as float64, NaN for gaps; None where a row that is kept has one that is no finite number."""
    values, texts = np.full(len(column.texts), np.nan), column.texts.to_pylist()
    try:
        for place in np.unique(column.codes[rows]):
            if not column.gaps[place]:
                values[place] = float(texts[place])
    except ValueError:
        return None
    return None if np.any(np.isinf(values)) else values
