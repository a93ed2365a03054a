"""Many trainings of one model at once: weights stacked along a first axis, one graph for an epoch of all of them.

For small models a training's time goes into starting operations, not into arithmetic. Here Keras's own model, loss and
optimizer are written down once for one training, as functions without state, and TensorFlow maps them over all
trainings: every matrix product becomes a batch of matrix products. Learning rates, seeds, schedules, the order of the
rows, and any hyperparameters in ``tuned`` differ from training to training; everything else is common.

The curves are those of :mod:`gdviz.training.keras.loop` up to rounding. One kind of weight makes rounding visible: a
bias in front of a batch normalisation: its gradient is zero but for rounding, and Adam and its kin divide it by its own
size. It changes no prediction in training, and the fourth digit of those in validation.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gdviz.training.channel import Channel
from gdviz.training.events import Batches, End, Epoch, Scores
from gdviz.training.keras.loop import epoch_order
from gdviz.training.keras.models import in_common
from gdviz.training.keras.stack import Stack
from gdviz.training.keras.starting import start
from gdviz.training.setup import TrainingSetup


def train_together(
    stack: Stack,
    setups: Sequence[TrainingSetup],
    channels: Sequence[Channel],
    *,
    parts: Sequence[str] = ("train", "validation"),
    rungs: Sequence[tuple[int, int]] = (),
    better: Callable[[Scores], float] = lambda scores: -scores["loss"],
    going_on: Callable[[], bool] = lambda: True,
) -> list[End]:
    """Train many models at once, measuring every batch: the numbers of :func:`gdviz.training.keras.loop.train`.

    Args:
        stack: The graph of all.
        setups: The trainings; they differ in nothing but seed, learning rate, schedule and ``stack.tuned``.
        channels: Take the events of each training; commands are not asked for.
        parts: The parts of the data to judge the trained models on.
        rungs: After so many epochs, so many of the trainings go on, those best on the validation part.
        better: The criterion: a number from loss and metrics, larger where better.
        going_on: Asked after every epoch; False stops all.

    Returns:
        How each ended.

    Raises:
        ValueError: The setups differ in something else.
    """
    for setup in setups:
        if in_common(setup, stack.tuned) != in_common(stack.setup, stack.tuned):
            raise ValueError("setups must differ in nothing but seed, learning rate, schedule and what is tuned")
    return _Together(stack, setups, channels, parts, dict(rungs), better, going_on).run()


class _Together:
    def __init__(
        self,
        stack: Stack,
        setups: Sequence[TrainingSetup],
        channels: Sequence[Channel],
        parts: Sequence[str],
        rungs: dict[int, int],
        better: Callable[[Scores], float],
        going_on: Callable[[], bool],
    ) -> None:
        self.stack, self.setups, self.channels = stack, setups, channels
        self.parts, self.rungs, self.better, self.going_on = parts, rungs, better, going_on
        self.names = ["loss", *(setups[0].metrics or ())]
        self.rows = len(stack.data.x["train"])
        self.size = min(setups[0].batch_size or self.rows, self.rows)
        self.batches = math.ceil(self.rows / self.size)
        self.state = stack.initial(setups)
        self.alive = list(range(len(setups)))
        self.seconds = 0.0
        self.ends: dict[int, End] = {}

    def run(self) -> list[End]:
        # Neither probes nor predictions are recorded here.
        begun = replace(start(self.stack.engine, self.setups[0], self.batches), probes=[], points=None)
        for channel in self.channels:
            channel.emit(begun)
        for epoch in range(self.setups[0].epochs):
            self._epoch(epoch)
            if not self.alive:
                break
            last = epoch + 1 == self.setups[0].epochs
            if not last and not self.going_on():
                self._finish("stopped", f"Stopped after epoch {epoch + 1}.")
                break
            if not last and epoch + 1 in self.rungs:
                self._promote(epoch + 1, self.rungs[epoch + 1])
        self._finish("finished", f"All {self.setups[0].epochs} epochs are done.")
        return [self.ends[k] for k in range(len(self.setups))]

    def _epoch(self, epoch: int) -> None:
        setups = [self.setups[k] for k in self.alive]
        steps = np.arange(epoch * self.batches, (epoch + 1) * self.batches)
        with np.errstate(over="ignore"):
            rates = np.stack([setup.learning_rate(steps) for setup in setups]).astype(np.float32)
        orders = np.stack([epoch_order(setup.seed, epoch, self.rows) for setup in setups])
        hyper = [
            np.array([getattr(setup.optimizer, name) for setup in setups], np.float32) for name in self.stack.tuned
        ]
        began = time.perf_counter()
        self.state, measured = self.stack.train_epoch(self.state, orders, rates, hyper, epoch * self.batches, self.size)
        self.seconds += (time.perf_counter() - began) / len(self.setups)
        validated = self.stack.judge.scores(self.state, "validation")
        kept = []
        for place, k in enumerate(self.alive):
            rows, fine = measured[place, :, :-1], measured[place, :, -1] > 0
            taken = self.batches if fine.all() else int(np.argmin(fine)) + 1
            self.channels[k].emit(self._batches(epoch, rates[place, :taken], rows[:taken]))
            if not fine.all():
                self._diverged(k, epoch * self.batches + taken)
                continue
            kept.append(place)
            self.channels[k].emit(self._measured(epoch, rows, None if validated is None else validated[place]))
        self.validated = None if validated is None else [validated[place] for place in kept]
        self._keep(kept)

    def _batches(self, epoch: int, rates: NDArray[Any], rows: NDArray[Any]) -> Batches:
        return Batches(
            step=epoch * self.batches + 1,
            epoch=epoch + 1,
            seconds=round(self.seconds, 4),
            learning_rate=rates.tolist(),
            measured={name: rows[:, i].tolist() for i, name in enumerate(self.names)},
        )

    def _measured(self, epoch: int, rows: NDArray[Any], validated: Scores | None) -> Epoch:
        sizes = np.minimum(self.size, self.rows - self.size * np.arange(self.batches))
        means = np.average(rows.astype(float), axis=0, weights=sizes)
        return Epoch(
            epoch=epoch + 1,
            step=(epoch + 1) * self.batches,
            seconds=round(self.seconds, 4),
            samples_per_second=round(self.rows * (epoch + 1) / self.seconds, 1),
            measured={
                **dict(zip(self.names, means.tolist(), strict=True)),
                **{f"val_{name}": value for name, value in (validated or {}).items()},
            },
        )

    def _keep(self, places: Sequence[int]) -> None:
        if len(places) < len(self.alive):
            self.state = self.stack.keep(self.state, places)
            self.alive = [self.alive[place] for place in places]

    def _promote(self, epochs: int, most: int) -> None:
        """Successive halving: the best go on, the others end here."""
        if self.validated is None or len(self.alive) <= most:
            return
        reached = [self.better(values) for values in self.validated]
        best = sorted(np.argsort(reached, kind="stable")[::-1][:most].tolist())
        out = [place for place in range(len(self.alive)) if place not in best]
        reason = f"Given up after epoch {epochs}: others of the same age do better."
        for place in out:
            self._end(self.alive[place], End("stopped", reason, {"validation": self.validated[place]}))
        self._keep(best)

    def _diverged(self, k: int, step: int) -> None:
        reason = f"Diverged at step {step}: the loss, a gradient or a weight is no longer a finite number."
        self._end(k, End("diverged", reason, step=step))

    def _finish(self, status: Literal["finished", "stopped"], reason: str) -> None:
        """The end of all that are left."""
        if not self.alive:
            return
        judged = {part: self.stack.judge.scores(self.state, part) for part in self.parts}
        for place, k in enumerate(self.alive):
            found = {part: values[place] for part, values in judged.items() if values is not None}
            self._end(k, End(status, reason, found))
        self.alive = []

    def _end(self, k: int, end: End) -> None:
        self.ends[k] = end
        self.channels[k].emit(end)
