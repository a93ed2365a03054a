"""The live figure as a page that stands alone: one file that works from a disk, without a server or a network."""

import base64
import html
import json
import re
import zlib
from pathlib import Path
from typing import Any

from gdviz.live import scripts

FOLDER = Path(__file__).parent


def page(
    data: dict[str, Any], *, title: str, caption: str = "", configuration: str = "", link: str = "", dark: bool = False
) -> str:
    """The page.

    Args:
        data: Of :func:`gdviz.live.figure_data`.
        title: The page's title and heading.
        caption: A paragraph below the figure.
        configuration: What was run, as text.
        link: Where the explorer is that the figure comes from.
        dark: The ground that the data's colours are for.
    """
    sent = {"vega": scripts.vega(), "core": scripts.core(), "data": json.dumps(data, separators=(",", ":"))}
    parts = {
        **{name: html.escape(text) for name, text in (("title", title), ("caption", caption))},
        "configuration": html.escape(configuration),
        "link": f'<a href="{html.escape(link, quote=True)}">Open in gdviz</a>' if link else "",
        "scheme": "dark" if dark else "light",
        "style": scripts.style(),
        **{name: json.dumps(_deflated(text)) for name, text in sent.items()},
    }
    text = (FOLDER / "page.html").read_text(encoding="utf-8")
    return re.sub(r"<!--(\w+)-->|/\*(\w+)\*/", lambda found: parts[found[1] or found[2]], text)


def _deflated(text: str) -> str:
    """Deflated, in base64: browsers inflate it."""
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()
