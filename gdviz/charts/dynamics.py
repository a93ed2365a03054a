"""A training run, layer by layer and step by step, playing: a heatmap, the layers at the step in hand, and the loss."""

import base64
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gdviz.charts.figure import Figure, Table, lean
from gdviz.charts.palette import DARK_THEME, LIGHT_THEME, Theme
from gdviz.charts.timeline import animated
from gdviz.gradflow import TrainingRun, training_verdict

Array = NDArray[np.float64]

QUANTITIES = {
    "gradient": "norm of the gradient of the weights",
    "used_gradient": "norm of that gradient after clipping",
    "weight_norm": "norm of the weights",
    "update_ratio": "update over weights",
    "activation_std": "standard deviation of the activations",
    "dead": "share of dead units",
}
"""Quantities of a run that can be drawn: fields of a TrainingRun, and their names."""

MOST_STEPS = 120
"""Longer runs are drawn with this many steps, evenly spread."""
VIRIDIS = (
    "#440154", "#482878", "#3E4989", "#31688E", "#26828E", "#1F9E89", "#35B779", "#6ECE58", "#B5DE2B", "#FDE725"
)  # fmt: skip
ZERO, BROKEN = "#8C8C8C", "#E0362C"
"""The colours of a number that is exactly 0 on a logarithmic scale, and of one that is not finite."""


def drawn_steps(run: TrainingRun) -> NDArray[np.int64]:
    """The steps that are drawn, counting from 1: all of a short run, and always the first and the last."""
    return np.unique(np.linspace(1, run.steps, min(run.steps, MOST_STEPS)).round().astype(np.int64))


def training(run: TrainingRun, quantity: str = "gradient", *, width: int = 960, dark: bool = False) -> Figure:
    """A heatmap of layer against step that plays, the same numbers layer by layer at the step in hand, and the loss.

    Args:
        quantity: One of :data:`QUANTITIES`.

    Raises:
        ValueError: There is no such quantity.
    """
    if quantity not in QUANTITIES:
        raise ValueError(f"quantity must be one of {', '.join(QUANTITIES)}; got {quantity!r}")
    theme = DARK_THEME if dark else LIGHT_THEME
    values: Array = getattr(run, quantity)
    log = quantity != "dead"
    domain = _decades(values) if log else (0.0, 1.0)
    loss_log, loss_domain = _loss_domain(run.loss)
    shape = _Shape(run.steps, values.shape[1], QUANTITIES[quantity], log, domain, loss_log, loss_domain)
    steps = drawn_steps(run)
    middle = {"x": [(run.steps + 1) / 2], "y": [(values.shape[1] + 1) / 2]}
    broken = [run.breakdown] if run.breakdown and run.breakdown.layer <= values.shape[1] else []
    spec = _specification(shape, width, theme)
    tables: dict[str, Table] = {
        "heatmap": {"url": [_picture(values[steps - 1], log, domain, _heat_size(width))], **middle},
        "layers": _layers(values, steps, log),
        "loss": _against_step(run, run.loss, loss_log),
        "dead": _against_step(run, run.dead.max(axis=1), log=False),
        "breakdown": {"step": [b.step for b in broken], "layer": [b.layer for b in broken]},
        "curtain": {"to": [run.steps + 0.5]},
    }
    return Figure(spec, tables, "Training, layer by layer and step by step", _words(run, quantity))


@dataclass(frozen=True)
class _Shape:
    """The choices that determine a specification."""

    steps: int
    layers: int
    title: str
    log: bool
    domain: tuple[float, float]
    loss_log: bool
    loss_domain: tuple[float, float]


def _words(run: TrainingRun, quantity: str) -> str:
    values = getattr(run, quantity)
    told = [
        f"At step {step}, the {QUANTITIES[quantity]} goes from {values[step - 1, 0]:.3g} at layer 1 "
        f"to {values[step - 1, -1]:.3g} at the last."
        for step in (1, run.steps)
    ]
    return " ".join([training_verdict(run), *dict.fromkeys(told)])


# Data ---------------------------------------------------------------------------------------------------------------


def _decades(values: Array) -> tuple[float, float]:
    """The powers of ten that hold all numbers a logarithmic scale has a place for."""
    usable = values[np.isfinite(values) & (values > 0)]
    if not len(usable):
        return 0.1, 1.0
    low, high = np.floor(np.log10(usable.min())), np.ceil(np.log10(usable.max()))
    return float(10.0 ** max(low, -307)), float(10.0 ** min(max(high, low + 1), 308))


def _loss_domain(loss: Array) -> tuple[bool, tuple[float, float]]:
    """Whether the losses need a logarithmic axis, and its ends."""
    usable = loss[np.isfinite(loss)]
    if len(usable) and usable.min() > 0 and usable.max() / 10 > usable.min():
        return True, _decades(usable)
    top = float(np.clip(usable.max(), 1e-300, 1e307)) if len(usable) and usable.max() > 0 else 1.0
    decade = 10.0 ** np.floor(np.log10(top))
    # Few different ends, so that the same specification, made once, serves most changes.
    return False, (0.0, next(float(m * decade) for m in (1.2, 1.5, 2, 3, 4, 5, 6, 8, 10, 12) if m * decade > top))


def _layers(values: Array, steps: NDArray[np.int64], log: bool) -> Table:
    """One row a drawn step and layer. ``next`` is the step at which the following one takes over."""
    count = values.shape[1]
    following = np.append(steps[1:], 2**31 - 1)
    flat = values[steps - 1].ravel()
    usable = np.isfinite(flat) & ((flat > 0) | (not log))
    return {
        "step": np.repeat(steps, count)[usable],
        "next": np.repeat(following, count)[usable],
        "layer": np.tile(np.arange(1, count + 1), len(steps))[usable],
        "value": flat[usable],
    }


def _against_step(run: TrainingRun, values: Array, log: bool) -> Table:
    steps = drawn_steps(run)
    steps = steps[np.isfinite(values[steps - 1]) & ((values[steps - 1] > 0) | (not log))]
    return {"step": steps, "next": np.append(steps[1:], [2**31 - 1] * bool(len(steps))), "value": values[steps - 1]}


def _picture(values: Array, log: bool, domain: tuple[float, float], size: tuple[int, int]) -> str:
    """Rows (steps) of columns (layers) as a data URL: steps to the right, layers upwards."""
    low, high = np.log10(domain) if log else domain
    with np.errstate(all="ignore"):
        height = ((np.log10(values) if log else values) - low) / (high - low)
    place = np.clip(np.nan_to_num(height, nan=0.0, posinf=1.0, neginf=0.0), 0, 1) * (len(VIRIDIS) - 1)
    anchors = np.array([_rgb(colour) for colour in VIRIDIS])
    colours = np.stack([np.interp(place, np.arange(len(anchors)), channel) for channel in anchors.T], axis=-1)
    if log:
        colours[values == 0] = _rgb(ZERO)
    colours[~np.isfinite(values)] = _rgb(BROKEN)
    image = Image.fromarray(colours.transpose(1, 0, 2)[::-1].round().astype(np.uint8))
    # Enlarged here, cell by cell: a browser would blur one cell into the next.
    factor = [max(1, -(-pixels // cells)) for pixels, cells in zip(size, image.size, strict=True)]
    image = image.resize((image.width * factor[0], image.height * factor[1]), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.quantize(128).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


# Specification ------------------------------------------------------------------------------------------------------


def _side_by_side(width: int) -> bool:
    return width >= 720


def _heat_size(width: int) -> tuple[int, int]:
    return (int(0.6 * (width - 200)) if _side_by_side(width) else width - 70), 280


@lru_cache(maxsize=32)
def _specification(shape: _Shape, width: int, theme: Theme) -> dict[str, Any]:
    """The specification without its data."""
    heat_width, height = _heat_size(width)
    side_width = width - heat_width - 240 if _side_by_side(width) else heat_width
    x = lean(alt.Scale(domain=[0.5, shape.steps + 0.5], nice=False, zero=False))
    y = lean(alt.Scale(domain=[0.5, shape.layers + 0.5], nice=False, zero=False))
    heat = _heatmap(shape, x, y, (heat_width, height), theme)
    profile = _profile(shape, y, (side_width, height), theme, _side_by_side(width))
    below = 140
    loss = _against_step_plot("loss", "loss", shape.loss_log, shape.loss_domain, x, (heat_width, below), theme.runs[1])
    dead = _against_step_plot("dead", "most dead units", False, (0, 1), x, (side_width, below), theme.runs[0])
    plots: tuple[Any, ...] = heat, profile, loss, dead
    if _side_by_side(width):
        plots = alt.hconcat(heat, profile, spacing=16), alt.hconcat(loss, dead, spacing=16)
    chart = alt.vconcat(*plots, spacing=16, config=alt.Config(mark=alt.MarkConfig(aria=False, tooltip=None)))
    return animated(chart.to_dict(validate=False), shape.steps, clickable=False, followed={})


_NOW = "datum.step <= step && step < datum.next"
_STEP_AXIS = lean(alt.Axis(tickMinStep=1, format="d", tickCount=6))
_LAYER_AXIS = lean(alt.Axis(tickMinStep=1, format="d", tickCount=6))


def _heatmap(shape: _Shape, x: Any, y: Any, size: tuple[int, int], theme: Theme) -> Any:
    at = {
        "x": alt.X("x:Q", title="step", scale=x, axis=_STEP_AXIS),
        "y": alt.Y("y:Q", title="layer", scale=y, axis=_LAYER_AXIS),
    }
    return alt.layer(
        alt.Chart(alt.NamedData(name="heatmap"))
        .mark_image(width=size[0], height=size[1], aspect=False, smooth=False)
        .encode(**at, url=alt.Url("url:N")),
        # What is still to come lies under a curtain, which the step draws aside.
        alt.Chart(alt.NamedData(name="curtain"))
        .transform_calculate(since="step + 0.5")
        .mark_rect(color=theme.halo, opacity=0.8, clip=True)
        .encode(x=alt.X("since:Q", scale=x, title="step", axis=_STEP_AXIS), x2="to"),
        alt.Chart(alt.NamedData(name="breakdown"))
        .mark_text(text="✕", fontSize=22, fontWeight="bold", color="white", stroke="black", strokeWidth=1)
        .encode(
            x=alt.X("step:Q", scale=x, title="step", axis=_STEP_AXIS),
            y=alt.Y("layer:Q", scale=y, title="layer", axis=_LAYER_AXIS),
        ),
        width=size[0],
        height=size[1],
    )


def _profile(shape: _Shape, y: Any, size: tuple[int, int], theme: Theme, room_beside: bool) -> Any:
    kind: Any = "log" if shape.log else "linear"
    form = ".5~g" if shape.log else ".0%"
    x = alt.X(
        "value:Q",
        title=shape.title,
        scale=lean(alt.Scale(type=kind, domain=list(shape.domain), nice=False)),
        axis=lean(alt.Axis(format=form, tickCount=4, labelOverlap=True)),
    )
    layer = alt.Y("layer:Q", title="layer", scale=y, axis=_LAYER_AXIS)
    colour = alt.Color(
        "value:Q",
        scale=alt.Scale(type=kind, domain=list(shape.domain), range=list(VIRIDIS), interpolate="rgb"),
        legend=alt.Legend(
            title=None,
            format=form,
            tickCount=4,
            orient="right" if room_beside else "top",
            gradientLength=size[1] - 60 if room_beside else size[0],
        ),
    )
    now = alt.Chart(alt.NamedData(name="layers")).transform_filter(_NOW)
    return alt.layer(
        now.mark_line(color=theme.ink, strokeWidth=1, clip=True).encode(x=x, y=layer, order=alt.Order("layer:Q")),
        now.mark_point(filled=True, opacity=1, size=45, stroke=theme.ink, strokeWidth=0.5, clip=True).encode(
            x=x, y=layer, color=colour
        ),
        width=size[0],
        height=size[1],
    )


def _against_step_plot(
    table: str, title: str, log: bool, domain: tuple[float, float], x: Any, size: tuple[int, int], colour: str
) -> Any:
    step = alt.X("step:Q", title="step", scale=x, axis=_STEP_AXIS)
    value = alt.Y(
        "value:Q",
        title=title,
        scale=lean(alt.Scale(type="log" if log else "linear", domain=list(domain), nice=False)),
        axis=lean(alt.Axis(format=".5~g", tickCount=4)),
    )
    values = alt.Chart(alt.NamedData(name=table)).encode(x=step, y=value)
    grown = values.transform_filter("datum.step <= step")
    return alt.layer(
        values.mark_line(strokeWidth=1, opacity=0.35, color=colour, clip=True).encode(order=alt.Order("step:Q")),
        grown.mark_line(strokeWidth=2, color=colour, clip=True).encode(order=alt.Order("step:Q")),
        values.transform_filter(_NOW).mark_point(filled=True, opacity=1, size=80, color=colour),
        width=size[0],
        height=size[1],
    )
