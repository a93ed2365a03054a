"""The static site in Chromium, from a plain web server and under a path of its own."""

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, expect

import gdviz
from gdviz import LANDSCAPES, OPTIMIZERS, site
from gdviz.charts.palette import DARK_THEME
from gdviz.site.lessons import LESSONS

Open = Callable[..., Page]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "some" / "path"
    site.write(folder, home="https://example.org/app")
    return folder


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root.parents[1])))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/some/path/"
    server.shutdown()


@pytest.fixture
def open_site(browser: Browser, address: str) -> Iterator[Open]:
    """Opens the site; at the end, no other host may have been asked, and nothing gone wrong."""
    problems: list[str] = []
    loaded: list[int] = []
    pages: list[Page] = []

    def open_site(fragment: str = "", scheme: str = "light") -> Page:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda one: problems.append(one.url) if not one.url.startswith(("blob:", "data:", address)) else None,
        )
        page.on("response", lambda one: loaded.append(int(one.headers.get("content-length", 0))))
        page.goto(address + fragment)
        pages.append(page)
        page.locator('[data-gdviz="live"][data-ready="true"]').wait_for(timeout=60_000)
        assert sum(loaded) <= 1_500_000 * len(pages)
        return page

    yield open_site
    for page in pages:
        page.close()
    assert problems == []


def results(page: Page) -> list[str]:
    return [text.removeprefix("loss ") for text in page.locator(".result").all_inner_texts()]


def test_it_opens_with_the_apps_experiment_and_keeps_what_is_chosen_in_the_address(open_site: Open) -> None:
    page = open_site()
    assert len(results(page)) == 4
    page.locator("#controls").get_by_label("Landscape").select_option("ackley")
    expect(page.locator('[data-gdviz="live"]')).to_have_attribute(
        "aria-label", "Paths of optimizers on the Ackley landscape, and their losses against the step"
    )
    page.get_by_role("button", name="Add an optimizer").click()
    expect(page.locator(".result")).to_have_count(5)
    again = open_site("#" + page.url.partition("#")[2])
    assert results(again) == results(page)


def test_any_rule_on_a_readers_own_formula_is_what_python_computes(open_site: Open) -> None:
    fields = "landscape=own_function&function=2x%C2%B2%2By%5E2%2Bsin(x)&domain=-3,3,-2,2&start=-1.5,-1&steps=50"
    page = open_site(f"#{fields}&run=newton&run=sam,learning_rate=0.05&run=adam,learning_rate=0.1")
    own = gdviz.compile_landscape("2x²+y^2+sin(x)", ((-3, 3), (-2, 2)))
    for told, (rule, rate) in zip(results(page), (("newton", None), ("sam", 0.05), ("adam", 0.1)), strict=True):
        run = gdviz.descend(own, rule, rate, start=(-1.5, -1.0), steps=50)
        assert float(told.split(" · ")[0]) == pytest.approx(run.loss[-1], rel=5e-3)
    page.get_by_label("f(x, y)").fill("x+(")
    page.get_by_label("f(x, y)").press("Enter")
    expect(page.locator("#notes")).to_contain_text("not a complete formula")
    assert len(results(page)) == 3, "the last one that could be read stays"


def test_a_story_is_told_and_can_be_touched(open_site: Open) -> None:
    page = open_site("#story=nan_and_its_cure")
    assert page.locator(".story").inner_text()
    assert len(results(page)) == 1
    page.get_by_role("link", name="Too fast").click()
    expect(page.locator(".result")).to_have_count(3)


def test_a_broken_address_is_noted_and_the_rest_of_it_read(open_site: Open) -> None:
    page = open_site("#landscape=nowhere&run=lost&run=adam&steps=x")
    expect(page.locator("#notes")).to_contain_text("no landscape is called nowhere")
    expect(page.locator("#notes")).to_contain_text("no rule here is called lost")
    assert len(results(page)) == 1


def test_a_recorded_training_plays_again(open_site: Open) -> None:
    page = open_site("#training=zeros")
    replay = page.locator(".replay[data-ready=true]")
    expect(replay).to_have_attribute("aria-label", "All zeros", timeout=60_000)
    expect(replay.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("link", name="The loss becomes NaN").click()
    expect(replay).to_have_attribute("aria-label", "The loss becomes NaN", timeout=60_000)
    replay.get_by_role("button", name="Last step").click()
    expect(replay).to_contain_text("not finite")
    assert len(results(page)) == 4, "the explorer stays"


def test_it_is_dark_where_the_reader_prefers_that(open_site: Open) -> None:
    page = open_site(scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 17, 23)"
    rate = page.locator(".run").first
    assert rate.evaluate("e => e.style.getPropertyValue('--colour')") == DARK_THEME.runs[0]
    picture = page.locator(".pictures img").first
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.pictures img').currentSrc.endsWith('-dark.png')")


def test_nothing_is_left_unfilled_and_every_link_leads_somewhere(root: Path) -> None:
    page = (root / "index.html").read_text(encoding="utf-8")
    assert "<!--" not in page
    assert 'src="http' not in page
    for kind, name in re.findall(r'href="#(story|training)=(\w+)"', page):
        folder = {"story": "stories", "training": "trainings"}[kind]
        for scheme in ("light", "dark"):
            assert (root / scheme / folder / f"{name}.json").exists(), name
    for file in re.findall(r'(?:src|srcset)="(pictures/[^"]+)"', page):
        assert (root / file).exists(), file
    for lesson in LESSONS:
        assert f'id="lesson-{lesson.name}"' in page
        for _, hash_ in lesson.tries:
            fields = parse_qs(hash_)
            assert set(fields.get("landscape", [])) <= set(LANDSCAPES)
            assert {run.split(",")[0] for run in fields.get("run", [])} <= set(OPTIMIZERS)
