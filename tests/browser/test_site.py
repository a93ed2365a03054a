"""The static site in Chromium, from a plain web server and under a path of its own."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import gdviz
from gdviz import site

Open = Callable[..., Page]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("web")
    site.write(root / "some" / "path", home="https://example.org/app")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/some/path/"
    server.shutdown()


@pytest.fixture
def open_site(browser: Browser, address: str) -> Iterator[Open]:
    """Opens the site; at the end, no other host may have been asked, and nothing gone wrong."""
    problems: list[str] = []
    loaded: list[int] = []
    pages: list[Page] = []

    def open_site(fragment: str = "") -> Page:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
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


def test_nothing_is_left_unfilled(tmp_path: Path) -> None:
    site.write(tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<!--" not in page
    assert 'src="http' not in page
