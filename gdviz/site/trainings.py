"""Trainings of the site: recorded once, by ``python -m gdviz.site.trainings``, and played again in the browser.

They are those of the Live training page's stories that fit into a small file: Keras trains them through the very loop
of the app, and what it measured is kept, thinned to what a screen can show, in ``recorded``.
"""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gdviz.charts.palette import Theme
from gdviz.live.data import theme_data
from gdviz.live.still import StepAxis, landscape_plot, step_plot
from gdviz.live.words import WORDS
from gdviz.stories import Story, of_page
from gdviz.training.channel import Recorder
from gdviz.training.events import Batches, End, Epoch, Points, Snapshot, Start, TrainingEvent

FOLDER = Path(__file__).with_name("recorded")
NAMES = ("spirals", "ten_sigmoid_layers", "zeros", "loss_becomes_nan")
TRAININGS: Mapping[str, Story] = {story.name: story for story in of_page("training") if story.name in NAMES}
"""The stories that are recorded, by name."""

MOST_POINTS = 400
MOST_PICTURES = 30
SIDE = 40
"""Cells of a decision boundary along a side."""


def training_data(name: str, theme: Theme) -> dict[str, Any]:
    """A recorded training for ``Replay`` in ``replay.js``."""
    recorded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    boundary = recorded["boundary"]
    still = {"loss": step_plot(StepAxis("loss (log)", "log"), "batch", theme)}
    if boundary is not None:
        (xmin, xmax), (ymin, ymax) = boundary["domain"]
        empty: dict[str, list[Any]] = {"heatmap": [], "contours": [], "minima": []}
        still["boundary"] = {**landscape_plot(((xmin, xmax), (ymin, ymax)), theme), "datasets": empty}
    story = TRAININGS[name]
    return {
        **recorded,
        "title": story.title,
        "text": story.text,
        "still": still,
        "theme": theme_data(theme),
        "words": WORDS,
    }


@dataclass
class PacedRecorder(Recorder):
    """A recorder that leaves the loop time for a picture after each epoch that has one.

    The loop takes no more than a few pictures a second, so that short epochs are not spent on them.
    """

    every: int = 1

    def emit(self, event: TrainingEvent) -> None:
        super().emit(event)
        if isinstance(event, Epoch) and event.epoch % self.every == 0:
            time.sleep(0.25)


def record(story: Story) -> dict[str, Any]:
    """Train, and keep what is shown."""
    from gdviz.training.datasets import prepare
    from gdviz.training.keras.loop import train  # TensorFlow, which nothing else of the site needs

    every = max(1, -(-story.setup.epochs // MOST_PICTURES))
    setup = replace(story.setup, watch=replace(story.setup.watch, snapshot_epochs=every))
    recorder = PacedRecorder(every=every)
    train(setup, prepare(setup), recorder)
    return kept(recorder)


def kept(recorder: Recorder) -> dict[str, Any]:
    """A training as it is shown, as small as a screen allows."""
    (begun,), (end,) = recorder.of(Start), recorder.of(End)
    loss = np.concatenate([batches.measured["loss"] for batches in recorder.of(Batches)])
    at = np.unique(np.linspace(0, len(loss) - 1, min(len(loss), MOST_POINTS)).round().astype(int))
    validated = [epoch for epoch in recorder.of(Epoch) if "val_loss" in epoch.measured]
    return {
        "steps": len(loss),
        "batches": begun.batches,
        "train": {"step": (at + 1).tolist(), "loss": _rounded(loss[at])},
        "validation": {
            "step": [epoch.step for epoch in validated],
            "loss": _rounded([epoch.measured["val_loss"] for epoch in validated]),
        },
        "status": end.status,
        "reason": end.reason,
        "points": _points(begun.points) if begun.points and "y" in begun.points else None,
        "boundary": _boundary(recorder.of(Snapshot)),
    }


def _boundary(snapshots: Sequence[Snapshot]) -> dict[str, Any] | None:
    """Probabilities of class 1 on a grid, rows from the bottom up, as bytes; a picture for each of the snapshots."""
    grids = {one.step: one.boundary for one in snapshots if one.boundary}
    if not grids:
        return None
    first = next(iter(grids.values()))
    x, y = np.asarray(first["x"]), np.asarray(first["y"])
    rows, columns = (np.linspace(0, len(axis) - 1, SIDE).round().astype(int) for axis in (y, x))
    pictures = []
    for step, grid in grids.items():
        values = np.asarray(grid["values"])[-1][np.ix_(rows, columns)]
        packed = base64.b64encode(np.round(255 * np.clip(values, 0, 1)).astype(np.uint8).tobytes()).decode()
        pictures.append({"step": step, "values": packed})
    return {"domain": [[x[0], x[-1]], [y[0], y[-1]]], "side": SIDE, "pictures": pictures}


def _points(points: Points) -> dict[str, list[float]]:
    columns = {"x": points["x"], "y": points["y"], "target": points["target"]}
    return {name: np.round(np.asarray(values)[:300], 3).tolist() for name, values in columns.items()}


def _rounded(values: ArrayLike) -> list[float | None]:
    """Four digits; None for what is not finite, which JSON has not."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in np.asarray(values, dtype=np.float64)]


def main() -> None:
    """Record all of them anew."""
    FOLDER.mkdir(exist_ok=True)
    for name, story in TRAININGS.items():
        text = json.dumps(record(story), separators=(",", ":"))
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{name}: {len(text) / 1000:.0f} KB")


if __name__ == "__main__":
    main()
