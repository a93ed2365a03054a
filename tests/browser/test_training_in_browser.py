"""A real training, started, watched, stopped and found again in the browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

Open = Callable[..., Page]


def test_a_training_starts_shows_points_stops_and_is_found_again(open_page: Open) -> None:
    page = open_page("/")
    page.get_by_role("link", name="Live training").click()
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.wait_for(timeout=60_000)
    epochs.fill("5000")
    epochs.press("Enter")
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator("[data-testid=stVegaLiteChart]").first.wait_for(timeout=120_000)
    expect(page.get_by_text("running")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped after step")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)

    again = open_page("/training" + page.url[page.url.index("?") :])
    expect(again.get_by_text("Stopped after step")).to_be_visible(timeout=60_000)
    expect(again.locator("[data-testid=stVegaLiteChart]").nth(3)).to_be_visible(timeout=20_000)
