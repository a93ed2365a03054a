"""Events that tests write by hand: only what a test looks at has to be said."""

from collections.abc import Sequence
from typing import Any

from gdviz.training.events import Batches, Epoch, Start


def start(**values: Any) -> Start:
    sizes = {"rows": {"train": 64}, "batches": 2, "steps": 4, "parameters": 17}
    names = {"layers": ["output"], "probes": [], "inputs": ["x"], "classes": [], "image": None, "metrics": []}
    return Start(**{**sizes, **names, "loss": "mean_squared_error", **values})


def batches(loss: Sequence[float], step: int = 1, epoch: int = 1, **measured: Any) -> Batches:
    return Batches(step, epoch, 0.0, [0.1] * len(loss), {"loss": list(loss), **measured})


def epoch(number: int, step: int | None = None, seconds: float = 0.0, **measured: Any) -> Epoch:
    return Epoch(number, number if step is None else step, seconds, 1.0, measured)
