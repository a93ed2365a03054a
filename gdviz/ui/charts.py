"""Figures on the page."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas  # noqa: F401 - loaded whole, before a second script thread meets it half loaded in Altair
import pyarrow as pa
import streamlit as st

from gdviz.charts import Figure
from gdviz.charts.figure import Table


def is_dark() -> bool:
    """True where the user's theme is dark."""
    return st.context.theme.type == "dark"


def show(figure: Figure, key: str, on_select: Callable[[], None] | None = None) -> None:
    """Draw a figure. With the same key and specification, new data replaces the old in place.

    Args:
        figure: What to draw.
        key: The figure's name on this page; a selection is found in the session state under it.
        on_select: Called before the page runs again, when the user has clicked into the chart.
    """
    datasets = {name: arrow(table) for name, table in figure.tables.items()}
    st.vega_lite_chart(
        {**figure.spec, "datasets": datasets},
        key=key,
        on_select=on_select or "ignore",
        width="content",
        alt=f"{figure.title}. In words below the chart.",  # a text that changed would start the animation again
    )


def arrow(table: Table) -> bytes:
    """A table in Arrow's stream format, which Streamlit passes on as it is."""
    sink = pa.BufferOutputStream()
    batch = pa.record_batch({name: _column(values) for name, values in table.items()})
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _column(values: Any) -> Any:
    """Numbers in 32 bits: twice as many as a screen can show, and half the bytes. Repeated texts are sent once."""
    column = np.asarray(values)
    if column.dtype.kind == "f":
        return pa.array(column.astype(np.float32))
    if column.dtype.kind in "iu":
        return pa.array(column.astype(np.int32))
    return pa.array(column.tolist()).dictionary_encode()
