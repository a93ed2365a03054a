"""The data sets that can be trained on, and how they are split and standardised."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from gdviz.catalogue import Catalogue, Entry, knob
from gdviz.catalogue.fields import Fields
from gdviz.training import samples

if TYPE_CHECKING:
    from gdviz.training.setup import TrainingSetup
    from gdviz.training.table import Plan, Table

Task = Literal["classes", "binary", "regression"]
Floats = NDArray[np.float32]
_NUMBERS_AT_ONCE = 2_000_000


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
        """What there is to learn: one of several classes, one of two, or a number."""
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


def _samples() -> Any:
    return knob(500, 20, 20_000, usual=(100, 2000), help="number of points")


def _noise(default: float) -> Any:
    return knob(default, 0.0, 10.0, usual=(0.0, 0.5), help="standard deviation of the noise")


def _seed() -> Any:
    return knob(0, 0, 2**32 - 1, help="determines the points")


@DATASETS.register("digits")
@dataclass(frozen=True)
class Digits(Dataset):
    """1797 handwritten digits of 8 × 8 pixels: ten classes."""

    label = "Digits"
    make = staticmethod(samples.digits)
    image = (8, 8, 1)


@DATASETS.register("iris")
@dataclass(frozen=True)
class Iris(Dataset):
    """150 iris flowers with four measurements: three species."""

    label = "Iris"
    make = staticmethod(samples.iris)
    class_names = ("setosa", "versicolor", "virginica")


@DATASETS.register("wine")
@dataclass(frozen=True)
class Wine(Dataset):
    """178 wines with 13 chemical measurements: three cultivars."""

    label = "Wine"
    make = staticmethod(samples.wine)


@DATASETS.register("breast_cancer")
@dataclass(frozen=True)
class BreastCancer(Dataset):
    """569 tumours with 30 measurements: malignant or benign."""

    label = "Breast cancer"
    make = staticmethod(samples.breast_cancer)
    class_names = ("malignant", "benign")

    @property
    def task(self) -> Task:
        return "binary"


@DATASETS.register("diabetes")
@dataclass(frozen=True)
class Diabetes(Dataset):
    """442 patients with ten measurements: how far the disease goes in a year."""

    label = "Diabetes"
    make = staticmethod(samples.diabetes)

    @property
    def task(self) -> Task:
        return "regression"


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


@dataclass(frozen=True)
class _Fetched(Dataset):
    """Data that Keras downloads when they are first used."""

    image = (28, 28, 1)
    own_test = 10_000

    def load(self, content: bytes | None = None) -> Loaded:
        try:
            return super().load(content)
        except Exception as error:  # Keras raises a bare Exception where a download fails
            raise DataUnavailableError(
                f"{self.label} is not on this machine and could not be downloaded ({error}). "
                "The other data sets need no network."
            ) from error


@DATASETS.register("mnist")
@dataclass(frozen=True)
class Mnist(_Fetched):
    """70,000 handwritten digits of 28 × 28 pixels: ten classes, with a test part of 10,000."""

    label = "MNIST"
    source = "https://keras.io/api/datasets/mnist/"
    make = staticmethod(samples.mnist)


@DATASETS.register("fashion_mnist")
@dataclass(frozen=True)
class FashionMnist(_Fetched):
    """70,000 pictures of clothes of 28 × 28 pixels: ten classes, with a test part of 10,000."""

    label = "Fashion-MNIST"
    source = "https://keras.io/api/datasets/fashion_mnist/"
    make = staticmethod(samples.fashion_mnist)
    class_names = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")


@dataclass(frozen=True)
class UsersTable(Dataset):
    """A user's own CSV file. It is kept with the run, and goes nowhere else."""

    label = "Your own CSV"
    source = "https://www.rfc-editor.org/rfc/rfc4180"

    @property
    def task(self) -> Task:
        return self.values()["learn"]  # type: ignore[return-value]

    def plan(self, table: "Table") -> "Plan":
        """What is understood of the file.

        Raises:
            ValueError: It cannot be trained on so; says why.
        """
        from gdviz.training.table import understand  # here, because Arrow takes a third of a second to load

        return understand(table, **self.values())  # type: ignore[arg-type]

    def load(self, content: bytes | None = None) -> Loaded:
        if content is None:
            raise ValueError(f"{self.label}: no file was given")
        from gdviz.training import table

        return Loaded(*table.encode(self.plan(table.read(content))))


def _learn() -> Any:
    return knob("classes", choices=("classes", "binary", "regression"), help="what the target is")


def _missing() -> Any:
    return knob("drop", choices=("drop", "mean", "refuse"), help="what to do with rows in which something is missing")


@DATASETS.register("own_table")
@dataclass(frozen=True)
class OwnTable(UsersTable):
    """Your own CSV file. It is kept with the run, and goes nowhere else."""

    learn: str = _learn()
    target: str = knob("", help="the name of the target's column; empty for the last one")
    missing: str = _missing()
    columns: str = knob("", help="what columns are, where that is not what they seem: zip=category,age=left out")
    decimal: str = knob("auto", choices=("auto", "point", "comma"), help="the mark of decimals")
    dates: str = knob("auto", choices=("auto", "day first", "month first"), help="how 1/2/2024 is read")

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Version 0.1.0 knew the target by its number."""
        old = isinstance(values.get("target"), int)
        return NumberedTable.from_values(values) if old else super().from_values(values)  # type: ignore[return-value]

    @classmethod
    def from_text(cls, text: str, fields: Fields, notes: list[str]) -> Self:
        old = "columns=" not in text and re.search(r"(?:^|,)target=\d+(?:,|$)", text)
        return NumberedTable.from_text(text, fields, notes) if old else super().from_text(text, fields, notes)  # type: ignore[return-value]


@DATASETS.accept
@dataclass(frozen=True)
class NumberedTable(UsersTable):
    """A CSV file as version 0.1.0 read it, so that what it stored keeps its numbers."""

    name = "own_table"

    learn: str = _learn()
    target: int = knob(0, 0, 10_000, help="the target's column, counting from 1; 0 is the last")
    missing: str = _missing()


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


def prepare(setup: "TrainingSetup", content: bytes | None = None) -> Data:
    """Load, split, standardise and encode the data of a training.

    Args:
        setup: The training.
        content: The bytes of the user's file, where the data are the user's own.

    Raises:
        ValueError: The user's file cannot be used, or a part would be empty; says why.
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
        y = ((y - y_mean) / y_scale).astype(np.float32)
    x = loaded.x.astype(np.float64, copy=False)
    x -= x_mean  # in place: a large table would be in memory too often
    x /= x_scale
    x = x.astype(np.float32)
    if setup.convolution is not None and setup.data.image is not None:
        x = x.reshape(-1, *setup.data.image)
    return Data(
        task=task,
        x={part: x[chosen] for part, chosen in rows.items()},
        y={part: y[chosen] for part, chosen in rows.items()},
        inputs=loaded.inputs,
        classes=loaded.classes,
        image=setup.data.image,
        x_mean=x_mean,
        x_scale=x_scale,
        y_mean=y_mean,
        y_scale=y_scale,
    )


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
