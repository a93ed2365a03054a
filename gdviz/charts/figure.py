"""A chart with its data apart: the specification can be kept while the data changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np

from gdviz.charts.theme import themed

Table = Mapping[str, Any]
"""Columns of equal length by name: NumPy arrays or lists."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A Vega-Lite specification, the tables that it names, and the same content in words."""

    spec: dict[str, Any]
    tables: dict[str, Table]
    title: str
    """The name of the chart, whatever its data."""
    description: str
    """The chart in words, its text alternative."""
    runs: Sequence[Any] = ()
    """The runs, where it shows runs: a page that computes them again can then stand for it."""

    def to_dict(self) -> dict[str, Any]:
        """The complete Vega-Lite specification, data included."""
        datasets = {name: records(table) for name, table in self.tables.items()}
        return {**themed(self.spec), "description": self.description, "datasets": datasets}

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        """Draw itself in a notebook, with the renderer that is set in Altair."""
        renderer = alt.renderers.get()
        return renderer(self.to_dict()) if renderer else {}


def live_spec(chart: Any, **more: Any) -> dict[str, Any]:
    """The specification of a chart that is drawn again and again: on a canvas, which costs a browser less than SVG."""
    size = {"type": "pad", "contains": "padding"}
    return {
        **chart.to_dict(validate=False),
        "autosize": size,
        "usermeta": {"embedOptions": {"renderer": "canvas"}},
        **more,
    }


def lean(part: Any) -> Any:
    """A scale, axis or legend of Altair's as a dictionary. Altair copies parts each time that it combines charts, and
    its objects hold every option that is not set: so copying takes half as long.
    """
    return part.to_dict(validate=False)


def records(table: Table) -> list[dict[str, Any]]:
    """A table as a list of rows; numbers that JSON cannot hold become None."""
    columns = {name: _jsonable(values) for name, values in table.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _jsonable(values: Any) -> list[Any]:
    column = np.asarray(values)
    if column.dtype.kind != "f":
        return list(column.tolist())
    return [number if np.isfinite(number) else None for number in column.tolist()]
