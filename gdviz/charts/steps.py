"""The inside of runs: their quantities against the step, and a single step on the landscape."""

from collections.abc import Callable, Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from gdviz.charts.background import background
from gdviz.charts.figure import Figure
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME
from gdviz.charts.trails import drawn_steps
from gdviz.charts.trajectories import layout
from gdviz.descent import Trajectory
from gdviz.descent.trajectory import labels
from gdviz.theory import Step

Array = NDArray[np.float64]


def _effective(run: Trajectory) -> Array:
    """Step over gradient, coordinate by coordinate: the learning rate that plain gradient descent would need."""
    return np.asarray(-np.diff(run.theta, axis=0) / run.used_gradient)


GENERAL: dict[str, Callable[[Trajectory], Array]] = {
    "gradient norm": lambda run: np.asarray(np.linalg.norm(run.gradient, axis=1)),
    "length of the step": lambda run: np.asarray(np.linalg.norm(np.diff(run.theta, axis=0), axis=1)),
    "learning rate": lambda run: run.learning_rate,
    "effective learning rate, x": lambda run: _effective(run)[:, 0],
    "effective learning rate, y": lambda run: _effective(run)[:, 1],
}
"""Quantities that every run has; a rule's own are listed by :func:`quantities`."""


def quantities(runs: Sequence[Trajectory]) -> list[str]:
    """The names of what can be drawn of these runs: general quantities, then those that their rules remember."""
    named = {name: None for run in runs for name, values in run.state.items() if values.ndim <= 2}
    return [*GENERAL, *named]


def quantity(runs: Sequence[Trajectory], name: str, *, width: int = 960, dark: bool = False) -> Figure:
    """One quantity of all runs that have it, against the step. Coordinates x and y of a vector are two plots.

    Raises:
        ValueError: No run has such a quantity.
    """
    theme = DARK_THEME if dark else LIGHT_THEME
    names = labels(runs)
    if name not in quantities(runs):
        raise ValueError(f"quantity must be one of {', '.join(quantities(runs))}; got {name!r}")
    with np.errstate(all="ignore"):
        tables = [_rows(label, run, name) for label, run in zip(names, runs, strict=True)]
    columns = {key: np.concatenate([table[key] for table in tables]) for key in tables[0]}
    axes = list(dict.fromkeys(columns["axis"].tolist())) or [""]
    inner = max(180, (width - 90 * len(axes)) // len(axes) if width >= 720 else width - 90)
    colours = alt.Scale(domain=names, range=list(theme.runs[: len(names)]))
    dashes = alt.StrokeDash("run:N", scale=alt.Scale(domain=names, range=list(DASHES[: len(names)])), legend=None)
    plots = [
        alt.Chart(alt.NamedData(name="quantity"))
        .transform_filter(f"datum.axis == '{axis}'")
        .mark_line(clip=True, tooltip=None)
        .encode(
            x=alt.X("step:Q", title="step"),
            y=alt.Y("value:Q", title=f"{name}{axis}", scale=alt.Scale(type=_scale(columns["value"]), zero=False)),
            color=alt.Color("run:N", legend=alt.Legend(title=None, orient="top", columns=3), scale=colours),
            strokeDash=dashes,
        )
        .properties(width=inner, height=220)
        for axis in axes
    ]
    chart = alt.hconcat(*plots) if width >= 720 else alt.vconcat(*plots)
    spec = {**chart.to_dict(validate=False), "autosize": {"type": "pad", "contains": "padding"}}
    ends = [f"{label}: ends at {run_values[-1]:.3g}" for label, run_values in _ends(tables, names)]
    return Figure(spec, {"quantity": columns}, f"{name} against the step", "; ".join(ends) + ".")


def _rows(label: str, run: Trajectory, name: str) -> dict[str, Any]:
    values = GENERAL[name](run) if name in GENERAL else run.state.get(name, np.empty((0,)))
    coordinates = [("", values)] if values.ndim == 1 else [(f", {axis}", values[:, i]) for i, axis in enumerate("xy")]
    kept = drawn_steps(max(len(values) - 1, 0))[: len(values)]
    parts = [(kept, axis, column[kept]) for axis, column in coordinates]
    parts = [(steps[np.isfinite(column)], axis, column[np.isfinite(column)]) for steps, axis, column in parts]
    return {
        "run": np.concatenate([np.full(len(steps), label, dtype=object) for steps, _, _ in parts]),
        "axis": np.concatenate([np.full(len(steps), axis, dtype=object) for steps, axis, _ in parts]),
        "step": np.concatenate([steps for steps, _, _ in parts]),
        "value": np.concatenate([column for _, _, column in parts]),
    }


def _scale(values: Array) -> Any:
    """Logarithmic where all values are positive and spread over more than two decades."""
    return "log" if len(values) and values.min() > 0 and values.max() > 100 * values.min() else "linear"


def _ends(tables: Sequence[dict[str, Any]], names: Sequence[str]) -> list[tuple[str, Array]]:
    return [(name, table["value"]) for name, table in zip(names, tables, strict=True) if len(table["value"])]


def step(run: Trajectory, explained: Step, *, width: int = 480, dark: bool = False) -> Figure:
    """One step on the landscape: where it began, the update, and the directions against the gradient and of the state.

    The update is drawn in its true length; the other arrows show directions only, in the length of a tenth of the plot.
    """
    theme = DARK_THEME if dark else LIGHT_THEME
    landscape = run.setup.landscape
    ground = background(landscape, theme)
    size = layout(min(width, 719), landscape.domain).landscape
    span = np.array([high - low for low, high in landscape.domain])
    arrows = _arrows(explained, span)
    scales = [alt.Scale(domain=list(ends), nice=False, zero=False) for ends in landscape.domain]
    x, y = (alt.X("x:Q", title="x", scale=scales[0]), alt.Y("y:Q", title="y", scale=scales[1]))
    colours = alt.Color(
        "arrow:N",
        scale=alt.Scale(domain=arrows["arrow"], range=list(theme.runs[: len(arrows["arrow"])])),
        legend=alt.Legend(title=None, orient="top", columns=2, labelLimit=300),
    )
    layers = [
        alt.Chart(alt.NamedData(name="heatmap"))
        .mark_image(width=size[0], height=size[1], aspect=False)
        .encode(x=x, y=y, url=alt.Url("url:N")),
        alt.Chart(alt.NamedData(name="contours"))
        .mark_line(clip=True, strokeWidth=0.7, opacity=0.7, color=theme.line)
        .encode(x=x, y=y, detail=alt.Detail("line:N"), order=alt.Order("at:Q")),
        alt.Chart(alt.NamedData(name="trail"))
        .mark_line(clip=True, strokeWidth=1.5, color=theme.ink, opacity=0.6)
        .encode(x=x, y=y, order=alt.Order("step:Q")),
        alt.Chart(alt.NamedData(name="arrows"))
        .mark_rule(clip=True, strokeWidth=3)
        .encode(x=x, y=y, x2=alt.X2("x2"), y2=alt.Y2("y2"), color=colours),
        alt.Chart(alt.NamedData(name="arrows"))
        .mark_point(clip=True, filled=True, shape="triangle-up", size=120, opacity=1)
        .encode(
            x=alt.X("x2:Q", scale=scales[0], title="x"),
            y=alt.Y("y2:Q", scale=scales[1], title="y"),
            angle=alt.Angle("angle:Q", scale=None),
            color=colours,
        ),
    ]
    chart = alt.layer(*layers, width=size[0], height=size[1]).configure_mark(aria=False, tooltip=None)
    spec = {**chart.to_dict(validate=False), "autosize": {"type": "pad", "contains": "padding"}}
    path = run.theta[: explained.number]
    near = np.isfinite(path).all(axis=1) & (np.abs(path) < 10 * np.abs(np.array(landscape.domain)).max()).all(axis=1)
    tables = {
        "heatmap": ground.image,
        "contours": ground.contours,
        "trail": {"step": np.flatnonzero(near), "x": path[near, 0], "y": path[near, 1]},
        "arrows": {**arrows, "angle": _angles(arrows, span, size)},
    }
    before, after = explained.theta
    words = f"Step {explained.number} goes from ({before[0]:.4g}, {before[1]:.4g}) to ({after[0]:.4g}, {after[1]:.4g})."
    return Figure(spec, tables, f"One step of {run.label} on the {landscape.label} landscape", words)


def _arrows(explained: Step, span: Array) -> dict[str, list[Any]]:
    begin = explained.theta[0]
    vectors = {"update (true length)": explained.update, "against the gradient (direction)": -explained.gradient}
    for name in ("velocity", "m"):
        if name in explained.state:
            value = explained.state[name][1]
            vectors[f"{name} (direction)"] = value if name == "velocity" else -value
    columns: dict[str, list[Any]] = {name: [] for name in ("arrow", "x", "y", "x2", "y2")}
    for name, vector in vectors.items():
        relative = float(np.linalg.norm(vector / span))
        if not np.isfinite(relative) or relative == 0:
            continue
        end = begin + (vector if "true" in name else vector * 0.1 / relative)
        for column, value in zip(columns.values(), (name, *begin, *end), strict=True):
            column.append(value)
    return columns


def _angles(arrows: dict[str, list[Any]], span: Array, size: tuple[int, int]) -> Array:
    """Degrees clockwise from upwards, on the screen."""
    across = (np.array(arrows["x2"]) - np.array(arrows["x"])) / span[0] * size[0]
    up = (np.array(arrows["y2"]) - np.array(arrows["y"])) / span[1] * size[1]
    return np.asarray(np.degrees(np.arctan2(across, up)))
