"""Data sets made ready for a model: split, standardised, targets encoded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gdviz.training import samples
from gdviz.training.datasets.dataset import Task

if TYPE_CHECKING:
    from gdviz.training.setup import TrainingSetup

Floats = NDArray[np.float32]
_NUMBERS_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class Data:
    """A data set ready for a model: split, standardised, targets encoded. All arrays are float32."""

    task: Task
    x: dict[str, Floats]
    """Inputs of the parts "train", "validation" and "test", each of shape (n, d) or (n, height, width, channels)."""
    y: dict[str, Floats]
    """Targets, shape (n, classes) one-hot for several classes, else (n, 1)."""
    inputs: tuple[str, ...]
    classes: tuple[str, ...]
    image: tuple[int, int, int] | None
    x_mean: NDArray[Any]
    x_scale: NDArray[Any]
    y_mean: NDArray[Any]
    y_scale: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one input, as the model takes it."""
        return self.x["train"].shape[1:]

    @property
    def outputs(self) -> int:
        """The number of outputs of a model."""
        return int(self.y["train"].shape[1])


@np.errstate(over="ignore", invalid="ignore")  # numbers that are too large are refused in words
def prepare(setup: "TrainingSetup", content: bytes | None = None) -> Data:
    """Load, split, standardise and encode the data of a training.

    Args:
        setup: The training.
        content: The bytes of the user's file, where the data are the user's own.

    Raises:
        ValueError: The user's file cannot be used, or a part would be empty, or a number is too large; says why.
        DataUnavailableError: The data have to be downloaded, and that failed.
    """
    loaded, split, task = setup.data.load(content), setup.split, setup.data.task
    rows = rows_by_part(setup, len(loaded.x))
    x_mean, x_scale = _mean_and_scale(loaded.x, rows["train"])
    if not split.standardise:
        x_mean, x_scale = np.zeros_like(x_mean), np.ones_like(x_scale)
    y_mean, y_scale = np.zeros(1), np.ones(1)
    if task == "classes":
        y = np.eye(len(loaded.classes), dtype=np.float32)[loaded.y.astype(int)]
    else:
        y = loaded.y[:, None].astype(float)
        if task == "regression" and split.standardise_target:
            y_mean, y_scale = samples.mean_and_scale(y[rows["train"]])
        y = _single((y - y_mean) / y_scale, "targets")
    x = loaded.x.astype(np.float64, copy=False)
    x -= x_mean  # in place: a large table would be in memory too often
    x /= x_scale
    inputs = _single(x, "inputs")
    if setup.convolution is not None and setup.data.image is not None:
        inputs = inputs.reshape(-1, *setup.data.image)
    return Data(
        task=task,
        x={part: inputs[chosen] for part, chosen in rows.items()},
        y={part: y[chosen] for part, chosen in rows.items()},
        inputs=loaded.inputs,
        classes=loaded.classes,
        image=setup.data.image,
        x_mean=x_mean,
        x_scale=x_scale,
        y_mean=y_mean,
        y_scale=y_scale,
    )


def _single(numbers: NDArray[np.float64], what: str) -> NDArray[np.float32]:
    """As float32, in which a model counts.

    Raises:
        ValueError: A number is too large for that, or was for the mean and the standard deviation.
    """
    single = numbers.astype(np.float32)
    if not np.isfinite(single).all():
        raise ValueError(
            f"data: {what} must be numbers of size 3.4e38 at most, also when standardised; some are larger"
        )
    return single


def rows_by_part(setup: "TrainingSetup", count: int) -> dict[str, NDArray[Any]]:
    """The rows that train, validate and test.

    Args:
        setup: The training.
        count: How many rows there are.

    Raises:
        ValueError: A part would be empty.
    """
    split = setup.split
    parts = samples.split_rows(count, split.validation, split.test, setup.data.own_test, split.seed)
    rows = dict(zip(("train", "validation", "test"), parts, strict=True))
    if split.validate_on_test:
        rows["validation"] = rows["test"]
    if not len(rows["train"]):
        raise ValueError(f"Split: the training part must have at least 1 row; {count} rows leave none for it")
    if split.validation and not len(rows["validation"]):
        raise ValueError(f"Split: validation must give at least 1 row; {split.validation} of {count} gives none")
    return rows


def _mean_and_scale(x: NDArray[Any], rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean and scale of some rows, a few columns at a time, so that there is no second copy of all."""
    width = max(2, _NUMBERS_AT_ONCE // max(1, len(rows)))
    found = [samples.mean_and_scale(x[rows, start : start + width]) for start in range(0, x.shape[1], width)]
    mean, scale = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return mean, scale
