"""The pages in headless Chromium, side by side with a bare Streamlit page of one slider and one chart.

    python -m benchmarks.page          # all of it
    python -m benchmarks.page cold     # first page from a cold server
    python -m benchmarks.page repaint  # from the key that moves a control to the new picture
    python -m benchmarks.page frames   # frames a second while Descent plays, bytes for a change

Pages take turns within one run and one browser, so that whatever else the machine does hits all of them; the ratios
count. Needs chromium or google-chrome on PATH.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
BARE = Path(__file__).parent / "bare.py"
SIX = "&".join(
    f"run={run}"
    for run in (
        "gradient_descent,learning_rate=0.001",
        "momentum,learning_rate=0.001",
        "nesterov,learning_rate=0.001",
        "adagrad,learning_rate=0.3",
        "rmsprop,learning_rate=0.02",
        "adam,learning_rate=0.1",
    )
)
FIGURE = '[data-gdviz="live"][data-ready="true"]'
START = "[data-testid=stMain] button[kind=primary]"
BATCH_SIZE = "document.querySelector('input[aria-label=\"Batch size\"]')"

# True as soon as there is a picture, in whatever component it is.
WIDE_CANVAS = """
() => {
  const roots = [document];
  while (roots.length) {
    const root = roots.pop();
    if ([...root.querySelectorAll('canvas')].some(canvas => canvas.clientWidth > 200)) return true;
    root.querySelectorAll('*').forEach(element => element.shadowRoot && roots.push(element.shadowRoot));
  }
  return false;
}
"""

# Frames a second in which any canvas was drawn to.
COUNT_FRAMES = """
async (seconds) => {
  const contexts = CanvasRenderingContext2D.prototype, original = contexts.clearRect, begun = performance.now();
  let drawn = 0, touched = false;
  contexts.clearRect = function (...args) { touched = true; return original.apply(this, args); };
  await new Promise(done => {
    const look = () => {
      if (touched) { drawn += 1; touched = false; }
      if (performance.now() - begun < seconds * 1000) requestAnimationFrame(look); else done();
    };
    requestAnimationFrame(look);
  });
  contexts.clearRect = original;
  return drawn / seconds;
}
"""

# window.repainted resolves with the milliseconds from now to the next frame after any canvas was drawn to.
REPAINT = """
() => {
  const contexts = CanvasRenderingContext2D.prototype, original = contexts.clearRect, begun = performance.now();
  window.repainted = new Promise(done => {
    contexts.clearRect = function (...args) {
      contexts.clearRect = original;
      requestAnimationFrame(() => done(performance.now() - begun));
      return original.apply(this, args);
    };
  });
}
"""

# Milliseconds from a click to the next frame in which the condition holds.
CLICK_UNTIL = """
async ([target, condition]) => {
  const holds = new Function('return ' + condition), begun = performance.now();
  document.querySelector(target).click();
  while (!holds() && performance.now() - begun < 60000) await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}
"""


def serve(script: Path = ROOT / "app.py") -> tuple["subprocess.Popen[bytes]", str, float]:
    """Start a page's server; its address, and after how many seconds it answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}", "--server.headless=true"]
    command += ["--server.fileWatcherType=none", "--browser.gatherUsageStats=false"]
    command += ["--browser.serverAddress=localhost"]
    folder = ROOT if script.parent == ROOT else Path(tempfile.gettempdir())  # the bare page, without the app's settings
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env=environment)
    while True:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1):
                return server, f"http://localhost:{port}", time.perf_counter() - begun
        except OSError:  # not yet there, or not yet listening
            time.sleep(0.05)


@contextmanager
def served(script: Path = ROOT / "app.py") -> Iterator[str]:
    """The address of a page's server, which ends with the block."""
    server, address, _ = serve(script)
    try:
        yield address
    finally:
        server.terminate()
        server.wait(20)


def memory_of(server: "subprocess.Popen[bytes]") -> float:
    """Resident megabytes."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def opened(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(address)
    page.wait_for_function(WIDE_CANVAS, timeout=60_000)
    page.wait_for_timeout(3000)
    return page


def repaint(page: Page, i: int) -> float:
    """Milliseconds from the key that moves the slider with the focus to the new picture."""
    page.bring_to_front()
    page.evaluate(REPAINT)
    page.keyboard.press("ArrowRight" if i % 2 else "ArrowLeft")
    return float(page.evaluate("window.repainted"))


def answer(page: Page, i: int) -> float:
    """Milliseconds from a click on a check box to the change of the page that the server makes."""
    page.bring_to_front()
    target = '[data-testid=stSidebar] input[aria-label="All rows in one batch"]'
    return float(page.evaluate(CLICK_UNTIL, [target, f"{'!' if i % 2 == 0 else '!!'}{BATCH_SIZE}"]))


def bare_page(browser: Browser, address: str) -> Page:
    page = opened(browser, address)
    page.get_by_role("slider").first.focus()
    return page


def descent_page(browser: Browser, address: str) -> Page:
    page = opened(browser, f"{address}/descent?{SIX}&steps=300")
    playing(page, False)
    page.get_by_text("6 · Adam").click()
    page.get_by_role("slider", name="Learning rate (η)").focus()
    page.wait_for_timeout(500)
    return page


def playing(page: Page, on: bool) -> None:
    """Have the live figure play or rest."""
    page.locator(FIGURE).wait_for(timeout=60_000)
    button = page.locator(FIGURE).get_by_role("button", name="Play" if on else "Pause", exact=True)
    if button.count():
        button.click()


def gradient_flow_page(browser: Browser, address: str) -> Page:
    page = opened(browser, f"{address}/gradient_flow?weight_scale=0.5")
    page.get_by_role("slider", name="Weight scale").focus()
    return page


def training_page(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{address}/training?epochs=10000")
    page.locator(START).click(timeout=60_000)
    page.locator(".st-key-card-Loss canvas").wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    return page


def in_turns(candidates: dict[str, Callable[[int], float]], turns: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for i in range(turns):
        for name, candidate in candidates.items():
            taken[name].append(candidate(i))
            time.sleep(0.37)  # not in step with what a page refreshes by itself
    return taken


def beside_bare(taken: dict[str, list[float]], unit: str) -> None:
    """Medians, and their ratios to the bare page's."""
    bare = statistics.median(taken["bare page"])
    for name, values in taken.items():
        median = statistics.median(values)
        print(f"{name:22} {median:8.2f} {unit}  {median / bare:5.2f} x bare   {min(values):.2f} to {max(values):.2f}")


def repaints(browser: Browser, turns: int = 20) -> None:
    with served(BARE) as bare, served() as app:
        pages = {
            "bare page": bare_page(browser, bare),
            "Descent": descent_page(browser, app),
            "Gradient flow": gradient_flow_page(browser, app),
        }
        print(f"from a key to the new picture, medians of {turns} turns")
        beside_bare(
            in_turns({name: lambda i, page=page: repaint(page, i) for name, page in pages.items()}, turns), "ms"
        )
        for name in ("Descent", "Gradient flow"):
            pages.pop(name).close()
        training = training_page(browser, app)
        print("while a model trains: a check box, to what the server puts in its place")
        beside_bare(
            in_turns(
                {
                    "bare page": lambda i: repaint(pages["bare page"], i),
                    "Live training": lambda i: answer(training, i),
                },
                turns,
            ),
            "ms",
        )
        training.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop", exact=True).click()
        training.wait_for_timeout(2000)
        training.close()


def cold(browser: Browser, script: Path, path: str = "") -> float:
    """Seconds from asking for the first page of a server that has just started to its chart."""
    with served(script) as address, browser.new_context(viewport={"width": 1440, "height": 1000}) as context:
        page = context.new_page()
        begun = time.perf_counter()
        page.goto(address + path)
        # An empty chart comes before, while the page's width is measured; what is wide is the page's own.
        page.wait_for_function(WIDE_CANVAS, timeout=60_000)
        return time.perf_counter() - begun


def cold_starts(browser: Browser, turns: int = 5) -> None:
    print(f"first page from a cold server, medians of {turns} turns")
    candidates = {
        "bare page": lambda _: cold(browser, BARE),
        "Descent": lambda _: cold(browser, ROOT / "app.py", f"/descent?{SIX}&steps=300"),
    }
    beside_bare(in_turns(candidates, turns), "s ")


def frames(browser: Browser) -> None:
    received = 0

    def count(frame: object) -> None:
        nonlocal received
        received += len(frame) if isinstance(frame, (bytes, str)) else 0

    with served() as address:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.on("websocket", lambda socket: socket.on("framereceived", count))
        page.goto(f"{address}/descent?{SIX}&steps=300")
        page.locator(FIGURE).wait_for(timeout=60_000)
        for _ in range(3):
            playing(page, True)
            print(f"frames drawn, 6 runs x 300 steps  {page.evaluate(COUNT_FRAMES, 3):7.1f} /s")
        playing(page, False)
        page.get_by_text("6 · Adam").click()
        page.get_by_role("slider", name="Learning rate (η)").focus()
        page.wait_for_timeout(500)
        before = received
        for i in range(10):
            repaint(page, i)
            page.wait_for_timeout(400)
        print(f"received for a change, mean       {(received - before) / 10 / 1000:7.1f} KB")


PARTS: dict[str, Callable[[Browser], None]] = {"cold": cold_starts, "repaint": repaints, "frames": frames}


def main(parts: list[str]) -> None:
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["GDVIZ_FOLDER"] = folder
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=browser_path, args=flags)
        for part in parts or PARTS:
            PARTS[part](browser)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
