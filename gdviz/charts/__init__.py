"""Charts: from a result to a figure. Nothing here knows an optimizer or Streamlit."""

from gdviz.charts.descent import colour_scale, descent, labels, left_plot, summary
from gdviz.charts.figure import Figure

__all__ = ["Figure", "colour_scale", "descent", "labels", "left_plot", "summary"]
