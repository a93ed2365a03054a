"""The record of a run, and names for several beside one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gdviz.descent import ending, words
from gdviz.descent.ending import STATUS_WORDS, Array, Finding, Status
from gdviz.descent.setup import Descent
from gdviz.descent.steps import Steps


@dataclass(frozen=True, eq=False, kw_only=True)
class Trajectory(Steps):
    """The record of a run of T steps: its arrays, its setup, and how it ended."""

    setup: Descent
    """The configuration of the run."""
    loss: Array
    """Losses, shape (T+1,)."""
    status: Status
    """converged (at a minimum), running (still moving), stalled (stopped elsewhere) or diverged (not finite)."""
    stopped_at: int | None
    """The step that ended the run early; None where it took all its steps."""
    findings: tuple[Finding, ...]
    """The reasons for ``status``, as codes and numbers."""

    @property
    def reason(self) -> str:
        """The reason for ``status``, in a sentence or two."""
        return words.reason(self.findings)

    @property
    def steps(self) -> int:
        """The number of steps taken, T."""
        return len(self.learning_rate)

    @property
    def label(self) -> str:
        """A name for this run."""
        return self.setup.optimizer.label

    @cached_property
    def distance(self) -> Array:
        """Distance to the nearest known minimum, shape (T+1,); NaN where the landscape has none."""
        if not self.setup.landscape.minima:
            return np.full(len(self.theta), np.nan)
        apart = self.theta[:, None, :] - np.array(self.setup.landscape.minima)[None, :, :]
        return np.asarray(np.linalg.norm(apart, axis=-1).min(axis=1))

    @cached_property
    def steps_to_converge(self) -> int | None:
        """The number of steps after which the loss stays at that of the minimum; None where it has not converged."""
        if self.status != "converged":
            return None
        loss = -self.loss if self.setup.maximize else self.loss
        lowest, end = self.setup.landscape.lowest, float(loss[-1])
        known = lowest is not None and not self.setup.maximize and ending.reaches(loss, lowest)[-1]
        above = np.flatnonzero(~ending.reaches(loss, lowest if known and lowest is not None else end))
        return int(above[-1]) + 1 if len(above) else 0

    @property
    def gradient_evaluations(self) -> int:
        """How many gradients the optimizer needed: one a step, and those that it asked for besides."""
        return int(self.evaluations["gradient"].sum())

    @property
    def loss_evaluations(self) -> int:
        """How many losses the optimizer needed; those recorded for the charts are not counted."""
        return int(self.evaluations["loss"].sum())

    @property
    def hessian_evaluations(self) -> int:
        """How many matrices of second derivatives the optimizer needed."""
        return int(self.evaluations["hessian"].sum())


def labels(runs: Sequence[Trajectory]) -> list[str]:
    """A name for each run: its own; where several share it, with the learning rate, and then with a number."""
    names = [run.label for run in runs]
    rated = [f"{run.label}, η {run.setup.optimizer.learning_rate:.4g}" for run in runs]
    names = [full if names.count(name) > 1 else name for name, full in zip(names, rated, strict=True)]
    return [f"{name} #{names[: i + 1].count(name)}" if names.count(name) > 1 else name for i, name in enumerate(names)]


def summary(runs: Sequence[Trajectory], names: Sequence[str] | None = None) -> str:
    """The chart in words."""
    start = runs[0].setup.start
    told = [
        f"{name}: {STATUS_WORDS[run.status]} after {run.steps} steps at "
        f"({run.theta[-1][0]:.3g}, {run.theta[-1][1]:.3g}), loss {run.loss[-1]:.3g}."
        for name, run in zip(names or labels(runs), runs, strict=True)
    ]
    heading = f"{runs[0].setup.landscape.label} landscape; all runs start at ({start[0]:.4g}, {start[1]:.4g})."
    return " ".join([heading, *told])


def left_plot(run: Trajectory) -> int | None:
    """The first step at which a run is outside the part of the landscape that is drawn; None where it never is."""
    low, high = np.array(run.setup.landscape.domain).T
    outside = np.flatnonzero(~np.all((run.theta >= low) & (run.theta <= high), axis=1))
    return int(outside[0]) if len(outside) else None
