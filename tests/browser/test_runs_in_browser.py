"""Runs in the browser: chosen, repeated beside the first, watched from two tabs, closed and found again."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

Open = Callable[..., Page]


def start(page: Page, epochs: int) -> str:
    """Train the default model for so many epochs; returns the run's id."""
    field = page.get_by_role("spinbutton", name="Epochs")
    field.wait_for(timeout=60_000)
    field.fill(f"{epochs}")
    field.press("Enter")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**run=*", timeout=60_000)
    return page.url.split("run=")[1][:32]


def test_a_run_is_chosen_repeated_with_one_change_and_taken_home(open_page: Open, tmp_path: Path) -> None:
    page = open_page("/training")
    run = start(page, 2)
    expect(page.get_by_text("All 2 epochs are done")).to_be_visible(timeout=120_000)
    page.get_by_role("link", name="Runs").click()
    table = page.get_by_test_id("stDataFrame")
    table.wait_for(timeout=60_000)
    table.click(position={"x": 20, "y": 52})  # the box of the newest run
    charts = page.get_by_test_id("stVegaLiteChart")
    expect(charts).to_have_count(2, timeout=60_000)
    assert f"run={run}" in page.url

    page.get_by_text("Repeat with one change").click()
    rate = page.get_by_role("spinbutton", name="Size of a step")
    rate.fill("0.05")
    rate.press("Enter")
    page.get_by_role("button", name="Start beside it").click()
    expect(page.get_by_role("cell", name="0.05")).to_be_visible(timeout=60_000)
    assert page.url.count("run=") == 2

    second = page.url.rpartition("run=")[2][:32]
    ended = open_page(f"/training?run={second}")
    expect(ended.get_by_text("All 2 epochs are done")).to_be_visible(timeout=120_000)
    # A page of ended runs does not run again by itself, and so keeps what its buttons are to make.
    page = open_page(f"/runs?run={second}")
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2, timeout=60_000)
    page.wait_for_timeout(1000)
    page.get_by_text("Download", exact=True).click()
    with page.expect_download(timeout=60_000) as arriving:
        page.get_by_role("button", name="Model (.keras)").click()
    arriving.value.save_as(tmp_path / "model.keras")
    assert (tmp_path / "model.keras").read_bytes()[:2] == b"PK"


def test_a_run_goes_on_in_a_closed_tab_and_two_tabs_show_it(open_page: Open) -> None:
    page = open_page("/training")
    run = start(page, 5000)
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=60_000)
    page.goto("about:blank")  # what closing the tab is to the server
    one, two = open_page(f"/training?run={run}"), open_page(f"/runs?run={run}", width=380, scheme="dark")
    expect(two.get_by_text("running", exact=True).first).to_be_visible(timeout=60_000)
    expect(two.get_by_test_id("stVegaLiteChart")).to_have_count(2, timeout=60_000)
    # Streamlit has a Stop of its own in the header while it runs the page.
    main = one.get_by_test_id("stMainBlockContainer")
    main.get_by_role("button", name="Stop", exact=True).click(timeout=60_000)
    for tab in (one, two):
        expect(tab.get_by_text("Stopped after step").first).to_be_visible(timeout=60_000)
    assert two.evaluate("document.documentElement.scrollWidth") <= 380
