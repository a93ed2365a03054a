"""The gradient of a recurrent network on its way back through time."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from gdviz.charts.figure import Figure
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME
from gdviz.charts.theme import stroke_legend
from gdviz.charts.training import curves
from gdviz.gradflow import RecurrentFlow, recurrent_verdict

Array = NDArray[np.float64]


def through_time(flow: RecurrentFlow, *, width: int = 960, dark: bool = False) -> Figure:
    """Norms of the gradient against the distance in time from the loss: median and range over the seeds."""
    theme = DARK_THEME if dark else LIGHT_THEME
    table = measured_table(flow)
    names = list(norms(flow))
    if len(radius_table(flow)["distance"]):
        names.append(RADIUS)
    x = alt.X("distance:Q", title="steps before the loss", scale=alt.Scale(nice=False), axis=alt.Axis(tickMinStep=1))
    y = alt.Y(
        "median:Q",
        title="norm of the loss's gradient",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format=".5~g", tickCount=6),
    )
    legend = stroke_legend(2 if width >= 600 else 1)
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=[*theme.runs[: len(names) - 1], theme.ink]),
        legend=legend,
    )
    dashes = alt.Scale(domain=names, range=list(DASHES[: len(names)]))
    dash = alt.StrokeDash("series:N", scale=dashes, legend=legend)
    measured = alt.Chart(alt.NamedData(name="measured"))
    expected = alt.Chart(alt.NamedData(name="radius"))
    chart = alt.layer(
        measured.mark_area(opacity=0.2, tooltip=None).encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=colour),
        measured.mark_line(strokeWidth=2, tooltip=None).encode(x=x, y=y, color=colour, strokeDash=dash),
        expected.mark_line(strokeWidth=1.5, tooltip=None).encode(x=x, y=y, color=colour, strokeDash=dash),
        width=max(200, min(width, 1100) - 90),
        height=300,
    )
    return Figure(
        {**chart.to_dict(validate=False), "autosize": {"type": "pad", "contains": "padding"}},
        {"measured": table, "radius": radius_table(flow)},
        "The gradient on its way back through time",
        recurrent_verdict(flow),
    )


RADIUS = "spectral radius to the power of the distance"


def norms(flow: RecurrentFlow) -> dict[str, Array]:
    """The series that are drawn, by name, each of shape (S, T)."""
    return {
        **{f"by the state {name}": values for name, values in flow.gradient.items()},
        "by the input of that step": flow.input_gradient,
        "that step's share in the gradient of U": flow.recurrent_gradient,
    }


def measured_table(flow: RecurrentFlow) -> dict[str, Any]:
    """One row a series and step; zeros and what is not finite are left out, as in all logarithmic charts."""
    rows = [
        (name, distance, *np.percentile(column, [50, 0, 100]))
        for name, values in norms(flow).items()
        for distance, column in zip(flow.distance, values.T, strict=True)
        if np.all(np.isfinite(column) & (column > 0))
    ]
    return {
        name: np.array([row[i] for row in rows])
        for i, name in enumerate(("series", "distance", "median", "low", "high"))
    }


def radius_table(flow: RecurrentFlow) -> dict[str, Any]:
    """ρ^distance times the gradient at the loss, which a linear network without gates comes to; empty for gates."""
    distance = flow.distance if flow.setup.cell.gates == 1 else flow.distance[:0]
    with np.errstate(all="ignore"):
        values = np.median(flow.spectral_radius) ** distance * np.median(flow.gradient["h"][:, -1])
    usable = np.isfinite(values) & (values > 0)
    return {
        "series": np.full(int(usable.sum()), RADIUS),
        "distance": distance[usable],
        "median": np.asarray(values)[usable],
    }


def before_and_after(flows: Mapping[str, RecurrentFlow], *, width: int = 960, dark: bool = False) -> Figure:
    """The gradient by the state relative to that at the loss, of several recurrent networks."""
    series = {}
    for name, flow in flows.items():
        with np.errstate(all="ignore"):
            size = np.sqrt(sum(np.median(values, axis=0) ** 2 for values in flow.gradient.values()))
            # From the loss backwards: a series' name stands where it ends.
            series[name] = (flow.distance[::-1].tolist(), (size / size[-1])[::-1].tolist())
    return curves(
        series,
        "steps before the loss",
        "gradient relative to the last step",
        scale="log",
        width=min(width, 1100) - 20,
        dark=dark,
    )
