"""Figures as pictures: SVG and PNG."""

from typing import Any

from gdviz.charts.figure import Figure


def to_svg(figure: Figure) -> str:
    """The figure as a vector graphic; one that plays, at its last step."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(_still(figure)))


def to_png(figure: Figure) -> bytes:
    """The figure as a picture, at twice the size it has on the page; one that plays, at its last step."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(_still(figure), scale=2))


def _still(figure: Figure) -> dict[str, Any]:
    """The complete specification, paused at the last step."""
    spec = figure.to_dict()
    last = {p["name"]: p["bind"]["max"] for p in spec.get("params", []) if p.get("name") == "step"}
    stopped = {**last, "playing": False}
    params = [{**p, "value": stopped[p["name"]]} if p.get("name") in stopped else p for p in spec.get("params", [])]
    return {**spec, "params": params, "background": "white"}
