"""Results to take home: tables, files, pictures, pages and code. Charts are imported when first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gdviz.export.code import keras_code, python_code
from gdviz.export.files import from_json, to_json
from gdviz.export.tables import flow_csv, recurrent_csv, table_csv, to_csv, training_csv

if TYPE_CHECKING:
    from gdviz.export.pages import in_notebook, to_html
    from gdviz.export.pictures import to_png, to_svg

__all__ = [
    "flow_csv",
    "from_json",
    "in_notebook",
    "keras_code",
    "python_code",
    "recurrent_csv",
    "table_csv",
    "to_csv",
    "to_html",
    "to_json",
    "to_png",
    "to_svg",
    "training_csv",
]


def __getattr__(name: str) -> Any:
    """Pictures need Altair; a table does not."""
    drawing = {"to_html": "pages", "in_notebook": "pages", "to_png": "pictures", "to_svg": "pictures"}
    if name in drawing:
        return getattr(import_module(f"gdviz.export.{drawing[name]}"), name)
    raise AttributeError(f"module 'gdviz.export' has no attribute {name!r}")
