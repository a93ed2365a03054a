"""Data that are drawn from a seed: points in the plane, a curve, random vectors."""

from dataclasses import dataclass
from typing import Any

from gdviz.catalogue import knob
from gdviz.training import samples
from gdviz.training.datasets.dataset import DATASETS, Dataset, Task


def _samples() -> Any:
    return knob(500, 20, 20_000, usual=(100, 2000), help="number of points")


def _noise(default: float) -> Any:
    return knob(default, 0.0, 10.0, usual=(0.0, 0.5), help="standard deviation of the noise")


def _seed() -> Any:
    return knob(0, 0, 2**32 - 1, help="determines the points")


@dataclass(frozen=True)
class _Plane(Dataset):
    """Points in the plane, in two classes."""

    source = "https://scikit-learn.org/stable/datasets/sample_generators.html"

    @property
    def task(self) -> Task:
        return "binary"


@DATASETS.register("moons")
@dataclass(frozen=True)
class Moons(_Plane):
    """Two half circles that reach into each other."""

    label = "Moons"
    make = staticmethod(samples.moons)
    samples: int = _samples()
    noise: float = _noise(0.2)
    seed: int = _seed()


@DATASETS.register("circles")
@dataclass(frozen=True)
class Circles(_Plane):
    """A circle within a circle."""

    label = "Circles"
    make = staticmethod(samples.circles)
    samples: int = _samples()
    noise: float = _noise(0.1)
    seed: int = _seed()


@DATASETS.register("spirals")
@dataclass(frozen=True)
class Spirals(_Plane):
    """Two spirals wound around each other, after Lang & Witbrock (1988)."""

    label = "Spirals"
    source = "https://playground.tensorflow.org"
    make = staticmethod(samples.spirals)
    samples: int = _samples()
    noise: float = _noise(0.02)
    seed: int = _seed()


@DATASETS.register("xor")
@dataclass(frozen=True)
class Xor(_Plane):
    """Exclusive or: the sign of the product of the two coordinates, which no line separates."""

    label = "XOR"
    source = "https://playground.tensorflow.org"
    make = staticmethod(samples.xor)
    samples: int = _samples()
    noise: float = _noise(0.05)
    seed: int = _seed()


@DATASETS.register("blobs")
@dataclass(frozen=True)
class Blobs(_Plane):
    """Normal clouds around points of a circle."""

    label = "Blobs"
    make = staticmethod(samples.blobs)
    samples: int = _samples()
    noise: float = _noise(0.3)
    seed: int = _seed()
    classes: int = knob(3, 2, 10, help="number of clouds")

    @property
    def task(self) -> Task:
        return "binary" if self.classes == 2 else "classes"


@DATASETS.register("curve")
@dataclass(frozen=True)
class Curve(Dataset):
    """A curve with noise on it: one number from one number."""

    label = "Curve"
    make = staticmethod(samples.curve)
    samples: int = knob(200, 20, 20_000, usual=(50, 1000), help="number of points")
    noise: float = _noise(0.1)
    seed: int = _seed()
    shape: str = knob("sine", choices=("sine", "waves", "cubic", "step", "kink"), help="the curve without the noise")

    @property
    def task(self) -> Task:
        return "regression"


@DATASETS.register("random_vectors")
@dataclass(frozen=True)
class RandomVectors(Dataset):
    """Normal vectors labelled by a random linear rule, or, with label noise 1, by chance: then there is only memory."""

    label = "Random vectors"
    make = staticmethod(samples.random_vectors)
    samples: int = knob(1000, 20, 100_000, usual=(100, 10_000), log=True, help="number of vectors")
    inputs: int = knob(100, 1, 2000, usual=(2, 1000), log=True, help="length of a vector")
    classes: int = knob(10, 2, 100, help="number of classes")
    label_noise: float = knob(0.0, 0.0, 1.0, help="share of labels drawn by chance")
    seed: int = _seed()

    @property
    def task(self) -> Task:
        return "binary" if self.classes == 2 else "classes"
