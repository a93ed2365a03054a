"""Colours, dashes and shapes that tell runs apart, also for the colour-blind and in print.

The colours are those of Okabe & Ito (2008), https://jfly.uni-koeln.de/color/, without their yellow, which vanishes on
white; on dark ground the same hues, lighter. Runs differ in dash and shape as well.
"""

from dataclasses import dataclass

import numpy as np

LIGHT = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#B87A00", "#3AA0DC", "#222222", "#882255")
DARK = ("#FF8A47", "#5BAEFF", "#22CE9C", "#EFA3CE", "#F2B632", "#9ADBFF", "#FFFFFF", "#D9709A")
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 3], [12, 4], [2, 4], [6, 2, 1, 2, 1, 2])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
MOST_RUNS = len(LIGHT)


RAMPS = {False: ("#3B0F70", "#B5367A", "#D06A00"), True: ("#6672E8", "#D763A9", "#FFD27A")}
"""From the first to the last of things that have an order, on light ground and on dark."""


def ramp(count: int, dark: bool) -> list[str]:
    """Colours of ``count`` things in their order: each is nearer to its neighbours than to the others, and on light
    ground lighter than the one before (on dark ground too), so that the order is seen without colours as well.

    >>> ramp(3, dark=False)
    ['#3b0f70', '#b5367a', '#d06a00']
    """
    ends = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in RAMPS[dark]])
    places = np.linspace(0, len(ends) - 1, count) if count > 1 else np.zeros(1)
    mixed = np.stack([np.interp(places, np.arange(len(ends)), channel) for channel in ends.T], axis=1)
    return ["#" + "".join(f"{round(value):02x}" for value in colour) for colour in mixed]


@dataclass(frozen=True)
class Theme:
    """The colours that depend on the ground that a chart stands on."""

    runs: tuple[str, ...]
    valley: str
    hill: str
    line: str
    ink: str
    halo: str


LIGHT_THEME = Theme(LIGHT, valley="#FCFCFA", hill="#93A5BF", line="#5F7390", ink="#31333F", halo="#FFFFFF")
DARK_THEME = Theme(DARK, valley="#0E1117", hill="#55657F", line="#8A9BB5", ink="#FAFAFA", halo="#0E1117")
