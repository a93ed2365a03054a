"""The browser's files as they are sent: the figure's modules joined into one, and Vega."""

import hashlib
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).parent
MODULES = (
    *("record", "tape", "formula", "outcome", "run", "model", "scales", "plot", "draw", "transport", "sliders"),
    *("basins", "figure", "core"),
)
"""In an order in which each stands after those that it imports."""


@cache
def core(site: bool = False) -> str:
    """``core.js`` and all that it imports as one module; for the static site, ``explorer.js`` as well.

    The files are written so that joining them is leaving out their imports: no two share a name.
    """
    return "\n".join(_module(name) for name in (*MODULES, *(("explorer",) if site else ())))


def _module(name: str) -> str:
    text = (FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8")
    text = re.sub(r"^import [^;]*;\n", "", text, flags=re.MULTILINE)
    return text if name in ("core", "explorer") else re.sub(r"^export ", "", text, flags=re.MULTILINE)


@cache
def style() -> str:
    """The style sheet."""
    return (FOLDER / "style.css").read_text(encoding="utf-8")


@cache
def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed, out of the installed vl-convert: a module that sets ``window.vegaEmbed``."""
    import vl_convert  # takes a while, and 100 MB; only this needs it

    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def vega_version() -> str:
    """Letters that change with what :func:`vega` gives, known without loading it."""
    return version("vl-convert-python")


def digest(text: str) -> str:
    """A few letters that change with the text, for the names of files that browsers keep."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
