"""The memory that a training takes of a worker, held to its estimate: in a process of its own, which gives back what it
lets go of.
"""

import os
import subprocess
import sys

_MEASURED = """
import gc, sys, threading
import psutil
from gdviz.budget import keras_training, size_of
from gdviz.training import DATASETS, DenseLayer, TrainingSetup, Watch
from gdviz.training.channel import Recorder
from gdviz.training.datasets import prepare
from gdviz.training.keras.loop import train

process, peak, done = psutil.Process(), [0], threading.Event()

def run(**values):
    setup = TrainingSetup(epochs=1, batch_size=None, watch=Watch(snapshot_epochs=0), **values)
    train(setup, prepare(setup), Recorder())
    return keras_training(setup, size_of(setup))

def look():
    while not done.wait(0.002):
        peak[0] = max(peak[0], process.memory_info().rss)

few = DATASETS.make("random_vectors", samples=100, inputs=10)
nothing = run(data=few)
gc.collect()
before = process.memory_info().rss
threading.Thread(target=look, daemon=True).start()
estimate = run(data=few, layers=(DenseLayer(2048), DenseLayer(2048))) - nothing
wide = peak[0] - before
done.set()
print(estimate / wide)
"""


def test_the_memory_of_a_training_is_within_a_factor_of_two_of_its_estimate() -> None:
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000"}
    found = subprocess.run(
        [sys.executable, "-c", _MEASURED], capture_output=True, text=True, check=False, env=environment
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert 0.5 <= float(found.stdout) <= 2
