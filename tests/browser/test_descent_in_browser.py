"""What only a browser shows: the figure plays, follows the hand, and tells the server once; links and downloads."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gdviz import export
from gdviz.descent.experiment import Experiment
from gdviz.live.words import WORDS
from tests.browser.rest import at_rest

Open = Callable[..., Page]
QUIET = "run=adam,learning_rate=0.1&landscape=himmelblau&steps=200"


def figure(page: Page) -> Locator:
    return page.locator('[data-gdviz="live"]')


def ready(page: Page) -> Page:
    """Wait until the figure answers and the page stands still."""
    figure(page).and_(page.locator('[data-ready="true"]')).wait_for(timeout=60_000)
    return next_frame(at_rest(page))


def next_frame(page: Page) -> Page:
    """Wait until what was changed is drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page


def scrubber(page: Page) -> Locator:
    return figure(page).get_by_role("slider", name="Step", exact=True)


def step(page: Page) -> int:
    return int(scrubber(page).input_value())


def playing(page: Page) -> bool:
    return figure(page).get_by_role("button", name="Pause", exact=True).count() == 1


def play(page: Page, on: bool) -> None:
    """Press the button at once, if it says so: the run may be over before a mouse has found it."""
    figure(page).evaluate("(e, label) => e.querySelector(`[aria-label=${label}]`)?.click()", "Play" if on else "Pause")


def scrub(page: Page, to: int) -> None:
    scrubber(page).evaluate("(e, to) => { e.value = to; e.dispatchEvent(new Event('input', {bubbles: true})); }", to)
    next_frame(page)


def picture(page: Page) -> str:
    drawn = canvas(page).evaluate("e => e.toDataURL()")
    return hashlib.sha256(drawn.encode()).hexdigest()


def canvas(page: Page) -> Locator:
    return page.locator(".landscape > canvas")


def start(page: Page) -> Locator:
    return figure(page).get_by_role("slider", name="Start", exact=True)


def rate(page: Page, run: int) -> Locator:
    return figure(page).get_by_role("slider", name=f"Learning rate, run {run}")


def results(page: Page) -> list[str]:
    return page.locator(".result").all_inner_texts()


def place(page: Page) -> tuple[float, float]:
    x, y = (start(page).get_attribute("aria-valuetext") or "").replace("x ", "").split(", y ")
    return float(x), float(y)


def grab(page: Page, by: tuple[float, float]) -> None:
    """Take hold of the start and move it, without letting go."""
    box = start(page).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for share in (0.3, 0.6, 1.0):
        page.mouse.move(x + share * by[0], y + share * by[1])
    next_frame(page)


def link(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_plays_by_itself_and_stops_at_the_end(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    expect(scrubber(page)).to_have_js_property("value", "200", timeout=60_000)
    button = figure(page).get_by_role("button", name="Play", exact=True)
    button.click()
    expect(scrubber(page)).not_to_have_js_property("value", "200")  # playing again at the end starts over
    expect(scrubber(page)).to_have_js_property("value", "200", timeout=60_000)
    expect(button).to_be_visible()


def test_pauses_and_steps_and_draws_the_same_picture_for_the_same_step(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    play(page, False)
    paused_at = step(page)
    page.wait_for_timeout(300)  # in which it would have gone on
    assert step(page) == paused_at
    scrub(page, 100)
    first = picture(page)
    scrub(page, 150)
    assert picture(page) != first
    scrub(page, 100)
    assert picture(page) == first
    for label, expected in (
        ("One step forward", 101),
        ("One step forward", 102),
        ("One step back", 101),
        ("Last step", 200),
        ("First step", 0),
    ):
        figure(page).get_by_role("button", name=label).click()
        expect(scrubber(page)).to_have_js_property("value", str(expected))
    assert not playing(page)


def test_the_timeline_works_by_keyboard(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    play(page, False)
    scrub(page, 10)
    scrubber(page).focus()
    page.keyboard.press("ArrowRight")
    expect(scrubber(page)).to_have_js_property("value", "11")
    figure(page).get_by_role("button", name="Play", exact=True).focus()
    page.keyboard.press("Space")
    expect(scrubber(page)).not_to_have_js_property("value", "11")


def test_no_message_goes_to_the_server_while_playing(open_page: Open) -> None:
    page = open_page("/descent?run=adam,learning_rate=0.1&landscape=himmelblau&steps=5000")
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    ready(page)
    play(page, True)
    before = len(sent)
    page.wait_for_timeout(1500)  # of playing
    assert playing(page)
    assert len(sent) == before


STEPS_PER_SECOND = """
async (figure) => {
  const press = (label) => figure.querySelector(`[aria-label=${label}]`).click();
  const frame = () => new Promise(requestAnimationFrame);
  let seconds = 0, before = await frame();
  press("Play");
  for (let i = 0; i < 40; i++) {
    const now = await frame();
    seconds += Math.min(0.25, (now - before) / 1000);  // a figure whose tab stood still does not leap
    before = now;
  }
  press("Pause");
  return Number(figure.querySelector("[aria-label=Step]").value) / seconds;
}
"""


def test_speed_changes_the_pace(open_page: Open) -> None:
    page = ready(open_page("/descent?run=adam,learning_rate=0.01&steps=5000"))
    play(page, False)
    pace = []
    for speed in ("1", "0.25"):
        figure(page).get_by_label("Speed").select_option(speed)
        scrub(page, 0)
        pace.append(figure(page).evaluate(STEPS_PER_SECOND))
    assert 2 < pace[0] / pace[1] < 8


def test_a_click_on_the_landscape_starts_there(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    box = canvas(page).bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.5)
    expect(page.get_by_role("spinbutton", name="Start x")).to_have_value("-3")
    ready(page)
    x, y = (float(value) for value in link(page)["start"][0].split(","))
    assert (x, y) == pytest.approx((-3, 0), abs=0.05)
    assert place(page) == (x, y)


def test_the_server_is_told_once_when_the_start_is_let_go(open_page: Open) -> None:
    page = open_page(f"/descent?{QUIET}")
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    ready(page)
    play(page, False)
    scrub(page, 120)
    before, told, x = len(sent), results(page), place(page)[0]
    grab(page, (100, -150))
    assert len(sent) == before
    assert place(page)[0] > x
    assert results(page) != told, "the numbers follow the hand"
    shown = results(page)
    page.mouse.up()
    expect(page.get_by_role("spinbutton", name="Start x")).to_have_value(f"{place(page)[0]:g}")
    ready(page)
    assert len(sent) == before + 1
    assert results(page) == shown
    assert step(page) == 120
    assert not playing(page)
    assert link(page)["start"] == [",".join(map(repr, place(page)))]


def test_a_slid_learning_rate_arrives_in_table_address_and_sidebar(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    play(page, False)
    rate(page, 1).focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    shown = rate(page, 1).get_attribute("aria-valuetext")
    expect(page.locator("table tbody tr")).to_contain_text(str(shown))
    ready(page)
    assert link(page)["run"][0].startswith(f"adam,learning_rate={shown},")
    expect(page.get_by_text(f"1 · Adam, η {shown}")).to_be_visible()


def test_reset_and_the_sidebar_move_what_the_browser_owns(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    grab(page, (100, -150))
    page.mouse.up()
    ready(page)
    page.get_by_role("spinbutton", name="Start x").fill("1.5")
    page.get_by_role("spinbutton", name="Start x").press("Enter")
    expect(start(page)).to_have_attribute("aria-valuetext", f"x 1.5, y {place(page)[1]:g}")
    page.get_by_role("button", name="Reset").click()
    expect(start(page)).to_have_attribute("aria-valuetext", "x -0.5, y -5", timeout=60_000)


def test_the_browser_computes_what_python_does(open_page: Open) -> None:
    """The numbers of forty configurations stand in tests/test_live.py; this is the whole way, to the picture."""
    query = (
        "landscape=ackley&run=adam,learning_rate=0.05&run=lion,learning_rate=0.01&run=lbfgs&steps=90&noise=0.1&seed=3"
        "&clip=clipnorm,clipnorm=2.0&schedule=cosine_decay,decay_steps=80"
    )
    page = ready(open_page(f"/descent?{query}"))
    experiment, notes = Experiment.from_link(link(page))
    assert notes == []
    for run, told in zip(experiment.run(), results(page), strict=True):
        loss, status = told.removeprefix("loss ").split(" · ")
        assert float(loss) == pytest.approx(run.loss[-1], rel=2e-3)
        assert status.startswith(WORDS[run.status])
    assert page.get_by_text("on the server").count() == 1, "L-BFGS, and it says so"
    grab(page, (20, -20))
    expect(page.locator(".result").nth(2)).to_contain_text("computing")
    page.mouse.up()
    expect(page.locator(".result").nth(2)).not_to_contain_text("computing", timeout=60_000)


def test_basins_under_the_trails(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    figure(page).get_by_label("Basins of attraction").select_option("Adam")
    expect(page.locator(".basins")).to_have_attribute("data-side", "96", timeout=60_000)
    assert "converged" in page.locator(".basins").inner_text()


def test_the_link_reproduces_the_page(open_page: Open) -> None:
    page = ready(open_page("/descent"))
    page.get_by_role("button", name="Add an optimizer").click()
    expect(page.locator("table tbody tr")).to_have_count(5, timeout=60_000)
    page.get_by_label("Steps", exact=True).fill("123")
    page.get_by_label("Steps", exact=True).press("Enter")
    page.wait_for_url("**steps=123**", timeout=60_000)
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
    assert "beta_1 must be a number with 0 ≤ beta_1 < 1; got 7.0" in " ".join(warnings.all_inner_texts())
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
        with page.expect_download(timeout=60_000) as arriving:
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
    figure(offline).and_(offline.locator('[data-ready="true"]')).wait_for()
    expect(scrubber(offline)).to_have_js_property("value", "200", timeout=60_000)
    assert problems == []
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(380, "dark"), (768, "light"), (1440, "dark"), (2560, "light")])
def test_nothing_overflows(open_page: Open, width: int, scheme: str) -> None:
    page = ready(open_page("/descent", width=width, scheme=scheme))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = figure(page).bounding_box()
    column = page.locator('[data-testid="stMainBlockContainer"]').bounding_box()
    assert box
    assert column
    assert box["x"] + box["width"] <= column["x"] + column["width"]


def test_a_slider_changes_the_runs_and_keeps_the_step(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    play(page, False)
    scrub(page, 120)
    before = picture(page)
    page.get_by_text("1 · Adam").click()
    slider = page.get_by_role("slider", name="Learning rate (η)")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("location.search.includes('learning_rate%3D0.3%2C')", timeout=60_000)
    ready(page)
    assert step(page) == 120
    assert picture(page) != before


def test_a_panel_has_its_widgets_while_it_is_open_and_keeps_what_was_set(open_page: Open) -> None:
    page = ready(open_page(f"/descent?{QUIET}"))
    eta = page.get_by_role("slider", name="Learning rate (η)")
    expect(page.get_by_text("1 · Adam, η 0.1")).to_be_visible()
    expect(eta).to_have_count(0)
    page.get_by_text("1 · Adam, η 0.1").click()
    eta.focus()
    for shown in ("0.08", "0.06"):  # it stays open, and the focus stays
        page.keyboard.press("ArrowLeft")
        expect(figure(page).get_by_role("slider", name="Learning rate, run 1")).to_have_attribute(
            "aria-valuetext", shown, timeout=60_000
        )
        expect(eta).to_be_focused()
    ready(page)
    kept = link(page)["run"]
    page.get_by_text("1 · Adam", exact=True).click()
    expect(eta).to_have_count(0)
    page.get_by_role("spinbutton", name="Start x").fill("1.5")
    page.get_by_role("spinbutton", name="Start x").press("Enter")
    expect(start(page)).to_have_attribute("aria-valuetext", f"x 1.5, y {place(page)[1]:g}")
    assert link(page)["run"] == kept
