"""Figures on the page."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from gdviz.charts import Figure, surface
from gdviz.charts.figure import Table
from gdviz.charts.theme import themed
from gdviz.descent import Trajectory


def is_dark() -> bool:
    """True where the user's theme is dark."""
    return st.context.theme.type == "dark"


def show(figure: Figure, key: str, on_select: Callable[[], None] | None = None, at: Any = st) -> Any:
    """Draw a figure. With the same key and specification, new data replaces the old in place.

    Args:
        figure: What to draw.
        key: The figure's name on this page; a selection is found in the session state under it.
        on_select: Called before the page runs again, when the user has clicked into the chart.
        at: Where: after what is there, or, given what an earlier call returned, in its place.
    """
    datasets = {name: arrow(table) for name, table in figure.tables.items()}
    return at.vega_lite_chart(
        {**themed(figure.spec), "datasets": datasets},
        key=key,
        on_select=on_select or "ignore",
        width="content",
        alt=f"{figure.title}. In words below the chart.",  # a text that changed would start the animation again
    )


def show_surface(runs: Sequence[Trajectory]) -> None:
    """The runs on their landscape in three dimensions, to be turned by hand."""
    st.plotly_chart(
        surface(runs, dark=is_dark()),
        key="surface.chart",
        theme=None,
        config={"displaylogo": False},
        alt=f"The {runs[0].setup.landscape.label} landscape as a surface, and the paths on it. In words above.",
    )
    st.caption("Drag to turn, scroll to come nearer. Height and colours are on the scale of the chart above.")


def arrow(table: Table) -> bytes:
    """A table in Arrow's stream format, which Streamlit passes on as it is."""
    sink = pa.BufferOutputStream()
    columns = [_column(np.asarray(values)) for values in table.values()]
    batch = pa.RecordBatch.from_arrays(columns, names=list(table))
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _column(values: NDArray[Any]) -> Any:
    """Numbers in 32 bits, where they fit: more digits than a screen can show, in half the bytes.

    A text that is repeated is sent once.

    Made from buffers, because ``pyarrow.array`` imports pandas: half a second and 40 MB that nothing else needs here.
    """
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            narrow = values.astype(np.float32)
        fits = np.array_equal(narrow == 0, values == 0) and np.array_equal(np.isfinite(narrow), np.isfinite(values))
        return _from_buffer(pa.float32(), narrow) if fits else _from_buffer(pa.float64(), values.astype(np.float64))
    if values.dtype.kind in "iu":
        return _from_buffer(pa.int32(), values.astype(np.int32))
    texts, numbers = np.unique(values, return_inverse=True)
    encoded = [str(text).encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    dictionary = pa.Array.from_buffers(pa.string(), len(encoded), buffers)
    return pa.DictionaryArray.from_arrays(_from_buffer(pa.int32(), numbers.astype(np.int32)), dictionary)


def _from_buffer(kind: Any, values: NDArray[Any]) -> Any:
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])
