"""Pictures of the study on landscapes: a map of rules and landscapes, runtime distributions, performance profiles."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from gdviz.charts.figure import Figure, Table
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME, MOST_RUNS
from gdviz.comparing.landscapes import Study
from gdviz.landscapes import LANDSCAPES
from gdviz.optimizers import OPTIMIZERS

_PAD = {"type": "pad", "contains": "padding"}
_LEGIBLE = 13
"""Pixels that a column takes whose name can be read beside its neighbour's."""


def cost_map(found: Study, *, tag: str | None = None, width: int = 900, dark: bool = False) -> Figure:
    """Median gradient evaluations to solve, a row for each rule, a column for each landscape; grey: fewer than half of
    the runs solve it at any learning rate."""
    theme = DARK_THEME if dark else LIGHT_THEME
    kind = np.ones(len(found.landscapes), bool) if tag is None else found.of_kind(tag)
    places = [
        LANDSCAPES[name].label
        for name, there in zip(found.landscapes, kind & found.known.all(axis=0), strict=True)
        if there
    ]
    median, solved = found.median()[:, kind & found.known.all(axis=0)], found.solved().mean(axis=1)
    order = np.argsort(-solved, kind="stable")
    rules = [OPTIMIZERS[found.optimizers[k]].label for k in order]
    rows: Table = {
        "rule": [rule for rule in rules for _ in places],
        "landscape": places * len(rules),
        "evaluations": median[order].ravel(),
    }
    across = max(160, min(width - 190, 26 * len(places)))
    narrow = across < _LEGIBLE * len(places)  # then every second name or fewer: they would stand on each other
    names = alt.Axis(labelAngle=-90 if narrow else -60, labelLimit=130, labelOverlap="parity" if narrow else False)
    base = alt.Chart(alt.NamedData(name="cells")).encode(
        x=alt.X("landscape:N", title=None, sort=places, axis=names),
        y=alt.Y("rule:N", title=None, sort=rules, axis=alt.Axis(labelLimit=140, labelOverlap=False)),
    )
    colour = alt.Color(
        "evaluations:Q",
        title="evaluations",
        scale=alt.Scale(type="log", scheme="viridis", reverse=True, domain=[1, 2 * found.steps]),
        legend=alt.Legend(orient="top", gradientLength=max(120, width // 3)),
    )
    chart = alt.layer(
        base.mark_rect(color=theme.ink, opacity=0.12, tooltip=None),
        base.mark_rect(tooltip=None).transform_filter("isValid(datum.evaluations)").encode(color=colour),
        width=across,
        height=max(40, 16 * len(rules)),
    )
    words = [f"{rule} solves {100 * share:.0f} % of its runs" for rule, share in zip(rules, solved[order], strict=True)]
    told = "; ".join(words[:5]) + (f"; last, {words[-1]}" if len(words) > 5 else "")
    return Figure(
        {**chart.to_dict(validate=False), "autosize": _PAD}, {"cells": rows}, "Evaluations to solve", f"{told}."
    )


def distributions(
    found: Study, rules: Sequence[str], *, tag: str | None = None, width: int = 640, dark: bool = False
) -> Figure:
    """The share of runs and targets that have been reached within so many gradient evaluations."""
    budgets = np.unique(np.geomspace(1, 2 * found.steps, 60).round())
    shares = found.distribution(budgets, tag)
    return _lines(found, rules, budgets, shares, "gradient evaluations", "share of runs and targets", width, dark)


def profiles(
    found: Study, rules: Sequence[str], *, tag: str | None = None, width: int = 640, dark: bool = False
) -> Figure:
    """The share of landscapes that a rule solves within so many times the cost of the best rule there."""
    ratios = np.geomspace(1, 100, 60)
    return _lines(
        found,
        rules,
        ratios,
        found.profile(ratios, tag),
        "times the best rule's cost",
        "share of landscapes",
        width,
        dark,
    )


def _lines(
    found: Study, rules: Sequence[str], x: NDArray[Any], y: NDArray[Any], across: str, up: str, width: int, dark: bool
) -> Figure:
    theme, shown = DARK_THEME if dark else LIGHT_THEME, list(rules)[:MOST_RUNS]
    labels = [OPTIMIZERS[name].label for name in shown]
    rows: dict[str, list[Any]] = {"rule": [], "x": [], "y": []}
    words = []
    for name, label in zip(shown, labels, strict=True):
        values = y[found.optimizers.index(name)]
        rows["rule"] += [label] * len(x)
        rows["x"] += x.tolist()
        rows["y"] += values.tolist()
        words.append(f"{label}: {100 * values[0]:.0f} % at {x[0]:g}, {100 * values[-1]:.0f} % at {x[-1]:g}.")
    scale = alt.Scale(domain=labels, range=[*theme.runs[: len(labels)]])
    legend = alt.Legend(
        title=None, orient="top", columns=2 if width < 500 else 4, symbolType="stroke", symbolSize=400,
        symbolStrokeWidth=2, symbolFillColor="transparent", symbolOpacity=1,
    )  # fmt: skip
    chart = (
        alt.Chart(alt.NamedData(name="lines"))
        .mark_line(strokeWidth=2, tooltip=None, interpolate="step-after")
        .encode(
            x=alt.X(
                "x:Q",
                title=f"{across} (log scale)",
                scale=alt.Scale(type="log", nice=False),
                axis=alt.Axis(tickCount=6),
            ),
            y=alt.Y("y:Q", title=up, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            color=alt.Color("rule:N", scale=scale, legend=legend),
            strokeDash=alt.StrokeDash("rule:N", scale=alt.Scale(domain=labels, range=[*DASHES[: len(labels)]])),
        )
        .properties(width=max(180, width - 90), height=280)
    )
    title = f"{up[0].upper()}{up[1:]} within so many {across}"
    return Figure({**chart.to_dict(validate=False), "autosize": _PAD}, {"lines": rows}, title, " ".join(words))
