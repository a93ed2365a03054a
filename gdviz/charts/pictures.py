"""Pictures inside charts: arrays of numbers as PNG data URLs."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colours = NDArray[np.float64]
"""Red, green and blue from 0 to 255 in the last axis."""


def rgb(colour: str) -> Colours:
    """The colour ``#RRGGBB`` as numbers.

    >>> rgb("#FF8000").tolist()
    [255.0, 128.0, 0.0]
    """
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)


def png(pixels: Colours) -> str:
    """An image (height, width, 3), or with opacity (height, width, 4), as a data URL."""
    buffer = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).round().astype(np.uint8)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def montage(images: Any, columns: int, size: int, cell: tuple[int, int], colours: tuple[str, str, str]) -> Colours:
    """Small images (n, height, width) in a grid, as one image with nothing between them: (height, width, 4).

    Args:
        images: Values from -1 to 1.
        columns: Images in a row.
        size: Height and width of an image in the grid, in pixels.
        cell: Height and width of the place that each has; it stands in the middle of its upper part.
        colours: Those of -1, 0 and 1.
    """
    values = np.asarray(images, dtype=np.float64)
    count, height, width = values.shape
    sheet = np.zeros((-(-count // columns) * cell[0], columns * cell[1], 4))
    low, middle, high = map(rgb, colours)
    across, down = (np.arange(size) * length // size for length in (width, height))
    margin = (cell[1] - size) // 2
    for i, image in enumerate(values[:, down][:, :, across]):
        top, left = i // columns * cell[0] + margin, i % columns * cell[1] + margin
        towards = np.where(image[..., None] < 0, low, high)
        place = sheet[top : top + size, left : left + size]
        place[..., 3] = 255
        place[..., :3] = middle + np.abs(image)[..., None] * (towards - middle)
    return sheet


def pixels(text: str, height: int, width: int) -> Colours:
    """A grey image from 0 to 1 that was sent as bytes in base64; of several channels, their mean."""
    flat = np.frombuffer(base64.b64decode(text), dtype=np.uint8).astype(np.float64) / 255
    return np.asarray(flat.reshape(height, width, -1).mean(axis=-1))
