"""Pictures inside charts: arrays of numbers as PNG data URLs."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colours = NDArray[np.float64]
"""Red, green and blue from 0 to 255 in the last axis."""

_GAP = 2


def rgb(colour: str) -> Colours:
    """The colour ``#RRGGBB`` as numbers.

    >>> rgb("#FF8000").tolist()
    [255.0, 128.0, 0.0]
    """
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)


def png(pixels: Colours, times: int = 1) -> str:
    """An image (height, width, 3) as a data URL, each pixel drawn as ``times`` × ``times``."""
    image = Image.fromarray(np.clip(pixels, 0, 255).round().astype(np.uint8))
    if times > 1:
        image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def montage(images: Any, columns: int, ground: str, colours: tuple[str, str, str]) -> Colours:
    """Small images (n, height, width) in a grid of so many columns, as one.

    Args:
        images: Values from -1 to 1.
        columns: Images in a row.
        ground: The colour between them.
        colours: Those of -1, 0 and 1.
    """
    values = np.asarray(images, dtype=np.float64)
    count, height, width = values.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (height + _GAP), columns * (width + _GAP), 3), rgb(ground))
    low, middle, high = map(rgb, colours)
    for i, image in enumerate(values):
        top, left = i // columns * (height + _GAP), i % columns * (width + _GAP)
        share = np.abs(image)[..., None]
        coloured = middle + share * (np.where(image[..., None] < 0, low, high) - middle)
        sheet[top : top + height, left : left + width] = coloured
    return sheet


def pixels(text: str, height: int, width: int) -> Colours:
    """A grey image from 0 to 1 that was sent as bytes in base64; of several channels, their mean."""
    flat = np.frombuffer(base64.b64decode(text), dtype=np.uint8).astype(np.float64) / 255
    return np.asarray(flat.reshape(height, width, -1).mean(axis=-1))
