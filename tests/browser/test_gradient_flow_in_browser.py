"""What only a browser shows of the Gradient flow page: the heatmap plays, a change repaints, links and files work."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.rest import at_rest

Open = Callable[..., Page]
SMALL = "depth=6&width=16&batch_size=16&training=steps=90,samples=64"
TRAINING = f"/gradient_flow?view=training&{SMALL}"
CHART = "[data-testid=stVegaLiteChart]"


def ready(page: Page) -> Page:
    page.locator(CHART).first.wait_for(timeout=60_000)
    at_rest(page)
    page.wait_for_timeout(500)  # Vega draws when it likes
    return page


def scrubber(page: Page) -> Locator:
    return page.locator(".vega-bindings input[type=range]")


def step(page: Page) -> int:
    return int(scrubber(page).input_value())


def play(page: Page) -> Locator:
    return page.locator(".vega-bindings input[type=checkbox]")


def scrub(page: Page, to: int) -> None:
    scrubber(page).evaluate("(e, to) => { e.value = to; e.dispatchEvent(new Event('input', {bubbles: true})); }", to)
    page.wait_for_timeout(200)


def picture(page: Page) -> str:
    drawn = page.locator("canvas.marks").first.evaluate("e => e.toDataURL()")
    return hashlib.sha256(drawn.encode()).hexdigest()


def test_the_heatmap_plays_to_its_end_pauses_and_scrubs(open_page: Open) -> None:
    page = open_page(TRAINING)
    scrubber(page).wait_for(timeout=60_000)
    expect(scrubber(page)).to_have_js_property("value", "90", timeout=60_000)
    expect(play(page)).not_to_be_checked()
    page.locator(".vega-bindings select").select_option("0.1")
    play(page).set_checked(True)
    expect(scrubber(page)).not_to_have_js_property("value", "90")
    play(page).set_checked(False)
    paused_at = step(page)
    assert paused_at < 90
    page.wait_for_timeout(300)  # in which it would have gone on
    assert step(page) == paused_at
    scrub(page, 20)
    first = picture(page)
    scrub(page, 60)
    assert picture(page) != first
    scrub(page, 20)
    assert picture(page) == first


def test_changing_the_depth_repaints_and_the_link_restores_it(open_page: Open) -> None:
    page = ready(open_page(f"/gradient_flow?{SMALL}"))
    before = picture(page)
    page.get_by_role("slider", name="depth").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("stAlertContentInfo")).to_contain_text("of that at layer 7", timeout=60_000)
    ready(page)
    drawn = picture(page)
    assert drawn != before
    query = urlsplit(page.url).query
    assert parse_qs(query)["depth"] == ["7"]
    again = ready(open_page(f"/gradient_flow?{query}"))
    assert parse_qs(urlsplit(again.url).query) == parse_qs(query)
    assert picture(again) == drawn


def test_views_are_chosen_and_kept_in_the_link(open_page: Open) -> None:
    page = ready(open_page(f"/gradient_flow?{SMALL}"))
    for label, view, text in (("Recurrent", "recurrent", "at step 1 is"), ("The cliff", "cliff", "no clipping:")):
        page.get_by_role("radio", name=label, exact=True).click()
        expect(page.locator('[data-testid="stMainBlockContainer"]')).to_contain_text(text, timeout=60_000)
        ready(page)
        assert parse_qs(urlsplit(page.url).query)["view"] == [view]
    page.get_by_role("radio", name="Layers", exact=True).click()
    expect(page.get_by_test_id("stAlertContentInfo")).to_contain_text("of that at layer 6", timeout=60_000)


def test_pictures_and_numbers_are_downloaded(open_page: Open, tmp_path: Path) -> None:
    page = ready(open_page(TRAINING))
    page.get_by_text("Download", exact=True).click()
    starts = {"csv": b"step,layer,loss", "png": b"\x89PNG", "svg": b"<svg"}
    for kind, start in starts.items():
        with page.expect_download(timeout=60_000) as arriving:
            page.get_by_role("button", name=f"Download gdviz-training.{kind}").click()
        arriving.value.save_as(tmp_path / kind)
        assert (tmp_path / kind).read_bytes().startswith(start)


@pytest.mark.parametrize(("width", "scheme"), [(380, "dark"), (1440, "light")])
def test_nothing_overflows(open_page: Open, width: int, scheme: str) -> None:
    page = open_page("/gradient_flow?view=training", width=width, scheme=scheme)
    for name in ("Training", "Layers"):
        page.get_by_role("radio", name=name, exact=True).click(timeout=60_000)
        expect(scrubber(page)).to_have_count(1 if name == "Training" else 0, timeout=60_000)
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        column = page.locator('[data-testid="stMainBlockContainer"]').bounding_box()
        assert column
        for canvas in page.locator("canvas.marks, svg.marks").all():
            box = canvas.bounding_box()
            assert box
            assert box["x"] + box["width"] <= column["x"] + column["width"]
