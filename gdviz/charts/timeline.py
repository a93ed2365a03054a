"""Animation inside Vega-Lite: parameters that advance a step by a timer, in the browser, without JavaScript.

Vega-Lite hands an ``on`` of a variable parameter to the Vega signal it becomes. Altair's schema does not know it, so
the parameters are added to the dictionary that a chart has become.
"""

from collections.abc import Mapping
from typing import Any

from gdviz.charts.clicks import PICK

_FPS = 60
_TICK = {"type": "timer", "throttle": 1000 // _FPS}
_SECONDS = 12
"""A run of many steps plays in about this time at speed 1; a short one at one step a frame."""


def timeline(steps: int, clickable: bool) -> list[dict[str, Any]]:
    """Parameters that play, pause, step and scrub ``step`` from 0 to ``steps``.

    Args:
        steps: The last step.
        clickable: True where the chart has the selection ``pick``; a click then plays from the start.
    """
    pace = max(_FPS, steps / _SECONDS)
    picked = [{"events": {"signal": PICK}, "update": "0", "force": True}] if clickable else []
    return [
        {
            "name": "playing",
            "value": True,
            "bind": {"input": "checkbox", "name": "Play "},
            "on": [
                *([{"events": {"signal": PICK}, "update": "true", "force": True}] if clickable else []),
                {"events": {"signal": "move"}, "update": "move == 0 ? playing : false"},
                {"events": _TICK, "update": f"playing && step < {steps}"},
            ],
        },
        {
            "name": "move",
            "value": 0,
            "bind": {
                "input": "radio",
                "name": "Step by ",
                # Vega unchecks a radio button only by checking another; the one for 0 lets the rest work again.
                "options": [-steps - 1, -1, 0, 1, steps + 1],
                "labels": ["first", "◀ back", "stay", "forward ▶", "last"],
            },
            "on": [{"events": _TICK, "update": "0"}],
        },
        {
            "name": "speed",
            "value": 1,
            "bind": {"input": "select", "options": [0.1, 0.25, 0.5, 1, 2, 4, 8], "name": "Speed "},
        },
        {
            "name": "progress",
            "value": 0,
            "on": [
                {
                    "events": _TICK,
                    "update": f"playing ? progress % 1 + min(0.25, (now() - ticked) / 1000) * {pace} * speed : 0",
                }
            ],
        },
        {
            "name": "step",
            "value": 0,
            "bind": {"input": "range", "min": 0, "max": steps, "step": 1, "name": "Step "},
            "on": [
                *picked,
                {"events": {"signal": "playing"}, "update": f"playing && step >= {steps} ? 0 : step"},
                {"events": {"signal": "move"}, "update": f"clamp(step + move, 0, {steps})"},
                {"events": _TICK, "update": f"playing ? min({steps}, step + floor(progress)) : step"},
            ],
        },
        {"name": "ticked", "init": "now()", "on": [{"events": _TICK, "update": "now()"}]},
    ]


def animated(spec: dict[str, Any], steps: int, clickable: bool, followed: Mapping[str, str]) -> dict[str, Any]:
    """A compiled chart with a timeline, drawn on a canvas, which is faster than SVG.

    Args:
        spec: The chart.
        steps: The last step.
        clickable: True where the chart has the selection ``pick``.
        followed: Parameters by name, each with an expression that may read data. It is looked at on every tick, and the
            parameter passed on only when its value has changed; an ``expr`` would redraw everything in every frame.
    """
    following = [
        {"name": name, "init": expression, "on": [{"events": _TICK, "update": expression}]}
        for name, expression in followed.items()
    ]
    return {
        **spec,
        "autosize": {"type": "pad", "contains": "padding"},
        "params": [*spec.get("params", []), *timeline(steps, clickable), *following],
        "usermeta": {"embedOptions": {"renderer": "canvas"}},
    }
