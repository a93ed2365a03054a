"""Where a training is, and the file that it can go on from: numbers and JSON only, replaced in one stroke."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Patience:
    """How long a loss has not improved."""

    best: float = float("inf")
    best_epoch: int = 0
    waited: int = 0
    cooldown: int = 0


@dataclass
class Progress:
    """Where a training is. With the variables, all that it needs to go on as if it had never stopped."""

    step: int = 0
    """Batches done."""
    epoch: int = 0
    """Epochs done."""
    batch: int = 0
    """Batches done of the epoch in hand."""
    rate_factor: float = 1.0
    """What the learning rate is multiplied by, after commands and reductions on a plateau."""
    rows: int = 0
    """Rows seen in the epoch in hand."""
    sums: dict[str, float] = field(default_factory=dict)
    """Loss and metrics of the epoch in hand, summed over its rows."""
    seconds: float = 0.0
    """Time spent training."""
    plateau: Patience = field(default_factory=Patience)
    stopping: Patience = field(default_factory=Patience)


def save(path: Path, progress: Progress, variables: list[Any], best: list[Any] | None) -> None:
    """Write a checkpoint; a fault while writing leaves the one before.

    Args:
        path: The .npz file.
        progress: Where the training is.
        variables: Keras variables.
        best: The weights of the best epoch, where early stopping keeps them.

    Raises:
        OSError: The file cannot be written.
    """
    arrays = {f"v{i}": variable.numpy() for i, variable in enumerate(variables)}
    arrays |= {f"b{i}": weight for i, weight in enumerate(best or ())}
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, progress=np.array(json.dumps(asdict(progress))), **arrays)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load(path: Path, variables: list[Any]) -> tuple[Progress, list[Any] | None]:
    """Give the variables their values of the checkpoint, and return where it was and the best weights.

    Raises:
        ValueError: The checkpoint belongs to another model or optimizer.
    """
    with np.load(path, allow_pickle=False) as arrays:
        values = json.loads(str(arrays["progress"]))
        stored = [arrays[f"v{i}"] for i in range(sum(name.startswith("v") for name in arrays.files))]
        if [v.shape for v in stored] != [tuple(v.shape) for v in variables]:
            raise ValueError(f"checkpoint {path.name} belongs to another model or optimizer")
        for variable, value in zip(variables, stored, strict=True):
            variable.assign(value)
        best = [arrays[f"b{i}"] for i in range(sum(name.startswith("b") for name in arrays.files))]
    values["plateau"], values["stopping"] = Patience(**values["plateau"]), Patience(**values["stopping"])
    return Progress(**values), best or None
