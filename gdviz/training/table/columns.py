"""The kinds of a table's columns: number, category, date, identifier, text."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gdviz.training.table.reading import Table
from gdviz.training.table.values import days, gaps, hours, numbers

KINDS = ("number", "category", "date", "left out")
"""The kinds that a user can choose for a column."""

_SAMPLE = 500
"""So many different texts tell whether it is worth looking at all of them."""
_FORMS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y"),
    *("%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%d. %B %Y", "%b %d, %Y", "%B %d, %Y", "%Y-%m"),
)
LIKE_A_DATE = r"^\d{1,4}[-/.:]\d{1,2}|^\d{1,2}[. -]+[A-Za-z]|^[A-Za-z]{3,9} \d"
_ID = re.compile(r"(?:^|[_\s.-])(?:id|ids|uuid|guid|index|idx)$|^unnamed|^column 1$", re.IGNORECASE)
_CAMEL_ID = re.compile(r"[a-z]I[Dd]$")
_NUMBERED = re.compile(r"(?:^|[_\s.-])(?:no|nr|num|number|nummer|key|code)\.?$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Column:
    """A column as it was understood."""

    name: str
    texts: Any
    """The different texts, an Arrow array of shape (values,)."""
    codes: Any
    """The place of each row's text among them, shape (rows,)."""
    gaps: Any
    """Which of the texts say nothing, shape (values,)."""
    numbers: Any = None
    """The texts as numbers, NaN where they are none, shape (values,); None for texts."""
    kind: str = "text"
    """ "number", "category", "date", "identifier", "text", "mixed" (numbers and other texts) or "empty"."""
    used: bool = False
    """Whether it is an input; the target is none."""
    why: str = ""
    """How it was read, or why it was left out."""
    asks: str = ""
    """A question to the user where the column could be read in another way; mostly empty."""

    @property
    def missing(self) -> int:
        """How many rows say nothing."""
        return int(np.sum(self.gaps[self.codes]))

    @property
    def examples(self) -> tuple[str, ...]:
        """The first three different texts that say something."""
        return tuple(self.texts.take(pa.array(np.flatnonzero(~self.gaps)[:3])).to_pylist())


def said_kinds(line: str) -> dict[str, str]:
    """The kinds of columns that a line of CSV names.

    Raises:
        ValueError: It says something else.

    >>> said_kinds('zip=category,"price, net=left out"')
    {'zip': 'category', 'price, net': 'left out'}
    """
    said = {}
    try:
        entries = next(csv.reader(io.StringIO(line, newline=""), strict=True), [])
    except csv.Error as error:
        raise ValueError(f"CSV: columns must be a line of CSV ({error}); got {line[:100]!r}") from None
    for entry in entries:
        name, _, kind = entry.rpartition("=")
        if kind not in KINDS:
            allowed = ", ".join(KINDS)
            raise ValueError(f"CSV: columns must be a list of name=kind, with a kind of {allowed}; got {entry!r}")
        said[name] = kind
    return said


def said_line(kinds: Mapping[str, str]) -> str:
    """The line of CSV that :func:`said_kinds` reads."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow([f"{name}={kind}" for name, kind in kinds.items()])
    return line.getvalue().removesuffix("\r\n")


def find_columns(
    table: Table, said: Mapping[str, str], decimal: str, dates: str, look: Callable[[], object] = lambda: None
) -> list[Column]:
    """The kind of each column: the user's choice, else the one that all its cells agree on.

    Calls ``look`` between two columns.

    Raises:
        ValueError: A column cannot be read as the user says.
    """
    blank = [
        Column(name, texts, codes, gaps(texts))
        for name, texts, codes in zip(table.names, table.texts, table.codes, strict=True)
    ]
    read: dict[str, tuple[Any, Any] | None] = {}
    for column in blank:
        look()
        read[column.name] = _both_ways(column)
    shown = {mark for both in read.values() if both for mark in _needed(*both)}
    found = []
    for column in blank:
        look()
        style = _style(column, read[column.name], decimal, shown, table.delimiter)
        detected = _numeric(column, style) or _dated(column, dates) or _worded(column)
        found.append(_as_said(detected, said[column.name], style, dates) if column.name in said else detected)
    return found


# Numbers

Style = tuple[str, Any, str]
"""The decimal mark, the numbers that it gives, and a question to the user."""


def _both_ways(column: Column) -> tuple[Any, Any] | None:
    """The texts as numbers with a decimal point and with a decimal comma; None where few texts are any."""
    sample = _sample(column)
    if not len(sample) or pc.mean(pc.match_substring_regex(sample, r"\d").cast(pa.int8())).as_py() < 0.5:
        return None
    if max(np.mean(np.isfinite(numbers(sample, comma))) for comma in (False, True)) < 0.5:
        return None
    point = numbers(column.texts, False)
    marked = pc.any(pc.match_substring_regex(column.texts, "[.,]")).as_py()
    return point, numbers(column.texts, True) if marked else point


def _sample(column: Column) -> Any:
    """Some of the texts that say something."""
    return column.texts.take(pa.array(np.flatnonzero(~column.gaps)[:_SAMPLE]))


def _needed(point: Any, comma: Any) -> set[str]:
    """The decimal mark that a column cannot do without."""
    more = int(np.sum(np.isfinite(point))) - int(np.sum(np.isfinite(comma)))
    return {"point"} if more > 0 else {"comma"} if more < 0 else set()


def _style(column: Column, both: tuple[Any, Any] | None, decimal: str, shown: set[str], delimiter: str) -> Style | None:
    """How a column's numbers are read: as the user says, as it shows itself, or as the other columns show."""
    if both is None:
        return None
    point, comma = both
    by_itself = _needed(point, comma)
    likely = "comma" if delimiter != "," and pc.any(pc.match_substring(column.texts, ",")).as_py() else "point"
    mark = decimal if decimal != "auto" else next(iter(by_itself or (shown if len(shown) == 1 else {likely})))
    first = np.flatnonzero(~column.gaps & (point != comma) & np.isfinite(point) & np.isfinite(comma))
    unsure = decimal == "auto" and not by_itself and len(shown) != 1 and len(first) > 0
    asks = ""
    if unsure:
        text, one, other = column.texts[int(first[0])], point[first[0]], comma[first[0]]
        asks = f"{text} could be {one:g} or {other:g}: read with a decimal {mark}. Say so if it is the other."
    return mark, point if mark == "point" else comma, asks


def _numeric(column: Column, style: Style | None) -> Column | None:
    """The column as one of numbers, where it is one."""
    if style is None or pc.any(pc.match_substring_regex(column.texts, r"^0\d+$")).as_py():  # 00123 is a code
        return None
    if (dated := _compact_dates(column)) is not None:
        return dated
    mark, values, asks = style
    odd = np.flatnonzero(~column.gaps & np.isnan(values))
    if len(odd):
        few = ", ".join(column.texts.take(pa.array(odd[:3])).to_pylist())
        count = int(np.sum(np.isin(column.codes, odd)))
        why = f"{count} of {len(column.codes)} cells are no numbers: {few}"
        asks = "Say that it is a number, and those cells count as missing, or that it is a category."
        return replace(column, kind="mixed", why=why, asks=asks, numbers=values)
    column = replace(column, kind="number", numbers=values, asks=asks)
    if len(np.unique(values[~column.gaps])) == 1:
        return replace(column, why=f"always {column.examples[0]}: it never varies", asks="")
    return _without_meaning(column) or replace(column, used=True, why=_how_read(column, mark))


def _without_meaning(column: Column) -> Column | None:
    """The column as an identifier, where it names rows and measures nothing."""
    values, name = column.numbers[column.codes], column.name.strip()
    if np.any(np.isnan(values)) or np.any(values % 1):
        return None
    differ = len(column.texts) == len(column.codes)
    if differ and len(values) > 2 and values[0] in (0, 1) and np.all(np.diff(values) == 1):
        return replace(column, kind="identifier", why="it counts the rows", asks="")
    if _ID.search(name) or _CAMEL_ID.search(name) or (differ and _NUMBERED.search(name)):
        return replace(column, kind="identifier", why="by its name it tells rows apart", asks="")
    return None


def _how_read(column: Column, mark: str) -> str:
    """In words, the marks that were understood beside digits."""
    texts = column.texts.filter(pa.array(~column.gaps))
    thousands = r"\d[,' ’\u00a0]\d{3}" if mark == "point" else r"\d[.' ’\u00a0]\d{3}"
    signs = {
        "decimal comma": (r",", mark == "comma"),
        "thousands marks left off": (thousands.replace("\\u00a0", "\u00a0"), True),
        "percent: 5 % is 0.05": ("%", True),
        "currency left off": (r"\p{Sc}|[A-Za-z]{2}", True),
        "brackets are a minus": (r"^\(", True),
    }
    return "; ".join(
        words
        for words, (sign, asked) in signs.items()
        if asked and pc.any(pc.match_substring_regex(texts, sign)).as_py()
    )


# Dates


def _compact_dates(column: Column) -> Column | None:
    """Dates such as 20240131: eight digits in every cell, and every one a day of the last or of this century."""
    there = column.texts.filter(pa.array(~column.gaps))
    if len(there) < 3 or not pc.all(pc.match_substring_regex(there, r"^(?:19|20)\d{6}$")).as_py():
        return None
    dashed = pc.replace_substring_regex(column.texts, r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3")
    found = _dated(replace(column, texts=dashed), "auto")
    return found and replace(found, texts=column.texts)


def _dated(column: Column, dates: str) -> Column | None:
    """The column as one of dates or of times, where it is one."""
    there, sample = np.flatnonzero(~column.gaps), _sample(column)
    if not len(there) or not pc.all(pc.match_substring_regex(sample, LIKE_A_DATE)).as_py():
        return None
    fitting = [form for form in _FORMS if np.all(np.isfinite(days(sample, form)))]
    read = {form: found for form in fitting if np.all(np.isfinite((found := days(column.texts, form))[there]))}
    if read:
        starts = "%m" if dates == "month first" else "%d"
        form = next((form for form in read if form.startswith(starts)), next(iter(read)))
        since = float(np.floor(np.min(read[form][there])))
        values, why = read[form] - since, f"in days since {np.datetime64(int(since), 'D')}"
        either = dates == "auto" and {"%d", "%m"} <= {form[:2] for form in read}
        asks = f"{column.examples[0]} was read with the day first. Say so if it is the month." if either else ""
    elif np.all(np.isfinite(hours(sample))) and np.all(np.isfinite(hours(column.texts)[there])):
        values, why, asks = hours(column.texts), "the time of day, in hours", ""
    else:
        return None
    varies = len(np.unique(values[there])) > 1
    return replace(
        column, kind="date", numbers=values, used=varies, why=why if varies else "it never varies", asks=asks
    )


# Texts


def _worded(column: Column) -> Column:
    """A column of texts as a category, an identifier or free text."""
    there, rows = int(np.sum(~column.gaps)), len(column.codes) - column.missing
    if not there:
        return replace(column, kind="empty", why="no cell says anything")
    if there == 1:
        return replace(column, kind="category", why=f"always {column.examples[0][:40]}: it never varies")
    if there <= max(2, rows / 2):
        return replace(column, kind="category", used=True, why=f"{there} values")
    spaced = pc.mean(pc.match_substring(column.texts.slice(0, _SAMPLE), " ").cast(pa.int8())).as_py() > 0.2
    words = f"has {there} different texts, at most 100 that come back make a category"
    return replace(column, kind="text" if spaced else "identifier", why=words)


# What the user says


def _as_said(column: Column, kind: str, style: Style | None, dates: str) -> Column:
    if kind == "left out":
        return replace(column, used=False, why="you left it out", asks="")
    if kind == "category":
        return replace(column, kind=kind, used=True, numbers=None, why="as you said", asks="")
    if kind == "date" and (dated := column if column.kind == "date" else _dated(column, dates)) is not None:
        return replace(dated, used=True)
    if kind == "number" and style is not None:
        mark, values, _ = style
        read = replace(column, kind=kind, used=True, numbers=values, gaps=column.gaps | np.isnan(values), asks="")
        return replace(read, why=_how_read(read, mark) or "as you said")
    examples = ", ".join(column.examples)
    raise ValueError(f"CSV: {column.name} cannot be read as a {kind}; its cells are {examples}")
