"""What the server tells the browser to leave alone: nothing is fetched from another host, whatever a page contains."""

import http.server
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gdviz.ui.navigation import PAGES, START, file_of

Open = Callable[..., Page]
FETCH = """async ([image, script]) => {
    const loads = (tag, url) => new Promise(done => {
        const element = document.createElement(tag);
        element.onload = () => done(true);
        element.onerror = () => done(false);
        element.src = url;
        document.body.append(element);
    });
    const answers = url => fetch(url, {mode: "no-cors"}).then(() => true, () => false);
    return [await loads("img", image), await loads("script", script), await answers(image)];
}"""


@pytest.fixture
def elsewhere() -> object:
    """Another host, and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()


def test_every_page_works_under_the_policy(open_page: Open) -> None:
    titles = [title for title in PAGES if title != START]
    for title in titles:  # open_page fails where the console shows that something was refused
        page = open_page(f"/{Path(file_of(title)).stem}")
        expect(page.get_by_role("heading", name=title, exact=True, level=2)).to_be_visible(timeout=60_000)


def test_nothing_is_fetched_from_another_host(browser: Browser, app: str, elsewhere: tuple[str, list[str]]) -> None:
    address, asked = elsewhere
    plain = browser.new_page()  # of its own: what is refused here shows in the console
    plain.goto(app)
    own = f"{app}/favicon.png"
    assert plain.evaluate(FETCH, [own, f"{address}/a.js"]) == [True, False, True]
    assert plain.evaluate(FETCH, [f"{address}/a.png", f"{address}/a.js"]) == [False, False, False]
    plain.close()
    assert asked == []
