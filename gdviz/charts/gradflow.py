"""Signal and gradient through the layers of a deep network, before and after a cure, and between order and chaos."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from gdviz.charts.figure import Figure, Table
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME, SHAPES
from gdviz.charts.theme import stroke_legend
from gdviz.gradflow import GradientFlow, theory, verdict
from gdviz.gradflow.flow import Histograms

Array = NDArray[np.float64]

QUANTITIES = {
    "signal": "root mean square of the activations",
    "gradient": "norm of the gradient of the activations",
    "weights": "norm of the gradient of the weights",
}
_PAD = {"type": "pad", "contains": "padding"}


def layers(flow: GradientFlow, *, width: int = 960, dark: bool = False) -> Figure:
    """Forward signal and backward gradients in each layer: median and range over the seeds, and theory's prediction.

    The theory's line stands only where it applies: fully connected, random weights, no normalisation, no residuals.
    """
    measured = measured_table(flow)
    return Figure(
        _layers_specification(width, dark),
        {"measured": measured, "predicted": predicted_table(flow), "ends": _ends(measured)},
        "Signal forward and gradient backward, layer by layer",
        verdict(flow),
    )


@lru_cache(maxsize=32)
def _layers_specification(width: int, dark: bool) -> dict[str, Any]:
    """The specification without its data: the same for every network, so that a change only sends data."""
    theme = DARK_THEME if dark else LIGHT_THEME
    inner = (width - 290) // 3 if width >= 900 else width - 90
    plots = []
    for i, (name, title) in enumerate(QUANTITIES.items()):
        colour = theme.runs[i]
        x = alt.X("layer:Q", title="layer", axis=alt.Axis(tickMinStep=1, format="d"), scale=alt.Scale(nice=False))
        y = alt.Y(
            "median:Q", title=title, scale=alt.Scale(type="log", nice=False), axis=alt.Axis(format=".5~g", tickCount=6)
        )
        ends = alt.Chart(alt.NamedData(name="ends")).transform_filter(f"datum.quantity == '{name}'")
        base = alt.Chart(alt.NamedData(name="measured")).transform_filter(f"datum.quantity == '{name}'")
        line = alt.Chart(alt.NamedData(name="predicted")).transform_filter(f"datum.quantity == '{name}'")
        plots.append(
            alt.layer(
                base.mark_area(opacity=0.25, color=colour, tooltip=None).encode(
                    x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q")
                ),
                base.mark_line(color=colour, strokeWidth=2, tooltip=None).encode(x=x, y=y),
                base.mark_point(color=colour, filled=True, size=30, shape=SHAPES[i]).encode(
                    x=x,
                    y=y,
                    tooltip=[
                        alt.Tooltip("layer:Q"),
                        alt.Tooltip("median:Q"),
                        alt.Tooltip("low:Q"),
                        alt.Tooltip("high:Q"),
                    ],
                ),
                line.mark_line(color=theme.ink, strokeDash=[5, 4], strokeWidth=1.5, tooltip=None).encode(x=x, y=y),
                ends.mark_point(size=0, tooltip=None).encode(y=y),
                width=inner,
                height=260,
            )
        )
    chart = alt.hconcat(*plots) if width >= 900 else alt.vconcat(*plots)
    # A canvas is drawn faster than hundreds of elements of an SVG.
    return {
        **chart.to_dict(validate=False),
        "autosize": _PAD,
        "usermeta": {"embedOptions": {"renderer": "canvas"}},
    }


def theory_words(flow: GradientFlow) -> str:
    """Where theory's prediction is drawn; where it does not apply, why, and what was measured."""
    try:
        theory.of_network(flow.setup)
    except ValueError as error:
        return f"No prediction is drawn: {error}. {gain_words(flow)}"
    return "Dashed: mean-field theory."


def gain_words(flow: GradientFlow) -> str:
    """The measured factors by which a layer multiplies signal and gradient, in words."""
    told = []
    for name, gains in (("signal", flow.signal_gain), ("gradient, on its way back,", flow.gradient_gain)):
        usable = gains[np.isfinite(gains) & (gains > 0)]
        if len(usable):
            low, middle, high = np.percentile(usable, [0, 50, 100])
            told.append(f"the {name} by {middle:.3g} (from {low:.3g} to {high:.3g})")
    return f"Measured: a layer multiplies {' and '.join(told)}." if told else "Measured: nothing that is not 0."


def _ends(measured: Mapping[str, Any]) -> dict[str, Any]:
    """The least range of an axis: a factor of ten. A smaller one would make mountains of nearly constant values."""
    rows = []
    for name in QUANTITIES:
        low, high = measured["low"][measured["quantity"] == name], measured["high"][measured["quantity"] == name]
        if len(low):
            bottom, top = low.min(), high.max()
            middle, reach = np.sqrt(bottom) * np.sqrt(top), 10**0.5
            rows += [(name, min(bottom, middle / reach)), (name, max(top, middle * reach))]
    return _columns(("quantity", "median"), rows)


def measured_table(flow: GradientFlow) -> dict[str, Any]:
    """One row a quantity and layer: median, smallest and largest over the seeds. Zeros and what is not finite are left
    out: a logarithmic axis has no place for them.
    """
    values = {
        "signal": np.hypot(flow.mean, flow.std),
        "gradient": flow.activation_gradient,
        "weights": flow.weight_gradient,
    }
    columns: dict[str, list[Any]] = {name: [] for name in ("quantity", "layer", "median", "low", "high")}
    for name, array in values.items():
        usable = np.all(np.isfinite(array) & (array > 0), axis=0)
        kept = array[:, usable]
        parts = (np.full(kept.shape[1], name), flow.layers[usable], np.median(kept, axis=0), kept.min(0), kept.max(0))
        for column, part in zip(columns.values(), parts, strict=True):
            column.append(part)
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def predicted_table(flow: GradientFlow) -> dict[str, Any]:
    """The predictions of mean-field theory, in the rows of :func:`measured_table`; empty where it does not apply."""
    try:
        expected = theory.predict(flow)
    except ValueError:
        return _columns(("quantity", "layer", "median"), [])
    last = float(np.median(flow.activation_gradient[:, -1]))
    lines = {"signal": expected.rms, "gradient": expected.relative_gradient * last}
    rows = [
        (name, layer, value)
        for name, array in lines.items()
        for layer, value in zip(flow.layers, array, strict=True)
        if np.isfinite(value) and value > 0
    ]
    return _columns(("quantity", "layer", "median"), rows)


def before_and_after(flows: Mapping[str, GradientFlow], *, width: int = 960, dark: bool = False) -> Figure:
    """The gradient of the activations in each layer, relative to the last layer's, of several networks."""
    rows = []
    for name, flow in flows.items():
        gradient = np.median(flow.activation_gradient, axis=0)
        with np.errstate(all="ignore"):
            relative = gradient / gradient[-1]
        usable = np.isfinite(relative) & (relative > 0)
        rows += [(name, layer, value) for layer, value in zip(flow.layers[usable], relative[usable], strict=True)]
    told = [f"{name}: {factor(flow)}" for name, flow in flows.items()]
    return Figure(
        _relative_specification(tuple(flows), width, dark),
        {"relative": _columns(("network", "layer", "gradient"), rows)},
        "Gradient before and after a change",
        "; ".join(told) + ".",
    )


@lru_cache(maxsize=32)
def _relative_specification(names: tuple[str, ...], width: int, dark: bool) -> dict[str, Any]:
    theme = DARK_THEME if dark else LIGHT_THEME
    colours = alt.Scale(domain=list(names), range=list(theme.runs[: len(names)]))
    dashes = alt.Scale(domain=list(names), range=list(DASHES[: len(names)]))
    legend: Any = None if len(names) == 1 else stroke_legend(3 if width >= 720 else 1)
    chart = (
        alt.Chart(alt.NamedData(name="relative"))
        .mark_line(tooltip=None, strokeWidth=2)
        .encode(
            x=alt.X("layer:Q", title="layer", axis=alt.Axis(tickMinStep=1, format="d"), scale=alt.Scale(nice=False)),
            y=alt.Y(
                "gradient:Q",
                title="gradient relative to the last layer",
                scale=alt.Scale(type="log", nice=False),
                axis=alt.Axis(format=".5~g", tickCount=6),
            ),
            color=alt.Color("network:N", scale=colours, legend=legend),
            strokeDash=alt.StrokeDash("network:N", scale=dashes, legend=legend),
        )
        .properties(width=max(200, min(width, 1100) - 90), height=300)
    )
    return {**chart.to_dict(validate=False), "autosize": _PAD}


def factor(flow: GradientFlow) -> str:
    """The factor of a layer on the gradient's way back, in words: the geometric mean over layers and seeds."""
    gradient = np.median(flow.activation_gradient, axis=0)
    if len(gradient) < 2 or not np.isfinite(gradient[[0, -1]]).all() or not gradient[[0, -1]].all():
        return "no factor: the gradient is 0 or not finite"
    return f"a factor of {(gradient[0] / gradient[-1]) ** (1 / (len(gradient) - 1)):.3g} a layer"


HISTOGRAMS = {
    "activations": "activation_histogram",
    "gradient of the activations": "activation_gradient_histogram",
    "gradient of the weights": "weight_gradient_histogram",
}
"""The quantities that have histograms, and the fields of a GradientFlow that hold them."""


def histogram(flow: GradientFlow, what: str, layer: int, *, width: int = 420, dark: bool = False) -> Figure:
    """The distribution of one quantity's entries in one layer, of the first seed.

    Args:
        what: One of :data:`HISTOGRAMS`.
    """
    histograms: Histograms = getattr(flow, HISTOGRAMS[what])
    edges, counts = histograms.edges[0, layer - 1], histograms.counts[0, layer - 1]
    usable = bool(np.isfinite(edges).all())
    columns = {
        "left": edges[:-1] if usable else np.empty(0),
        "right": edges[1:] if usable else np.empty(0),
        "count": counts if usable else np.empty(0),
    }
    title = f"{what}, layer {layer}"
    words = f"{title}: {int(counts.sum())} entries from {edges[0]:.3g} to {edges[-1]:.3g}."
    return Figure(
        _histogram_specification(title, width, dark),
        {"bins": columns},
        "The distribution of one quantity in one layer",
        words if usable else f"{title}: not finite.",
    )


@lru_cache(maxsize=64)
def _histogram_specification(title: str, width: int, dark: bool) -> dict[str, Any]:
    theme = DARK_THEME if dark else LIGHT_THEME
    chart = (
        alt.Chart(alt.NamedData(name="bins"))
        .mark_rect(color=theme.runs[1], tooltip=None)
        .encode(
            x=alt.X("left:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(format=".2~g", tickCount=5)),
            x2="right",
            y=alt.Y("count:Q", title="entries", scale=alt.Scale(zero=True)),
            y2=alt.datum(0),
        )
        .properties(width=max(160, width - 90), height=180)
    )
    return {**chart.to_dict(validate=False), "autosize": _PAD}


def order_and_chaos(flow: GradientFlow, *, width: int = 520, dark: bool = False) -> Figure:
    """The plane of weight and bias variance, with the critical line of the activation and where this network stands.

    Raises:
        ValueError: The theory does not apply to this network.
    """
    theme = DARK_THEME if dark else LIGHT_THEME
    field = theory.of_network(flow.setup)
    weights, biases = theory.critical_line(flow.setup.activation, np.geomspace(1e-4, 1e4, 400))
    right, top = 1.25 * max(field.weight_variance, 3.0), 1.25 * max(field.bias_variance, 0.5)
    upright = len(weights) > 0 and np.ptp(weights) < 1e-9 * weights[0]
    if upright:  # χ₁ does not depend on the signal's size, and so not on the biases
        weights, biases = weights[:2], np.array([0.0, top])
    elif not np.any((weights < right) & (biases < top)):
        right = max(right, 1.25 * float(weights[0]))
        top = max(top, 1.25 * float(biases[0]), 0.05 * right)
    x = alt.X("weight:Q", title="weight variance σ_w²", scale=alt.Scale(domain=[0, right], nice=False))
    y = alt.Y("bias:Q", title="bias variance σ_b²", scale=alt.Scale(domain=[0, top], nice=False))
    point = alt.Chart(alt.NamedData(name="point")).encode(x=x, y=y)
    chart = alt.layer(
        alt.Chart(alt.NamedData(name="line"))
        .mark_line(color=theme.ink, clip=True, tooltip=None)
        .encode(x=x, y=y, order=alt.Order("at:Q")),
        point.mark_point(size=160, filled=True, color=theme.runs[0], opacity=1, tooltip=None),
        point.mark_text(dy=-16, color=theme.ink, tooltip=None).encode(text=alt.Text("label:N")),
        width=max(200, width - 90),
        height=300,
    )
    gains = flow.gradient_gain[np.isfinite(flow.gradient_gain) & (flow.gradient_gain > 0)]
    measured = f", measured {np.median(gains) ** 2:.3g}" if len(gains) else ""
    words = (
        f"This network: σ_w² = {field.weight_variance:.3g}, σ_b² = {field.bias_variance:.3g}, "
        f"χ₁ = {field.chi:.3g} in theory{measured}: {field.phase}. "
        "Left of the line (order) gradients vanish, right of it (chaos) they explode."
    )
    if upright:
        words += (
            f" For {flow.setup.activation.label} χ₁ does not depend on the biases: the line is upright, and only at "
        )
        words += "its foot, σ_b² = 0, does the signal keep its size as well."
    tables: dict[str, Table] = {
        "line": {"at": np.arange(len(weights)), "weight": weights, "bias": biases},
        "point": {"weight": [field.weight_variance], "bias": [field.bias_variance], "label": ["this network"]},
    }
    return Figure({**chart.to_dict(validate=False), "autosize": _PAD}, tables, "Order and chaos", words)


def _columns(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    return {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}
