"""What only a browser shows: the chart plays, pauses, scrubs and answers clicks; links and downloads work."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gdviz import export

Open = Callable[..., Page]
QUIET = "run=adam,learning_rate=0.1&landscape=himmelblau&steps=200"


def ready(page: Page) -> Page:
    """Wait until the chart stands in its final layout."""
    scrubber(page).wait_for(timeout=30_000)
    expect(page.locator('[data-testid="stApp"]')).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=30_000
    )
    page.wait_for_timeout(700)
    return page


def scrubber(page: Page) -> Locator:
    return page.locator(".vega-bindings input[type=range]")


def step(page: Page) -> int:
    return int(scrubber(page).input_value())


def playing(page: Page) -> bool:
    return page.locator(".vega-bindings input[type=checkbox]").is_checked()


def play(page: Page, on: bool) -> None:
    page.locator(".vega-bindings input[type=checkbox]").set_checked(on)


def scrub(page: Page, to: int) -> None:
    scrubber(page).evaluate("(e, to) => { e.value = to; e.dispatchEvent(new Event('input', {bubbles: true})); }", to)
    page.wait_for_timeout(150)


def picture(page: Page) -> str:
    drawn = page.locator("canvas.marks").evaluate("e => e.toDataURL()")
    return hashlib.sha256(drawn.encode()).hexdigest()


def link(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_plays_by_itself_and_stops_at_the_end(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    page.wait_for_function(
        "() => document.querySelector('.vega-bindings input[type=range]').value === '200'", timeout=20_000
    )
    page.wait_for_timeout(200)
    assert not playing(page)
    play(page, True)
    page.wait_for_timeout(300)
    assert 0 < step(page) < 200, "playing again at the end starts over"


def test_pauses_and_steps_and_draws_the_same_picture_for_the_same_step(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    play(page, False)
    paused_at = step(page)
    page.wait_for_timeout(300)
    assert step(page) == paused_at
    scrub(page, 100)
    first = picture(page)
    scrub(page, 150)
    assert picture(page) != first
    scrub(page, 100)
    assert picture(page) == first
    for label, expected in (("forward ▶", 101), ("forward ▶", 102), ("◀ back", 101), ("last ⏭", 200), ("⏮ first", 0)):
        page.get_by_text(label).click()
        page.wait_for_timeout(150)
        assert step(page) == expected
    assert not playing(page)


def test_the_timeline_works_by_keyboard(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    play(page, False)
    scrub(page, 10)
    scrubber(page).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(100)
    assert step(page) == 11
    page.locator(".vega-bindings input[type=checkbox]").focus()
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    assert step(page) > 11


def test_no_message_goes_to_the_server_while_playing(open_page: Open) -> None:
    page = open_page(f"/descent?{QUIET}&steps=5000")
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    ready(page)
    play(page, True)
    before = len(sent)
    page.wait_for_timeout(1500)
    assert playing(page)
    assert len(sent) == before


def test_speed_changes_the_pace(open_page: Open) -> None:
    page = ready(open_page("/descent?run=adam,learning_rate=0.01&steps=5000"))
    play(page, False)
    taken = []
    for speed in ("1", "0.25"):
        page.locator(".vega-bindings select").select_option(speed)
        scrub(page, 0)
        play(page, True)
        page.wait_for_timeout(1000)
        play(page, False)
        taken.append(step(page))
    assert 2 < taken[0] / taken[1] < 8


def test_a_click_on_the_landscape_moves_the_start(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    before = page.get_by_role("spinbutton", name="Start x").input_value()
    canvas = page.locator("canvas.marks").bounding_box()
    assert canvas
    page.mouse.click(canvas["x"] + canvas["width"] * 0.3, canvas["y"] + canvas["height"] * 0.5)
    expect(page.get_by_role("spinbutton", name="Start x")).not_to_have_value(before)
    ready(page)
    x, y = (float(value) for value in link(page)["start"][0].split(","))
    assert -6 < x < 6
    assert -6 < y < 6
    assert float(page.get_by_role("spinbutton", name="Start x").input_value()) == pytest.approx(x, rel=1e-4)


def test_a_click_lands_where_it_was_made(open_page: Open) -> None:
    """The start's ring is drawn where the mouse was: the picture changes there."""
    page = ready(open_page(f"/descent?{QUIET}"))
    canvas = page.locator("canvas.marks").bounding_box()
    assert canvas
    seen = []
    for across in (0.2, 0.3):
        page.mouse.click(canvas["x"] + canvas["width"] * across, canvas["y"] + canvas["height"] * 0.5)
        page.wait_for_timeout(1500)
        seen.append(float(link(page)["start"][0].split(",")[0]))
    assert seen[1] > seen[0]


def test_the_link_reproduces_the_page(open_page: Open) -> None:
    page = ready(open_page("/descent"))
    page.get_by_role("button", name="Add an optimizer").click()
    page.get_by_label("Steps", exact=True).fill("123")
    page.get_by_label("Steps", exact=True).press("Enter")
    expect(page.locator("table tbody tr")).to_have_count(5)
    ready(page)
    address = page.url
    assert link(page)["steps"] == ["123"]
    again = ready(open_page("/descent?" + urlsplit(address).query))
    assert link(again) == link(page)
    assert again.locator("table").inner_text() == page.locator("table").inner_text()


def test_a_broken_link_falls_back_field_by_field_and_says_so(open_page: Open) -> None:
    page = ready(open_page("/descent?run=adam,beta_1=7&landscape=nowhere&steps=17&noise=x"))
    warnings = page.locator('[data-testid="stAlert"]')
    expect(warnings).to_have_count(3)
    assert "beta_1 must be a number with 0 ≤ beta_1 < 1; got 7.0" in warnings.all_inner_texts()[0]
    assert link(page)["steps"] == ["17"]


def test_reset_brings_back_the_default(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("table tbody tr")).to_have_count(4)
    ready(page)
    assert link(page)["landscape"] == ["himmelblau"]


def test_downloads_arrive_and_the_page_plays_from_disk(open_page: Open, browser: Browser, tmp_path: Path) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    page.get_by_text("Download", exact=True).click()
    for label in ("CSV", "JSON", "HTML that plays offline"):
        with page.expect_download(timeout=30_000) as arriving:
            page.get_by_role("button", name=f"Download {label}").click()
        arriving.value.save_as(tmp_path / arriving.value.suggested_filename)
    rows = (tmp_path / "gdviz-descent.csv").read_text().splitlines()
    assert len(rows) == 1 + 201
    (run,) = export.from_json((tmp_path / "gdviz-descent.json").read_text())
    assert run.steps == 200
    assert json.loads((tmp_path / "gdviz-descent.json").read_text())["format"] == "gdviz trajectories"

    context = browser.new_context(offline=True)
    offline = context.new_page()
    problems: list[str] = []
    offline.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    offline.goto((tmp_path / "gdviz-descent.html").as_uri())
    scrubber(offline).wait_for()
    offline.wait_for_timeout(500)
    early = step(offline)
    offline.wait_for_timeout(500)
    assert step(offline) > early
    assert problems == []
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(380, "dark"), (768, "light"), (1440, "dark"), (2560, "light")])
def test_nothing_overflows(open_page: Open, width: int, scheme: str) -> None:
    page = ready(open_page("/descent", width=width, scheme=scheme))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    canvas = page.locator("canvas.marks").bounding_box()
    column = page.locator('[data-testid="stMainBlockContainer"]').bounding_box()
    assert canvas
    assert column
    assert canvas["x"] + canvas["width"] <= column["x"] + column["width"]


def test_a_slider_changes_the_runs_and_keeps_the_step(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    play(page, False)
    scrub(page, 120)
    before = picture(page)
    page.get_by_text("1 · Adam").click()
    slider = page.get_by_role("slider", name="learning_rate")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1500)
    assert link(page)["run"][0].startswith("adam,learning_rate=0.3,")
    assert step(page) == 120
    assert picture(page) != before
