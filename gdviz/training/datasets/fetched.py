"""Images that Keras downloads when they are first used."""

from dataclasses import dataclass

from gdviz.training import samples
from gdviz.training.datasets.dataset import DATASETS, Dataset, DataUnavailableError, Loaded


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
