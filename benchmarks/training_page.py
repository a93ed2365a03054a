"""The Live training page in headless Chromium: Start to the first point, a control's answer while it trains, memory.

Run with ``python -m benchmarks.training_page [runs]`` on an idle machine; needs chromium or google-chrome on PATH.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.page import CLICK_UNTIL, START, WIDE_CANVAS, answer, memory_of, serve

A_POINT = "document.querySelector('.st-key-card-Loss canvas')"


def opened(browser: Browser, address: str, query: str) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{address}/training?{query}")
    page.locator(START).wait_for(timeout=30_000)
    page.wait_for_timeout(1500)
    return page


def first_point(browser: Browser, address: str, query: str) -> float:
    page = opened(browser, address, query)
    taken = float(page.evaluate(CLICK_UNTIL, [START, A_POINT]))
    stop(page)
    page.close()
    return taken


def stop(page: Page) -> None:
    button = page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop", exact=True)
    button.click()
    button.wait_for(state="detached", timeout=30_000)


def answers(page: Page, times: int) -> list[float]:
    taken = []
    for i in range(times):
        taken.append(answer(page, i))
        page.wait_for_timeout(370)  # not in step with the page's own refreshing
    return taken


def told(name: str, values: list[float]) -> None:
    print(f"{name:34}{statistics.median(values):7.0f} ms median, worst {max(values):.0f} of {len(values)}")
    print(f"  all: {sorted(map(round, values))}")


def main(count: int) -> None:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["GDVIZ_FOLDER"] = folder
        server, address, _ = serve()
        try:
            flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=path, args=flags)
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            begun = time.perf_counter()
            page.goto(f"{address}/descent")
            page.wait_for_function(WIDE_CANVAS)
            print(f"Descent from a cold server        {time.perf_counter() - begun:7.2f} s")
            page.wait_for_timeout(12_000)  # the worker gets ready meanwhile, without having been asked for
            page.close()
            for query in ("epochs=5000", "data=moons&epochs=5000"):
                told(f"Start to point, {query}"[:33], [first_point(browser, address, query) for _ in range(5)])
            page = opened(browser, address, "epochs=10000")
            page.locator(START).click()
            page.wait_for_timeout(3000)
            told("a control, while training", answers(page, 20))
            stop(page)
            told("a control, at rest", answers(page, 10))
            workers = [
                p for p in psutil.Process(server.pid).children(recursive=True) if "spawn_main" in " ".join(p.cmdline())
            ]
            for number in range(1, count + 1):
                page.locator(START).click()
                page.get_by_text("running:").wait_for(timeout=30_000)
                page.wait_for_timeout(1500)
                stop(page)
                worker = max(process.memory_info().rss for process in workers if process.is_running()) / 2**20
                print(f"  run {number}: app {memory_of(server):.0f} MB, worker {worker:.0f} MB")
            browser.close()
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
