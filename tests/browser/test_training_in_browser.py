"""A real training in the browser: started, watched, steered, stopped, found again, taken home; own data; take-over."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

Open = Callable[..., Page]
POINTS = "watch=snapshot_epochs=1&epochs=5000"


def chart(page: Page, title: str):
    return page.locator(f".st-key-card-{re.sub('[^A-Za-z0-9]', '-', title)} canvas")


def button(page: Page, name: str):
    """A button of the page; while the page runs, Streamlit has a Stop of its own above it."""
    return page.get_by_test_id("stMainBlockContainer").get_by_role("button", name=name, exact=True)


def started(page: Page) -> Page:
    start = button(page, "Start")
    expect(start).to_be_enabled(timeout=60_000)
    start.click()
    chart(page, "Loss").wait_for(timeout=120_000)
    return page


def test_a_training_is_watched_paused_stepped_stopped_and_found_again(open_page: Open, tmp_path: Path) -> None:
    page = started(open_page(f"/training?data=moons&{POINTS}"))
    expect(page.get_by_text("Decision boundary", exact=True).first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("samples/s")).to_be_visible(timeout=60_000)
    first = chart(page, "Decision boundary").evaluate("e => e.toDataURL()")
    moved = "first => document.querySelector('.st-key-card-Decision-boundary canvas')?.toDataURL() !== first"
    page.wait_for_function(moved, arg=first, timeout=60_000)

    button(page, "Pause").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible(timeout=60_000)
    progress = page.locator("[data-testid=stProgress]")
    expect(button(page, "Resume")).to_be_visible(timeout=60_000)
    before = progress.inner_text()
    button(page, "One batch").click()
    expect(progress).not_to_have_text(before, timeout=60_000)
    button(page, "Stop").click()
    expect(page.get_by_text("Stopped after step")).to_be_visible(timeout=60_000)
    expect(button(page, "Stop")).to_have_count(0)

    again = open_page("/training" + page.url[page.url.index("?") :])
    expect(again.get_by_text("Stopped after step")).to_be_visible(timeout=60_000)
    again.get_by_text("Are gradients healthy?").click()
    expect(chart(again, "Norm of the weights, by layer")).to_be_visible(timeout=60_000)
    again.get_by_text("Download", exact=True).click()
    files = {}
    for label in ("history by batch (CSV)", "history by epoch (CSV)", "script (Python)", "model (.keras)"):
        with again.expect_download(timeout=60_000) as arriving:
            again.get_by_role("button", name=f"Download {label}").click()
        files[label] = tmp_path / arriving.value.suggested_filename
        arriving.value.save_as(files[label])
    rows = list(csv.DictReader(io.StringIO(files["history by batch (CSV)"].read_text())))
    assert [int(row["step"]) for row in rows] == list(range(1, len(rows) + 1))
    assert f"step {len(rows)} of" in again.get_by_text("Stopped after step").inner_text()
    compile(files["script (Python)"].read_text(), "script", "exec")
    assert "model.weights.h5" in zipfile.ZipFile(files["model (.keras)"]).namelist()


def test_an_own_table_is_described_learned_and_a_bad_one_explained(open_page: Open, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(
        "size,colour,kind\n"
        + "".join(f"{i * 7 % 31 + 0.5},{'red' if i % 2 else 'blue'},{'ab'[i > 40]}\n" for i in range(80))
    )
    bad.write_text("size,kind\n1,a\n2\n")
    page = open_page("/training?data=own_table,learn=binary&epochs=3")
    page.locator("input[type=file]").set_input_files(bad, timeout=60_000)
    expect(page.get_by_text("line 3 has 1 cells, the header has 2")).to_be_visible(timeout=60_000)
    page.locator("input[type=file]").set_input_files(good)
    expect(page.get_by_text("80 rows, 3 columns. 3 inputs predict kind")).to_be_visible(timeout=60_000)
    started(page)
    expect(page.get_by_text("All 3 epochs are done.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Confusion matrix", exact=True).first).to_be_visible()


def test_a_descent_is_taken_over_complete(open_page: Open) -> None:
    page = open_page(
        "/descent?run=momentum,learning_rate=0.05,momentum=0.8&landscape=booth&seed=7"
        "&schedule=step_decay,decay_steps=20,warmup_steps=5&clip=clipnorm,clipnorm=0.5&weight_decay=0.01"
    )
    page.locator("[data-gdviz=live][data-ready=true]").wait_for(timeout=60_000)
    page.get_by_role("link", name="Live training").click()
    page.get_by_role("button", name="Take over from Descent").click(timeout=60_000)
    page.wait_for_url("**optimizer=sgd**", timeout=60_000)
    page.get_by_text("Show the code").click()
    code = page.locator("[data-testid=stCode]").inner_text(timeout=60_000)
    for part in ("keras.optimizers.SGD(", "momentum=0.8", "weight_decay=0.01", "clipnorm=0.5", "SEED = 7", "step < 5"):
        assert part in code, part
