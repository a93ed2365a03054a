"""The path of a training through the plane of its two principal directions, over the true loss on that plane."""

import altair as alt
import numpy as np

from gdviz.charts.background import ground
from gdviz.charts.figure import Figure, Table, live_spec
from gdviz.charts.palette import DARK_THEME, LIGHT_THEME
from gdviz.charts.theme import plot_height
from gdviz.training.events import Plane


def weight_plane(plane: Plane, *, width: int = 480, dark: bool = False) -> Figure:
    """The path over the loss of the plane. Where the path leaves the plane, it is drawn at its projection."""
    theme = DARK_THEME if dark else LIGHT_THEME
    x, y = np.array(plane.grid_x), np.array(plane.grid_y)
    loss = np.array(plane.grid_loss, dtype=np.float64)
    finite = np.isfinite(loss)
    # Where the loss is not finite, the map has its highest colour.
    loss = np.where(finite, loss, loss[finite].max() if finite.any() else 0.0)
    below = ground(x, y, loss, None, theme)
    path = {"x": np.array(plane.x), "y": np.array(plane.y), "at": np.arange(len(plane.x))}
    ends = {"x": path["x"][[0, -1]], "y": path["y"][[0, -1]], "end": ["start", "end"]}
    side = plot_height(width)
    titles = [f"direction {i + 1} ({share:.0%} of the variance)" for i, share in enumerate(plane.explained)]
    at_x, at_y = (
        channel(f"{name}:Q", title=title, scale=alt.Scale(domain=[axis[0], axis[-1]], nice=False, zero=False))
        for channel, name, title, axis in zip((alt.X, alt.Y), "xy", titles, (x, y), strict=True)
    )
    shape = alt.Shape("end:N", scale=alt.Scale(domain=["start", "end"], range=["circle", "square"]), legend=None)
    chart = alt.layer(
        alt.Chart(alt.NamedData(name="image"))
        .mark_image(width=side, height=side, tooltip=None)
        .encode(url=alt.Url("url:N"), x=alt.value(side / 2), y=alt.value(side / 2)),
        alt.Chart(alt.NamedData(name="contours"))
        .mark_line(strokeWidth=0.7, color=theme.line, clip=True, tooltip=None)
        .encode(x=at_x, y=at_y, detail=alt.Detail("line:N"), order=alt.Order("at:Q")),
        alt.Chart(alt.NamedData(name="path"))
        .mark_line(strokeWidth=2, color=theme.runs[0], clip=True, tooltip=None)
        .encode(x=at_x, y=at_y, order=alt.Order("at:Q")),
        alt.Chart(alt.NamedData(name="ends"))
        .mark_point(filled=True, size=70, color=theme.runs[0], stroke=theme.halo, opacity=1, tooltip=None)
        .encode(x=at_x, y=at_y, shape=shape),
        width=side,
        height=side,
    )
    spec = live_spec(chart)
    tables: dict[str, Table] = {"image": below.image, "contours": below.contours, "path": path, "ends": ends}
    return Figure(spec, tables, "The training path in its principal plane", words(plane, below.scale))


def words(plane: Plane, scale: str) -> str:
    """How much of the path the plane holds, and how far the loss on it is from the loss along the path."""
    along, on = (np.array(losses, dtype=np.float64) for losses in (plane.path_loss, plane.plane_loss))
    apart = np.abs(along - on)
    worst = int(np.nanargmax(apart)) if np.isfinite(apart).any() else 0
    first, second = plane.explained
    return (
        f"The plane holds {first + second:.1%} of the path's variance ({first:.1%} and {second:.1%}). At step "
        f"{plane.steps[worst]} the loss along the path, {along[worst]:.4g}, is furthest from the loss on the plane, "
        f"{on[worst]:.4g}. Circle: start, square: end. Colours are on a {scale} scale of the loss."
    )
