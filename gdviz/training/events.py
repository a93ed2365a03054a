"""The events of a training, declared once for the loops, the store, the pages and the charts.

A store keeps an event as its kind and a JSON object, :meth:`TrainingEvent.payload`; :func:`read` is the way back. A
field that came after version 0.1.0 has a default, so that the runs of that version stay readable.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Literal, NotRequired, Self, TypedDict, TypeVar

Ending = Literal["finished", "stopped", "diverged"]
Scores = dict[str, float]
"""Loss and metrics, by name."""
Numbers = list[float]
Table = list[list[float]]
E = TypeVar("E", bound="TrainingEvent")
KINDS: dict[str, type["TrainingEvent"]] = {}
"""The class of each kind of event."""


@dataclass(frozen=True)
class TrainingEvent:
    """Something that happened in a training.

    In a class with a field ``measured``, the payload has the measurements beside the other fields: their names, as
    "loss", "val_accuracy" or "gradient_norm", are those of the training.
    """

    kind: ClassVar[str]

    def __init_subclass__(cls, kind: str) -> None:
        cls.kind = kind
        KINDS[kind] = cls

    def payload(self) -> dict[str, Any]:
        """The event as a JSON object; an optional field without a value is left out."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        there = {f.name: values[f.name] for f in fields(self) if values[f.name] is not None or f.default is MISSING}
        measured = there.pop("measured", {})
        return {**there, **measured}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """The event with this payload; fields that this version does not know are passed over."""
        names = [f.name for f in fields(cls)]
        known = {name: payload[name] for name in names if name in payload}
        if "measured" in names:
            known["measured"] = {name: value for name, value in payload.items() if name not in names}
        return cls(**known)


def read(kind: str, payload: Mapping[str, Any]) -> TrainingEvent:
    """The event of a kind with this payload.

    >>> read("fault", {"step": 3, "what": "The disk is full."})
    Fault(step=3, what='The disk is full.')
    >>> read("epoch", {"epoch": 1, "step": 9, "seconds": 0.5, "samples_per_second": 2.0, "loss": 0.25}).measured
    {'loss': 0.25}
    """
    return KINDS[kind].from_payload(payload)


def of_kind(events: Iterable[TrainingEvent], kind: type[E]) -> list[E]:
    """The events of one class, in their order."""
    return [event for event in events if isinstance(event, kind)]


class Probe(TypedDict):
    """A layer whose activation is measured."""

    layer: str
    kind: str
    """ "dead": the share of units that are 0 on the whole batch; "saturated": the share of values at the flat ends."""


class Points(TypedDict):
    """The data of one or two inputs, in their own units."""

    x: Numbers
    y: NotRequired[Numbers]
    target: Numbers


@dataclass(frozen=True)
class Start(TrainingEvent, kind="start"):
    """A training begins: its sizes and names."""

    rows: dict[str, int]
    """Rows of each part of the data."""
    batches: int
    """Batches of an epoch."""
    steps: int
    """Batches of the whole training."""
    parameters: int
    """Trainable numbers of the model."""
    layers: list[str]
    probes: list[Probe]
    inputs: list[str]
    classes: list[str]
    """Names of the classes; none for a regression."""
    image: list[int] | None
    """Height, width and channels of the inputs that are images."""
    loss: str
    metrics: list[str]
    points: Points | None = None
    """The data, where they have one or two inputs."""
    constant: dict[str, Scores] | None = None
    """In a comparison: the scores, on each part, of answering every row with the mean of the training part."""


@dataclass(frozen=True)
class Batches(TrainingEvent, kind="batches"):
    """Consecutive batches were trained on."""

    step: int
    """Number of the first of them, counting from 1."""
    epoch: int
    """Number of their epoch, counting from 1."""
    seconds: float
    """Time spent training when they were done."""
    learning_rate: Numbers
    """Of each batch."""
    measured: dict[str, Numbers | Table]
    """Of each batch: loss and metrics, numbers; "gradient_norm", "weight_norm" and "update_ratio", numbers for each
    layer; "inactive", numbers for each probe."""


@dataclass(frozen=True)
class Epoch(TrainingEvent, kind="epoch"):
    """An epoch was done."""

    epoch: int
    """Its number, counting from 1."""
    step: int
    """Batches done."""
    seconds: float
    """Time spent training."""
    samples_per_second: float
    measured: Scores
    """Means over the training part, as "loss"; those over the validation part have names as "val_loss"."""


class Boundary(TypedDict):
    """A model's outputs on a grid over its two inputs, in the data's own units."""

    x: Numbers
    y: Numbers
    values: list[Table]
    """Shape (outputs, y, x): probabilities of the classes, where there are two that of class 1; or predictions."""


class Curve(TypedDict):
    """A model's prediction ``y`` along its one input ``x``, in the data's own units."""

    x: Numbers
    y: Numbers


class Residuals(TypedDict):
    """Predictions of a regression beside the true values."""

    predicted: Numbers
    true: Numbers


class Example(TypedDict):
    """A row of a classification, its class, and the class that the model gives it."""

    row: int
    true: int
    predicted: int
    probability: float
    """Of the predicted class."""
    pixels: NotRequired[str]
    """For an image: bytes from 0 to 255 in base64, row after row."""


@dataclass(frozen=True)
class Snapshot(TrainingEvent, kind="snapshot"):
    """The model's predictions at a moment, as far as they suit the data."""

    epoch: int
    step: int
    part: str
    """The part of the data that is predicted: "validation", or "train" where that is empty."""
    boundary: Boundary | None = None
    """For two inputs."""
    curve: Curve | None = None
    """For one input."""
    residuals: Residuals | None = None
    """For a regression."""
    confusion: list[list[int]] | None = None
    """For classes: counts by true class (rows) and predicted class."""
    mistakes: list[Example] | None = None
    """For classes: the wrong predictions of the highest probability."""
    examples: list[Example] | None = None
    """For images: the first predictions."""
    filters: list[Table] | None = None
    """For images: the first layer's weights, shape (units, height, width)."""


@dataclass(frozen=True)
class Sharpness(TrainingEvent, kind="sharpness"):
    """The largest eigenvalue of the Hessian of the training loss was measured."""

    epoch: int
    step: int
    limit: float
    """2 / learning rate: above, gradient descent is unstable on a quadratic of this curvature."""
    sharpness: float
    """The eigenvalue; NaN where a product with the Hessian was not finite."""
    products: int
    """Products with the Hessian that it took."""
    converged: bool
    """Whether the error is known to be below 1e-4 of the eigenvalue."""


@dataclass(frozen=True)
class CommandDone(TrainingEvent, kind="command"):
    """A command was carried out, or a rule that changes the learning rate."""

    command: str
    """One of ``gdviz.training.channel.COMMANDS``, or "reduce_on_plateau"."""
    step: int
    learning_rate: float | None = None
    """The new one, where it was changed."""
    speed: float | None = None
    """The new limit in batches per second, where one was set."""


@dataclass(frozen=True)
class Resumed(TrainingEvent, kind="resumed"):
    """The training goes on from a checkpoint: whatever came after that step is done again."""

    step: int
    epoch: int


@dataclass(frozen=True)
class Fault(TrainingEvent, kind="fault"):
    """Something failed that the training survives."""

    step: int
    what: str


@dataclass(frozen=True)
class Plane(TrainingEvent, kind="plane"):
    """The path of the weights in the plane of its two principal directions, and the loss on that plane."""

    steps: list[int]
    """Of the points of the path."""
    x: Numbers
    y: Numbers
    """Coordinates of the points along the two directions."""
    explained: Numbers
    """The shares of the path's variance along the two directions."""
    path_loss: Numbers
    """The loss at the points themselves."""
    plane_loss: Numbers
    """The loss at their projections onto the plane."""
    grid_x: Numbers
    grid_y: Numbers
    grid_loss: Table
    """The loss on the plane, rows along y."""


@dataclass(frozen=True)
class End(TrainingEvent, kind="end"):
    """A training ended."""

    status: Ending
    reason: str
    scores: dict[str, Scores] = field(default_factory=dict)
    """Loss and metrics on each part of the data."""
    step: int | None = None
    """Batches done, where that is not all of them."""
