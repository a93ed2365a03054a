"""The interface of data sets, and the catalogue that lists them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray

from gdviz.catalogue import Catalogue, Entry

Task = Literal["classes", "binary", "regression"]


@dataclass(frozen=True)
class Dataset(Entry):
    """Data to train on. Its knobs are the arguments of the function of :mod:`gdviz.training.samples` that makes it."""

    formula = ""
    source = "https://scikit-learn.org/stable/datasets/toy_dataset.html"
    make: ClassVar[Callable[..., Any]]
    """Makes the inputs (n, d) and the targets (n,)."""
    image: ClassVar[tuple[int, int, int] | None] = None
    """Height, width and channels, where the inputs are the pixels of an image."""
    class_names: ClassVar[tuple[str, ...]] = ()
    own_test: ClassVar[int] = 0
    """How many of the last rows are the data's own test part."""

    @property
    def task(self) -> Task:
        """The kind of target: one of several classes, one of two, or a number."""
        return "classes"

    def load(self, content: bytes | None = None) -> "Loaded":
        """The numbers, before they are split.

        Args:
            content: The bytes of the user's file, for the entry that reads one.
        """
        x, y = type(self).make(**self.values())
        inputs = tuple(f"x{i + 1}" for i in range(x.shape[1]))
        classes = () if self.task == "regression" else tuple(map(str, range(int(y.max()) + 1)))
        return Loaded(x, y, inputs, self.class_names or classes)


@dataclass(frozen=True, eq=False)
class Loaded:
    """A data set as it was loaded."""

    x: NDArray[Any]
    """Inputs, shape (n, d)."""
    y: NDArray[Any]
    """Labels or numbers, shape (n,)."""
    inputs: tuple[str, ...]
    """The names of the inputs."""
    classes: tuple[str, ...]
    """The names of the classes; empty for a regression."""


class DataUnavailableError(RuntimeError):
    """The data are not on this machine and could not be fetched."""


DATASETS: Catalogue[Dataset] = Catalogue("data", "gdviz.training.DATASETS")
