"""A landscape seen from above: a heatmap as a picture, and contour lines."""

import base64
import io
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from contourpy import contour_generator
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from gdviz.charts.figure import Table
from gdviz.charts.palette import Theme
from gdviz.landscapes import Landscape

_PIXELS = 240
_DECADES = 1.5
"""Losses that spread over more decades than this are coloured on a logarithmic scale."""
_MOST_DECADES = 4.0
"""A logarithmic scale ends this many decades below the highest loss: what lies lower is one colour."""
_CONTOURS = (10, 6, 4, 3, 2)
"""How many levels have contour lines: the first of these that makes do with..."""
_MOST_POINTS = 4000
"""...this many points, so that a rugged landscape still plays smoothly."""
_STRAIGHT = 5e-4
"""Points of a contour line that lie within this share of the plot of the line between their neighbours are left out."""


@dataclass(frozen=True, eq=False)
class Background:
    """The picture under the trails."""

    image: Table
    contours: Table
    scale: str
    """The scale of the colours, in words."""


@lru_cache(maxsize=64)
def background(landscape: Landscape, theme: Theme) -> Background:
    """The heatmap and contours of a landscape, on a scale that shows its structure."""
    drawn, height = _drawn(landscape)
    return replace(drawn, image={**drawn.image, "url": [_png(height, theme)]})


@lru_cache(maxsize=64)
def _drawn(landscape: Landscape) -> tuple[Background, NDArray[np.float64]]:
    """The parts that do not depend on the theme, and the heights that its colours stand for."""
    x, y, loss = grid(landscape, _PIXELS)
    return _ground(x, y, loss, landscape.lowest)


def ground(
    x: NDArray[np.float64], y: NDArray[np.float64], loss: NDArray[np.float64], lowest: float | None, theme: Theme
) -> Background:
    """The heatmap and contours of losses on a grid, rows along y; ``lowest`` is the lowest loss that there can be."""
    drawn, height = _ground(x, y, loss, lowest)
    return replace(drawn, image={**drawn.image, "url": [_png(height, theme)]})


def _ground(
    x: NDArray[np.float64], y: NDArray[np.float64], loss: NDArray[np.float64], lowest: float | None
) -> tuple[Background, NDArray[np.float64]]:
    drawn = relief_of(loss, lowest)
    height = (drawn.height(loss) - drawn.low) / (drawn.high - drawn.low)
    middle: Table = {"x": [(x[0] + x[-1]) / 2], "y": [(y[0] + y[-1]) / 2]}
    return Background(image=middle, contours=_contours(x, y, height), scale=drawn.scale), height


@dataclass(frozen=True)
class Relief:
    """The height of a loss: the loss itself, or the logarithm of its distance from the lowest one."""

    scale: str
    """linear or logarithmic."""
    floor: float
    lift: float
    """Added before the logarithm is taken: where its scale begins."""
    low: float
    high: float

    def height(self, loss: ArrayLike) -> NDArray[np.float64]:
        """Heights of losses: at ``low`` and ``high`` stand the lowest and highest of the plot."""
        above = np.maximum(np.asarray(loss) - self.floor, 0.0)
        return np.asarray(above if self.scale == "linear" else np.log10(above + self.lift))


@lru_cache(maxsize=64)
def relief(landscape: Landscape) -> Relief:
    """The heights of a landscape."""
    return relief_of(grid(landscape, _PIXELS)[2], landscape.lowest)


def relief_of(loss: NDArray[np.float64], lowest: float | None) -> Relief:
    """Heights that show the structure of losses on a grid: logarithmic where they spread over decades."""
    if np.all(np.isnan(loss)):
        return Relief("linear", 0.0, 0.0, 0.0, 1.0)
    floor = float(np.nanmin(loss)) if lowest is None else lowest
    above = np.maximum(loss - floor, 0.0)
    low, top = np.nanpercentile(above, [2, 100])
    logarithmic = bool(top > 10**_DECADES * low)
    lift = max(low, top / 10**_MOST_DECADES)
    drawn = Relief("logarithmic" if logarithmic else "linear", floor, lift, 0.0, 1.0)
    heights = drawn.height(loss)
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    return replace(drawn, low=low, high=high if high > low else low + 1.0)


def grid(landscape: Landscape, points: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of a grid over the domain, and the losses on it: shapes (n,), (n,), (n, n), y first.

    NaN where a loss is not finite.
    """
    (xmin, xmax), (ymin, ymax) = landscape.domain
    x, y = np.linspace(xmin, xmax, points), np.linspace(ymin, ymax, points)
    with np.errstate(all="ignore"):  # a loss may be undefined in a part of its domain
        loss = np.asarray(landscape.value(np.stack(np.meshgrid(x, y))))
    return x, y, np.where(np.isfinite(loss), loss, np.nan)


def thumbnail(landscape: Landscape, theme: Theme, points: int = 72) -> str:
    """A small heatmap of a landscape, as a data URL."""
    _, _, loss = grid(landscape, points)
    drawn = relief_of(loss, landscape.lowest)
    return _png((drawn.height(loss) - drawn.low) / (drawn.high - drawn.low), theme)


def _png(height: NDArray[np.float64], theme: Theme) -> str:
    """The heatmap as a data URL; y points up. Where there is no height, it is transparent."""
    ends = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (theme.valley, theme.hill)])
    defined = np.isfinite(height[::-1])
    colours = ends[0] + np.where(defined, height[::-1], 0.0)[:, :, None] * (ends[1] - ends[0])
    picture = Image.fromarray(colours.round().astype(np.uint8))
    if not defined.all():
        picture.putalpha(Image.fromarray(defined.astype(np.uint8) * 255))
    buffer = io.BytesIO()
    picture.quantize(64, method=Image.Quantize.FASTOCTREE if "A" in picture.mode else None).save(
        buffer, "PNG", optimize=True
    )
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _contours(x: NDArray[np.float64], y: NDArray[np.float64], height: NDArray[np.float64]) -> Table:
    """Polylines at equal distances of the coloured scale, numbered so that each is drawn by itself."""
    generator = contour_generator(x, y, height)
    size = np.array([x[-1] - x[0], y[-1] - y[0]])
    lines: list[NDArray[np.float64]] = []
    for count in _CONTOURS:
        levels = np.linspace(0, 1, count + 2)[1:-1]
        lines = [_simplified(np.asarray(line), size) for level in levels for line in generator.lines(float(level))]
        if sum(map(len, lines)) <= _MOST_POINTS:
            break
    points = np.concatenate([*lines, np.empty((0, 2))])
    return {
        "at": np.arange(len(points)),
        "line": np.repeat(np.arange(len(lines)), [len(line) for line in lines]),
        "x": _rounded(points[:, 0], x),
        "y": _rounded(points[:, 1], y),
    }


def _simplified(line: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """The line with fewer points: in each pass, every second one that hardly bends it goes."""
    for _ in range(5):
        before, point, after = line[:-2] / size, line[1:-1] / size, line[2:] / size
        along, aside = after - before, point - before
        area = np.abs(along[:, 0] * aside[:, 1] - along[:, 1] * aside[:, 0])
        kept = area > _STRAIGHT * np.linalg.norm(along, axis=1)
        kept[1::2] = True
        line = line[np.concatenate([[True], kept, [True]])]
    return line


def _rounded(values: NDArray[np.float64], axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """To a thousandth of the axis: finer than a screen shows, and shorter to send."""
    digits = 3 - int(np.floor(np.log10(axis[-1] - axis[0])))
    return np.round(values, digits)
