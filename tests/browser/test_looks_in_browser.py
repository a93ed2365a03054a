"""How every page looks, beside pictures that somebody has looked at: at four widths, on light and on dark ground.

A picture is kept at a quarter of its size, which is enough to see that something moved or vanished. Where a change is
wanted, ``GDVIZ_LOOKS=write .venv/bin/python -m pytest tests/browser/test_looks_in_browser.py`` takes the pictures anew;
look at them before you keep them.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from gdviz.ui import navigation
from tests.browser.test_every_page_in_browser import PAGES, QUICK

KEPT = Path(__file__).parent / "looks"
WIDTHS = (380, 768, 1440, 1920)
HEIGHT = 1000
SHRINK = 4
STRONG = 40
"""A difference of so many of 255 levels, after shrinking, is one that an eye sees."""
MOST = 0.2
"""So many may, for each pixel that stands out from the ground: letters of another version of the browser do."""
WRITES = os.environ.get("GDVIZ_LOOKS") == "write"


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    with browser.new_context(color_scheme=request.param, reduced_motion="reduce") as context:
        page = context.new_page()
        page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        yield page


@pytest.mark.parametrize("title", PAGES)
def test_the_page_looks_as_it_did(untouched_app: str, page: Page, title: str, request: pytest.FixtureRequest) -> None:
    scheme = request.node.callspec.params["page"]
    page.goto(untouched_app + QUICK.get(PAGES[title], PAGES[title]))
    page.get_by_role("heading", level=1 if title == navigation.START else 2).first.wait_for()
    page.wait_for_load_state("networkidle")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        file = KEPT / f"{PAGES[title].strip('/') or 'start'}-{width}-{scheme}.png"
        if WRITES:
            KEPT.mkdir(exist_ok=True)
            settled(page).quantize(64).save(file, optimize=True)
        else:
            share = apart(page, file)
            assert share <= MOST, f"{file.name}: {share:.0%} of it looks different"


def apart(page: Page, file: Path) -> float:
    """How many pixels look different from a kept picture, for each that stands out there, when the page is at rest."""
    with Image.open(file) as kept:
        before = np.asarray(kept.convert("RGB"), float)
    colours, counts = np.unique(before.reshape(-1, 3), axis=0, return_counts=True)
    ink = strong(before - colours[counts.argmax()])
    share = 1.0
    for _ in range(30):
        share = strong(np.asarray(small(page.screenshot(animations="disabled")), float) - before) / ink
        if share <= MOST:
            break
        page.wait_for_timeout(300)
    return share


def strong(difference: np.ndarray) -> int:
    """The number of pixels with a difference that an eye sees."""
    return int((np.abs(difference).max(axis=2) > STRONG).sum())


def settled(page: Page) -> Image.Image:
    """A picture of the page, once several in a row are the same."""
    same, before = 0, b""
    for _ in range(40):
        page.wait_for_timeout(300)
        now = page.screenshot(animations="disabled")
        same = same + 1 if now == before else 0
        before = now
        if same == 3:
            break
    return small(before)


def small(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    return picture.resize((picture.width // SHRINK, picture.height // SHRINK), Image.Resampling.BOX)
