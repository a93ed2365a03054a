"""Data that somebody measured; scikit-learn brings them along."""

from dataclasses import dataclass

from gdviz.training import samples
from gdviz.training.datasets.dataset import DATASETS, Dataset, Task


@DATASETS.register("digits")
@dataclass(frozen=True)
class Digits(Dataset):
    """1,797 handwritten digits of 8 × 8 pixels: ten classes."""

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
