"""The Descent page in headless Chromium: first picture, frames a second, slider to repaint, payload, memory.

Run with ``python -m benchmarks.page`` on an idle machine; needs chromium or google-chrome on PATH.
"""

import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
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
RANGE = ".vega-bindings input[type=range]"

# Counts the canvases that were really drawn to, frame by frame.
COUNT_FRAMES = """
async (seconds) => {
  const canvas = document.querySelector('canvas.marks');
  const context = canvas.getContext('2d');
  let drawn = 0, touched = false;
  const original = context.clearRect;  // Vega clears what it is about to draw, once a frame
  context.clearRect = function (...args) { touched = true; return original.apply(this, args); };
  const begun = performance.now();
  await new Promise(done => {
    const look = () => {
      if (touched) { drawn += 1; touched = false; }
      if (performance.now() - begun < seconds * 1000) requestAnimationFrame(look); else done();
    };
    requestAnimationFrame(look);
  });
  delete context.clearRect;
  return drawn / seconds;
}
"""

# Resolves with the milliseconds from now to the next time that the paused chart is drawn.
REPAINT = """
() => {
  const context = document.querySelector('canvas.marks').getContext('2d');
  const original = context.clearRect, begun = performance.now();
  window.repainted = new Promise(done => {
    context.clearRect = function (...args) {
      delete context.clearRect;
      requestAnimationFrame(() => done(performance.now() - begun));
      return original.apply(this, args);
    };
  });
}
"""


def serve() -> tuple["subprocess.Popen[bytes]", str, float]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    server = subprocess.Popen([*command, "--server.fileWatcherType=none"], cwd=ROOT, stdout=subprocess.DEVNULL)
    while True:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1):
                return server, f"http://localhost:{port}", time.perf_counter() - begun
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)


def memory_of(server: "subprocess.Popen[bytes]") -> float:
    """Resident megabytes."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def slider_to_repaint(page: Page, times: int) -> list[float]:
    """Milliseconds from the key that moves a slider to the new picture."""
    page.get_by_text("6 · Adam").click()
    page.get_by_role("slider", name="learning_rate").focus()
    page.wait_for_timeout(500)
    taken = []
    for i in range(times):
        page.evaluate(REPAINT)
        page.keyboard.press("ArrowRight" if i % 2 else "ArrowLeft")
        taken.append(float(page.evaluate("window.repainted")))
        page.wait_for_timeout(400)
    return taken


def main() -> None:
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    server, address, started = serve()
    received = 0
    try:
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=browser_path, args=flags)
            page = browser.new_page(viewport={"width": 1440, "height": 1000})

            def count(frame: object) -> None:
                nonlocal received
                received += len(frame) if isinstance(frame, (bytes, str)) else 0

            page.on("websocket", lambda socket: socket.on("framereceived", count))
            begun = time.perf_counter()
            page.goto(f"{address}/?{SIX}&steps=300")
            page.wait_for_selector(RANGE)
            print(f"server answers after              {started:7.2f} s")
            print(f"first page from a cold server     {time.perf_counter() - begun:7.2f} s")
            page.wait_for_timeout(3000)
            for _ in range(3):
                page.locator(RANGE).evaluate("e => { e.value = 0; e.dispatchEvent(new Event('input')); }")
                page.locator(".vega-bindings input[type=checkbox]").set_checked(True)
                print(f"frames drawn, 6 runs x 300 steps  {page.evaluate(COUNT_FRAMES, 4):7.1f} /s")
            page.wait_for_timeout(2000)
            before = received
            taken = slider_to_repaint(page, 15)
            print(f"slider to repaint, median         {statistics.median(taken):7.0f} ms")
            print(f"  all: {sorted(map(round, taken))}")
            print(f"received for a change, mean       {(received - before) / 15 / 1000:7.1f} KB")
            print(f"memory of the app's process       {memory_of(server):7.0f} MB")
            browser.close()
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
