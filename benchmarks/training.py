"""Live training against bare ``model.fit``: the same data, model, optimizer and number of epochs, taking turns.

Ours measures every batch (norms, ratios, dead units, metrics), turns every event into the text that the app's store
keeps, and answers commands; sharpness and planes are off. Writing that text into the database is not in the time. Both
times contain compiling, and neither contains loading the data.

    python -m benchmarks.training [rounds]
"""

import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from gdviz.training import DATASETS, KERAS_OPTIMIZERS, DenseLayer, Split, TrainingSetup
from gdviz.training.architecture import blocks
from gdviz.training.channel import Recorder
from gdviz.training.datasets import Data, prepare
from gdviz.training.events import Batches, TrainingEvent
from gdviz.training.keras.loop import train

_NO_VALIDATION = Split(validation=0.0, test=0.0)
CASES = {
    "digits 64-64-10": TrainingSetup(split=_NO_VALIDATION),
    "synthetic 784-128-10": TrainingSetup(
        data=DATASETS.make("random_vectors", samples=10_000, inputs=784),
        split=_NO_VALIDATION,
        layers=(DenseLayer(128),),
        epochs=5,
    ),
}


def bare(setup: TrainingSetup, data: Data) -> float:
    """Seconds of model.fit with nothing watched."""
    x = inputs = keras.Input(data.shape)
    for block in blocks(setup, data.outputs):
        for call in block.calls:
            x = call.make(keras)(x)
    model = keras.Model(inputs, x)
    model.compile(setup.optimizer.call().make(keras), setup.loss, metrics=list(setup.metrics or ()))
    began = time.perf_counter()
    model.fit(data.x["train"], data.y["train"], batch_size=setup.batch_size, epochs=setup.epochs, verbose=0)
    return time.perf_counter() - began


class Timed(Recorder):
    """A recorder that writes its events as text, as the store does, and knows when the first measurement came."""

    def __init__(self) -> None:
        super().__init__()
        self.first: float | None = None

    def emit(self, event: TrainingEvent) -> None:
        json.dumps(event.payload())
        super().emit(event)
        if isinstance(event, Batches) and self.first is None:
            self.first = time.perf_counter()


def ours(setup: TrainingSetup, data: Data) -> tuple[float, float]:
    """Seconds of a whole training with everything watched by batch, and until its first measurement."""
    channel = Timed()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        train(setup, data, channel, Path(folder) / "checkpoint.keras")
        end = time.perf_counter()
    assert channel.first is not None
    return end - began, channel.first - began


def main(rounds: int) -> None:
    for title, case in CASES.items():
        for optimizer in (KERAS_OPTIMIZERS.make("adam"), KERAS_OPTIMIZERS.make("sgd", momentum=0.9)):
            setup = replace(case.changed(optimizer=optimizer))
            data = prepare(setup)
            times: dict[str, list[float]] = {"fit": [], "ours": [], "first": []}
            for _ in range(rounds):
                times["fit"].append(bare(setup, data))
                whole, first = ours(setup, data)
                times["ours"].append(whole)
                times["first"].append(first)
            median = {name: statistics.median(values) for name, values in times.items()}
            spread = np.ptp(times["ours"])
            print(
                f"{title}, {optimizer.label}, {setup.epochs} epochs: model.fit {median['fit']:.2f} s, gdviz "
                f"{median['ours']:.2f} s (range {spread:.2f}), ratio {median['ours'] / median['fit']:.2f}; "
                f"first measurement after {median['first']:.2f} s"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
