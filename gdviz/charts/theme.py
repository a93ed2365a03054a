"""The one look of all charts: quiet axes, light grids, legends without a box. ``docs/style.md`` says why.

Nothing here depends on the ground: greys are half transparent, so that they are quiet on white and on black.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt

QUIET = "#80808040"
"""Grids and ticks: there to be read along, not to be looked at."""

CONFIG: dict[str, Any] = {
    "axis": {
        "domain": False,
        "ticks": False,
        "gridColor": QUIET,
        "gridWidth": 1,
        "labelPadding": 6,
        "labelFontSize": 11,
        "labelOverlap": True,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "legend": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "symbolSize": 90,
        "rowPadding": 4,
        "offset": 8,
    },
    "header": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
    "title": {"fontSize": 14, "fontWeight": 600, "anchor": "start", "offset": 10},
    "view": {"stroke": None},
}
"""Vega-Lite's configuration of every chart."""


def stroke_legend(columns: int) -> alt.Legend:
    """A legend above its plot whose symbols are pieces of the lines: long enough to see their dashes."""
    return alt.Legend(
        title=None,
        orient="top",
        columns=columns,
        labelLimit=360,
        symbolType="stroke",
        symbolSize=400,
        symbolOpacity=1,
        symbolFillColor="transparent",
    )


def plot_height(width: int) -> int:
    """The height of the plots in a grid whose charts may be so wide: the same for all, and a square still fits.

    >>> plot_height(320), plot_height(480)
    (186, 186)
    """
    return max(180, min(width - 110, 186))


def themed(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A specification with this look; what it configures itself stays.

    >>> themed({"mark": "line", "config": {"axis": {"grid": False}}})["config"]["axis"]["grid"]
    False
    """
    own: Mapping[str, Any] = spec.get("config", {})
    both = {
        name: {**CONFIG.get(name, {}), **own[name]}
        if isinstance(own.get(name), Mapping)
        else own.get(name, CONFIG.get(name))
        for name in {**CONFIG, **own}
    }
    return {**spec, "config": both}
