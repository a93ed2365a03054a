"""A user's own CSV file: read, checked and turned into numbers. Nothing in it is evaluated.

The exported script contains this module's source, so it needs nothing but NumPy.
"""

import csv
import io
from typing import Any

import numpy as np

MOST_BYTES = 20_000_000
MOST_ROWS = 200_000
MOST_COLUMNS = 1000
MOST_CATEGORIES = 100
MISSING = ("drop", "mean", "refuse")
EMPTY = {"", "na", "n/a", "nan", "null", "none", "?"}
"""Cells that count as missing, in small letters."""


def read(content: bytes) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a CSV file with comma, semicolon or tab between the cells.

    Raises:
        ValueError: The file is too large, not text, without header or rows, or a row has another length; says which.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"CSV: a file may have at most {MOST_BYTES:,} bytes; got {len(content):,}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"CSV: the file must be text in UTF-8; byte {error.start + 1} is not") from None
    if "\0" in text:
        raise ValueError("CSV: the file must be text; it holds binary data")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except csv.Error as error:
        raise ValueError(f"CSV: the file cannot be read: {error}") from None
    if len(rows) < 2:
        raise ValueError(f"CSV: a header and at least one row are needed; got {len(rows)} lines")
    header, rows = rows[0], rows[1:]
    if len(header) < 2:
        raise ValueError("CSV: at least two columns are needed, an input and the target; got one")
    if len(set(header)) < len(header) or "" in header:
        raise ValueError(f"CSV: every column needs a name of its own; got {', '.join(header)}")
    if len(rows) > MOST_ROWS:
        raise ValueError(f"CSV: at most {MOST_ROWS:,} rows are allowed; got {len(rows):,}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ValueError(f"CSV: line {number} has {len(row)} cells, the header has {len(header)}")
    return header, rows


def numbers(cells: list[str]) -> Any:
    """The column as float64 with NaN for missing cells, or None where some cell is not a finite number."""
    try:
        column = np.array([np.nan if cell.lower() in EMPTY else float(cell) for cell in cells])
    except ValueError:
        return None
    return None if np.any(np.isinf(column)) else column


def encode(
    header: list[str], rows: list[list[str]], target: int, learn: str, missing: str
) -> tuple[Any, Any, tuple[str, ...], tuple[str, ...]]:
    """Inputs (n, d), target (n,), names of the inputs and names of the classes.

    A column of numbers is an input; a column of anything else becomes one input of 0 and 1 for each of its values.

    Args:
        target: The target's column, counting from 1; 0 is the last.
        learn: "classes", "binary" or "regression".
        missing: What to do where an input is missing: "drop" the row, take the "mean" (of a category: a value of its
            own), or "refuse". A row whose target is missing is always dropped, unless that is refused.

    Raises:
        ValueError: The table does not fit; names the column.
    """
    if not 0 <= target <= len(header):
        raise ValueError(f"CSV: target must be a column from 1 to {len(header)}, or 0 for the last; got {target}")
    at = (target or len(header)) - 1
    gaps = np.array([[cell.lower() in EMPTY for cell in row] for row in rows])
    if missing == "refuse" and gaps.any():
        line, column = np.argwhere(gaps)[0]
        raise ValueError(f"CSV: {header[column]} is missing in line {line + 2}")
    kept = np.flatnonzero(~(gaps.any(axis=1) if missing == "drop" else gaps[:, at]))
    if len(kept) < 10:
        raise ValueError(f"CSV: at least 10 complete rows are needed; {len(kept)} of {len(rows)} are complete")
    columns = {name: [rows[i][j] for i in kept] for j, name in enumerate(header)}
    goal = columns.pop(header[at])

    parts, names = [], []
    for name, cells in columns.items():
        column = numbers(cells)
        if column is not None and not np.all(np.isnan(column)):
            parts.append(np.where(np.isnan(column), np.nanmean(column), column)[:, None])
            names.append(name)
            continue
        values = sorted(set(cells))
        if len(values) > MOST_CATEGORIES:
            raise ValueError(
                f"CSV: {name} has {len(values)} different texts, at most {MOST_CATEGORIES} are allowed: leave it out"
            )
        parts.append(np.array([[cell == value for value in values] for cell in cells], dtype=float))
        names += [f"{name} = {value}" for value in values]
    if len(names) > MOST_COLUMNS:
        raise ValueError(f"CSV: at most {MOST_COLUMNS} inputs are allowed; the columns make {len(names)}")

    if learn == "regression":
        y = numbers(goal)
        if y is None:
            raise ValueError(f"CSV: the target {header[at]} must be a number in every row for a regression")
        return np.hstack(parts), y, tuple(names), ()
    as_numbers = numbers(goal)
    classes = sorted(set(goal)) if as_numbers is None else sorted(set(goal), key=float)
    allowed = 2 if learn == "binary" else MOST_CATEGORIES
    if not 2 <= len(classes) <= allowed:
        raise ValueError(
            f"CSV: the target {header[at]} must have {'2' if allowed == 2 else f'2 to {allowed}'} different values "
            f"for {learn}; it has {len(classes)}"
        )
    return np.hstack(parts), np.array([classes.index(cell) for cell in goal]), tuple(names), tuple(classes)
