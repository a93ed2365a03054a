"""Trains whatever a comparison asks for: stacked where that can be, one after the other in one graph where not."""

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from gdviz.training import scores
from gdviz.training.channel import Channel, Command
from gdviz.training.datasets import prepare
from gdviz.training.events import End, Scores, Start, TrainingEvent
from gdviz.training.keras.loop import train
from gdviz.training.keras.models import Engine, in_common
from gdviz.training.keras.stack import Judge, Stack
from gdviz.training.keras.stacked import train_together
from gdviz.training.setup import TrainingSetup
from gdviz.training.stackable import why_alone

_GRAPHS = 10
"""So many are kept: one for each entrant, from its trials to its repeats."""


class Trainer:
    """Trains many models on the same data, and keeps the graphs that may be wanted again.

    Args:
        problem: Any of the trainings: its data and split are those of all.
        content: The bytes of the user's CSV file, for a training on one.

    Raises:
        ValueError: The user's file cannot be used, or a part would be empty.
        DataUnavailableError: The data cannot be had.
    """

    def __init__(self, problem: TrainingSetup, content: bytes | None = None) -> None:
        self.data = prepare(problem, content)
        self._graphs: OrderedDict[str, Stack | Engine] = OrderedDict()
        self._judges: dict[str, Judge] = {}
        """By what trainings have in common that differ in their optimizer: all entrants of a comparison share one."""

    def train(
        self,
        setups: Sequence[TrainingSetup],
        channels: Sequence[Channel],
        *,
        tuned: Sequence[str] = (),
        parts: Sequence[str] = ("train", "validation"),
        rungs: Sequence[tuple[int, int]] = (),
        better: Callable[[Scores], float] = lambda scores: -scores["loss"],
        going_on: Callable[[], bool] = lambda: True,
        metric: str = "loss",
    ) -> list[End]:
        """Train all; the arguments are those of :func:`gdviz.training.keras.stacked.train_together`, and a metric.

        Every run's ``Start`` has in ``constant`` the scores of one constant answer, the mean of the training part.

        Raises:
            ValueError: The metric does not exist on a part of these data.
        """
        constant = self.constant_scores(setups[0], ("validation", "test"))
        if without := [part for part, found in constant.items() if metric not in found]:
            raise ValueError(f"metric {metric} needs rows of two classes; the {without[0]} part has rows of one alone")
        judged = [_Judged(channel, parts, constant, going_on) for channel in channels]
        others = tuple(name for name in tuned if name != "learning_rate")
        if why_alone(setups[0]) is None:
            stack = self._graph(setups[0], others, lambda: self._stack(setups[0], others))
            assert isinstance(stack, Stack)
            return train_together(stack, setups, judged, parts=parts, rungs=rungs, better=better, going_on=going_on)
        return [self._alone(setup, channel) for setup, channel in zip(setups, judged, strict=True)]

    def _stack(self, setup: TrainingSetup, tuned: Sequence[str]) -> Stack:
        common = {name: value for name, value in in_common(setup).items() if name not in ("optimizer", "clip")}
        key = json.dumps(common, sort_keys=True)
        made = Stack(setup, self.data, tuned, self._judges.get(key))
        self._judges = {key: made.judge}
        return made

    def _alone(self, setup: TrainingSetup, channel: "_Judged") -> End:
        if not channel.going_on():
            return End("stopped", "Stopped before it began.")
        engine = self._graph(setup, (), lambda: Engine(setup, self.data))
        assert isinstance(engine, Engine)
        engine.restart(setup)
        result = train(setup, self.data, channel, engine=engine)
        scores = {part: found for part, found in result.scores.items() if part in channel.parts}
        return End(result.status, result.reason, scores)

    def _graph(self, setup: TrainingSetup, tuned: Sequence[str], make: Callable[[], Stack | Engine]) -> Stack | Engine:
        key = json.dumps([in_common(setup, tuned), tuned], sort_keys=True)
        found = self._graphs.pop(key, None) or make()
        self._graphs[key] = found
        if len(self._graphs) > _GRAPHS:
            self._graphs.popitem(last=False)
        return found

    def constant_scores(self, setup: TrainingSetup, parts: Sequence[str]) -> dict[str, Scores]:
        """Loss and metrics of answering every row with the mean of the training part's targets."""
        answer = self.data.y["train"].mean(axis=0, dtype=np.float64).astype(np.float32)
        found = {}
        for part in parts:
            y = self.data.y[part]
            if not len(y):
                continue
            predicted = np.broadcast_to(answer, y.shape)
            given = tf.constant(y), tf.constant(predicted)
            means = {"loss": getattr(keras.losses, str(setup.loss))(*given)}
            means |= {name: getattr(keras.metrics, name)(*given) for name in setup.metrics or ()}
            found[part] = {name: float(np.mean(np.asarray(value, float))) for name, value in means.items()}
            if self.data.task != "regression":
                found[part] |= scores.of_classes(y, predicted)
        return found


class _Judged:
    """A channel that passes on the scores of some parts only: those that may be seen."""

    def __init__(
        self,
        channel: Channel,
        parts: Sequence[str],
        constant: dict[str, Scores],
        going_on: Callable[[], bool],
    ) -> None:
        self.channel, self.parts, self.constant, self.going_on = channel, parts, constant, going_on

    def emit(self, event: TrainingEvent) -> None:
        match event:
            case Start():
                event = replace(event, constant=self.constant)
            case End(scores=scores):
                event = replace(event, scores={part: s for part, s in scores.items() if part in self.parts})
        self.channel.emit(event)

    def flush(self) -> None:
        self.channel.flush()

    def commands(self) -> list[Command]:
        return [] if self.going_on() else [Command("stop")]
