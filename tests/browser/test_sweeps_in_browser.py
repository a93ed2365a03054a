"""The Sweeps page in a real browser."""

from playwright.sync_api import Browser, expect


def test_a_click_on_the_basins_opens_that_run_on_the_descent_page(browser: Browser, app: str) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 1100})
    page.goto(f"{app}/sweeps?landscape=himmelblau&run=momentum,learning_rate=0.005&side=32&steps=100")
    expect(page.get_by_text("reaches a minimum from")).to_be_visible(timeout=60_000)
    chart = page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg.marks").first
    expect(chart).to_be_visible()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    expect(page.get_by_role("heading", name="Descent")).to_be_visible(timeout=30_000)
    page.wait_for_url("**start=*")
    x, y = (float(part) for part in page.url.split("start=")[1].split("&")[0].split("%2C"))
    assert x < 0 < y
    page.close()


def test_a_phone_shows_every_picture_within_its_width(browser: Browser, app: str) -> None:
    page = browser.new_page(viewport={"width": 380, "height": 900})
    for mode, words in (("window", "half of the runs converge"), ("map", "settings")):
        page.goto(f"{app}/sweeps?mode={mode}&landscape=quadratic&steps=50")
        expect(page.get_by_text(words).first).to_be_visible(timeout=60_000)
        expect(
            page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first
        ).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
    page.close()
