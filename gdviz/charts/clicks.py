"""Clicks on a plot and their places, from a selection of Vega-Lite."""

from typing import Any

import altair as alt

from gdviz.landscapes import Point

PICK = "pick"
"""The selection that holds a clicked point."""
MOST_CELLS = 64
"""A click is answered with a point of one of at most this many cells along each axis."""


def click_grid(domain: tuple[Point, Point], x_scale: Any, y_scale: Any, side: int = MOST_CELLS) -> Any:
    """Invisible cells, generated in the browser, that set the selection ``pick`` to x and y of a click.

    Args:
        domain: The ranges of the axes.
        x_scale: The scale of x.
        y_scale: The scale of y.
        side: The plot is one of ``side`` points along each axis: a click is answered with one of them. As many cells
            are made as divide it.
    """
    (xmin, xmax), (ymin, ymax) = domain
    cells = max(count for count in range(1, MOST_CELLS + 1) if side % count == 0)
    width, height = (xmax - xmin) / cells, (ymax - ymin) / cells
    middle = (side // cells // 2 + 0.5) / (side // cells)  # of the middle one of the points in a cell
    pick = alt.selection_point(name=PICK, fields=["x", "y"], on="click", empty=False, toggle=False, clear=False)
    return (
        alt.Chart(alt.sequence(0, cells**2, as_="cell"))
        .transform_calculate(left=f"{xmin} + {width} * (datum.cell % {cells})")
        .transform_calculate(bottom=f"{ymin} + {height} * floor(datum.cell / {cells})")
        .transform_calculate(right=f"datum.left + {width}", top=f"datum.bottom + {height}")
        .transform_calculate(x=f"datum.left + {width * middle}", y=f"datum.bottom + {height * middle}")
        .mark_rect(opacity=0, tooltip=None, cursor="crosshair")
        .encode(
            x=alt.X("left:Q", scale=x_scale), x2=alt.X2("right"), y=alt.Y("bottom:Q", scale=y_scale), y2=alt.Y2("top")
        )
        .add_params(pick)
    )
