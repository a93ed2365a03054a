"""Charts: from a result to a figure. Nothing here knows an optimizer or Streamlit."""

from gdviz.charts.figure import Figure
from gdviz.charts.steps import quantities, quantity
from gdviz.charts.steps import step as step_figure
from gdviz.charts.surface import surface
from gdviz.charts.trajectories import colour_scale, descent

__all__ = [
    "Figure",
    "colour_scale",
    "descent",
    "quantities",
    "quantity",
    "step_figure",
    "surface",
]
