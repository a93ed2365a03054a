"""The live figure as a page that stands alone: one file that works from a disk, without a server or a network."""

import base64
import html
import json
import zlib
from pathlib import Path
from typing import Any

from gdviz.live import scripts

FOLDER = Path(__file__).parent


def page(data: dict[str, Any], *, title: str, caption: str = "", configuration: str = "", link: str = "") -> str:
    """The page.

    Args:
        data: Of :func:`gdviz.live.figure_data`.
        title: The page's title and heading.
        caption: A paragraph below the figure.
        configuration: What was run, as text.
        link: Where the explorer is that the figure comes from.
    """
    parts = {
        "title": html.escape(title),
        "caption": html.escape(caption),
        "configuration": html.escape(configuration),
        "link": html.escape(link, quote=True),
        "style": scripts.style(),
        "core": json.dumps(scripts.core()).replace("</", "<\\/"),
        "vega": json.dumps(_zipped(scripts.vega())),
        "data": json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/"),
    }
    text = (FOLDER / "page.html").read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(f"<!--{name}-->", part).replace(f"/*{name}*/", part)
    return text


def _zipped(text: str) -> str:
    """Deflated, in base64: browsers inflate it."""
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()
