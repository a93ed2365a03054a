"""The live figure in headless Chromium: how it follows the hand, and what that costs the server.

    python -m benchmarks.live [seconds of each drag]

6 runs x 300 steps on Descent, 80 moves a second. A frame counts when it was drawn; latency is from the event of the
mouse to the end of the frame that shows it. "Release" is from letting go to the new table. Beside it: a bare Streamlit
page with one slider and one chart, and Descent as it was before, with a Vega chart drawn anew (``benchmarks/vega.py``).
Then the first picture; the first ten seconds of a cold server, dragging; and 100 visitors who drag. Needs chromium or
google-chrome on PATH; ratios count.
"""

import asyncio
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.load import Visitor, visitors
from benchmarks.page import BARE, FIGURE, SIX, WIDE_CANVAS, bare_page, in_turns, repaint, serve, served

VEGA = BARE.with_name("vega.py")
MESSAGES_EVERY = 20.0
"""Seconds from one release of a visitor's hand to the next."""

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
      // What is due now, once: asked again after each move, it would never be reached where a move takes 12 ms.
      const due = (performance.now() - begun) * 0.08 + 7 * turn;
      while (i < due) move(i++);
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


def vega_page(browser: Browser, address: str) -> Page:
    """Descent as it was, at rest, with the focus on its slider."""
    page = bare_page(browser, address)
    page.locator(".vega-bindings input[type=checkbox]").uncheck()
    page.get_by_role("slider").first.focus()
    return page


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


def moving(browser: Browser, bare: str, app: str, before: str, seconds: float) -> None:
    """Dragging and sliding, beside the bare page and the page as it was."""
    others = {"bare page": bare_page(browser, bare), "before, with Vega": vega_page(browser, before)}
    page, sent = descent(browser, app)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    ways: dict[str, tuple[Callable[..., float], Callable[[Page], object]]] = {
        "start": (dragged, lambda page: page.mouse.up()),
        "slider": (slid, changed),
    }
    latencies: list[float] = []
    releases: list[float] = []
    for turn in range(3):
        page.bring_to_front()
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
                f"{what:8} {frames / taken:5.1f} frames/s, {1000 * computed / max(1, frames):5.1f} ms of CPU a frame; "
                f"latency {statistics.median(latency):5.1f} ms, 95 % {slow:5.1f}; "
                f"{messages} messages; release to table {told:5.0f} ms",
                flush=True,
            )
            latencies += latency
            releases.append(told)
            page.wait_for_timeout(1000)
    taken_by = in_turns({name: lambda i, other=other: repaint(other, i) for name, other in others.items()}, 6)
    rerun, old = (statistics.median(taken_by[name]) for name in others)
    print(f"release to table {np.nanmedian(releases) / rerun:.2f} x a rerun of the bare page ({rerun:.0f} ms)")
    live = statistics.median(latencies)
    print(
        f"before, from a key to the picture {old:.0f} ms, {old / live:.1f} x the live figure's {live:.1f} ms",
        flush=True,
    )
    for one in (page, *others.values()):
        one.close()


def first_picture(browser: Browser, bare: str, app: str, turns: int = 5) -> None:
    """From asking for a page to its picture, on servers that are warm, for browsers that know nothing yet."""

    def seconds(address: str, until: Callable[[Page], object]) -> float:
        with browser.new_context(viewport={"width": 1440, "height": 1000}) as context:
            page = context.new_page()
            begun = time.perf_counter()
            page.goto(address)
            until(page)
            return time.perf_counter() - begun

    taken = in_turns(
        {
            "bare": lambda _: seconds(bare, lambda page: page.wait_for_function(WIDE_CANVAS, timeout=60_000)),
            "live": lambda _: seconds(
                f"{app}/descent?{SIX}&steps=300", lambda page: page.locator(FIGURE).wait_for(timeout=60_000)
            ),
        },
        turns,
    )
    bare_seconds, live = statistics.median(taken["bare"]), statistics.median(taken["live"])
    print(f"first picture {live:.2f} s, {live / bare_seconds:.2f} x the bare page's {bare_seconds:.2f} s", flush=True)


def cold(browser: Browser) -> None:
    """Dragging from the first picture on, in the first ten seconds of a server."""
    server, address, _ = serve()
    try:
        begun = time.perf_counter()
        with browser.new_context(viewport={"width": 1440, "height": 1000}) as context:
            page = context.new_page()
            page.goto(f"{address}/descent?{SIX}&steps=300")
            page.locator(FIGURE).wait_for(timeout=120_000)
            page.evaluate(WATCH)
            page.evaluate(DRIVE)
            ready = time.perf_counter() - begun
            taken = dragged(page, max(3.0, 10 - ready), 0)
            frames, latency = page.evaluate("() => [seen.frames, seen.latency]")
            page.mouse.up()
        print(
            f"cold server: picture after {ready:.1f} s, then {frames / taken:.1f} frames/s, "
            f"latency {statistics.median(latency):.1f} ms, 95 % {statistics.quantiles(latency, n=20)[-1]:.1f}",
            flush=True,
        )
    finally:
        server.terminate()
        server.wait(20)


async def crowd(address: str, count: int, seconds: float = 20.0) -> list[float]:
    """How long another visitor's changes take while ``count`` drag: the hand sends nothing until it lets go."""

    async def drag(visitor: Visitor, after: float) -> None:
        await asyncio.sleep(after)
        while True:
            await visitor.change()
            await asyncio.sleep(MESSAGES_EVERY)

    async with AsyncExitStack() as stack:
        (other,) = await visitors(stack, address, "descent", 1)
        come = await visitors(stack, address, "descent", count)
        hands = [asyncio.create_task(drag(one, i * MESSAGES_EVERY / count)) for i, one in enumerate(come)]
        taken = []
        for _ in range(int(seconds)):
            begun = time.perf_counter()
            await other.change()
            taken.append(time.perf_counter() - begun)
            await asyncio.sleep(max(0.0, begun + 1 - time.perf_counter()))
        for hand in hands:
            hand.cancel()
        await asyncio.gather(*hands, return_exceptions=True)
    return taken


def main(seconds: float) -> None:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        with served(BARE) as bare, served() as app:
            with served(VEGA) as before:
                moving(browser, bare, app, before, seconds)
            first_picture(browser, bare, app)
        cold(browser)
        browser.close()
    with served() as app:
        alone, among = (asyncio.run(crowd(app, count)) for count in (0, 100))
    for name, taken in (("alone", alone), ("among 100 who drag", among)):
        median, slow = statistics.median(taken), np.quantile(taken, 0.95)
        print(f"a change of another visitor, {name}: median {median:.2f} s, 95 % {slow:.2f} s")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
