"""The browser's files as they are sent: the figure's modules joined into one, and Vega."""

import hashlib
import os
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).parent
MODULES = (
    *("record", "tape", "formula", "outcome", "run", "model", "scales", "plot", "draw", "transport", "rule"),
    *("sliders", "basins", "underlay", "hand", "figure", "panels", "core"),
)
"""In an order in which each stands after those that it imports."""


@cache
def core(site: bool = False) -> str:
    """``core.js`` and all that it imports as one module; for the static site, what else that needs as well.

    The files are written so that joining them is leaving out their imports: no two share a name.
    """
    return "\n".join(_module(name) for name in (*MODULES, *(("replay", "explorer") if site else ())))


def _module(name: str) -> str:
    text = (FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8")
    text = re.sub(r"^import [^;]*;\n", "", text, flags=re.MULTILINE)
    text = re.sub(
        r"^ */\*\*.*?\*/\n", "", text, flags=re.MULTILINE | re.DOTALL
    )  # a third of the bytes; browsers need none
    return text if name in ("core", "replay", "explorer") else re.sub(r"^export ", "", text, flags=re.MULTILINE)


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


def write(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def write_vega(path: Path) -> None:
    """Write what :func:`vega` gives, in a process of its own: the browser engine inside vl-convert takes 100 MB."""
    code = (
        "import sys, pathlib; from gdviz.live import scripts; scripts.write(pathlib.Path(sys.argv[1]), scripts.vega())"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, cwd=FOLDER.parents[1])


def digest(text: str) -> str:
    """A few letters that change with the text, for the names of files that browsers keep."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
