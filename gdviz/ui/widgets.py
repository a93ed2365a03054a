"""Widgets made from the hyperparameters of catalogue entries."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.catalogue import Catalogue, Entry, Knob, Value
from gdviz.catalogue.fields import LONGEST_TEXT
from gdviz.export import reference

T = TypeVar("T")
E = TypeVar("E", bound=Entry)

_MANTISSAS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Ten positions a decade for logarithmic sliders."""


def select(
    box: DeltaGenerator,
    label: str,
    labels: Mapping[str, str],
    key: str,
    current: str,
    on_change: Callable[[str], None] | None = None,
    about: Callable[[str], str] | None = None,
) -> str:
    """A select box over names that are shown by their labels.

    Args:
        box: Where to draw.
        label: The select box's label.
        labels: The names to choose from, each with the label that is shown in its place.
        key: The widget's key in the session state.
        current: The name that it shows before the user has touched it.
        on_change: Called with the name that has been chosen, before the page runs again.
        about: From the name that is chosen to what the label's tooltip says.
    """
    names = list(labels)
    index = names.index(first_value(key, current))
    changed = None if on_change is None else lambda: on_change(st.session_state[key])
    said = about(st.session_state.get(key, names[index])) if about else None
    shown = labels.__getitem__
    return str(box.selectbox(label, names, index, format_func=shown, key=key, on_change=changed, help=said or None))


def in_reference(name: str) -> str:
    """The summary of an entry, and a link to its page in the Reference; empty for a name that is in no catalogue."""
    entry = reference.find(name)
    return f"{entry.summary()} {reference.link(name, f'{entry.label} in the Reference')}" if entry else ""


def linked(entry: Entry) -> str:
    """The label of an entry as a link, in Markdown, to its page in the Reference."""
    return reference.link(entry.name, entry.label)


def labels(catalogue: Mapping[str, type[Entry]]) -> dict[str, str]:
    """The labels of a catalogue's entries by name."""
    return {name: entry.label for name, entry in catalogue.items()}


def entry(
    box: DeltaGenerator,
    catalogue: Catalogue[E],
    name: str,
    key: str,
    current: Mapping[str, Value],
    exact: bool,
    without: tuple[str, ...] = (),
) -> E:
    """An entry whose hyperparameters come from widgets, one for each, except those named in ``without``."""
    knobs = [knob for knob in catalogue[name].knobs() if knob.name not in without]
    values = {knob.name: knob_of(box, knob, f"{key}.{name}", current, exact) for knob in knobs}
    return catalogue.make(name, **values)


def knob_of(box: DeltaGenerator, knob: Knob, key: str, current: Mapping[str, Value], exact: bool) -> Any:
    """The widget of one hyperparameter of an entry, whose widgets' keys begin with ``key``."""
    return number(box, knob, f"{key}.{knob.name}", current.get(knob.name, knob.default), exact)


def first_value(key: str, current: T) -> T:
    """The value of a widget before the user touches it; the same in every run of the page, as long as it is shown.

    A value put into the session state instead would reach the browser only in the run that puts it there, and be lost
    when the next run begins early.
    """
    # In one entry of the session: many a widget of Streamlit looks through all entries, each time that it is drawn.
    firsts: dict[str, T] = st.session_state.setdefault("firsts", {})
    if key not in st.session_state:
        firsts[key] = current
    return firsts.setdefault(key, current)


def forget_first(key: str) -> None:
    """Forget the value of a widget before the user touched it."""
    st.session_state.get("firsts", {}).pop(key, None)


def number(box: DeltaGenerator, knob: Knob, key: str, current: Value, exact: bool, label: str | None = None) -> Any:
    """The widget that suits a hyperparameter: check box, radio buttons, select box, text or number field, slider."""
    first = first_value(key, current)
    label = label or title(knob)
    if knob.words:
        words = [word.capitalize() for word in knob.words]
        return box.radio(label, words, int(bool(first)), key=key, horizontal=True, help=_help(knob)) == words[1]
    if knob.choices:
        return box.selectbox(label, knob.choices, knob.choices.index(str(first)), key=key, help=_help(knob))
    if knob.type is bool:
        return box.checkbox(label, bool(first), key=key, help=_help(knob))
    if knob.type is str:
        return box.text_input(label, str(first), max_chars=LONGEST_TEXT, key=key, help=_help(knob))
    ends = slider_ends(knob)
    if exact or knob.step or ends is None or not isinstance(first, (int, float)) or not ends[0] <= first <= ends[1]:
        return _field(box, knob, key, label, first)
    if knob.log:
        positions = log_positions(*ends, first) if knob.type is float else whole_positions(*ends, first)
        return box.select_slider(label, positions, first, format_func=short, key=key, help=_help(knob))
    low, high = knob.type(ends[0]), knob.type(ends[1])
    step = 1 if knob.type is int else _slider_step(low, high)
    shape = "%d" if knob.type is int else "%.4g"
    return box.slider(label, low, high, first, step, key=key, format=shape, help=_help(knob))


def slider_ends(knob: Knob) -> tuple[float, float] | None:
    """The range of a hyperparameter's slider: its usual one, or its bounds where both are given."""
    if knob.usual:
        return knob.usual
    low = knob.low if knob.above is None else knob.above + 1e-3
    high = knob.high if knob.below is None else knob.below - 1e-3
    return (low, high) if np.isfinite(low) and np.isfinite(high) else None


def log_positions(low: float, high: float, value: float) -> list[float]:
    """Positions of a logarithmic slider: ten a decade, and the value that it has, whatever that is.

    >>> log_positions(0.1, 0.5, 0.123)
    [0.1, 0.12, 0.123, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5]
    """
    decades = range(int(np.floor(np.log10(max(low, 1e-300)))), int(np.ceil(np.log10(high))) + 1)
    # Through text, because 1.2 * 0.1 is not 0.12.
    grid = {float(f"{mantissa}e{decade}") for decade in decades for mantissa in _MANTISSAS}
    return sorted({position for position in grid if low <= position <= high} | {low, high, float(value)})


def whole_positions(low: float, high: float, value: float) -> list[int]:
    """Positions of a logarithmic slider over whole numbers.

    >>> whole_positions(1, 20, 7)
    [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20]
    """
    return sorted({int(position) for position in log_positions(low, high, value) if position == int(position)})


def short(value: float) -> str:
    """A number in few digits: 0.002, 1e-05."""
    return f"{value:.6g}"


def _slider_step(low: float, high: float) -> float:
    return float(10 ** np.floor(np.log10((high - low) / 100)))


def _field(box: DeltaGenerator, knob: Knob, key: str, label: str, first: Value) -> Any:
    low = knob.low if knob.above is None else np.nextafter(knob.above, np.inf)
    high = knob.high if knob.below is None else np.nextafter(knob.below, -np.inf)
    kind: Any = knob.type  # Streamlit takes all its numbers as int or all as float
    shown: Any = first
    return box.number_input(
        label,
        min_value=kind(low) if np.isfinite(low) else None,
        max_value=kind(high) if np.isfinite(high) else None,
        value=shown,
        step=kind(knob.step) if knob.step else 1 if kind is int else None,
        format=None if kind is int else "%.10g",
        key=key,
        help=_help(knob),
    )


def title(knob: Knob) -> str:
    """The label of a hyperparameter's widget: its name in words, and its symbol.

    >>> from gdviz.optimizers import OPTIMIZERS
    >>> [title(knob) for knob in OPTIMIZERS["adam"].knobs()]
    ['Learning rate (η)', 'Beta 1 (β₁)', 'Beta 2 (β₂)', 'Epsilon (ε)']
    """
    return knob.label or f"{spaced(knob.name).capitalize()}{f' ({knob.symbol})' if knob.symbol else ''}"


def _help(knob: Knob) -> str:
    """The help of a hyperparameter's widget: its effect, its bounds, and its name in code."""
    what = f"{knob.help[:1].upper()}{knob.help[1:]}."
    return what if knob.label else f"{what} Allowed: {knob.allowed}. In code: `{knob.name}`."


def spaced(name: str) -> str:
    """A name as people read it.

    >>> spaced("mean_squared_error")
    'mean squared error'
    """
    return name.replace("_", " ")
