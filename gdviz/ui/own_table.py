"""A user's own CSV file on a page: given, shown as it was understood, and set right where that is needed."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.budget import Budget, Cost, reading, understanding
from gdviz.catalogue.pauses import between_steps
from gdviz.training import DATASETS, Dataset, TrainingSetup
from gdviz.training.datasets import NumberedTable, OwnTable, UsersTable, rows_by_part
from gdviz.ui import widgets
from gdviz.ui.affordable import affordable
from gdviz.ui.charts import arrow
from gdviz.ui.text import plain
from gdviz.ui.training import FILE

if TYPE_CHECKING:
    from gdviz.training.table import Column, Plan, Table

_READ = "training_table"
_TASKS = {
    "classes": "One of several classes",
    "binary": "One of two classes",
    "regression": "A number",
}
_MISSING = {"drop": "Leave the row out", "mean": "Take the mean of the others", "refuse": "Refuse the file"}
_FEW_CLASSES = 20


def file() -> bytes | None:
    """The session's file, where one was given."""
    content: bytes | None = st.session_state.get(FILE)
    return content


def give(content: bytes | None) -> None:
    """Make this the session's file."""
    st.session_state[FILE] = content


def find_again(kept: Callable[[], bytes | None]) -> None:
    """After a reload of the page, which the session's file does not outlive: that of what the page watches."""
    if FILE not in st.session_state and (content := kept()):
        give(content)


def controls(box: DeltaGenerator, key: str, current: Dataset) -> Dataset:
    """The file, its target, and what its columns are.

    Args:
        box: Where to draw.
        key: What the widgets' keys begin with.
        current: What the widgets show before they are touched.
    """
    uploaded = f"{key}.file"
    box.file_uploader("Table (CSV, with a header)", type="csv", key=uploaded, on_change=_keep, args=(uploaded,))
    if isinstance(current, NumberedTable) and box.checkbox("Read as version 0.1.0 did", True, key=f"{key}.old"):
        knobs = {knob.name: knob for knob in NumberedTable.knobs()}
        first = current.values()
        return NumberedTable(
            **{name: widgets.number(box, knob, f"{key}.old.{name}", first[name], True) for name, knob in knobs.items()}
        )
    chosen = current if isinstance(current, OwnTable) else OwnTable()
    content = file()
    if content is None:
        return chosen
    box.caption(f"{len(content):,} bytes. The file is kept with the runs that train on it, and goes nowhere else.")
    try:
        table = read(content)
    except ValueError:
        return chosen  # the preview says why
    return _choices(box, key, chosen, table)


def _keep(key: str) -> None:
    """Outside the widget, which forgets it when another page is opened."""
    given = st.session_state[key]
    give(given.getvalue() if given else None)


def read(content: bytes) -> "Table":
    """The session's file, read once.

    Raises:
        ValueError: It cannot be read; says why.
    """
    from gdviz.training import table

    kept = st.session_state.get(_READ)
    if kept is None or kept[0] is not content:
        try:
            _see(reading(content))
            kept = content, table.read(content)
            _see(understanding(kept[1]))
        except ValueError as error:
            kept = content, error
        st.session_state[_READ] = kept
    if isinstance(kept[1], ValueError):
        raise kept[1]
    found: Table = kept[1]
    return found


def _see(cost: Cost) -> None:
    """See that something may be spent on a file.

    Raises:
        ValueError: It is too much; says so with its numbers.
    """
    if reason := Budget.from_environment().refusal(cost, "file"):
        raise ValueError(f"CSV: {reason}")


@lru_cache(maxsize=4)
def understood(data: UsersTable, table: "Table") -> "Plan | ValueError":
    """The reading of a file, or the reason why it cannot be used."""
    try:
        with affordable(understanding(table), "file"):
            return data.plan(table)
    except ValueError as error:
        return error


def plan(setup: TrainingSetup) -> "Plan | None":
    """How the session's file is read for a training; None where it trains on none, or where it cannot be read."""
    content = file()
    if content is None or not isinstance(setup.data, UsersTable):
        return None
    try:
        found = understood(setup.data, read(content))
    except ValueError:
        return None
    return None if isinstance(found, ValueError) else found


def _choices(box: DeltaGenerator, key: str, current: OwnTable, table: "Table") -> Dataset:
    from gdviz.training.table import said_kinds, said_line

    key = f"{key}.{abs(hash(table.names))}"
    names = list(table.names)
    first = widgets.first_value(f"{key}.target", current.target if current.target in names else names[-1])
    target = box.selectbox("Column to predict", names, names.index(first), key=f"{key}.target")
    said = {name: kind for name, kind in said_kinds(current.columns).items() if name in names}
    columns = {column.name: column for column in _found(table, current.decimal, current.dates)}
    learn = current.learn if current.target == target else _likely(columns[target])
    values: dict[str, Any] = {"target": target}
    tasks = list(_TASKS)
    first = widgets.first_value(f"{key}.learn.{target}", learn)
    values["learn"] = box.radio(
        "What it is", tasks, tasks.index(first), format_func=_TASKS.__getitem__, key=f"{key}.learn.{target}"
    )
    values["missing"] = _of(box, "Where a cell is missing", _MISSING, f"{key}.missing", current.missing)
    others = [name for name in names if name != target]
    used = [name for name in others if columns[name].used]
    unused = [name for name in others if not columns[name].used and columns[name].kind != "empty"]

    def several(label: str, options: list[str], first: list[str], help: str) -> list[str]:
        at = f"{key}.{label}.{target}"
        shown = widgets.first_value(at, [name for name in first if name in options])
        return list(box.multiselect(label, options, shown, key=at, help=help)) if options else []

    out = several("Leave out", used, [n for n in said if said[n] == "left out"], "Columns that are not to be inputs.")
    taken = several(
        "Take though left out",
        unused,
        [name for name, kind in said.items() if kind != "left out"],
        "Identifiers, texts and mixed columns are left out by themselves. A mixed column is then one of numbers, whose "
        "other cells count as missing.",
    )
    numbers = [name for name in (*used, *taken) if name not in out and columns[name].numbers is not None]
    categories = several(
        "Numbers that are names",
        numbers,
        [name for name, kind in said.items() if kind == "category"],
        "Codes such as postcodes: each value gets an input of its own, as far as it is frequent.",
    )
    kinds = dict.fromkeys(out, "left out")
    kinds |= {name: "category" if columns[name].numbers is None else _number_kind(columns[name]) for name in taken}
    kinds |= dict.fromkeys(categories, "category")
    marks = {"auto": "As each column shows", "point": "Point: 1,234.5", "comma": "Comma: 1.234,5"}
    values["decimal"] = _of(box, "Decimals", marks, f"{key}.decimal", current.decimal)
    days = {"auto": "As each column shows", "day first": "Day first", "month first": "Month first"}
    values["dates"] = _of(box, "Dates such as 1/2/2024", days, f"{key}.dates", current.dates)
    return DATASETS.make("own_table", **values, columns=said_line(kinds))


def _of(box: DeltaGenerator, label: str, words: Mapping[str, str], key: str, current: str) -> str:
    names = list(words)
    first = widgets.first_value(key, current)
    return str(box.selectbox(label, names, names.index(first), format_func=words.__getitem__, key=key))


@lru_cache(maxsize=4)
def _found(table: "Table", decimal: str, dates: str) -> list["Column"]:
    """The columns, before the user has said anything about them."""
    from gdviz.training.table.columns import find_columns

    with affordable(understanding(table), "file"):
        return find_columns(table, {}, decimal, dates, between_steps.get())


def _number_kind(column: "Column") -> str:
    return "date" if column.kind == "date" else "number"


def _likely(target: "Column") -> str:
    """The likely task for a column that is to be predicted."""
    if target.numbers is None:
        values = int(np.sum(~target.gaps))
    else:
        values = len(np.unique(target.numbers[~target.gaps]))
        whole = np.all(target.numbers[~target.gaps] % 1 == 0)
        if values > _FEW_CLASSES or (values > 2 and not whole):
            return "regression"
    return "binary" if values == 2 else "classes"


# What was understood ------------------------------------------------------------------------------------------------


def preview(setup: TrainingSetup) -> bool:
    """Show what is understood of the session's file and what is left out; True where it can be trained on."""
    content, data = file(), setup.data
    assert isinstance(data, UsersTable)
    if content is None:
        asked = f", with a column {plain(data.target)}" if isinstance(data, OwnTable) and data.target else ""
        st.info(f"Choose a CSV file under “Table”{asked}. Its first line names the columns.")
        return False
    try:
        table = read(content)
    except ValueError as error:
        st.error(plain(error, 600))
        return False
    plan = understood(data, table)
    try:
        if isinstance(plan, ValueError):
            raise plan
        rows = rows_by_part(setup, len(plan.rows))
    except ValueError as error:
        st.error(plain(error, 600))
        if isinstance(data, OwnTable):
            _show(_found(table, data.decimal, data.dates), data.target)
        return False
    _summarise(plan, table, rows)
    _show(plan.columns, plan.target)
    return True


def _summarise(plan: "Plan", table: "Table", rows: Mapping[str, Any]) -> None:
    classes = ", ".join(plan.classes[:10]) + (", …" if len(plan.classes) > 10 else "")
    goal = f"one of {len(plan.classes)} classes: {classes}" if plan.classes else "a number"
    dropped = table.rows - len(plan.rows)
    gone = f" {dropped:,} rows are left out because something is missing in them." if dropped else ""
    parts = ", ".join(f"{len(chosen):,} {part}" for part, chosen in rows.items() if len(chosen))
    st.text(
        f"{table.rows:,} rows, {len(plan.columns)} columns. {len(plan.inputs)} inputs predict {plan.target}, {goal}. "
        f"Rows by part: {parts}.{gone}"
    )
    left_out = [f"{c.name} ({c.kind}: {c.why})" for c in plan.columns if not c.used and c.name != plan.target]
    if left_out:
        st.text(f"Left out: {'; '.join(left_out)}."[:1000])
    for column in plan.columns:
        if column.asks and (column.used or column.name == plan.target or column.kind == "mixed"):
            st.warning(plain(f"{column.name}: {column.asks}"))


def _show(columns: Sequence["Column"], target: str) -> None:
    """A line for each column."""
    use = ["to predict" if c.name == target else "input" if c.used else "left out" for c in columns]
    cells = {
        "column": [c.name for c in columns],
        "kind": [c.kind for c in columns],
        "use": use,
        "first values": [" · ".join(text[:30] for text in c.examples) for c in columns],
        "missing": [c.missing for c in columns],
        "understood": [c.why or "as written" for c in columns],  # an empty cell is shown as None
    }
    st.dataframe(
        pa.ipc.open_stream(arrow(cells)).read_all(),
        hide_index=True,
        height=min(320, 38 + 35 * len(columns)),
        alt="The columns of the file, what each was understood to be, and whether it is an input.",
    )
