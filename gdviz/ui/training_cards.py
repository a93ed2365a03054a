"""The cards of a training's dashboard: its charts, by the question that they answer."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gdviz.charts import predictions
from gdviz.charts.figure import Figure
from gdviz.charts.training import Mark, Scale, by_layer, curves
from gdviz.charts.weight_plane import weight_plane
from gdviz.training import TrainingSetup
from gdviz.training.live import By, Live
from gdviz.training.setup import ACCURACIES

LAYERS: dict[str, tuple[str, str, Scale]] = {
    "gradient_norm": ("Norm of the gradient, by layer", "norm", "log"),
    "update_ratio": ("Update over weights, by layer", "ratio of norms", "log"),
    "weight_norm": ("Norm of the weights, by layer", "norm", "log"),
    "inactive": ("Saturated values or dead units, by layer", "share", "linear"),
}
"""The measurements of each layer: the chart's title, the name of its axis, and its scale."""

LEARNING, MISTAKES, GRADIENTS, GROUND = "learning", "mistakes", "gradients", "ground"
QUESTIONS = {
    MISTAKES: "What does it get wrong?",
    GRADIENTS: "Are gradients healthy?",
    LEARNING: "Is it learning?",
    GROUND: "How steep is the ground?",
}
"""Questions to a training, by the name that stands in links."""


_MOST_MARKS = 12


class Card(NamedTuple):
    """A chart with its title, and what there is to say about it."""

    title: str
    figure: Figure
    caption: str = ""
    numbers: tuple[tuple[str, str], ...] = ()
    """The large figures above the chart, each with its label."""


class Look(NamedTuple):
    """How a training is looked at."""

    by: By
    scale: Scale
    """Of the losses."""
    width: int
    """Of a card, in pixels."""
    dark: bool

    @property
    def across(self) -> str:
        """The unit that the curves are drawn against."""
        return "epoch" if self.by == "epoch" else "step"


def questions(setup: TrainingSetup) -> list[str]:
    """The questions that a training measures an answer to; the first is the one that its page opens with."""
    asked = {
        MISTAKES: bool(setup.watch.snapshot_epochs),
        GRADIENTS: True,
        LEARNING: True,
        GROUND: bool(setup.watch.sharpness_epochs or setup.watch.plane),
    }
    return [name for name, measured in asked.items() if measured]


def headline(live: Live, look: Look) -> Iterator[Card]:
    """The loss, and the main metric, where one is measured."""
    yield _measured(live, "loss", look)
    for metric in _metrics(live)[:1]:
        yield _measured(live, metric, look)


def answers(question: str, live: Live, look: Look) -> Iterator[Card]:
    """The charts that answer one of :data:`QUESTIONS`."""
    if question == MISTAKES:
        yield from _predictions(live, look)
    elif question == GRADIENTS:
        yield from _layers(live, look)
    elif question == LEARNING:
        of_classes = [name for name in ("f1", "auc") if f"val_{name}" in live.epochs.columns]
        for metric in (*_metrics(live)[1:], *of_classes):
            yield _measured(live, metric, look)
        yield Card("Learning rate", _curves(live, ("learning_rate",), "learning rate", look))
        if live.snapshot is not None and live.snapshot.filters:
            figure = predictions.filters(live.snapshot.filters, width=look.width, dark=look.dark)
            yield Card("Weights of the first layer", figure, figure.description)
    else:
        yield from _sharpness(live, look)
        yield from _plane(live, look)


def _metrics(live: Live) -> list[str]:
    return live.start.metrics if live.start else []


def metric_title(metric: str) -> str:
    """The name of a metric in words."""
    return {"f1": "F1, mean over classes", "auc": "AUC, mean over classes"}.get(
        metric, metric.replace("_", " ").capitalize()
    )


def short(name: str, value: float) -> str:
    """A value of a metric in few digits.

    >>> short("binary_accuracy", 0.98765), short("loss", 0.0123456), short("loss", float("nan"))
    ('98.8 %', '0.0123', 'not finite')
    """
    if not np.isfinite(value):
        return "not finite"
    return f"{100 * value:.1f} %" if name.removeprefix("val_") in ACCURACIES else f"{value:.3g}"


def _measured(live: Live, name: str, look: Look) -> Card:
    """A loss or a metric: the training part's, the validation part's beside it, and both as numbers."""
    title = metric_title(name)
    figure = _curves(live, (name, f"val_{name}"), title if name != "loss" else "loss", look, name == "loss")
    # To be set beside the validation's, once there is time to: an epoch's mean. A batch is a few rows.
    by: By = "epoch" if live.end and len(live.series(name, "epoch")[1]) else look.by
    parts = {name: "last batch" if by == "batch" else "training", f"val_{name}": "validation"}
    numbers = []
    for measured, part in parts.items():
        _, values = live.series(measured, by)
        if len(values):
            numbers.append((f"{title}, {part}", short(name, float(values[-1]))))
    return Card(title, figure, numbers=tuple(numbers))


def _curves(live: Live, names: tuple[str, ...], up: str, look: Look, loss: bool = False) -> Figure:
    """Measurements that exist, in one chart: the training part's, and beside it the validation part's."""
    found = {name: live.series(name, look.by) for name in names}
    series = {
        ("validation" if name.startswith("val_") else "training" if len(names) > 1 else up): values
        for name, values in found.items()
        if len(values[0])
    }
    scale: Scale = look.scale if loss else "linear"
    return curves(series, look.across, up, scale=scale, marks=happened(live, look.by), width=look.width, dark=look.dark)


def happened(live: Live, by: By) -> list[Mark]:
    """The marks of the curves: the last dozen of things that happened on the way."""
    steps = live.start.batches if by == "epoch" and live.start else 1
    words: dict[float, list[str]] = {}
    for step, what in live.happenings[-_MOST_MARKS:]:
        words.setdefault(step / steps, []).append(what)
    return [Mark(at, ", ".join(said)) for at, said in words.items()]


def _layers(live: Live, look: Look) -> Iterator[Card]:
    for name, (title, up, kind) in LAYERS.items():
        found = by_layer(live.series(name, look.by), _layer_names(live, name))
        if found:
            figure = curves(found, look.across, up, scale=kind, ordered=True, width=look.width, dark=look.dark)
            yield Card(title, figure)


def _layer_names(live: Live, name: str) -> list[str]:
    if live.start is None:
        return []
    if name == "inactive":
        return [f"{probe['layer']} ({probe['kind']})" for probe in live.start.probes]
    return live.start.layers


def _predictions(live: Live, look: Look) -> list[Card]:
    """The model's predictions, in the way that suits the data."""
    taken, start = live.snapshot, live.start
    if taken is None or start is None:
        return []
    when = f"After epoch {taken.epoch}"
    width, dark, cards = look.width, look.dark, []
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
        for title, examples in (("Surest mistakes", taken.mistakes or []), ("Predictions", taken.examples)):
            figure = predictions.images(examples, start.image, start.classes, title, width=width, dark=dark)
            cards.append(Card(title, figure, f"{when}, of the {taken.part} part."))
    return cards


def _sharpness(live: Live, look: Look) -> Iterator[Card]:
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
    yield Card(
        "Sharpness", curves(series, "step", "eigenvalue", scale=look.scale, width=look.width, dark=look.dark), words
    )


def _plane(live: Live, look: Look) -> Iterator[Card]:
    if not live.plane:
        return
    figure = weight_plane(live.plane, width=look.width, dark=look.dark)
    yield Card("Path in its principal plane", figure, figure.description)
    steps = live.plane.steps
    series = {"along the path": (steps, live.plane.path_loss), "on the plane": (steps, live.plane.plane_loss)}
    yield Card(
        "Loss along the path and on the plane",
        curves(series, "step", "loss", scale=look.scale, width=look.width, dark=look.dark),
    )
