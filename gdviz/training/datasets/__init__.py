"""The data sets that can be trained on, and how they are split and standardised."""
# ruff: noqa: I001 - the order of these imports is the order of the catalogue

from gdviz.training.datasets.dataset import DATASETS, Dataset, DataUnavailableError, Loaded
from gdviz.training.datasets import collected, drawn, fetched
from gdviz.training.datasets.own import NumberedTable, OwnTable, UsersTable
from gdviz.training.datasets.prepared import Data, prepare, rows_by_part

__all__ = [
    "DATASETS",
    "Data",
    "DataUnavailableError",
    "Dataset",
    "Loaded",
    "NumberedTable",
    "OwnTable",
    "UsersTable",
    "collected",
    "drawn",
    "fetched",
    "prepare",
    "rows_by_part",
]
