"""A form: widgets for the declared fields of a setup, in groups that a page names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gdviz.catalogue import Catalogue, Declared, Entry, Knob, Names, Numbers, Part
from gdviz.export import reference
from gdviz.ui import widgets
from gdviz.ui.folding import unfolded
from gdviz.ui.kept import Kept

Group = tuple[str, Sequence[str | tuple[str, ...]]]
"""The title of an expander, or an empty one for fields in the open, and the fields; a tuple of them stands in a row."""


class Form:
    """The widgets of one setup. Each shows what ``setup`` has before it is touched.

    A field that no group names is drawn as well, at the end of what stands in the open.
    """

    def __init__(
        self,
        setup: Entry,
        key: Callable[[str], str],
        exact: bool,
        special: Mapping[str, Callable[["Form", DeltaGenerator], Any]] | None = None,
        knobs: str = "",
        parts: str = "",
    ) -> None:
        """Describe a form.

        Args:
            setup: The setup that the widgets show at first.
            key: From a name to the widget's key.
            exact: True for number fields in place of sliders.
            special: Fields that a page draws in its own way: from the form and a place to the value.
            knobs: The prefix of the setup's own knobs in keys.
            parts: The prefix of its parts in keys.
        """
        self.setup: Any = setup
        self.exact, self.special = exact, special or {}
        self.values: dict[str, Any] = {}
        """The values of the fields drawn so far."""
        self._key, self._knobs, self._parts = key, knobs, parts
        self.fields = {field.name: field for field in setup.declared()}

    def draw(self, box: DeltaGenerator, groups: Sequence[Group], without: Sequence[str] = ()) -> dict[str, Any]:
        """Draw all fields, but those ``without``; return their values by name."""
        named = {name for _, rows in groups for row in rows for name in ([row] if isinstance(row, str) else row)}
        others = [name for name in self.fields if name not in {*named, *without, *self.values}]
        last_open = max((place for place, (title, _) in enumerate(groups) if not title), default=-1)
        for place, (title, rows) in enumerate(groups):
            panel = self._panel(box, title, rows) if title else box
            if panel is None:
                continue
            self._draw_rows(panel, [*rows, *(others if place == last_open else ())])
        return self.values

    def draw_headed(self, box: DeltaGenerator, groups: Sequence[Group]) -> None:
        """Draw the fields of groups under headings, in the open; what no group names is left for :meth:`draw`."""
        for heading, rows in groups:
            box.markdown(f"**{heading}**")
            self._draw_rows(box, rows)

    def _draw_rows(self, box: DeltaGenerator, rows: Sequence[str | tuple[str, ...]]) -> None:
        for row in rows:
            names = [row] if isinstance(row, str) else list(row)
            for column, name in zip(box.columns(len(names)) if len(names) > 1 else [box], names, strict=True):
                self.draw_field(column, name)

    def _panel(self, box: DeltaGenerator, title: str, rows: Sequence[str | tuple[str, ...]]) -> DeltaGenerator | None:
        """Where a group with a title stands; None while it is closed, when its fields keep what they have.

        A field that is drawn in its own way may depend on others: it is always drawn.
        """
        names = [name for row in rows for name in ([row] if isinstance(row, str) else row)]
        if not self.special.keys().isdisjoint(names):
            return box.expander(title, key=self.key(f"panel.{title}"))
        panel: DeltaGenerator | None = unfolded(title, self.key(f"panel.{title}"), at=box)
        if panel is None:
            self.values |= {name: getattr(self.setup, name) for name in names}
        return panel

    def draw_field(self, box: DeltaGenerator, name: str) -> Any:
        """Draw one field; return its value."""
        if name in self.special:
            value = self.special[name](self, box)
        else:
            value = draw(box, self.fields[name], self.key_of(name), getattr(self.setup, name), self.exact)
        self.values[name] = value
        return value

    def key(self, name: str) -> str:
        """The key of a widget that is no field of the setup."""
        return self._key(name)

    def key_of(self, name: str) -> str:
        """The key of a field's widget."""
        return self._key(f"{self._knobs if isinstance(self.fields[name], Knob) else self._parts}{name}")


def draw(box: DeltaGenerator, field: Declared, key: str, current: Any, exact: bool) -> Any:
    """The widgets of one declared field; its value."""
    if isinstance(field, Knob):
        return widgets.number(box, field, key, current, exact)
    if isinstance(field, Numbers):
        first = widgets.first_value(key, current) or [None] * len(field.axes)
        given = [
            column.number_input(f"{_label(field)} {axis}", value=value, key=f"{key}.{axis}")
            for column, axis, value in zip(box.columns(len(field.axes)), field.axes, first, strict=True)
        ]
        return None if None in given else tuple(given)
    if isinstance(field, Names):
        first = widgets.first_value(key, list(current or ()))
        return tuple(box.multiselect(_label(field), field.choices, first, format_func=widgets.spaced, key=key))
    if isinstance(field, Part):
        return _draw_part(box, field, key, current, exact)
    raise TypeError(f"no widget for {field!r}")


def _draw_part(box: DeltaGenerator, field: Part, key: str, current: Any, exact: bool) -> Any:
    if field.most is not None:
        return draw_several(box, field, key, current, exact)
    if isinstance(field.source, Catalogue):
        return draw_entry(box, field, key, current, exact)
    if field.optional and not box.checkbox(_label(field), widgets.first_value(key, current is not None), key=key):
        return None
    shown = current or field.source()
    # A part may hold parts of its own.
    values = {
        inner.name: draw(box, inner, f"{key}.{inner.name}", getattr(shown, inner.name), exact)
        for inner in field.source.declared()
    }
    return field.source(**values)


def _label(field: Declared) -> str:
    """The text beside a widget."""
    if field.label or not isinstance(field, Part):
        return field.label or field.name.replace("_", " ").capitalize()
    return field.source.kind.capitalize() if isinstance(field.source, Catalogue) else field.source.label


def draw_entry(
    box: DeltaGenerator,
    field: Part,
    key: str,
    current: Entry | None,
    exact: bool,
    among: Mapping[str, type[Entry]] | None = None,
    panel: DeltaGenerator | None = None,
) -> Any:
    """A select box over a catalogue, and widgets for the hyperparameters of the entry that is chosen.

    Args:
        box: Where to draw.
        field: The field.
        key: The select box's key.
        current: The entry that is shown at first.
        exact: True for number fields in place of sliders.
        among: The entries to choose from, where not all are.
        panel: Where the hyperparameters stand, if not below the select box.
    """
    assert isinstance(field.source, Catalogue)
    labels = {"none": "None"} if field.optional else {}
    labels |= widgets.labels(among or field.source)
    listed = any(field.source is catalogue for catalogue in reference.CATALOGUES.values())
    name = widgets.select(
        box,
        _label(field),
        labels,
        key,
        current.name if current else "none",
        about=widgets.in_reference if listed else None,
    )
    if name == "none" and field.optional:
        return None
    before = current.values() if current and current.name == name else {}
    return widgets.entry(panel or box, field.source, name, key, before, exact, field.derived)


def draw_several(
    box: DeltaGenerator,
    field: Part,
    key: str,
    current: tuple[Entry, ...],
    exact: bool,
    title: Callable[[int, Callable[[str], Any]], str] | None = None,
    count_key: str = "",
) -> Any:
    """A number of parts, and an expander for each; one that is new is like the last.

    Args:
        box: Where to draw.
        field: The field.
        key: The prefix of the widgets' keys.
        current: The parts that are shown at first.
        exact: True for number fields in place of sliders.
        title: From the number of a part, and a function from a hyperparameter's name to what is shown of it, to the
            title of its expander.
        count_key: The key of the widget for their number.
    """
    assert field.most is not None
    count_key = count_key or f"{key}.count"
    first = widgets.first_value(count_key, len(current))
    count = int(box.number_input(_label(field), field.least, field.most, first, key=count_key))
    drawn = []
    for number in range(count):
        before = current[min(number, len(current) - 1)] if current else _usual(field)
        place = f"{key}{number}"
        heading = title(number + 1, partial(_shown, place, before)) if title else f"{_label(field)} {number + 1}"
        panel = box.expander(heading, key=f"{place}.panel")
        drawn.append(_draw_part(panel, replace(field, most=None), place, before, exact))
    return tuple(drawn)


def _usual(field: Part) -> Entry:
    """A part as it is without arguments."""
    source = next(iter(field.source.values())) if isinstance(field.source, Catalogue) else field.source
    usual: Entry = source()
    return usual


def _shown(key: str, before: Entry, name: str) -> Any:
    """The value that the widget of a hyperparameter shows."""
    return st.session_state.get(f"{key}.{name}", before.values()[name])


def preset_control(
    box: DeltaGenerator,
    kept: Kept[Any],
    name: str,
    presets: Mapping[str, Any],
    labels: Mapping[str, str],
    current: object,
    use: Callable[[Any], None],
) -> str | None:
    """A select box that shows the preset that the controls describe, if any, and takes over the one that is chosen.

    Args:
        box: Where to draw.
        kept: Where the setup is kept.
        name: The select box's name among the widgets of the setup.
        presets: The presets by name.
        labels: The texts that are shown for the names.
        current: The preset, or another value, that the controls describe.
        use: Takes a preset over.

    Returns:
        The name of the preset that the controls describe.
    """
    match = next((title for title, preset in presets.items() if preset == current), None)
    # What it shows follows from the other controls: when that changes, it is another widget.
    key, titles = kept.key(f"{name}.{match}"), list(presets)

    def take_over() -> None:
        if chosen := st.session_state[key]:
            use(presets[chosen])

    box.selectbox(
        "Preset",
        titles,
        titles.index(match) if match else None,
        format_func=labels.__getitem__,
        key=key,
        placeholder="None of these",
        on_change=take_over,
    )
    return match
