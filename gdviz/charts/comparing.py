"""Pictures of a comparison: expected best after k trials, score against learning rate, repeats, learning curves."""

import math
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from gdviz.charts.figure import Figure, Table
from gdviz.charts.palette import DARK_THEME, DASHES, LIGHT_THEME, SHAPES, Theme
from gdviz.comparing.words import value
from gdviz.training.setup import ACCURACIES

if TYPE_CHECKING:  # a record draws itself with these functions
    from gdviz.comparing.record import Record

_PAD = {"type": "pad", "contains": "padding"}
_MOST_CURVES = 64
_RIGHT = "format(1 - datum.value, '.' + max(0, ceil(-log(datum.value) / LN10 - 2)) + '~%')"
"""A share of errors as the share that is right, with as many digits as tell it from 100 %."""


class _Scale:
    """The axis of a score: errors, and what accuracies lack to 1, on a logarithmic scale where all are above 0."""

    def __init__(self, record: "Record", scores: Any, part: str) -> None:
        self.record = record
        self.accuracy = record.comparison.metric in ACCURACIES
        shown = self._distance(np.asarray(scores, float))
        shown = shown[np.isfinite(shown)]
        self.log = len(shown) > 0 and bool((shown > 0).all()) and float(shown.max()) > 3 * float(shown.min())
        name = str(record.comparison.metric).replace("_", " ")
        self.title = f"{name}, {part} part"

    def _distance(self, scores: Any) -> Any:
        shown = self.record.comparison.sign * scores
        return 1 - shown if self.accuracy else shown

    def place(self, scores: Any) -> Any:
        """Where scores lie on the axis."""
        scores = np.asarray(scores, float)
        return self._distance(scores) if self.log else self.record.comparison.sign * scores

    @property
    def channel(self) -> dict[str, Any]:
        """Scale and axis, for an Altair channel: better is above, or to the right."""
        reverse = self.accuracy if self.log else not self.accuracy
        scale = alt.Scale(type="log" if self.log else "linear", zero=False, reverse=reverse, nice=not self.log)
        if self.accuracy:
            expression = _RIGHT if self.log else "format(datum.value, '.3~%')"
        else:
            expression = "format(datum.value, '.3~g')"
            scale.reverse = True
        axis = alt.Axis(title=self.title, labelExpr=expression, tickCount=6)
        return {"scale": scale, "axis": axis}


def _legend(width: int) -> Any:
    return alt.Legend(
        title=None,
        orient="top",
        columns=2 if width < 500 else 4,
        labelLimit=width // (2 if width < 500 else 4) - 40,
        symbolType="stroke",
        symbolSize=400,
        symbolStrokeWidth=2,
        symbolFillColor="transparent",
        symbolOpacity=1,
    )


def _told_apart(record: "Record", theme: Theme, width: int) -> tuple[Any, Any]:
    """Colour and dash of each entrant."""
    labels = list(record.comparison.labels.values())
    colour = alt.Color(
        "entrant:N", scale=alt.Scale(domain=labels, range=[*theme.runs[: len(labels)]]), legend=_legend(width)
    )
    dash = alt.StrokeDash("entrant:N", scale=alt.Scale(domain=labels, range=[*DASHES[: len(labels)]]))
    return colour, dash


def expected_best(record: "Record", *, width: int = 640, dark: bool = False) -> Figure:
    """The expected best validation score after k trials, with a bootstrap band for each entrant."""
    theme, labels = DARK_THEME if dark else LIGHT_THEME, record.comparison.labels
    rows: dict[str, list[Any]] = {name: [] for name in ("entrant", "trials", "score", "low", "high")}
    words = []
    for name in record.names:
        if not record.of(name):
            continue
        line, (low, high) = record.expected_best(name), record.expected_best_band(name)
        rows["entrant"] += [labels[name]] * len(line)
        rows["trials"] += range(1, len(line) + 1)
        for column, values in (("score", line), ("low", low), ("high", high)):
            rows[column] += values.tolist()
        words.append(
            f"{labels[name]}: {value(record, line[0])} after one trial, {value(record, line[-1])} after {len(line)}."
        )
    scale = _Scale(record, [*rows["low"], *rows["high"]], "validation")
    table = {**rows, **{name: scale.place(rows[name]).tolist() for name in ("score", "low", "high")}}
    colour, dash = _told_apart(record, theme, width)
    y = alt.Y("score:Q", **scale.channel)
    base = alt.Chart(alt.NamedData(name="lines")).encode(
        x=alt.X(
            "trials:Q",
            title="trials of the search",
            scale=alt.Scale(zero=False, nice=False),
            axis=alt.Axis(tickMinStep=1, tickCount=8, format="d"),
        ),
        color=colour,
    )
    chart = alt.layer(
        base.mark_area(opacity=0.12 if len(labels) < 5 else 0.06, tooltip=None).encode(
            y=alt.Y("low:Q", **scale.channel), y2="high:Q"
        ),
        base.mark_line(strokeWidth=2, tooltip=None).encode(y=y, strokeDash=dash),
        width=max(180, width - 90),
        height=300,
    )
    return _figure(chart, {"lines": table}, "Expected best after k trials", " ".join(words) or "Nothing has ended yet.")


def sensitivity(record: "Record", *, width: int = 640, dark: bool = False) -> Figure:
    """Each trial's validation score against its learning rate; crosses at the lower edge diverged."""
    theme, labels = DARK_THEME if dark else LIGHT_THEME, record.comparison.labels
    rows: dict[str, list[Any]] = {name: [] for name in ("entrant", "rate", "score")}
    lost: dict[str, list[Any]] = {name: [] for name in ("entrant", "rate")}
    words = []
    for name in record.names:
        trials = sorted(record.of(name), key=lambda t: t.learning_rate)
        for trial in trials:
            into = rows if math.isfinite(trial.score) else lost
            into["entrant"].append(labels[name])
            into["rate"].append(trial.learning_rate)
            if into is rows:
                rows["score"].append(trial.score)
        if window := record.window(name):
            words.append(
                f"{labels[name]}: within {margin_words(record)} of its best from {window.low:.2g} to "
                f"{window.high:.2g}, {window.decades:.1f} decades."
            )
    scale = _Scale(record, rows["score"], "validation")
    colour, dash = _told_apart(record, theme, width)
    x = alt.X(
        "rate:Q",
        title="learning rate",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format="~e", tickCount=7),
    )
    shape = alt.Shape(
        "entrant:N", scale=alt.Scale(domain=list(labels.values()), range=[*SHAPES[: len(labels)]]), legend=None
    )
    base = alt.Chart(alt.NamedData(name="trials")).encode(x=x, y=alt.Y("score:Q", **scale.channel), color=colour)
    height = 300
    chart = alt.layer(
        base.mark_line(strokeWidth=1.5, opacity=0.7, tooltip=None).encode(strokeDash=dash),
        base.mark_point(size=40, filled=True, tooltip=None).encode(shape=shape),
        alt.Chart(alt.NamedData(name="diverged"))
        .mark_point(shape="cross", size=70, filled=True, angle=45, tooltip=None)
        .encode(x=x, y=alt.value(height - 6), color=colour),
        width=max(180, width - 90),
        height=height,
    )
    tables: dict[str, Table] = {"trials": {**rows, "score": scale.place(rows["score"]).tolist()}, "diverged": lost}
    return _figure(chart, tables, "Score against learning rate", " ".join(words) or "Nothing has ended yet.")


def margin_words(record: "Record") -> str:
    return f"{100 * record.margin:.0f} points" if record.comparison.metric in ACCURACIES else f"{record.margin:.2g}"


def repeats(record: "Record", *, width: int = 640, dark: bool = False) -> Figure:
    """Every repeat's test score as a point, with the mean and its bootstrap interval; best entrant on top."""
    theme, labels = DARK_THEME if dark else LIGHT_THEME, record.comparison.labels
    order = [labels[name] for name in record.ranking]
    points: dict[str, list[Any]] = {"entrant": [], "score": []}
    means: dict[str, list[Any]] = {"entrant": [], "mean": [], "low": [], "high": []}
    words = []
    for name in record.ranking:
        summary = record.summary(name)
        assert summary is not None
        points["entrant"] += [labels[name]] * len(record.judged[name])
        points["score"] += record.judged[name].tolist()
        for column, number in (("mean", summary.mean), ("low", summary.low), ("high", summary.high)):
            means[column].append(number)
        means["entrant"].append(labels[name])
        words.append(
            f"{labels[name]}: {value(record, summary.mean)}, interval {value(record, summary.low)} to "
            f"{value(record, summary.high)}{', cannot be told apart from the best' if name in record.best[1:] else ''}."
        )
    scale = _Scale(record, [*points["score"], *means["low"], *means["high"]], "test")
    for table in (points, means):
        table.update({name: scale.place(numbers).tolist() for name, numbers in table.items() if name != "entrant"})
    y = alt.Y("entrant:N", title=None, sort=order, scale=alt.Scale(domain=order), axis=alt.Axis(labelLimit=width // 3))
    domain = list(labels.values())
    colour = alt.Color("entrant:N", scale=alt.Scale(domain=domain, range=[*theme.runs[: len(domain)]]), legend=None)
    channel = scale.channel
    channel["scale"].reverse = scale.accuracy == scale.log
    mean = alt.Chart(alt.NamedData(name="means")).encode(y=y, color=colour)
    chart = alt.layer(
        mean.mark_rule(strokeWidth=6, opacity=0.3, tooltip=None).encode(x=alt.X("low:Q", **channel), x2="high:Q"),
        mean.mark_tick(thickness=3, size=22, tooltip=None).encode(x=alt.X("mean:Q", **channel)),
        alt.Chart(alt.NamedData(name="repeats"))
        .mark_point(size=45, opacity=0.9, tooltip=None)
        .encode(y=y, x=alt.X("score:Q", **channel), color=colour),
        width=max(160, width - 150),
        height=max(60, 34 * len(order)),
    )
    return _figure(
        chart, {"repeats": points, "means": means}, "Repeats with fresh seeds", " ".join(words) or "None has ended yet."
    )


def curves(record: "Record", name: str, *, width: int = 640, dark: bool = False) -> Figure:
    """The validation score of an entrant's trials epoch by epoch, coloured by learning rate."""
    trials = [t for t in record.trials if t.entrant == name and t.curve][:_MOST_CURVES]
    rows: dict[str, list[Any]] = {column: [] for column in ("trial", "epoch", "score", "rate")}
    for trial in trials:
        kept = [(epoch, score) for epoch, score in enumerate(trial.curve, start=1) if math.isfinite(score)]
        rows["trial"] += [trial.number + 1] * len(kept)
        rows["epoch"] += [epoch for epoch, _ in kept]
        rows["score"] += [score for _, score in kept]
        rows["rate"] += [trial.learning_rate] * len(kept)
    scale = _Scale(record, rows["score"], "validation")
    best = record.chosen(name)
    chart = (
        alt.Chart(alt.NamedData(name="curves"))
        .mark_line(strokeWidth=1.6, tooltip=None)
        .encode(
            x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("score:Q", **scale.channel),
            detail="trial:N",
            color=alt.Color(
                "rate:Q",
                title="learning rate",
                scale=alt.Scale(type="log", scheme="viridis", reverse=dark),
                legend=alt.Legend(orient="top", format="~e", gradientLength=max(120, width // 2)),
            ),
        )
        .properties(width=max(180, width - 90), height=260)
    )
    label = record.comparison.labels[name]
    words = f"{label}: {len(trials)} trials." + (
        f" The best ends at {value(record, best.score)} with the learning rate {best.learning_rate:.3g}."
        if best
        else ""
    )
    return _figure(
        chart, {"curves": {**rows, "score": scale.place(rows["score"]).tolist()}}, f"Curves of {label}", words
    )


def _figure(chart: Any, tables: dict[str, Table], title: str, words: str) -> Figure:
    return Figure({**chart.to_dict(validate=False), "autosize": _PAD}, tables, title, words)
