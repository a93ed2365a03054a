"""Results as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from gdviz.descent import Trajectory
from gdviz.descent.trajectory import labels

if TYPE_CHECKING:
    from gdviz.gradflow import GradientFlow, RecurrentFlow, TrainingRun

Table = Mapping[str, ArrayLike]
"""Columns of the same length by name."""


def to_csv(trajectories: Sequence[Trajectory], names: Sequence[str] | None = None) -> str:
    """One row for each run and step: position, loss, gradient, learning rate (of the step that follows)."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["run", "step", "x", "y", "loss", "gradient_x", "gradient_y", "learning_rate"])
    for name, run in zip(names or labels(trajectories), trajectories, strict=True):
        rates = [*run.learning_rate.tolist(), ""]
        rows = zip(run.theta.tolist(), run.loss.tolist(), run.gradient.tolist(), rates, strict=True)
        for step, (point, loss, gradient, rate) in enumerate(rows):
            writer.writerow([name, step, *point, loss, *gradient, rate])
    return table.getvalue()


def table_csv(table: Table) -> str:
    """A figure's table, a row a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*(np.asarray(values).tolist() for values in table.values()), strict=True))
    return text.getvalue()


def training_csv(run: "TrainingRun") -> str:
    """One row for each step and layer; the last layer is the readout, of which activations are not measured."""
    names = ("gradient", "used_gradient", "weight_norm", "update_ratio", "activation_std", "dead")
    layers = run.gradient.shape[1]
    columns: dict[str, Any] = {
        "step": np.repeat(np.arange(1, run.steps + 1), layers),
        "layer": np.tile(np.arange(1, layers + 1), run.steps),
        **{name: np.repeat(getattr(run, name), layers) for name in ("loss", "accuracy", "learning_rate")},
    }
    for name in names:
        values = getattr(run, name)
        missing = np.full((run.steps, layers - values.shape[1]), np.nan)
        columns[name] = np.concatenate([values, missing], axis=1).ravel()
    return table_csv(columns)


def recurrent_csv(flow: "RecurrentFlow") -> str:
    """One row for each seed and step of a measured recurrent network."""
    seeds, steps = flow.mean.shape
    return table_csv(
        {
            "seed": np.repeat(flow.setup.seed + np.arange(seeds), steps),
            "step": np.tile(np.arange(1, steps + 1), seeds),
            "distance": np.tile(flow.distance, seeds),
            "mean": flow.mean.ravel(),
            "std": flow.std.ravel(),
            **{f"gradient_{name}": values.ravel() for name, values in flow.gradient.items()},
            "input_gradient": flow.input_gradient.ravel(),
            "recurrent_gradient": flow.recurrent_gradient.ravel(),
        }
    )


def flow_csv(flow: "GradientFlow") -> str:
    """One row for each seed and layer of a measured network."""
    names = (
        "mean", "std", "pre_activation", "saturated", "dead", "activation_gradient", "weight_gradient", "weight_norm"
    )  # fmt: skip
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["seed", "layer", *names])
    for row in range(len(flow.mean)):
        for column, layer in enumerate(flow.layers):
            measured = [getattr(flow, name)[row, column] for name in names]
            writer.writerow([flow.setup.seed + row, int(layer), *measured])
    return table.getvalue()
