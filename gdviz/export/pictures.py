"""Figures as pictures: SVG and PNG."""

from typing import Any

from gdviz.charts.figure import Figure
from gdviz.charts.palette import Theme


def to_svg(figure: Figure) -> str:
    """The figure as a vector graphic; one that plays, at its last step."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(_still(figure)))


def to_png(figure: Figure, theme: Theme | None = None) -> bytes:
    """The figure as a picture, at twice the size it has on the page; one that plays, at its last step.

    Args:
        figure: The figure.
        theme: The ground and the ink that it stands on; None: black on white.
    """
    import vl_convert

    spec = _still(figure)
    if theme is not None:
        words = {"labelColor": theme.ink, "titleColor": theme.ink}
        own = {name: {**spec["config"].get(name, {}), **words} for name in ("axis", "legend", "header")}
        title = {**spec["config"].get("title", {}), "color": theme.ink}
        spec = {**spec, "background": theme.valley, "config": {**spec["config"], **own, "title": title}}
    return bytes(vl_convert.vegalite_to_png(spec, scale=2))


def _still(figure: Figure) -> dict[str, Any]:
    """The complete specification, paused at the last step."""
    spec = figure.to_dict()
    last = {p["name"]: p["bind"]["max"] for p in spec.get("params", []) if p.get("name") == "step"}
    stopped = {**last, "playing": False}
    params = [{**p, "value": stopped[p["name"]]} if p.get("name") in stopped else p for p in spec.get("params", [])]
    return {**spec, "params": params, "background": "white"}
