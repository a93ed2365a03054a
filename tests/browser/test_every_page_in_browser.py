"""What holds for every page: anybody can use it, and it asks nobody but its own server."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from gdviz.ui import navigation
from tests.browser.rest import at_rest

PAGES = {title: f"/{navigation.file_of(title)[6:-3]}" for title in navigation.PAGES} | {navigation.START: "/"}
GROUND = "getComputedStyle(document.querySelector('.stApp') ?? document.body).backgroundColor"
STILL = """document.getAnimations().every(
    one => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"""
QUICK = {"/sweeps": "/sweeps?landscape=quadratic&side=32&steps=50&run=momentum,learning_rate=0.05"}


@pytest.mark.parametrize("title", PAGES)
def test_no_serious_barrier_in_either_theme_and_no_other_host(open_page: Callable[..., Page], title: str) -> None:
    page = open_page("/runs")  # any page, so that the next one is watched from its first request on
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page.url.removesuffix("/runs") + QUICK.get(PAGES[title], PAGES[title]))
    page.get_by_role("heading", level=1 if title == navigation.START else 2).first.wait_for()
    page.wait_for_load_state("networkidle")
    assert barriers(at_rest(page)) == []
    light = page.evaluate(GROUND)
    page.emulate_media(color_scheme="dark")
    page.reload()  # as somebody opens it who has a dark screen
    page.wait_for_function(f"{GROUND} !== {light!r}")
    page.get_by_role("heading", level=1 if title == navigation.START else 2).first.wait_for()
    page.wait_for_load_state("networkidle")
    assert barriers(at_rest(page)) == []
    hosts = {urlsplit(url).hostname for url in asked if urlsplit(url).scheme in ("http", "https", "ws", "wss")}
    assert hosts == {"localhost"}


def barriers(page: Page) -> list[tuple[str, str]]:
    """What keeps somebody from using the page, in axe-core's judgement. Colours that still fade over are waited for."""
    page.wait_for_function(STILL)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")]
