"""How every page looks, beside pictures that were looked at: at four widths, on light and on dark ground.

A picture is kept at a quarter of its size: large enough to see that something moved or vanished. Where a change
is wanted, ``GDVIZ_LOOKS=write pytest tests/browser/test_looks_in_browser.py`` takes the pictures anew; look at them.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from gdviz.ui import navigation
from tests.browser.test_every_page_in_browser import PAGES, QUICK

KEPT = Path(__file__).parent / "looks"
WIDTHS = (380, 768, 1440, 1920)
HEIGHT = 1000
SHRINK = 4
STRONG = 40
"""A difference of so many of 255 levels, after shrinking, is one that an eye sees."""
MOST = 0.03
"""Share of the pixels that may differ so: letters of another version of the browser do."""


@pytest.mark.parametrize("title", PAGES)
def test_the_page_looks_as_it_did(open_page: Callable[..., Page], title: str) -> None:
    page = open_page(QUICK.get(PAGES[title], PAGES[title]), height=HEIGHT)
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    page.get_by_role("heading", level=1 if title == navigation.START else 2).first.wait_for()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            seen = settled(page)
            file = KEPT / f"{PAGES[title].strip('/') or 'start'}-{width}-{scheme}.png"
            if os.environ.get("GDVIZ_LOOKS") == "write":
                KEPT.mkdir(exist_ok=True)
                seen.quantize(64).save(file, optimize=True)
                continue
            with Image.open(file) as kept:
                apart = np.abs(np.asarray(kept.convert("RGB"), float) - np.asarray(seen, float)).max(axis=2)
            assert (apart > STRONG).mean() < MOST, f"{file.name}: {(apart > STRONG).mean():.1%} of it looks different"


def settled(page: Page) -> Image.Image:
    """A picture of the page, shrunk, once two in a row are the same."""
    before = None
    for _ in range(20):
        page.wait_for_timeout(300)
        now = page.screenshot(animations="disabled")
        if now == before:
            break
        before = now
    picture = Image.open(io.BytesIO(before or b"")).convert("RGB")
    return picture.resize((picture.width // SHRINK, picture.height // SHRINK), Image.Resampling.BOX)
