"""Predictions of a model that learns: decision boundary, fitted curve, residuals, confusion matrix, images."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray

from gdviz.charts.figure import Figure, Table, live_spec
from gdviz.charts.palette import DARK_THEME, LIGHT_THEME, SHAPES, Theme
from gdviz.charts.pictures import montage, pixels, png, rgb
from gdviz.charts.theme import plot_height
from gdviz.training.events import Boundary, Curve, Example, Points, Residuals

_STRENGTH = 0.6
"""How much of a class's colour a sure prediction has; the points on it have all of it."""
_MOST_NAMED = 20
"""A confusion matrix of more classes has no numbers in its cells."""
_IMAGE, _CELL = 62, (108, 84)
"""The size of an image, and the height and width of its place with two lines of text below."""
_FILTER = 44


def boundary(
    grid: Boundary,
    points: Points,
    inputs: Sequence[str],
    classes: Sequence[str],
    epoch: int,
    *,
    width: int = 480,
    dark: bool = False,
) -> Figure:
    """The model's predictions everywhere in the plane of its two inputs, and the data.

    Colours are those of the classes, mixed by their probabilities; lines are where two are equally likely.

    Args:
        grid: The predictions.
        points: The data.
        inputs: Names of the two inputs.
        classes: Names of the classes; none for a regression.
        epoch: Epochs done.
        width: Of the chart, in pixels.
        dark: For a dark page.
    """
    theme = DARK_THEME if dark else LIGHT_THEME
    x, y = np.array(grid["x"]), np.array(grid["y"])
    values = np.array(grid["values"], dtype=np.float64)
    chance = np.concatenate([1 - values, values]) if len(classes) == 2 and len(values) == 1 else values
    lines = _boundaries(x, y, chance) if classes else []
    labels = [classes[int(i)] for i in points["target"]] if classes else ["data"] * len(points["x"])
    tables: dict[str, Table] = {
        "map": {"url": [png(_mixed(chance, bool(classes), theme)[::-1])]},
        "boundaries": {
            "x": np.concatenate([line[:, 0] for line in lines] or [np.empty(0)]),
            "y": np.concatenate([line[:, 1] for line in lines] or [np.empty(0)]),
            "at": np.concatenate([np.arange(len(line)) for line in lines] or [np.empty(0, dtype=int)]),
            "line": np.repeat(np.arange(len(lines)), [len(line) for line in lines]),
        },
        "points": {"x": points["x"], "y": points["y"], "class": labels},
    }
    ends = (float(x[0]), float(x[-1])), (float(y[0]), float(y[-1]))
    spec = _boundary_spec(ends, tuple(inputs), tuple(classes), width, dark)
    words = f"After epoch {epoch} the plane is divided by {len(lines)} boundary lines."
    return Figure(spec, tables, "What the model says in the plane of its inputs", words)


@lru_cache(maxsize=32)
def _boundary_spec(ends: Any, inputs: tuple[str, ...], classes: tuple[str, ...], width: int, dark: bool) -> Any:
    theme = DARK_THEME if dark else LIGHT_THEME
    side = plot_height(width)
    x, y = (
        channel(f"{name}:Q", title=title, scale=alt.Scale(domain=list(domain), nice=False, zero=False))
        for channel, name, title, domain in zip((alt.X, alt.Y), "xy", inputs, ends, strict=True)
    )
    names = list(classes) or ["data"]
    colour = alt.Color(
        "class:N",
        scale=alt.Scale(domain=names, range=[theme.runs[i % 8] for i in range(len(names))]),
        legend=alt.Legend(title=None, orient="top", columns=4) if classes else None,
    )
    shapes = alt.Scale(domain=names, range=[SHAPES[i % 8] for i in range(len(names))])
    shape = alt.Shape("class:N", scale=shapes, legend=None)
    chart = alt.layer(
        _picture("map", side, side),
        alt.Chart(alt.NamedData(name="boundaries"))
        .mark_line(color=theme.ink, strokeWidth=2, clip=True, tooltip=None, invalid=None)
        .encode(x=x, y=y, detail=alt.Detail("line:N"), order=alt.Order("at:Q")),
        alt.Chart(alt.NamedData(name="points"))
        .mark_point(
            filled=True, size=26, opacity=0.9, stroke=theme.halo, strokeWidth=0.5, clip=True, tooltip=None, invalid=None
        )
        .encode(x=x, y=y, color=colour, shape=shape),
        width=side,
        height=side,
    )
    return live_spec(chart)


def _mixed(values: NDArray[np.float64], classes: bool, theme: Theme) -> NDArray[np.float64]:
    """The colour of each point of a grid (outputs, y, x): mixed from the classes' colours, or by height."""
    ground = rgb(theme.valley)
    values = np.nan_to_num(values)
    if not classes:
        height = (values[0] - values[0].min()) / (np.ptp(values[0]) or 1.0)
        return np.asarray(ground + height[..., None] * (rgb(theme.hill) - ground))
    colours = np.array([rgb(theme.runs[i % 8]) for i in range(len(values))])
    return np.asarray(ground + _STRENGTH * (np.einsum("kyx,kc->yxc", values, colours) - ground))


def _boundaries(x: Any, y: Any, chance: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Where a class is as likely as the likeliest other one. Between two classes that is one line, drawn once."""
    lines: list[NDArray[np.float64]] = []
    chance = np.nan_to_num(chance)
    for i in range(len(chance) if len(chance) > 2 else 1):
        others = np.delete(chance, i, axis=0).max(axis=0)
        lines += [np.asarray(line) for line in contour_generator(x, y, chance[i] - others).lines(0.0)]
    return lines


def fit(curve: Curve, points: Points, name: str, epoch: int, *, width: int = 480, dark: bool = False) -> Figure:
    """The fitted curve over the data, for one input, which has a name, and a number to be predicted."""
    margin = 0.15 * (max(points["target"]) - min(points["target"]) or 1.0)
    ends = (min(curve["x"]), max(curve["x"])), (min(points["target"]) - margin, max(points["target"]) + margin)
    tables: dict[str, Table] = {
        "points": {"x": points["x"], "y": points["target"]},
        "curve": {"x": curve["x"], "y": curve["y"]},
    }
    words = f"After epoch {epoch} the curve runs from {curve['y'][0]:.3g} to {curve['y'][-1]:.3g}."
    return Figure(_fit_spec(ends, name, width, dark), tables, "The fitted curve over the data", words)


@lru_cache(maxsize=32)
def _fit_spec(ends: Any, name: str, width: int, dark: bool) -> Any:
    theme = DARK_THEME if dark else LIGHT_THEME
    x, y = (
        channel(f"{axis}:Q", title=title, scale=alt.Scale(domain=list(domain), nice=False, zero=False))
        for channel, axis, title, domain in zip((alt.X, alt.Y), "xy", (name, "target"), ends, strict=True)
    )
    chart = alt.layer(
        alt.Chart(alt.NamedData(name="points"))
        .mark_point(filled=True, size=22, opacity=0.6, color=theme.runs[1], clip=True, tooltip=None, invalid=None)
        .encode(x=x, y=y),
        alt.Chart(alt.NamedData(name="curve"))
        .mark_line(strokeWidth=2.5, color=theme.runs[0], clip=True, tooltip=None, invalid=None)
        .encode(x=x, y=y),
        width=max(180, width - 80),
        height=plot_height(width),
    )
    return live_spec(chart)


def residuals(answers: Residuals, part: str, *, width: int = 480, dark: bool = False) -> Figure:
    """True value less prediction, against the prediction: up to 500 rows of a part of the data."""
    predicted = np.array(answers["predicted"], dtype=np.float64)
    rest = np.array(answers["true"], dtype=np.float64) - predicted
    spread = np.sqrt(np.mean(rest**2)) if len(rest) else np.nan
    words = f"{len(rest)} rows of the {part} part; root mean square {spread:.4g}."
    tables: dict[str, Table] = {"residuals": {"predicted": predicted, "residual": rest}}
    return Figure(_residuals_spec(width, dark), tables, "Residuals against predictions", words)


@lru_cache(maxsize=32)
def _residuals_spec(width: int, dark: bool) -> Any:
    theme = DARK_THEME if dark else LIGHT_THEME
    base = alt.Chart(alt.NamedData(name="residuals"))
    chart = alt.layer(
        base.mark_rule(color=theme.ink, strokeDash=[4, 3], tooltip=None, invalid=None).encode(y=alt.datum(0)),
        base.mark_point(filled=True, size=26, opacity=0.7, color=theme.runs[1], tooltip=None, invalid=None).encode(
            x=alt.X("predicted:Q", title="prediction", scale=alt.Scale(zero=False)),
            y=alt.Y("residual:Q", title="true value - prediction"),
        ),
        width=max(180, width - 80),
        height=plot_height(width),
    )
    return live_spec(chart)


def confusion(
    matrix: Sequence[Sequence[int]], classes: Sequence[str], part: str, *, width: int = 480, dark: bool = False
) -> Figure:
    """How often each class was taken for each other one; colours are shares of the true class."""
    counts = np.array(matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    true, predicted = np.indices(counts.shape)
    names = np.array(classes, dtype=object)
    tables: dict[str, Table] = {
        "cells": {
            "true": names[true.ravel()],
            "predicted": names[predicted.ravel()],
            "count": counts.ravel(),
            "share": shares.ravel(),
        }
    }
    right, total = int(np.trace(counts)), int(counts.sum())
    words = f"{right} of {total} rows of the {part} part are right ({100 * right / max(total, 1):.1f} %)."
    return Figure(_confusion_spec(tuple(classes), width, dark), tables, "Confusion matrix", words)


@lru_cache(maxsize=32)
def _confusion_spec(classes: tuple[str, ...], width: int, dark: bool) -> Any:
    theme = DARK_THEME if dark else LIGHT_THEME
    side = plot_height(width)
    axis = alt.Axis(labelAngle=0, labelOverlap=True, labelLimit=70, ticks=False, domain=False)
    base = alt.Chart(alt.NamedData(name="cells")).encode(
        x=alt.X("predicted:N", title="predicted class", sort=list(classes), axis=axis),
        y=alt.Y("true:N", title="true class", sort=list(classes), axis=axis),
    )
    shade = alt.Scale(domain=[0, 1], range=[theme.valley, theme.runs[1]])
    layers = [base.mark_rect(tooltip=None, invalid=None).encode(color=alt.Color("share:Q", scale=shade, legend=None))]
    if len(classes) <= _MOST_NAMED:
        ink = alt.condition("datum.share > 0.5", alt.value(theme.halo), alt.value(theme.ink))
        number = base.transform_filter("datum.count > 0").mark_text(fontSize=11, tooltip=None, invalid=None)
        layers.append(number.encode(text=alt.Text("count:Q"), color=ink))
    chart = alt.layer(*layers, width=side, height=side)
    return live_spec(chart)


def images(
    examples: Sequence[Example],
    shape: Sequence[int],
    classes: Sequence[str],
    title: str,
    *,
    width: int = 480,
    dark: bool = False,
) -> Figure:
    """Images with their predicted classes and the probabilities of these; below wrong ones, the true classes. As many
    as fit.

    Args:
        examples: The images.
        shape: Height, width and channels of each.
        classes: Names of the classes.
        title: Of the chart.
        width: Of the chart, in pixels.
        dark: For a dark page.
    """
    height, across, _ = shape
    columns = max(2, min(6, (width - 20) // _CELL[1]))
    examples = examples[: columns * max(1, plot_height(width) // _CELL[0])]
    shown = np.array([2 * pixels(e["pixels"], height, across) - 1 for e in examples]).reshape(-1, height, across)
    sheet = montage(shown, columns, _IMAGE, _CELL, ("#000000", "#808080", "#FFFFFF"))
    wrong = [example["predicted"] != example["true"] for example in examples]
    said = [f"{classes[example['predicted']]} · {example['probability']:.0%}" for example in examples]
    tables: dict[str, Table] = {
        "sheet": {"url": [png(sheet)] if len(examples) else []},
        "labels": {
            "x": [(i % columns + 0.5) * _CELL[1] for i in range(len(examples))],
            "y": [i // columns * _CELL[0] + _IMAGE + 26 for i in range(len(examples))],
            "said": [text + " ✕" * bad for text, bad in zip(said, wrong, strict=True)],
            "true": [f"is {classes[e['true']]}" * bad for e, bad in zip(examples, wrong, strict=True)],
        },
    }
    spec = _images_spec(sheet.shape[1], max(sheet.shape[0], _CELL[0]), dark)
    return Figure(spec, tables, title, "; ".join(said) + "." if said else "None.")


@lru_cache(maxsize=64)
def _images_spec(width: int, height: int, dark: bool) -> Any:
    theme = DARK_THEME if dark else LIGHT_THEME
    labels = alt.Chart(alt.NamedData(name="labels")).encode(
        x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, width], nice=False)),
        y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[height, 0], nice=False, reverse=False)),
    )
    chart = alt.layer(
        _picture("sheet", width, height),
        labels.mark_text(fontSize=11, color=theme.ink, tooltip=None, invalid=None).encode(text=alt.Text("said:N")),
        labels.mark_text(fontSize=11, dy=13, color=theme.runs[0], tooltip=None, invalid=None).encode(
            text=alt.Text("true:N")
        ),
        width=width,
        height=height,
    )
    return live_spec(chart, config={"view": {"stroke": None}})


def _picture(name: str, width: float, height: float) -> Any:
    """A table's one image, over the whole chart."""
    mark = alt.Chart(alt.NamedData(name=name)).mark_image(width=width, height=height, tooltip=None, invalid=None)
    return mark.encode(url=alt.Url("url:N"), x=alt.value(width / 2), y=alt.value(height / 2))


def filters(units: Sequence[Sequence[Sequence[float]]], *, width: int = 480, dark: bool = False) -> Figure:
    """The first layer's weights as images, of up to 32 units: the pattern that each unit looks for."""
    theme = DARK_THEME if dark else LIGHT_THEME
    weights = np.nan_to_num(np.array(units, dtype=np.float64))
    largest = float(np.abs(weights).max(initial=0.0)) or 1.0
    columns = max(4, min(8, (width - 20) // _FILTER))
    colours = (theme.runs[0], theme.valley, theme.runs[1])
    sheet = montage(weights / largest, columns, _FILTER - 4, (_FILTER, _FILTER), colours)
    tables: dict[str, Table] = {"filters": {"url": [png(sheet)]}}
    words = f"{len(weights)} units; weights from -{largest:.3g} to {largest:.3g}."
    return Figure(_filters_spec(sheet.shape[1], sheet.shape[0]), tables, "Weights of the first layer", words)


@lru_cache(maxsize=32)
def _filters_spec(width: int, height: int) -> Any:
    chart = _picture("filters", width, height).properties(width=width, height=height)
    return live_spec(chart, config={"view": {"stroke": None}})
