"""The stand-alone page in Chromium: it answers from a disk, without a network, and keeps what was moved."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import gdviz
from gdviz import CLIPPERS, SCHEDULES, Trajectory, export
from gdviz.descent.trajectory import left_plot
from gdviz.live import figure_data, scripts, why_served
from gdviz.theory import explain
from tests.test_live import SIX, assert_same, configured

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    runs = [gdviz.descend("himmelblau", name, rate, steps=300) for name, rate in (("momentum", 0.001), ("adam", 0.1))]
    path = tmp_path_factory.mktemp("page") / "descent.html"
    path.write_text(export.to_html(runs, "Two on Himmelblau"), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def open_file(browser: Browser, file: str) -> Iterator[Open]:
    """Opens the page, offline; at the end, nothing may have been asked of any host, and nothing gone wrong."""
    problems: list[str] = []
    contexts = []

    def open_file(fragment: str = "", width: int = 1280, motion: str = "no-preference", touch: bool = False) -> Page:
        context = browser.new_context(
            offline=True, reduced_motion=motion, has_touch=touch, viewport={"width": width, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
        page.goto(file + fragment)
        figure(page).and_(page.locator('[data-ready="true"]')).wait_for(timeout=60_000)
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert problems == []


def figure(page: Page) -> Locator:
    return page.locator('[data-gdviz="live"]')


def start(page: Page) -> Locator:
    return page.get_by_role("slider", name="Start", exact=True)


def rate(page: Page, run: int) -> Locator:
    return page.get_by_role("slider", name=f"Learning rate, run {run}")


def step(page: Page) -> int:
    return int(page.get_by_role("slider", name="Step", exact=True).input_value())


def until_step(page: Page, holds: str) -> None:
    """Wait until the step is as it should be."""
    shown = "const step = Number(document.querySelector('[aria-label=Step]').value)"
    page.wait_for_function(f"() => {{ {shown}; return {holds}; }}")


def results(page: Page) -> list[str]:
    """How the runs end, after the next frame: what was moved is drawn by then."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.locator(".result").all_inner_texts()


def drag(page: Page, by: tuple[int, int]) -> None:
    box = start(page).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0] / 2, y + by[1] / 2)
    page.mouse.move(x + by[0], y + by[1])


def place(page: Page) -> tuple[float, float]:
    """Where the start stands, after the next frame."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    x, y = (start(page).get_attribute("aria-valuetext") or "").replace("x ", "").split(", y ")
    return float(x), float(y)


def test_it_plays_and_pauses_and_starts_over(open_file: Open) -> None:
    page = open_file()
    page.get_by_role("button", name="Pause", exact=True).click()
    paused = step(page)
    results(page)
    assert step(page) == paused
    page.get_by_role("button", name="Last step").click()
    assert step(page) == 300
    page.get_by_role("button", name="Play", exact=True).click()
    until_step(page, "0 < step && step < 300")


MOVE = """
const figures = await import(address(core));
const [first, second] = [1, 2].map(() => document.body.appendChild(document.createElement("div")));
const outside = { vega: () => vega, worker: () => null, tell: () => {}, name: "moved" };
const show = (host) => figures.mount(host, data, outside);
window.moved = async (put) => {
  const before = show(first);
  await before.drawn;
  before.transport.pause();
  before.transport.go(42);
  figures.unmount(first);
  await put();
  const after = show(second);
  const found = [after === before, after.transport.step, second.contains(after.element), first.childElementCount];
  figures.unmount(second);
  return found;
};
"""


def test_a_figure_that_is_taken_away_for_a_moment_goes_on_where_it_was(file: str, browser: Browser) -> None:
    page = browser.new_page()
    html = Path(unquote(urlsplit(file).path)).read_text(encoding="utf-8")
    page.set_content(html.replace("figure.open(figure.model.runs[0]);", MOVE))
    page.wait_for_function("!!window.moved")
    assert page.evaluate("moved(() => {})") == [True, 42, True, 0]
    late = "moved(() => new Promise((done) => setTimeout(done, 1500)))"  # longer than a figure waits
    assert page.evaluate(late)[0] is False
    page.close()


def test_dragging_the_start_moves_the_runs_and_keeps_the_step(open_file: Open) -> None:
    page = open_file()
    page.get_by_role("button", name="Pause", exact=True).click()
    before, told, place_before = step(page), results(page), place(page)
    drag(page, (150, -200))
    assert results(page) != told, "while it is held"
    page.mouse.up()
    assert step(page) == before
    assert place(page)[0] > place_before[0]
    assert place(page)[1] > place_before[1]
    run = gdviz.descend("himmelblau", "adam", 0.1, start=place(page), steps=300)
    assert results(page)[1] == f"loss {float(f'{run.loss[-1]:.3g}'):g} · {run.status}".replace("e-0", "e-")


def test_what_was_moved_stands_in_the_address(open_file: Open) -> None:
    page = open_file()
    drag(page, (150, -200))
    page.mouse.up()
    rate(page, 2).evaluate(
        "e => { e.value = 300; e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change')); }"
    )
    results(page)
    fragment = "#" + page.url.partition("#")[2]
    again = open_file(fragment)
    assert place(again) == place(page)
    assert results(again) == results(page)
    assert rate(again, 2).get_attribute("aria-valuetext") == rate(page, 2).get_attribute("aria-valuetext")
    assert place(open_file("#nonsense")) != place(page), "what cannot be read is left out"


def test_the_keyboard_moves_the_start_and_plays(open_file: Open) -> None:
    page = open_file()
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="First step").click()
    x, y = place(page)
    start(page).focus()
    page.keyboard.press("ArrowRight")
    assert place(page) == pytest.approx((x + 0.12, y))
    page.keyboard.press("Shift+ArrowUp")
    assert place(page) == pytest.approx((x + 0.12, y + 1.2))
    figure(page).focus()
    page.keyboard.press("ArrowRight")
    until_step(page, "step === 1")
    page.keyboard.press("Space")
    until_step(page, "step > 1")


def test_basins_follow_coarse_to_fine(open_file: Open) -> None:
    page = open_file()
    page.get_by_label("Basins of attraction").select_option("Momentum")
    basins = page.locator(".basins")
    expect(basins).to_have_attribute("data-side", "96", timeout=15_000)
    assert "converged 100 %" in basins.inner_text()
    basins.evaluate(
        "e => { window.sides = []; new MutationObserver(() => window.sides.push(e.dataset.side))"
        ".observe(e, { attributes: true }); }"
    )
    rate(page, 1).evaluate("e => { e.value = e.max; e.dispatchEvent(new Event('input')); }")
    page.wait_for_function("window.sides.includes('24') && window.sides.at(-1) === '96'", timeout=60_000)
    assert "diverged 100 %" in basins.inner_text() or "diverged 99 %" in basins.inner_text()


def test_a_run_that_diverges_says_when_and_the_view_follows_it_out_of_the_plot(open_file: Open) -> None:
    page = open_file(motion="reduce")
    follow = page.get_by_role("button", name="Follow the runs")
    expect(follow).to_be_hidden()
    rate(page, 1).evaluate(
        "e => { e.value = e.max; e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change')); }"
    )
    expect(page.locator(".result").first).to_contain_text("diverged at step")
    run = gdviz.descend("himmelblau", "momentum", 10.0, steps=300)
    expect(page.locator("#gdviz-live-words")).to_contain_text(f"outside the landscape from step {left_plot(run)} on")
    before = start(page).bounding_box()
    assert before
    follow.click()
    back = page.get_by_role("button", name="Back to the landscape")
    place(page)
    after = start(page).bounding_box()
    assert after
    assert abs(after["x"] - before["x"]) > 50, "the landscape is small in a view that holds all of the run"
    back.click()
    place(page)
    assert start(page).bounding_box() == before
    expect(follow).to_be_visible()


def test_the_rule_has_the_numbers_of_the_step(open_file: Open) -> None:
    """The same as Python writes into the formula, in the same order."""
    page = open_file(motion="reduce")
    page.get_by_role("button", name="First step").click()
    for _ in range(3):
        page.get_by_role("button", name="One step forward").click()
    for name, rate in (("momentum", 0.001), ("adam", 0.1)):
        rule = page.locator(".rule:visible")
        expect(rule).to_contain_text("Step 3")
        explained = explain(gdviz.descend("himmelblau", name, rate, steps=3), 3).numbers
        python = re.findall(r"[0-9.]+", explained)
        assert re.findall(r"[0-9.]+", " ".join(leaves(rule.locator(".equations").nth(1)))) == python
        page.get_by_role("button", name="Adam", exact=True).click()


def leaves(formula: Locator) -> list[str]:
    """The texts of a formula, sign by sign."""
    texts = "e => [...e.querySelectorAll('*')].filter(one => !one.children.length).map(one => one.textContent)"
    return [str(text) for text in formula.evaluate(texts)]


RUN_ALL = """
const packed = (numbers) => btoa(String.fromCharCode(...new Uint8Array(numbers.slice().buffer)));
window.runOne = (data) => {
  const [run] = new Model(data).runs;
  return { theta: packed(run.path.theta.subarray(0, 2 * run.path.last + 2)), status: run.status, settled: run.settled };
};
"""


def test_forty_configurations_have_pythons_numbers(browser: Browser) -> None:
    """In Chromium as in node, see ``tests/test_live.py``: rule, hyperparameters, clipping, schedule, noise."""
    rng = np.random.default_rng(12)
    runs = [drawn(rng) for _ in range(40)]
    page = browser.new_page()
    page.add_script_tag(content=scripts.core().replace("export function", "function") + RUN_ALL)
    answers = page.evaluate("data => data.map(runOne)", [{**figure_data([run]), "still": None} for run in runs])
    page.close()
    for run, answer in zip(runs, answers, strict=True):
        assert_same(run, answer, exact=False)


def drawn(rng: np.random.Generator) -> Trajectory:
    """A configuration by chance."""

    def one(names: Iterable[str]) -> str:
        return str(rng.choice(list(names)))

    shares = [float(share) if rng.random() < 0.5 else None for share in rng.random(12)]
    run = configured(
        landscape=one(SIX),
        optimizer=one(("momentum", "nesterov", "rmsprop", "adam", "nadam", "adamw", "lion", "adagrad", "ftrl")),
        shares=shares,
        exponent=float(rng.uniform(-4, 0)),
        schedule=one(SCHEDULES),
        steps=int(rng.integers(1, 80)),
        clip=CLIPPERS.make(one(CLIPPERS)) if rng.random() < 0.5 else None,
        noise=float(rng.choice([0.0, 0.3])),
        seed=int(rng.integers(10)),
        weight_decay=float(rng.choice([0.0, 0.01])),
        maximize=bool(rng.random() < 0.2),
    )
    assert not why_served(run.setup)
    return run


def test_hidden_runs_and_hyperparameters(open_file: Open) -> None:
    page = open_file()
    hide = page.get_by_role("button", name="Hide Momentum")
    hide.click()
    expect(hide).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Adam", exact=True).click()
    told = results(page)[1]
    beta = page.get_by_role("slider", name="beta_1, run 2")
    beta.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    assert results(page)[1] != told


def test_whoever_prefers_no_motion_sees_the_end_at_rest(open_file: Open) -> None:
    page = open_file(motion="reduce")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    until_step(page, "step === 300")


def test_it_stands_in_a_notebook(browser: Browser) -> None:
    problems: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    shown = export.in_notebook(gdviz.descend("himmelblau", "adam", 0.1, steps=50))
    page.set_content(f"<h1>A notebook</h1>{shown._repr_html_()}")
    inside = page.frame_locator("iframe")
    inside.locator('[data-gdviz="live"][data-ready="true"]').wait_for(timeout=60_000)
    result, slider = inside.locator(".result"), inside.get_by_role("slider", name="Learning rate, run 1")
    before = result.inner_text()
    slider.evaluate(
        "e => { e.value = 300; e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change')); }"
    )
    expect(result).not_to_have_text(before)
    page.close()
    assert problems == []


@pytest.mark.parametrize("width", [380, 768, 1440])
def test_nothing_overflows(open_file: Open, width: int) -> None:
    page = open_file(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 380:
        slider, box = rate(page, 1).bounding_box(), figure(page).bounding_box()
        assert slider
        assert box
        assert slider["y"] - box["y"] < 560, "the sliders are beside the picture"


def test_a_tap_sets_the_start(open_file: Open) -> None:
    page = open_file(width=380, touch=True)
    before = place(page)
    box = page.locator(".landscape > canvas").bounding_box()
    assert box
    page.touchscreen.tap(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    assert place(page) == pytest.approx((3.0, 3.0), abs=0.1)
    assert place(page) != before
