"""Pictures of studies: basins of attraction, learning-rate windows, hyperparameter maps, sensitivities."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gdviz.charts.clicks import click_grid
from gdviz.charts.figure import Figure, Table
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME, Theme
from gdviz.charts.theme import stroke_legend
from gdviz.sweeps import studies
from gdviz.sweeps.studies import Basins, Map, Sensitivity, Window

Array = NDArray[np.float64]

_PAD = {"type": "pad", "contains": "padding"}
_RAMP = ((253, 231, 37), (94, 201, 98), (33, 145, 140), (59, 82, 139), (68, 1, 84))  # viridis, brightest first
_NOT_CONVERGED = (128, 128, 128)


def basins(found: Basins, *, width: int = 420, dark: bool = False) -> Figure:
    """Where runs from each point end: a colour a minimum, darker the longer it took; what ended at none is grey.

    A click sets the selection ``pick``.
    """
    theme = DARK_THEME if dark else LIGHT_THEME
    (xmin, xmax), (ymin, ymax) = found.descent.landscape.domain
    size = max(160, min(width - 70, 460))
    x_scale, y_scale = alt.Scale(domain=[xmin, xmax], nice=False), alt.Scale(domain=[ymin, ymax], nice=False)
    x = alt.X("x:Q", title="start x", scale=x_scale, axis=alt.Axis(format="~g", tickCount=6))
    y = alt.Y("y:Q", title="start y", scale=y_scale, axis=alt.Axis(format="~g", tickCount=6))
    minima = alt.Chart(alt.NamedData(name="minima")).encode(x=x, y=y)
    chart = alt.layer(
        _picture(size, size),
        minima.mark_point(
            shape="circle", size=110, filled=True, opacity=1, stroke=theme.ink, strokeWidth=2, tooltip=None
        ).encode(color=alt.Color("colour:N", scale=None)),
        click_grid(((xmin, xmax), (ymin, ymax)), x_scale, y_scale, len(found.x)),
        width=size,
        height=size,
    )
    colours = _minimum_colours(theme)
    tables: dict[str, Table] = {
        "picture": {"url": [_png(_basin_colours(found, theme))]},
        "minima": {
            "x": [float(point[0]) for point in found.minima],
            "y": [float(point[1]) for point in found.minima],
            "colour": [_hex(colours[k]) for k in range(len(found.minima))],
        },
    }
    label = found.descent.optimizer.label
    return Figure({**chart.to_dict(validate=False), "autosize": _PAD}, tables, f"Basins of {label}", basin_words(found))


def basin_words(found: Basins) -> str:
    """How many starts end where."""
    known = found.place != studies.PENDING
    total = max(1, int(known.sum()))
    told = [
        f"({x:.3g}, {y:.3g}): {np.sum(found.place == k) / total:.1%}"
        for k, (x, y) in enumerate(found.minima)
        if np.any(found.place == k)
    ]
    others = {
        "other minima": found.place == len(found.minima),
        "unfinished or stalled": found.place == studies.UNFINISHED,
        "diverged": found.place == studies.LEFT,
    }
    told += [f"{name}: {np.sum(where) / total:.1%}" for name, where in others.items() if where.any()]
    return f"{found.descent.optimizer.label}: starts that end at " + "; ".join(told) + "."


def _minimum_colours(theme: Theme) -> Array:
    """One row a minimum, and one for all others."""
    return np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in theme.runs], dtype=np.float64)


def _basin_colours(found: Basins, theme: Theme) -> Array:
    """Red, green and blue of each cell, rows from the top down."""
    ground = np.array([int(theme.valley[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)
    ink = np.array([int(theme.ink[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)
    place, steps = _coarse(found)
    colours = _minimum_colours(theme)[np.clip(place, 0, studies.MOST_MINIMA)]
    slow = np.nan_to_num(steps, nan=0.0)[..., None] / found.descent.steps
    pixels = colours * (1 - 0.7 * slow) + ground * 0.7 * slow
    pixels = np.where((place == studies.UNFINISHED)[..., None], 0.75 * ground + 0.25 * ink, pixels)
    pixels = np.where((place == studies.LEFT)[..., None], ink, pixels)
    pixels = np.where((place == studies.PENDING)[..., None], ground, pixels)
    return np.asarray(pixels[::-1])


def _coarse(found: Basins) -> tuple[NDArray[np.int64], Array]:
    """Places and steps, with that of a coarser cell where a cell is not computed yet."""
    place, steps = found.place.copy(), found.steps.copy()
    rows, columns = np.indices(place.shape)
    stride = 2
    while np.any(place == studies.PENDING) and stride <= len(place):
        at = rows // stride * stride, columns // stride * stride
        place, steps = (
            np.where(place == studies.PENDING, found.place[at], place),
            np.where(place == studies.PENDING, found.steps[at], steps),
        )
        stride *= 2
    return place, steps


def windows(found: Sequence[Window], *, width: int = 960, dark: bool = False) -> Figure:
    """Final loss, median and quartiles, and success against the learning rate; theory's limits as upright lines."""
    names, rates = _runs(found), found[0].rates
    limits = [(name, one.limit) for name, one in zip(names, found, strict=True) if one.limit and np.isfinite(one.limit)]
    limits = [(name, limit) for name, limit in limits if rates[0] <= limit <= rates[-1]]
    scale = alt.Scale(type="log", domain=[float(rates[0]), float(rates[-1])], nice=False)
    x = alt.X("at:Q", title="learning rate", scale=scale, axis=_decades())
    spec, tables = _outcomes(found, [one.rates for one in found], x, width, dark, limits)
    title = "Final loss and success against the learning rate"
    return Figure(spec, tables, title, studies.window_finding(found))


def sensitivities(found: Sequence[Sensitivity], *, width: int = 960, dark: bool = False) -> Figure:
    """Final loss, median and quartiles, and success against the quantity that changes."""
    values, measure = found[0].values, found[0].measure
    log = values[0] > 0 and values[-1] / values[0] > 30
    ends = [float(values[0]), float(values[-1])]
    scale = alt.Scale(type="log" if log else "linear", domain=ends, zero=False, nice=False)
    x = alt.X("at:Q", title=measure, scale=scale, axis=_decades() if log else alt.Axis(format="~g"))
    spec, tables = _outcomes(found, [one.values for one in found], x, width, dark)
    return Figure(spec, tables, f"Final loss and success against the {measure}", studies.sensitivity_finding(found))


def _runs(found: Sequence[Window | Sensitivity]) -> list[str]:
    return _names([one.descent.optimizer.label for one in found])


def _outcomes(
    found: Sequence[Window | Sensitivity],
    at: Sequence[Array],
    x: Any,
    width: int,
    dark: bool,
    limits: Sequence[tuple[str, float]] | None = None,
) -> tuple[dict[str, Any], dict[str, Table]]:
    """The specification and the tables of final losses and success against a quantity, whose values are ``at``."""
    names = _runs(found)
    floor = found[0].descent.landscape.lowest or 0.0
    rows: list[tuple[Any, ...]] = []
    for name, values, one in zip(names, at, found, strict=True):
        rows += _rows(name, values, one.loss - floor, one.success)
    outcomes = _columns(("run", "at", "median", "low", "high", "success"), rows)
    tables: dict[str, Table] = {"values": outcomes}
    if limits is not None:
        tables["limits"] = _columns(("run", "at"), list(limits))
    title = "final loss above the lowest" if floor else "final loss"
    theme = DARK_THEME if dark else LIGHT_THEME
    chart = _curves(names, x, title, _ends(found, outcomes), width, theme, limits=limits is not None)
    return {**chart.to_dict(validate=False), "autosize": _PAD}, tables


def _rows(name: str, at: Array, loss: Array, success: Array) -> list[tuple[Any, ...]]:
    """Median and quartiles; what is not finite, or too low for a logarithmic axis, is left out of the losses."""
    with np.errstate(all="ignore"):
        low, median, high = np.quantile(loss, [0.25, 0.5, 0.75], axis=1, method="nearest")
    shown = [
        [float(value) if np.isfinite(value) else np.nan for value in np.maximum(row, 1e-16)]
        for row in (median, low, high)
    ]
    return [(name, float(x), *values, float(s)) for x, *values, s in zip(at, *shown, success, strict=True)]


def _ends(found: Sequence[Window | Sensitivity], values: Table) -> list[float] | None:
    """The ends of the axis of losses where some grow out of all proportion, so that the others would be one flat line:
    it ends a thousand times above what runs begin with. Where all are alike, it holds two decades. Else None.
    """
    losses = np.concatenate([values["low"], values["median"], values["high"]])
    losses = losses[np.isfinite(losses)]
    if not len(losses):
        return None
    if losses.max() < 10 * losses.min():
        return [float(losses.min()) / 10, float(losses.max()) * 10]
    begin = max(float(one.descent.landscape.value(np.array(one.descent.start))) for one in found)
    slowest = values["median"][values["at"] == values["at"].min()]
    most = 1e3 * max(begin - (found[0].descent.landscape.lowest or 0.0), np.nan_to_num(slowest).max(), 1e-12)
    return [float(losses.min()), float(most)] if losses.min() < most < losses.max() / 1e3 else None


def beyond_words(found: Sequence[Window | Sensitivity], figure: Figure) -> str:
    """A sentence where curves leave the picture of final losses; empty where none does."""
    values = figure.tables["values"]
    ends, highest = _ends(found, values), values["high"][np.isfinite(values["high"])].max(initial=0.0)
    if ends is None or highest <= ends[1]:
        return ""
    return f" Curves that leave the picture at the top go on, up to {highest:.0e}."


def _curves(
    names: list[str], x: Any, title: str, ends: list[float] | None, width: int, theme: Theme, limits: bool
) -> Any:
    inner = max(220, (width - 190) // 2 if width >= 900 else width - 90)
    legend = stroke_legend(4 if width >= 900 else 1)
    colour = alt.Color("run:N", scale=alt.Scale(domain=names, range=list(theme.runs[: len(names)])), legend=legend)
    dash = alt.StrokeDash("run:N", scale=alt.Scale(domain=names, range=list(DASHES[: len(names)])), legend=legend)
    base = alt.Chart(alt.NamedData(name="values"))
    losses = alt.Scale(type="log", nice=False, domain=ends or alt.Undefined)
    loss = alt.layer(
        base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        .mark_area(opacity=0.15, tooltip=None, clip=True)
        .encode(x=x, y=alt.Y("low:Q", title=title, scale=losses), y2=alt.Y2("high:Q"), color=colour),
        base.transform_filter("isValid(datum.median)")
        .mark_line(strokeWidth=2, tooltip=None, clip=True)
        .encode(
            x=x,
            y=alt.Y("median:Q", title=title, scale=losses, axis=alt.Axis(format=".5~g", tickCount=6)),
            color=colour,
            strokeDash=dash,
        ),
        width=inner,
        height=300,
    )
    share = alt.Scale(domain=[0, 1], nice=False)
    success = base.mark_line(strokeWidth=2, tooltip=None).encode(
        x=x,
        y=alt.Y("success:Q", title="share that converges", scale=share, axis=alt.Axis(format=".0%", tickCount=5)),
        color=colour,
        strokeDash=dash,
    )
    if limits:
        rule = (
            alt.Chart(alt.NamedData(name="limits"))
            .mark_rule(strokeDash=[2, 3], strokeWidth=2, tooltip=None)
            .encode(x=x, color=colour)
        )
        success = alt.layer(success, rule)
    success = success.properties(width=inner, height=300)
    return alt.hconcat(loss, success) if width >= 900 else alt.vconcat(loss, success)


def heatmap(found: Map, quantity: str, *, width: int = 480) -> Figure:
    """Steps to converge, final loss, or theory's convergence rate at each pair of hyperparameters.

    Args:
        found: The map.
        quantity: ``steps``, ``loss`` or ``theory``.
        width: Pixels to fit into.

    Raises:
        ValueError: Theory is asked for where it does not apply.
    """
    if quantity == "theory" and found.theory is None:
        raise ValueError("theory: it speaks of linear rules by themselves on quadratics only")
    titles = {"steps": "steps to converge", "loss": "final loss above the lowest", "theory": "exact convergence rate"}
    values = {"steps": found.ends.steps_to_converge, "loss": found.ends.loss, "theory": found.theory}[quantity]
    values = np.asarray(values, dtype=np.float64).reshape(found.shape)
    limits = {"theory": 1.0, "loss": float(found.descent.landscape.value(found.descent.start)), "steps": np.inf}
    values = np.where(values < limits[quantity], values, np.nan)
    if quantity == "loss":
        values = values - (found.descent.landscape.lowest or 0.0)
    with np.errstate(all="ignore"):
        height = np.log10(np.maximum(values, 1e-16)) if quantity == "loss" else np.log10(np.maximum(values, 1))
        height = values if quantity == "theory" else height
    usable = np.isfinite(height)
    low, high = (float(height[usable].min()), float(height[usable].max())) if usable.any() else (0.0, 1.0)
    share = np.where(usable, (height - low) / (high - low if high > low else 1.0), 0.0)
    ramp = np.array(_RAMP, dtype=np.float64)
    at = share * (len(ramp) - 1)
    left = np.clip(at.astype(int), 0, len(ramp) - 2)
    pixels = ramp[left] + (at - left)[..., None] * (ramp[left + 1] - ramp[left])
    pixels = np.where(usable[..., None], pixels, np.array(_NOT_CONVERGED, dtype=np.float64))
    size = max(160, min(width - 80, 460))
    x, y = (_axis(name, ends, axis) for name, ends, axis in zip(found.names, (found.x, found.y), "xy", strict=True))
    ends = [low, high] if quantity == "theory" else [10**low, 10**high]
    corner = alt.Chart(alt.NamedData(name="corners")).mark_point(opacity=0, tooltip=None)
    corner = corner.encode(x=x, y=y, color=_ramp_colour(ends, quantity != "theory", size))
    chart = alt.layer(_picture(size, size), corner, width=size, height=size)
    words = (
        f"{titles[quantity]}: from {ends[0]:.3g} (brightest) to {ends[1]:.3g} (darkest)"
        f"{', logarithmically' if quantity != 'theory' else ''}; "
        f"grey where it {'is no lower than at the start' if quantity == 'loss' else 'does not converge'}."
    )
    tables: dict[str, Table] = {
        "picture": {"url": [_png(pixels[::-1])]},
        "corners": {
            "x": [float(found.x[0]), float(found.x[-1])],
            "y": [float(found.y[0]), float(found.y[-1])],
            "value": ends,
        },
    }
    spec = {**chart.to_dict(validate=False), "autosize": _PAD, "config": {"axis": {"grid": False}}}
    return Figure(spec, tables, f"{titles[quantity].capitalize()} of {found.descent.optimizer.label}", words)


def _ramp_colour(ends: list[float], log: bool, length: int) -> Any:
    """The colours of the picture, which has been drawn already, for the legend above it."""
    colours = ["#" + "".join(f"{part:02X}" for part in colour) for colour in _RAMP]
    top = ends[1] if ends[1] > ends[0] else (10 * ends[0] if log else ends[0] + 1)
    domain = np.geomspace(ends[0], top, len(colours)) if log else np.linspace(ends[0], top, len(colours))
    legend = alt.Legend(
        title=None, orient="top", gradientLength=length, gradientOpacity=1, format=".5~g", tickCount=4, offset=4
    )
    scale: Any = alt.Scale(type="log" if log else "linear", domain=domain.tolist(), range=colours, interpolate="rgb")
    return alt.Color("value:Q", scale=scale, legend=legend)


def is_logarithmic(values: Array) -> bool:
    """Whether values rise by equal factors rather than equal steps."""
    return bool(values[0] > 0 and np.allclose(np.diff(np.log(values)), np.log(values[1] / values[0])))


def _axis(name: str, values: Array, axis: str) -> Any:
    log = is_logarithmic(values)
    scale = alt.Scale(type="log" if log else "linear", domain=[float(values[0]), float(values[-1])], nice=False)
    kind: Any = alt.X if axis == "x" else alt.Y
    return kind(
        f"{axis}:Q",
        title=name.replace("_", " "),
        scale=scale,
        axis=_decades() if log else alt.Axis(format="~g", tickCount=6),
    )


def _decades() -> Any:
    decade = "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-6"
    return alt.Axis(
        labelExpr=f"{decade} ? format(datum.value, '.5~g') : ''", tickCount=8, labelOverlap=True, grid=False
    )


def _picture(width: int, height: int) -> Any:
    return (
        alt.Chart(alt.NamedData(name="picture"))
        .mark_image(width=width, height=height, aspect=False, tooltip=None)
        .encode(x=alt.value(width / 2), y=alt.value(height / 2), url=alt.Url("url:N"))
    )


def _png(pixels: Array) -> str:
    """Pixels as a data URL, four to a cell each way, so that browsers do not blur the cells' edges."""
    side = max(1, 480 // pixels.shape[0])
    large = np.repeat(np.repeat(pixels.round().astype(np.uint8), side, axis=0), side, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(large).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _hex(colour: Array) -> str:
    return "#" + "".join(f"{int(part):02X}" for part in colour)


def _names(labels: list[str]) -> list[str]:
    """Labels that differ: numbered where the same comes twice."""
    return [f"{name} {k + 1}" if labels.count(name) > 1 else name for k, name in enumerate(labels)]


def _columns(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    return {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}
