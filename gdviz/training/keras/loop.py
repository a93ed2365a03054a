"""The training loop: batches, epochs, commands, checkpoints, and the end."""

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gdviz.training.channel import Channel, Command
from gdviz.training.datasets import Data
from gdviz.training.events import Batches, CommandDone, End, Ending, Epoch, Fault, Resumed, Scores, Sharpness
from gdviz.training.keras import checkpoint
from gdviz.training.keras.checkpoint import Patience, Progress
from gdviz.training.keras.diagnosis import diagnose
from gdviz.training.keras.models import Engine
from gdviz.training.keras.plane import Path as WeightPath
from gdviz.training.keras.plane import plane
from gdviz.training.keras.sharpness import sharpness
from gdviz.training.keras.snapshots import snapshot
from gdviz.training.keras.starting import start
from gdviz.training.setup import TrainingSetup

_CHUNK_SECONDS = 0.08
"""How long a chunk of batches may take: between chunks, commands are answered."""
_POLL_SECONDS = 0.02
_SNAPSHOT_SECONDS = 0.2
"""Least time between snapshots, so that short epochs are not spent on them."""


@dataclass(frozen=True)
class Result:
    """How a training ended."""

    status: Ending
    reason: str
    scores: dict[str, Scores]
    """Loss and metrics at the end on the parts "train", "validation" and "test"."""
    engine: Engine
    """The model, its optimizer, and their compiled functions."""


def train(
    setup: TrainingSetup,
    data: Data,
    channel: Channel,
    checkpoint_file: Path | None = None,
    *,
    resume: bool = False,
    engine: Engine | None = None,
) -> Result:
    """Train a Keras model, measuring every batch.

    The gradient, the loss and the metrics of a batch are those at the weights before its step, as Keras reports them.

    Args:
        setup: The training.
        data: Its data, from :func:`gdviz.training.datasets.prepare`.
        channel: Takes the events (``gdviz.training.events``) and gives the commands.
        checkpoint_file: Where to keep a checkpoint, a .keras file; None for none.
        resume: Go on from that checkpoint, where there is one.
        engine: One that is compiled already, restarted for this setup; None to compile one.

    Returns:
        How it ended.
    """
    return _Training(setup, data, channel, checkpoint_file, engine or Engine(setup, data)).run(resume)


def epoch_order(seed: int, epoch: int, rows: int) -> Any:
    """The order of the rows in an epoch, counting from 0: its own seed, so that any epoch can be begun alone."""
    return np.random.default_rng([seed, epoch]).permutation(rows).astype(np.int32)


class _Training:
    def __init__(
        self, setup: TrainingSetup, data: Data, channel: Channel, checkpoint_file: Path | None, engine: Engine
    ) -> None:
        self.setup, self.data, self.channel, self.file = setup, data, channel, checkpoint_file
        self.engine = engine
        self.rows = len(data.x["train"])
        self.batch_size = min(setup.batch_size or self.rows, self.rows)
        self.batches = math.ceil(self.rows / self.batch_size)
        self.total = self.batches * setup.epochs
        self.at = Progress()
        self.best: list[Any] | None = None
        self.path = WeightPath(self.engine, self.total) if setup.watch.plane else None
        self.per_batch: float | None = None
        self.saved = time.perf_counter()
        self.snapped = -math.inf
        self.paused = False
        self.stop_asked = False
        self.pause_after: Literal["batch", "epoch"] | None = None
        self.speed: float | None = None
        """Batches per second at most; None for as many as there can be."""
        self.due = -math.inf
        """When the next chunk may begin, at that speed."""
        self.growth: list[float] = []

    def run(self, resume: bool) -> Result:
        self._start(resume)
        self._record_path()
        end: tuple[Ending, str] | None = None
        while end is None and self.at.epoch < self.setup.epochs:
            self._obey()
            if self.stop_asked:
                end = "stopped", f"Stopped after step {self.at.step} of {self.total}."
                break
            end = self._chunk()
            if end is None and self.at.batch == self.batches:
                end = self._end_of_epoch()
        return self._finish(*(end or ("finished", f"All {self.setup.epochs} epochs are done.")))

    def _start(self, resume: bool) -> None:
        engine = self.engine
        if resume and self.file is not None:
            with suppress(FileNotFoundError):
                self.at, self.best, damage = checkpoint.load_last(self.file, engine.compiled_model(), engine.seeds)
                self.channel.emit(Resumed(self.at.step, self.at.epoch))
                if damage:
                    self.channel.emit(Fault(self.at.step, damage))
                return
        self.channel.emit(start(engine, self.setup, self.batches))
        self._sharpness()

    def _chunk(self) -> tuple[Ending, str] | None:
        """Train on the next batches of the epoch, as many as fit between two looks at the commands."""
        at, size = self.at, self.batch_size
        count = min(self._fitting(), self.batches - at.batch)
        rows = epoch_order(self.setup.seed, at.epoch, self.rows)[at.batch * size : (at.batch + count) * size]
        steps = np.arange(at.step, at.step + count) // self.setup.optimizer.batches_per_step
        with np.errstate(over="ignore"):  # a rate beyond float32 is infinite, and the run will show it
            rates = (at.rate_factor * self.setup.learning_rate(steps)).astype(np.float32)
        began = time.perf_counter()
        self.due = began + (count / self.speed if self.speed else 0.0)
        measured, fine = self.engine.chunk(rows, rates, size)
        seconds = time.perf_counter() - began
        # The first chunk compiles; the next ones approach the time they may take from below.
        known = seconds / count if self.per_batch else min(seconds / count, 0.01)
        self.per_batch = known if self.per_batch is None else max(known, self.per_batch / 4)

        taken = len(measured["loss"])
        sizes = np.minimum(size, len(rows) - size * np.arange(taken))
        self.channel.emit(
            Batches(
                step=at.step + 1,
                epoch=at.epoch + 1,
                seconds=round(at.seconds + seconds, 4),
                learning_rate=rates[:taken].tolist(),
                measured={name: values.tolist() for name, values in measured.items()},
            )
        )
        self.growth = [*self.growth, *measured["loss"].tolist()][-10:]
        if not fine:
            at.step += taken
            reason = diagnose(self.engine, rows[(taken - 1) * size : taken * size], at.step, self.growth)
            return "diverged", reason
        at.step, at.batch, at.rows = at.step + taken, at.batch + taken, at.rows + len(rows)
        at.seconds += seconds
        for name in self.engine.columns:
            at.sums[name] = at.sums.get(name, 0.0) + float(np.dot(measured[name].astype(float), sizes))
        self._record_path()
        if self.pause_after == "batch":
            self._pause()
        return None

    def _fitting(self) -> int:
        if self.per_batch is None or self.pause_after == "batch":
            return 1
        count = max(1, int(_CHUNK_SECONDS * min(1 / self.per_batch, self.speed or math.inf)))
        return min(count, self.path.steps_to_next(self.at.step)) if self.path else count

    def _end_of_epoch(self) -> tuple[Ending, str] | None:
        at, watch = self.at, self.setup.watch
        scores = {name: total / at.rows for name, total in at.sums.items()}
        validated = self.engine.evaluate("validation") or {}
        at.epoch, at.batch, at.rows, at.sums = at.epoch + 1, 0, 0, {}
        self.channel.emit(
            Epoch(
                epoch=at.epoch,
                step=at.step,
                seconds=round(at.seconds, 4),
                samples_per_second=round(self.rows * at.epoch / at.seconds, 1),
                measured={**scores, **{f"val_{name}": value for name, value in validated.items()}},
            )
        )
        losses = {"loss": scores["loss"], "val_loss": validated.get("loss", math.nan)}
        last = at.epoch == self.setup.epochs
        if watch.snapshot_epochs and at.epoch % watch.snapshot_epochs == 0 and not last:
            self._snapshot()
        if watch.sharpness_epochs and at.epoch % watch.sharpness_epochs == 0:
            self._sharpness()
        self._reduce_on_plateau(losses)
        end = self._stop_early(losses)
        if time.perf_counter() - self.saved >= watch.checkpoint_seconds:
            self._save()
        if self.pause_after == "epoch" and not last:
            self._pause()
        return end

    def _reduce_on_plateau(self, losses: dict[str, float]) -> None:
        rule, state = self.setup.reduce_on_plateau, self.at.plateau
        if rule is None:
            return
        if state.cooldown > 0:
            state.cooldown, state.waited = state.cooldown - 1, 0
        if _improved(state, losses[rule.monitor], rule.min_delta, self.at.epoch):
            return
        if state.cooldown > 0:
            return
        state.waited += 1
        rate = self.at.rate_factor * self.setup.optimizer.learning_rate
        if state.waited >= rule.patience and rate > rule.min_lr:
            self._set_learning_rate(max(rate * rule.factor, rule.min_lr), "reduce_on_plateau")
            state.cooldown, state.waited = rule.cooldown, 0

    def _stop_early(self, losses: dict[str, float]) -> tuple[Ending, str] | None:
        rule, state = self.setup.early_stopping, self.at.stopping
        if rule is None:
            return None
        if _improved(state, losses[rule.monitor], rule.min_delta, self.at.epoch):
            if rule.restore_best_weights:
                self.best = self.engine.model.get_weights()
            return None
        state.waited += 1
        if state.waited < rule.patience:
            return None
        kept = f" The weights are those of epoch {state.best_epoch}." if self.best is not None else ""
        return "finished", (
            f"Stopped early after epoch {self.at.epoch}: {rule.monitor} has not fallen since epoch "
            f"{state.best_epoch} ({state.best:.4g}).{kept}"
        )

    def _obey(self) -> None:
        """Carry out the commands that came; while paused, or ahead of the speed that was set, wait for further ones."""
        while True:
            for command in self.channel.commands():
                self._carry_out(command)
            early = self.pause_after != "batch" and time.perf_counter() < self.due
            if self.stop_asked or not (self.paused or early):
                return
            time.sleep(_POLL_SECONDS)

    def _carry_out(self, command: Command) -> None:
        if command.name == "set_learning_rate":
            assert command.value is not None
            self._set_learning_rate(command.value, "set_learning_rate")
            return
        if command.name == "pause":
            self._pause()
            return
        if command.name == "set_speed":
            self.speed, self.due = command.value, -math.inf
            self.channel.emit(CommandDone("set_speed", self.at.step, speed=command.value))
            return
        self.stop_asked = self.stop_asked or command.name == "stop"
        self.paused = False
        self.pause_after = {"step_batch": "batch", "step_epoch": "epoch"}.get(command.name)  # type: ignore[assignment]
        self.channel.emit(CommandDone(command.name, self.at.step))

    def _pause(self) -> None:
        self.paused, self.pause_after = True, None
        self.channel.emit(CommandDone("pause", self.at.step))
        self._save()

    def _set_learning_rate(self, rate: float, why: str) -> None:
        """From the next batch on, the schedule is scaled so that it now gives ``rate``."""
        planned = float(self.setup.learning_rate(self.at.step // self.setup.optimizer.batches_per_step))
        if planned > 0:
            self.at.rate_factor = rate / planned
        self.channel.emit(CommandDone(why, self.at.step, learning_rate=rate))

    def _save(self) -> None:
        if self.file is None:
            return
        self.channel.flush()  # first, so that a run that goes on from here has no gap in its record
        try:
            checkpoint.save(self.file, self.at, self.engine.compiled_model(), self.engine.seeds, self.best)
        except OSError as error:
            self.channel.emit(Fault(self.at.step, f"The checkpoint could not be written: {error}"))
        self.saved = time.perf_counter()

    def _record_path(self) -> None:
        if self.path:
            self.path.record(self.at.step)

    def _snapshot(self, always: bool = False) -> None:
        if always or time.perf_counter() - self.snapped >= _SNAPSHOT_SECONDS:
            self.channel.emit(snapshot(self.engine, self.at.epoch, self.at.step))
            self.snapped = time.perf_counter()

    def _sharpness(self) -> None:
        if self.setup.watch.sharpness_epochs:
            steps = self.at.step // self.setup.optimizer.batches_per_step
            rate = self.at.rate_factor * float(self.setup.learning_rate(steps))
            largest = sharpness(self.engine, self.setup.watch.sharpness_samples)
            limit = 2 / rate if rate else math.inf
            self.channel.emit(
                Sharpness(
                    epoch=self.at.epoch,
                    step=self.at.step,
                    limit=limit,
                    sharpness=largest.value,
                    products=largest.products,
                    converged=largest.converged,
                )
            )

    def _finish(self, status: Ending, reason: str) -> Result:
        engine, scores = self.engine, dict[str, Scores]()
        if status == "finished":
            engine.optimizer.finalize_variable_values(engine.model.trainable_variables)
            if self.best is not None:  # Keras restores the best weights at every end, early or not
                engine.model.set_weights(self.best)
        if status != "diverged":
            if status == "stopped":
                self._save()
            if self.setup.watch.snapshot_epochs:
                self._snapshot(always=True)
            scores = {part: found for part in self.data.x if (found := engine.evaluate(part))}
            if self.path:
                self.channel.emit(plane(engine, self.path, self.setup.watch.sharpness_samples))
        self.channel.emit(End(status, reason, scores, self.at.step))
        return Result(status, reason, scores, engine)


def _improved(state: Patience, loss: float, min_delta: float, epoch: int) -> bool:
    """Whether a loss fell by more than ``min_delta`` below its best; then it becomes the best."""
    if loss < state.best - min_delta:
        state.best, state.best_epoch, state.waited = loss, epoch, 0
        return True
    return False
