"""A landscape as a surface in space, and the paths of runs on it: a Plotly figure that can be turned by hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviz.charts.background import Relief, grid, relief
from gdviz.charts.palette import DARK_THEME, LIGHT_THEME
from gdviz.charts.trails import drawn_steps
from gdviz.charts.trajectories import comparable
from gdviz.descent import Trajectory
from gdviz.descent.trajectory import labels

_POINTS = 90
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "dash", "dot")
_SYMBOLS = ("circle", "square", "diamond", "cross", "x", "circle-open", "square-open", "diamond-open")


def surface(trajectories: Trajectory | Sequence[Trajectory], *, height: int = 560, dark: bool = False) -> Any:
    """Draw runs on their landscape in three dimensions, in the colours of :func:`gdviz.charts.descent`.

    The height is the loss, or its logarithm above the lowest one, on the same scale as the colours of the flat chart.
    A path is drawn where it is within the landscape's domain.

    Args:
        trajectories: One run or several on the same landscape.
        height: Pixels.
        dark: Colours for a dark ground.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        ValueError: There are no trajectories, more than there are colours, or several landscapes.
    """
    import plotly.graph_objects as go  # here, so that who draws no surface need not load it

    runs = comparable(trajectories)
    theme = DARK_THEME if dark else LIGHT_THEME
    landscape = runs[0].setup.landscape
    drawn = relief(landscape)
    x, y, loss = grid(landscape, _POINTS)
    ground = go.Surface(
        x=x,
        y=y,
        z=drawn.height(loss).astype(np.float32),
        customdata=loss,
        colorscale=[[0, theme.valley], [1, theme.hill]],
        showscale=False,
        contours_z={"show": True, "color": theme.line, "width": 1, **_levels(drawn)},
        hovertemplate="x %{x:.4g}, y %{y:.4g}, loss %{customdata:.4g}<extra></extra>",
    )
    paths = [
        go.Scatter3d(
            **_path(run, drawn),
            name=name,
            mode="lines+markers",
            line={"color": theme.runs[i], "width": 6, "dash": _DASHES[i]},
            marker={"color": theme.runs[i], "size": 2.5, "symbol": _SYMBOLS[i]},
            hovertemplate="step %{text}, x %{x:.4g}, y %{y:.4g}, loss %{customdata:.4g}",
        )
        for i, (name, run) in enumerate(zip(labels(runs), runs, strict=True))
    ]
    axis = {"color": theme.ink, "gridcolor": theme.line, "showbackground": False}
    stars = np.array(landscape.minima).reshape(-1, 2)
    minima = go.Scatter3d(
        x=stars[:, 0],
        y=stars[:, 1],
        z=drawn.height(landscape.value(stars.T)),
        name="known minimum",
        mode="text",
        text="★",
        textfont={"color": theme.ink, "size": 18},
        hoverinfo="name",
        showlegend=False,
    )
    figure = go.Figure([ground, *paths, *([minima] if len(stars) else [])])
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        uirevision=landscape.name,  # new data leaves the point of view as it is
        paper_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.0, "font": {"color": theme.ink}},
        scene={
            "xaxis": {**axis, "title": "x"},
            "yaxis": {**axis, "title": "y"},
            "zaxis": {**axis, **_height_axis(drawn)},
            "aspectmode": "cube",
            "camera": {"eye": {"x": 1.2, "y": -1.5, "z": 1.1}},
        },
    )
    return figure


def _levels(drawn: Relief) -> dict[str, float]:
    return {"start": drawn.low, "end": drawn.high, "size": (drawn.high - drawn.low) / 12}


def _path(run: Trajectory, drawn: Relief) -> dict[str, NDArray[Any]]:
    """The drawn points of a run; a NaN, at which Plotly lifts its pen, where it is outside the plot."""
    steps = drawn_steps(run.steps)
    theta, loss = run.theta[steps].copy(), run.loss[steps]
    low, high = np.array(run.setup.landscape.domain).T
    theta[~np.all((theta >= low) & (theta <= high), axis=1)] = np.nan
    return {"x": theta[:, 0], "y": theta[:, 1], "z": drawn.height(loss), "customdata": loss, "text": steps}


def _height_axis(drawn: Relief) -> dict[str, Any]:
    if drawn.scale == "linear":
        return {"title": "loss" if drawn.floor == 0 else "loss above the lowest"}
    decades = np.arange(np.floor(drawn.low), np.ceil(drawn.high) + 1)
    return {"title": "loss above the lowest", "tickvals": decades, "ticktext": [f"{10.0**d:.0e}" for d in decades]}
