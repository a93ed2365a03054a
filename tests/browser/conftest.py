"""A real Chromium that drives the real app."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 60_000
"""Milliseconds to wait for what must come: on a busy machine it comes late, and that is no failure."""
NO_BROWSER = "needs chromium or google-chrome on PATH; Debian and Ubuntu: apt-get install chromium"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        expect.set_options(timeout=PATIENCE)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running app."""
    yield from _app(tmp_path_factory)


@pytest.fixture(scope="session")
def untouched_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running app in which nothing is trained or kept."""
    yield from _app(tmp_path_factory)


def _app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("app") / "log.txt").open("w+")
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    environment = {**os.environ, "GDVIZ_FOLDER": str(tmp_path_factory.mktemp("runs"))}
    command.append("--server.fileWatcherType=none")
    server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)
    address = f"http://localhost:{port}"
    try:
        _wait_until_healthy(address, server)
        yield address
        log.seek(0)
        assert "Traceback" not in log.read()  # before it ends: at the end, open connections make it log some
    finally:
        server.terminate()
        server.wait(10)


def _wait_until_healthy(address: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail("the app did not start")


def is_problem(message: ConsoleMessage) -> bool:
    """An error in the console; not that Streamlit, below the root, first looks for its server in the wrong place."""
    return message.type == "error" and "/_stcore/" not in str(message.location)


@pytest.fixture(scope="session")
def context_of(browser: Browser) -> Callable[[str], BrowserContext]:
    """A context for each colour scheme: pages in one share what the browser has loaded and compiled of the app."""
    return cache(lambda scheme: browser.new_context(color_scheme=scheme))


@pytest.fixture
def open_page(context_of: Callable[[str], BrowserContext], app: str) -> Iterator[Callable[..., Page]]:
    """Opens a page of the app; at the end, nothing may have gone wrong in the browser's console."""
    problems: list[str] = []
    pages: list[Page] = []

    def open_page(path: str = "/", width: int = 1440, height: int = 1000, scheme: str = "light") -> Page:
        page = context_of(scheme).new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: problems.append(message.text) if is_problem(message) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(app + path)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        assert page.locator('[data-testid="stException"]').count() == 0
        page.close()
    assert problems == []
