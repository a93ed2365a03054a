"""The live figure in headless Chromium: frames and latency while its start is dragged and a learning rate slid, and
what the server is told, beside a bare Streamlit page.

    python -m benchmarks.live [seconds of each drag]

6 runs x 300 steps on Descent, 80 moves a second. A frame counts when it was drawn; latency is from the
event of the mouse to the end of the frame that shows it. "Release" is from letting go to the new table; on the bare
page, from a key on its slider to its new chart. Needs chromium or google-chrome on PATH; ratios count.
"""

import shutil
import statistics
import sys
from collections.abc import Callable

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.page import BARE, SIX, bare_page, repaint, served

# Counts the frames of the landscape's canvas and the milliseconds from an event to the frame that shows it.
WATCH = """
() => {
  const root = [...document.querySelectorAll('*')].map(e => e.shadowRoot).find(r => r?.querySelector('.landscape'));
  const context = root.querySelector('.landscape > canvas').getContext('2d');
  const seen = window.seen = { frames: 0, latency: [], waiting: null };
  const note = event => { seen.waiting ??= event.timeStamp; };
  root.addEventListener('pointermove', note, true);
  root.addEventListener('input', note, true);
  const original = context.clearRect;
  context.clearRect = function (...args) {
    seen.frames += 1;
    const from = seen.waiting;
    seen.waiting = null;
    if (from !== null) requestAnimationFrame(() => seen.latency.push(performance.now() - from));
    return original.apply(this, args);
  };
}
"""

# Move what the mouse holds, in a square about where it is, or a slider to and fro: eighty times a second, from another
# place in every turn. Resolve with the seconds that it took.
DRIVE = """
() => {
  const figure = [...document.querySelectorAll('*')].map(e => e.shadowRoot).find(r => r?.querySelector('.landscape'));
  const drive = (move, seconds, turn) => new Promise(done => {
    const begun = performance.now();
    let i = 7 * turn;
    const timer = setInterval(() => {
      while (i < (performance.now() - begun) * 0.08 + 7 * turn) move(i++);
      if (performance.now() - begun < seconds * 1000) return;
      clearInterval(timer);
      done((performance.now() - begun) / 1000);
    }, 12.5);
  });
  window.drag = (x, y, seconds, turn) => {
    const place = figure.querySelector('.landscape');
    const corner = i => 60 - Math.abs(i % 240 - 120);
    return drive(i => place.dispatchEvent(new PointerEvent('pointermove', {
      pointerId: 1, bubbles: true, clientX: x + corner(i), clientY: y + corner(i + 60),
    })), seconds, turn);
  };
  window.slide = (run, seconds, turn) => {
    const slider = figure.querySelector(`[aria-label="Learning rate, run ${run}"]`);
    return drive(i => {
      slider.value = 300 + Math.abs(i % 160 - 80);
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    }, seconds, turn);
  };
}
"""

# Resolves with the milliseconds from now to the next change of the page's table.
TABLE = """
() => {
  const table = document.querySelector('[data-testid=stMain] table');
  const before = table.innerText, begun = performance.now();
  window.told = new Promise(done => {
    const look = () => {
      const now = document.querySelector('[data-testid=stMain] table');
      if (now && now.innerText !== before) done(performance.now() - begun);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}
"""


def descent(browser: Browser, address: str) -> tuple[Page, list[object]]:
    """The page, still, and the messages that it sends from now on."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{address}/descent?{SIX}&steps=300")
    page.locator('[data-gdviz="live"][data-ready="true"]').wait_for(timeout=120_000)
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Last step").click()
    page.wait_for_timeout(3000)
    page.evaluate(WATCH)
    page.evaluate(DRIVE)
    return page, sent


def dragged(page: Page, seconds: float, turn: int) -> float:
    """Take hold of the start and move it."""
    box = page.get_by_role("slider", name="Start", exact=True).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    return float(page.evaluate("given => drag(...given)", [x, y, seconds, turn]))


def slid(page: Page, seconds: float, turn: int) -> float:
    return float(page.evaluate("given => slide(...given)", [6, seconds, turn]))


def changed(page: Page) -> None:
    page.get_by_role("slider", name="Learning rate, run 6").dispatch_event("change")


def cpu(page: Page, session: CDPSession) -> float:
    """Seconds that the page's main thread has computed."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def main(seconds: float) -> None:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, served(BARE) as bare, served() as app:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        still = bare_page(browser, bare)
        page, sent = descent(browser, app)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        ways: dict[str, tuple[Callable[..., float], Callable[[Page], object]]] = {
            "start": (dragged, lambda page: page.mouse.up()),
            "slider": (slid, changed),
        }
        for turn in range(3):
            for what, (move, release) in ways.items():
                page.evaluate("() => { seen.frames = 0; seen.latency = []; seen.waiting = null; }")
                messages, computed = len(sent), cpu(page, session)
                taken = move(page, seconds, turn)
                frames, latency = page.evaluate("() => [seen.frames, seen.latency]")
                messages, computed = len(sent) - messages, cpu(page, session) - computed
                slow = statistics.quantiles(latency, n=20)[-1]
                page.evaluate(TABLE)
                release(page)
                told = page.evaluate("Promise.race([told, new Promise(done => setTimeout(() => done(NaN), 20000))])")
                print(
                    f"{what:8} {frames / taken:5.1f} frames/s, {1000 * computed / frames:5.1f} ms of CPU a frame; "
                    f"latency {statistics.median(latency):5.1f} ms, 95 % {slow:5.1f}; "
                    f"{messages} messages; release to table {told:5.0f} ms"
                )
                page.wait_for_timeout(1000)
            still.bring_to_front()
            charts = [repaint(still, i) for i in range(5)]
            page.bring_to_front()
            print(f"{'bare':8} from a key to the chart {statistics.median(charts):5.0f} ms")
        browser.close()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
