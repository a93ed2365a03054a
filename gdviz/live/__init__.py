"""The live figure, which runs in the visitor's browser and answers within a frame.

The rules and landscapes are those of Python, recorded by :mod:`gdviz.tracing`; the files under ``js`` compile the
records, run them and draw. :func:`figure_data` makes what a figure is given. ``core.js`` knows neither Streamlit nor a
server: ``gdviz.ui.live`` makes a component of it, :mod:`gdviz.live.page` a page that stands alone.
"""

from gdviz.live.data import basins_data, chosen_of, figure_data, taken_over, why_served

__all__ = ["basins_data", "chosen_of", "figure_data", "taken_over", "why_served"]
