"""Curves of a training run: losses and metrics, learning rate, sharpness, and what happens in each layer."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import altair as alt
import numpy as np

from gdviz.charts.figure import Figure, Table, live_spec
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME, Theme, ramp
from gdviz.charts.theme import plot_height

_MOST_POINTS = 250
"""Longer series are thinned evenly: more points than a screen can show take time to send."""

_LETTER = 6
"""Pixels that a letter takes."""

_DECADES: Any = alt.condition(
    "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-6", alt.value(1), alt.value(0.3)
)
"""On a logarithmic axis the lines between powers of ten are quieter still."""
_SIDES: tuple[tuple[str, Literal["bottom", "top"]], ...] = (("datum.upper", "bottom"), ("!datum.upper", "top"))
"""Which of two series, and where its name's baseline is."""

Scale = Literal["log", "linear"]
Series = Mapping[str, tuple[Any, Any]]
"""Where (steps or epochs) and values, by name."""


class Mark(NamedTuple):
    """Something that happened during a training."""

    at: float
    """The step or the epoch."""
    words: str
    """A word or two."""


def curves(
    series: Series,
    across: str,
    up: str,
    *,
    scale: Scale = "linear",
    ordered: bool = False,
    marks: Sequence[Mark] = (),
    width: int = 480,
    dark: bool = False,
) -> Figure:
    """Several series against the step or the epoch. What is not finite, and on a logarithmic axis what is not above 0,
    is left out.

    Args:
        series: Where, and what was measured there, by name.
        across, up: The titles of the axes.
        scale: Of the vertical axis.
        ordered: True where the series have an order, as layers have: they run through a ramp of colours, and from three
            on, their numbers stand at their ends. Two series have their names there, and more have a legend.
        marks: What happened on the way: a line across the chart, with its words.
        width: In pixels.
        dark: True on dark ground.
    """
    names: list[np.ndarray[Any, Any]] = []
    places: list[np.ndarray[Any, Any]] = []
    values: list[np.ndarray[Any, Any]] = []
    lasts = []
    for name, (at, measured) in series.items():
        numbers = np.array([np.nan if value is None else value for value in measured], dtype=np.float64)
        usable = np.flatnonzero(np.isfinite(numbers) & ((numbers > 0) | (scale == "linear")))
        if len(usable) > _MOST_POINTS:
            usable = usable[np.linspace(0, len(usable) - 1, _MOST_POINTS).round().astype(int)]
        names.append(np.full(len(usable), name))
        places.append(np.asarray(at)[usable])
        values.append(numbers[usable])
        if len(numbers):
            lasts.append(f"{name}: {_number(numbers[-1])} at {across} {at[-1]}")
    rows = {"series": _joined(names), "at": _joined(places), "value": _joined(values)}
    drawn = [i for i, place in enumerate(places) if len(place)]
    ends = {
        "series": [list(series)[i] for i in drawn],
        "number": [str(i + 1) for i in drawn],
        "at": [places[i][-1] for i in drawn],
        "value": [values[i][-1] for i in drawn],
        "upper": [int(values[i][-1] >= max(values[k][-1] for k in drawn)) for i in drawn],
    }
    tables: dict[str, Table] = {"curves": rows}
    if ordered or len(series) == 2:  # a table that no layer draws is an error to Vega
        tables["ends"] = ends
    tables["marks"] = {"at": [mark.at for mark in marks], "words": [mark.words for mark in marks]}
    spec = _spec(tuple(series), across, up, scale, ordered, width, dark)
    happened = "".join(f" {mark.words} at {across} {mark.at:g}." for mark in marks)
    return Figure(spec, tables, f"{up} against the {across}", "; ".join(lasts) + "." + happened)


@lru_cache(maxsize=128)
def _spec(names: tuple[str, ...], across: str, up: str, scale: Scale, ordered: bool, width: int, dark: bool) -> Any:
    """Kept, because making it takes longer than all the rest, and a live chart is drawn again twice a second."""
    theme, count = DARK_THEME if dark else LIGHT_THEME, len(names)
    colours = ramp(count, dark) if ordered else [theme.runs[i % len(theme.runs)] for i in range(count)]
    dashes = [DASHES[0 if ordered else i % len(DASHES)] for i in range(count)]
    named, ended = count <= 2, count == 2 or (ordered and count == 1)
    legend: Any = (
        None
        if named
        else alt.Legend(
            title=None, orient="top", columns=max(2, width // 150), labelLimit=200, symbolSize=400, symbolType="stroke"
        )
    )
    x = alt.X(
        "at:Q",
        title=across,
        scale=alt.Scale(nice=False),
        axis=alt.Axis(format=",d", tickMinStep=1, tickCount=5),
    )
    y = alt.Y(
        "value:Q",
        title=up,
        scale=alt.Scale(type="log", nice=False) if scale == "log" else alt.Scale(type="linear", zero=False),
        axis=alt.Axis(format=".3~g", tickCount=6, **({"gridOpacity": _DECADES} if scale == "log" else {})),
    )
    colour = alt.Color("series:N", scale=alt.Scale(domain=list(names), range=colours), legend=legend)
    lines = (
        alt.Chart(alt.NamedData(name="curves"))
        .mark_line(tooltip=None, strokeWidth=1.8, invalid=None)  # the rows are checked already
        .encode(
            x=x,
            y=y,
            color=colour,
            strokeDash=alt.StrokeDash(
                "series:N",
                scale=alt.Scale(domain=list(names), range=dashes),
                legend=legend,
            ),
        )
    )
    room = 80 + (_LETTER * max(map(len, names)) if ended else 20 if ordered else 0)
    layers = [lines, *_ends(x, y, colour, ordered and not named, ended), *_marks(x, theme)]
    return live_spec(alt.layer(*layers, width=max(120, width - room), height=plot_height(width)))


def _ends(x: Any, y: Any, colour: Any, numbered: bool, named: bool) -> list[Any]:
    """The names of the series at their ends: numbers, or the name of the upper one above it, of the lower below."""
    text = alt.Chart(alt.NamedData(name="ends")).encode(x=x, y=y, color=colour)
    look: dict[str, Any] = {"tooltip": None, "align": "left", "dx": 4, "fontSize": 11, "invalid": None}
    if numbered:
        return [text.mark_text(fontWeight="bold", **look).encode(text=alt.Text("number:N"))]
    return [
        text.transform_filter(which).mark_text(baseline=side, **look).encode(text=alt.Text("series:N"))
        for which, side in _SIDES
        if named
    ]


def _marks(x: Any, theme: Theme) -> tuple[Any, Any]:
    """Events on the way: lines across the chart, with their words along them."""
    happened = alt.Chart(alt.NamedData(name="marks")).encode(x=x)
    rule = happened.mark_rule(color=theme.line, strokeDash=[3, 3], tooltip=None, invalid=None)
    words = happened.mark_text(
        angle=270,
        align="right",
        baseline="bottom",
        dx=-2,
        dy=-2,
        fontSize=10,
        color=theme.ink,
        tooltip=None,
        invalid=None,
    )
    return rule, words.encode(text=alt.Text("words:N"), y=alt.value(0))


def by_layer(series: tuple[Any, Any], names: Sequence[str] = ()) -> Series:
    """A measurement that has a value for each layer, as one series a layer.

    Args:
        series: Where, and for each place the values of the layers.
        names: What the layers are called; by default, by their numbers.
    """
    places, values = series
    table = np.asarray(values, dtype=np.float64)
    count = table.shape[1] if table.ndim == 2 else 0
    called = names if len(names) == count else [f"layer {i + 1}" for i in range(count)]
    return {name: (places, table[:, i]) for i, name in enumerate(called)}


def _joined(arrays: list[np.ndarray[Any, Any]]) -> Any:
    return np.concatenate(arrays) if arrays else np.empty(0)


def _number(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "not finite"
