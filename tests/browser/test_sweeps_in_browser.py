"""The Sweeps page in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect


def test_a_click_on_the_basins_opens_that_run_on_the_descent_page(browser: Browser, app: str) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 1100})
    page.goto(f"{app}/sweeps?landscape=himmelblau&run=momentum,learning_rate=0.005&side=32&steps=100")
    expect(page.get_by_text("reaches a minimum from")).to_be_visible(timeout=60_000)
    chart = page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg.marks").first
    expect(chart).to_be_visible()
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    expect(page.get_by_role("heading", name="Descent")).to_be_visible(timeout=60_000)
    page.wait_for_url("**start=*")
    x, y = (float(part) for part in page.url.split("start=")[1].split("&")[0].split("%2C"))
    assert x < 0 < y
    page.close()


def test_live_basins_come_first_and_follow_the_sliders(open_page: Callable[..., Page]) -> None:
    runs = "run=momentum,learning_rate=0.005&run=adam,learning_rate=0.1"
    page = open_page(f"/sweeps?landscape=himmelblau&{runs}&side=32&steps=60", 1200)
    panel = page.locator(".panel").first
    expect(panel).to_have_attribute("data-side", "96", timeout=60_000)
    exact = page.get_by_text("reaches a minimum from")
    expect(exact).to_be_visible(timeout=60_000)
    told = exact.inner_text()
    slider = page.get_by_role("slider", name="Learning rate, run 1")
    slider.evaluate("e => { e.value = e.max; e.dispatchEvent(new Event('input')); }")
    expect(panel.locator(".basin-words")).to_contain_text("diverged 100 %")
    assert exact.inner_text() == told, "the server is told when the hand rests"
    slider.evaluate("e => e.dispatchEvent(new Event('change'))")
    expect(page.get_by_text("Momentum reaches a minimum from 0 %")).to_be_visible(timeout=60_000)
    expect(panel.locator(".basin-words")).to_contain_text("diverged 100 %")
    page.wait_for_url("**learning_rate%3D10*")


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
