"""Small figures that move, without a script and without the server: a path, and a point that runs along it.

The point is at every moment where the run was after that share of its steps: long steps go fast. It moves while the
mouse or the keyboard's focus is on its card, and where there is no mouse, as the page is scrolled. Whoever asked the
system for less motion sees it at rest, at the end of its path.
"""

import base64
import html

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 160, 96
"""The size of a figure in its own units; on the page it is as wide as its card."""

CARD = "reference.card."
"""What the key of a card begins with in which a figure moves."""

_HERE = f'[class*="{CARD.replace(".", "-")}"]:is(:hover, :focus-within)'
STYLE = f"""
<style>
.gdviz-moving {{ position: relative; overflow: clip; width: 100%; aspect-ratio: {WIDTH}/{HEIGHT}; }}
.gdviz-moving img {{ position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }}
.gdviz-moving i {{ display: none; position: absolute; width: 9px; height: 9px; border-radius: 50%;
  offset-distance: var(--end); }}
@supports (offset-path: polygon(0 0, 1px 1px)) {{ .gdviz-moving i {{ display: block; }} }}
@keyframes gdviz-moving {{ from {{ offset-distance: 0%; }} to {{ offset-distance: var(--end); }} }}
@media (prefers-reduced-motion: no-preference) {{
  {_HERE} .gdviz-moving i {{ animation: gdviz-moving 3s var(--pace) infinite; }}
  @media (hover: none) {{ @supports (animation-timeline: view()) {{ .gdviz-moving i, {_HERE} .gdviz-moving i {{
    animation: gdviz-moving 1s var(--pace) both; animation-timeline: view(); animation-range: entry 50% cover 55%;
  }} }} }}
}}
</style>
"""
"""The styling that moves the figures of a page; once a page."""


def moving(points: NDArray[np.float64], colour: str, words: str, ground: str = "") -> str:
    """A figure as HTML.

    Args:
        points: Where the run was, step by step, shape (steps + 1, 2), in the figure's own units.
        colour: Of the path.
        words: What the figure shows, for those who do not see it.
        ground: The address of a square picture under the path, which covers the figure; its edges may lie outside.

    >>> "linear(0,0.75,1)" in moving(np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]]), "#000000", "a run")
    True
    """
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    whole = float(length[-1]) or 1.0
    back = float(np.hypot(*(points[-1] - points[0])))  # a polygon returns to where it began; the point does not
    pace = ",".join(f"{share:.3g}" for share in length / whole)  # evenly over the time
    corners = ",".join(f"{x:.1f}% {y:.1f}%" for x, y in 100 * points / (WIDTH, HEIGHT))
    run = f"--pace:linear({pace});--end:{100 * whole / (whole + back):.3f}%"
    drawn = _picture("" if ground else words, _path(points, colour))
    return (
        f'<div class="gdviz-moving" style="{run}">{_picture(words, ground) if ground else ""}{drawn}'
        f'<i style="background:{colour};offset-path:polygon({corners})"></i></div>'
    )


def _picture(words: str, address: str) -> str:
    return f'<img src="{address}" alt="{html.escape(words)}"/>'


def _path(points: NDArray[np.float64], colour: str) -> str:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"><polyline points="{line}" fill="none" '
        f'stroke="{colour}" stroke-width="2" stroke-linejoin="round"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
