"""The cliff in the loss of a recurrent network (Pascanu et al., 2013), and the effect of clipping there."""

from dataclasses import dataclass, replace
from typing import Any

from gdviz.catalogue import Setup, knob, one_of
from gdviz.clipping import CLIPPERS, Clipper
from gdviz.descent import Descent, Trajectory, run
from gdviz.gradflow.activations import sigmoid
from gdviz.landscapes import LANDSCAPES, Landscape, Point
from gdviz.optimizers import OPTIMIZERS, Optimizer


@LANDSCAPES.accept
@dataclass(frozen=True)
class Cliff(Landscape):
    r"""One recurrent unit over many steps: where its fixed points split, the loss has a wall.

    h_t = w sigmoid(h_{t-1}) + b,   h_0 = 1/2,   L = (h_T - 0.7)²,   with x = w and y = b

    Figure 6 of Pascanu et al. (2013) draws the same loss. On one side of the wall h settles at a low, on the other at a
    high fixed point; at the wall the gradient is thousands of times that beside it.

    >>> round(float(Cliff(steps=3).value((5.0, -2.0))), 12)
    2.457967651323
    """

    name = "recurrent_cliff"
    label = "Recurrent cliff"
    formula = r"h_t = w\,\sigma(h_{t-1}) + b, \qquad L = (h_T - 0.7)^2"
    source = "https://arxiv.org/abs/1211.5063"
    domain = ((4.0, 6.0), (-3.2, -1.8))
    start = (5.2, -2.3)

    steps: int = knob(50, 1, 200, help="length of the sequence", symbol="T")

    @property
    def minima(self) -> tuple[Point, ...]:
        """One of a curve of minima, all of loss 0."""
        return ((0.0, 0.7),)

    def f(self, x: Any, y: Any) -> Any:
        h = 0.5 + 0.0 * x
        for _ in range(self.steps):
            h = x * sigmoid(h) + y
        return (h - 0.7) ** 2

    def df(self, x: Any, y: Any) -> tuple[Any, Any]:
        h, by_x, by_y = 0.5 + 0.0 * x, 0.0 * x, 0.0 * x
        for _ in range(self.steps):
            s = sigmoid(h)
            factor = x * s * (1 - s)
            h, by_x, by_y = x * s + y, s + factor * by_x, 1.0 + factor * by_y
        return 2 * (h - 0.7) * by_x, 2 * (h - 0.7) * by_y


def descend_cliff(
    cliff: Cliff | None = None,
    optimizer: str | Optimizer = "gradient_descent",
    learning_rate: float = 0.01,
    clip: str | Clipper | None = None,
    start: Point | None = None,
    steps: int = 200,
) -> Trajectory:
    """Run an optimizer on the cliff, with or without clipping.

    Args:
        cliff: The landscape; None for the one of the paper's kind, a sequence of 50 steps.
        optimizer, clip, steps: As for :func:`gdviz.descend`.
        learning_rate: The optimizer's learning rate.
        start: The recurrent weight and the bias at the start, (w, b). None: the landscape's own.

    Raises:
        ValueError: An argument is not allowed; the message names it, its value, and what is allowed.

    >>> import numpy as np
    >>> steps = [np.abs(np.diff(descend_cliff(clip=clip).theta, axis=0)).max() for clip in (None, "clipnorm")]
    >>> bool(steps[0] > 10), bool(steps[1] <= 0.01)
    (True, True)
    """
    ground = Cliff() if cliff is None else cliff
    rule = replace(OPTIMIZERS.make(optimizer), learning_rate=learning_rate)
    limit = None if clip is None else CLIPPERS.make(clip)
    return run(Descent(ground, rule, start=ground.start if start is None else start, steps=steps, clip=limit))


@dataclass(frozen=True)
class CliffRuns(Setup):
    """Two runs of an optimizer on the cliff from the same start, without and with clipping.

    Raises:
        ValueError: A value is not allowed; names the field, the value and what is allowed.
    """

    label = "Runs on the cliff"
    noun = "runs on the cliff"

    sequence: int = knob(50, 1, 200, help="length of the sequence", symbol="T", label="Sequence length (T)")
    start_w: float = knob(5.2, usual=(4.0, 6.0), help="recurrent weight at the start", symbol="w", label="Start w")
    start_b: float = knob(-2.3, usual=(-3.2, -1.8), help="bias at the start", symbol="b", label="Start b")
    steps: int = knob(200, 1, 2000, log=True, help="number of steps")
    optimizer: Optimizer = one_of(OPTIMIZERS, "gradient_descent", label="Optimizer")
    clip: Clipper = one_of(CLIPPERS, "clipnorm", label="Gradient clipping")

    def run(self) -> dict[str, Trajectory]:
        """Both runs, by their names.

        >>> [len(run.theta) for run in CliffRuns(steps=5).run().values()]
        [6, 6]
        """
        cliff, start = Cliff(self.sequence), (self.start_w, self.start_b)
        return {
            name: descend_cliff(cliff, self.optimizer, self.optimizer.learning_rate, clip, start, self.steps)
            for name, clip in (("no clipping", None), (f"clipped {_lower(self.clip.label)}", self.clip))
        }


def _lower(label: str) -> str:
    return label[0].lower() + label[1:]
