"""The inputs of a network, and the catalogue ``INPUTS``."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gdviz.catalogue import Catalogue, Entry, knob

Array = NDArray[np.float64]

CLASSES = 10
"""The number of classes, and so of a network's outputs."""


@dataclass(frozen=True)
class Inputs(Entry):
    """A source of samples with labels. All inputs are scaled to a mean square of about 1."""

    @property
    def size(self) -> int:
        """The number of features of a sample."""
        raise NotImplementedError

    def draw(self, rng: Generator, samples: int) -> tuple[Array, Array]:
        """Samples, shape (samples, size), and their one-hot targets, shape (samples, CLASSES)."""
        raise NotImplementedError


INPUTS: Catalogue[Inputs] = Catalogue("inputs", "gdviz.gradflow.INPUTS")


@INPUTS.register("gaussian")
@dataclass(frozen=True)
class Gaussian(Inputs):
    r"""Standard normal samples; the label is the largest of ten random linear functions, so that it can be learnt.

    >>> x, y = Gaussian(5).draw(np.random.default_rng(0), 3)
    >>> x.shape, y.shape, y.sum(axis=1).tolist()
    ((3, 5), (3, 10), [1.0, 1.0, 1.0])
    """

    label = "Gaussian"
    formula = r"x \sim \mathcal{N}(0, I)"
    source = "https://arxiv.org/abs/1606.05340"

    features: int = knob(64, 1, 1024, help="number of features of a sample")

    @property
    def size(self) -> int:
        return self.features

    def draw(self, rng: Generator, samples: int) -> tuple[Array, Array]:
        x = rng.standard_normal((samples, self.features))
        labels = (x @ rng.standard_normal((self.features, CLASSES))).argmax(axis=1)
        return x, np.eye(CLASSES)[labels]


@INPUTS.register("digits")
@dataclass(frozen=True)
class Digits(Inputs):
    r"""Handwritten digits, 8 x 8 pixels, the test part of UCI's Optical Recognition of Handwritten Digits (CC BY 4.0).

    1797 images, drawn without repetition while there are enough; mean and variance over all pixels are made 0 and 1.

    >>> x, y = Digits().draw(np.random.default_rng(0), 1797)
    >>> x.shape, round(float(x.var()), 12), y.sum(axis=0).astype(int).tolist()
    ((1797, 64), 1.0, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    """

    label = "Digits"
    formula = r"x = \frac{\text{pixels} - \mu}{\sigma}"
    source = "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"

    @property
    def size(self) -> int:
        return 64

    def draw(self, rng: Generator, samples: int) -> tuple[Array, Array]:
        pixels, labels = _digits()
        chosen = rng.choice(len(pixels), samples, replace=samples > len(pixels))
        return pixels[chosen], np.eye(CLASSES)[labels[chosen]]


@cache
def _digits() -> tuple[Array, NDArray[np.uint8]]:
    """Standardised pixels, shape (1797, 64), and labels, shape (1797,)."""
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as data:
        pixels = data["pixels"].astype(np.float64)
        return (pixels - pixels.mean()) / pixels.std(), data["labels"]
