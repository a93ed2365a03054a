"""The stand-alone page in Chromium: it answers from a disk, without a network, and keeps what was moved."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import gdviz
from gdviz import export

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
        figure(page).and_(page.locator('[data-ready="true"]')).wait_for(timeout=20_000)
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


def results(page: Page) -> list[str]:
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
    x, y = (start(page).get_attribute("aria-valuetext") or "").replace("x ", "").split(", y ")
    return float(x), float(y)


def test_it_plays_and_pauses_and_starts_over(open_file: Open) -> None:
    page = open_file()
    page.get_by_role("button", name="Pause", exact=True).click()
    paused = step(page)
    page.wait_for_timeout(200)
    assert step(page) == paused
    page.get_by_role("button", name="Last step").click()
    assert step(page) == 300
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(300)
    assert 0 < step(page) < 300


def test_dragging_the_start_moves_the_runs_and_keeps_the_step(open_file: Open) -> None:
    page = open_file()
    page.get_by_role("button", name="Pause", exact=True).click()
    before, told, place_before = step(page), results(page), place(page)
    drag(page, (150, -200))
    page.wait_for_timeout(100)
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
    page.wait_for_timeout(100)
    fragment = "#" + page.url.partition("#")[2]
    again = open_file(fragment)
    assert place(again) == place(page)
    assert results(again) == results(page)
    assert rate(again, 2).get_attribute("aria-valuetext") == rate(page, 2).get_attribute("aria-valuetext")
    assert place(open_file("#nonsense")) != place(page), "what cannot be read is left out"


def test_the_keyboard_moves_the_start_and_plays(open_file: Open) -> None:
    page = open_file()
    page.get_by_role("button", name="Pause", exact=True).click()
    x, y = place(page)
    start(page).focus()
    page.keyboard.press("ArrowRight")
    assert place(page) == pytest.approx((x + 0.12, y))
    page.keyboard.press("Shift+ArrowUp")
    assert place(page) == pytest.approx((x + 0.12, y + 1.2))
    figure(page).focus()
    at = step(page)
    page.keyboard.press("ArrowRight")
    assert step(page) == at + 1
    page.keyboard.press("Space")
    page.wait_for_timeout(200)
    assert step(page) > at + 1


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
    page.wait_for_function("window.sides.includes('24') && window.sides.at(-1) === '96'", timeout=20_000)
    assert "diverged 100 %" in basins.inner_text() or "diverged 99 %" in basins.inner_text()


def test_a_run_that_diverges_says_when(open_file: Open) -> None:
    page = open_file()
    rate(page, 1).evaluate("e => { e.value = e.max; e.dispatchEvent(new Event('input')); }")
    expect(page.locator(".result").first).to_contain_text("diverged at step")


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
    page.wait_for_timeout(100)
    assert results(page)[1] != told


def test_whoever_prefers_no_motion_sees_the_end_at_rest(open_file: Open) -> None:
    page = open_file(motion="reduce")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert step(page) == 300


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
    page.wait_for_timeout(100)
    assert place(page) == pytest.approx((3.0, 3.0), abs=0.1)
    assert place(page) != before
