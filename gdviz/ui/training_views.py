"""What a page shows of a run: how far it is, what it measured, what its model predicts."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from gdviz.charts import predictions
from gdviz.charts.figure import Figure
from gdviz.charts.training import Scale, by_layer, curves
from gdviz.charts.weight_plane import weight_plane
from gdviz.runs import Run
from gdviz.training import TrainingSetup
from gdviz.training.live import By, Live, Pace
from gdviz.ui import widgets
from gdviz.ui.charts import is_dark, show
from gdviz.ui.text import plain
from gdviz.ui.training import UNDER_WAY, send

LAYERS: dict[str, tuple[str, str, Scale]] = {
    "gradient_norm": ("Norm of the gradient, by layer", "norm", "log"),
    "weight_norm": ("Norm of the weights, by layer", "norm", "log"),
    "update_ratio": ("Norm of the update over that of the weights, by layer", "ratio", "log"),
    "inactive": ("Saturated values or dead units, by layer", "share", "linear"),
}
"""What is measured in each layer: the chart's title, what its axis is called, and its scale."""
_BUTTONS = {"pause": "Pause", "resume": "Resume", "stop": "Stop", "step_batch": "One batch", "step_epoch": "One epoch"}
_PLANNED_STEPS = 1000
_ONE_COLUMN = 720
_GAP = 16


class Card(NamedTuple):
    """A chart with its title, and what there is to say about it."""

    title: str
    figure: Figure
    caption: str = ""


class _Drawn(NamedTuple):
    """Cards, when they were made, and what for."""

    at: float
    asked: tuple[Any, ...]
    cards: list[Card]


def plan(setup: TrainingSetup, width: int) -> None:
    """The learning rate over the first steps, as it is planned."""
    steps = np.arange(_PLANNED_STEPS)
    with np.errstate(over="ignore"):
        series = {"learning rate": (steps + 1, setup.learning_rate(steps))}
    show(curves(series, "step", "learning rate", width=min(width, 640) - 40, dark=is_dark()), "training.plan")


def steering(run: Run) -> None:
    """Buttons for a run that is under way, and a field for its learning rate."""
    useless = {"paused": {"pause"}, "running": {"resume"}, "queued": {"pause", "resume", "step_batch", "step_epoch"}}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, label in _BUTTONS.items():
            disabled = name in useless.get(run.status, set())
            st.button(label, on_click=send, args=(run.id, name), key=f"send.{name}", disabled=disabled)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = f"rate.{run.id}"
        first = widgets.first_value(key, run.setup.optimizer.learning_rate)
        st.number_input(
            "Learning rate from now on", 0.0, value=first, format="%.6g", key=key, width=200, step=first / 10 or None
        )
        waits = run.status == "queued"
        st.button("Change the learning rate", on_click=_send_rate, args=(run.id, key), disabled=waits)


def _send_rate(run: str, key: str) -> None:
    # Looked up when the button is clicked: an argument would be the rate before it was typed.
    send(run, "set_learning_rate", st.session_state[key])


def progress(run: Run, live: Live, pace: Pace) -> None:
    """A bar, and beside it how fast it goes and how long it still takes."""
    words = [f"epoch {run.epochs} of {run.setup.epochs}"]
    if live.start:
        steps, rows = live.start.steps, live.start.rows["train"]
        words.append(f"batch {live.step:,} of {steps:,}")
        size = rows / live.start.batches
        if run.status == "running":
            rate = pace.batches_per_second(time.monotonic(), live.step)
            if rate:
                words += [
                    f"{rate:,.0f} batches/s",
                    f"{rate * size:,.0f} samples/s",
                    f"{_span((steps - live.step) / rate)} left",
                ]
        elif run.seconds:
            words.append(f"{run.epochs * rows / run.seconds:,.0f} samples/s while training")
            words.append(f"{_span(run.seconds)} of training")
    st.progress(live.share, " · ".join(words))


def _span(seconds: float) -> str:
    """A duration in words.

    >>> _span(0.4), _span(75), _span(7300)
    ('0.4 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def choice_controls() -> None:
    """By batch or by epoch, and the axis of the losses."""
    with st.container(horizontal=True):
        st.radio("Curves", ("batch", "epoch"), format_func="By {}".format, key="training.by", horizontal=True)
        st.radio("Loss axis", ("log", "linear"), format_func=str.capitalize, key="training.scale", horizontal=True)


def chosen() -> tuple[By, Scale]:
    """What :func:`choice_controls` say."""
    by: By = st.session_state.get("training.by", "batch")
    scale: Scale = st.session_state.get("training.scale", "log")
    return by, scale


def charts(live: Live, by: By, scale: Scale, width: int) -> None:
    """The loss, and what the model predicts: the two charts that are drawn most often."""
    each, dark = _card_width(width), is_dark()
    _show(_recent("charts", 0.7, live, (by, scale, each, dark), lambda: _cards(live, by, scale, each, dark)), width)


def details(live: Live, by: By, scale: Scale, width: int) -> None:
    """Everything else that was measured, in the whole model and in each layer."""
    each, dark = _card_width(width), is_dark()
    _show(_recent("details", 2.9, live, (by, scale, each, dark), lambda: _details(live, by, scale, each, dark)), width)


def _recent(
    name: str, seconds: float, live: Live, choice: tuple[Any, ...], make: Callable[[], Iterator[Card]]
) -> list[Card]:
    """Cards made less than so many seconds ago are shown again: where nothing has changed, the browser draws nothing,
    and answers the control that the user has just moved.
    """
    now, asked = time.monotonic(), (id(live), bool(live.end), bool(live.plane), choice)
    drawn: _Drawn | None = st.session_state.get(f"cards.{name}")
    if drawn is None or drawn.asked != asked or now - drawn.at >= seconds:
        drawn = st.session_state[f"cards.{name}"] = _Drawn(now, asked, list(make()))
    return drawn.cards


def _card_width(width: int) -> int:
    return width if width < _ONE_COLUMN else (width - _GAP) // 2


def _show(cards: list[Card], width: int) -> None:
    """Cards in one column or two, and below them the same in words."""
    columns = [st.container()] if width < _ONE_COLUMN else list(st.columns(2))
    for i, card in enumerate(cards):
        with columns[i % len(columns)].container(key=f"card.{card.title}"):
            st.markdown(f"**{card.title}**")
            show(card.figure, f"training.{card.title}")
            if card.caption:
                st.caption(card.caption)
    with st.expander("The charts in words"):
        st.markdown("\n".join(f"- **{card.title}**: {plain(card.figure.description, 4000)}" for card in cards))


def _cards(live: Live, by: By, scale: Scale, width: int, dark: bool) -> Iterator[Card]:
    yield Card("Loss", _curves(live, ("loss", "val_loss"), "loss", by, scale, width, dark))
    yield from _predictions(live, width, dark)[:1]


def _details(live: Live, by: By, scale: Scale, width: int, dark: bool) -> Iterator[Card]:
    of_classes = [name for name in ("f1", "auc") if f"val_{name}" in live.epochs.columns]
    for metric in (*(live.start.metrics if live.start else ()), *of_classes):
        yield Card(_title(metric), _curves(live, (metric, f"val_{metric}"), _title(metric), by, "linear", width, dark))
    yield from _predictions(live, width, dark)[1:]
    yield Card("Learning rate", _curves(live, ("learning_rate",), "learning rate", by, "linear", width, dark))
    yield from _sharpness(live, scale, width, dark)
    yield from _plane(live, scale, width, dark)
    for name, (title, up, kind) in LAYERS.items():
        found = by_layer(live.series(name, by), _layer_names(live, name))
        if found:
            across = "epoch" if by == "epoch" else "step"
            yield Card(title, curves(found, across, up, scale=kind, ordered=True, width=width, dark=dark))


def _curves(live: Live, names: tuple[str, ...], up: str, by: By, scale: Scale, width: int, dark: bool) -> Figure:
    """Measurements that exist, in one chart: the training part's, and beside it the validation part's."""
    found = {name: live.series(name, by) for name in names}
    series = {
        ("validation" if name.startswith("val_") else "training" if len(names) > 1 else up): values
        for name, values in found.items()
        if len(values[0])
    }
    return curves(series, "epoch" if by == "epoch" else "step", up, scale=scale, width=width, dark=dark)


def _title(metric: str) -> str:
    return {"f1": "F1, mean over classes", "auc": "AUC, mean over classes"}.get(
        metric, metric.replace("_", " ").capitalize()
    )


def _layer_names(live: Live, name: str) -> list[str]:
    if live.start is None:
        return []
    if name == "inactive":
        return [f"{probe['layer']} ({probe['kind']})" for probe in live.start.probes]
    return live.start.layers


def _predictions(live: Live, width: int, dark: bool) -> list[Card]:
    """The model's predictions, in the way that suits the data."""
    taken, start = live.snapshot, live.start
    if taken is None or start is None:
        return []
    when = f"After epoch {taken.epoch}"
    cards = []
    if taken.boundary and start.points:
        figure = predictions.boundary(
            taken.boundary, start.points, start.inputs, start.classes, taken.epoch, width=width, dark=dark
        )
        cards.append(Card("Decision boundary" if start.classes else "Prediction", figure, f"{when}."))
    if taken.curve and start.points and not start.classes:
        figure = predictions.fit(taken.curve, start.points, start.inputs[0], taken.epoch, width=width, dark=dark)
        cards.append(Card("Fitted curve", figure, f"{when}."))
    if taken.residuals:
        figure = predictions.residuals(taken.residuals, taken.part, width=width, dark=dark)
        cards.append(Card("Residuals", figure, f"{when}: {figure.description}"))
    if taken.confusion:
        figure = predictions.confusion(taken.confusion, start.classes, taken.part, width=width, dark=dark)
        cards.append(Card("Confusion matrix", figure, f"{when}: {figure.description}"))
    if start.image and taken.examples:
        for title, examples in (("Predictions", taken.examples), ("Surest mistakes", taken.mistakes or [])):
            figure = predictions.images(examples, start.image, start.classes, title, width=width, dark=dark)
            cards.append(Card(title, figure, f"{when}, of the {taken.part} part."))
    if taken.filters:
        figure = predictions.filters(taken.filters, width=width, dark=dark)
        cards.append(Card("Weights of the first layer", figure, figure.description))
    return cards


def _sharpness(live: Live, scale: Scale, width: int, dark: bool) -> Iterator[Card]:
    """The Hessian's largest eigenvalue beside the limit of gradient descent's stability."""
    if "sharpness" not in live.sharpness.columns:
        return
    names = {"sharpness": "sharpness λ", "limit": "2 / learning rate"}
    series = {label: live.sharpness.series(name) for name, label in names.items()}
    last = live.sharpness.last
    side = "below" if last and last["sharpness"] < last["limit"] else "above"
    words = f"At step {last['at']}, {last['sharpness']:.4g} is {side} {last['limit']:.4g}. " if last else ""
    unsure = int(np.sum(live.sharpness.columns["converged"] == 0))
    if unsure:
        words += f"{unsure} measurements are less exact than 1e-4: the eigenvalue had not settled. "
    words += "Above 2 / learning rate, gradient descent is unstable on a quadratic of this curvature."
    yield Card("Sharpness", curves(series, "step", "eigenvalue", scale=scale, width=width, dark=dark), words)


def _plane(live: Live, scale: Scale, width: int, dark: bool) -> Iterator[Card]:
    if not live.plane:
        return
    figure = weight_plane(live.plane, width=width, dark=dark)
    yield Card("Path in its principal plane", figure, figure.description)
    steps = live.plane.steps
    series = {"along the path": (steps, live.plane.path_loss), "on the plane": (steps, live.plane.plane_loss)}
    yield Card(
        "Loss along the path and on the plane", curves(series, "step", "loss", scale=scale, width=width, dark=dark)
    )


def scores(live: Live) -> str:
    """Loss and metrics at the end on each part, as a Markdown table; empty where there are none."""
    found = live.end.scores if live.end else {}
    if not found:
        return ""
    names = list(next(iter(found.values())))
    lines = [
        "| Part | " + " | ".join(_title(name) for name in names) + " |",
        "|---" * (len(names) + 1) + "|",
        *(
            f"| {part} | " + " | ".join(f"{values[name]:.4g}" for name in names) + " |"
            for part, values in found.items()
        ),
    ]
    return "\n".join(lines)


def is_under_way(run: Run) -> bool:
    """True where a run has not ended."""
    return run.status in UNDER_WAY
