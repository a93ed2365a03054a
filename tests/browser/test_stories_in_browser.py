"""From the start page into a story, on to the next, and back: as a newcomer would go."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.rest import at_rest

LONG = 60_000


def test_a_newcomer_goes_through_stories_and_back(open_page: Callable[..., Page]) -> None:
    page = open_page("/")
    expect(page.locator("[data-gdviz=live][data-ready=true]")).to_be_visible(timeout=LONG)
    page.get_by_role("link", name="Too fast").click()
    expect(page.get_by_text("theory's limit 2/λ_max is")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Next: The valley of Rosenbrock").click()
    expect(page.get_by_text("what takes long is to follow its floor")).to_be_visible(timeout=LONG)
    assert "landscape=rosenbrock" in page.url
    expect(page.locator("[data-gdviz=live][data-ready=true]")).to_be_visible(timeout=LONG)
    page.wait_for_timeout(2000)  # what the page still writes into its address belongs to this entry of the history
    page.go_back()
    expect(page.get_by_role("heading", name="See gradient descent work")).to_be_visible(timeout=LONG)
    page.go_forward()
    expect(page.get_by_text("what takes long is to follow its floor")).to_be_visible(timeout=LONG)
    page.reload()
    expect(page.get_by_text("what takes long is to follow its floor")).to_be_visible(timeout=LONG)


def test_fields_that_come_before_their_path_are_not_written_to_the_page_before(open_page: Callable[..., Page]) -> None:
    """On a busy machine Streamlit writes the next page's fields first, and its path after them."""
    page = open_page("/reference?entry=adam")
    expect(page.get_by_role("link", name="All entries")).to_be_visible(timeout=LONG)
    at_rest(page)
    entries = page.evaluate("history.length")
    for address in ("/reference?steps=77", "/descent?steps=77"):
        page.evaluate("address => history.pushState({}, '', address)", address)
    assert page.evaluate("history.length") == entries + 1
    page.go_back()
    at_rest(page)
    assert urlsplit(page.url).query == "entry=adam"
    expect(page.get_by_role("link", name="All entries")).to_be_visible(timeout=LONG)


def test_back_leads_from_an_entry_of_the_reference_to_its_cards(open_page: Callable[..., Page]) -> None:
    page = open_page("/reference?catalogue=Schedules")
    page.get_by_role("link", name="Cosine decay", exact=True).click()
    expect(page.get_by_role("link", name="All entries")).to_be_visible()
    page.wait_for_function("location.search === '?entry=cosine_decay'")
    at_rest(page).go_back()
    expect(page.get_by_role("link", name="Cosine decay", exact=True)).to_be_visible()
    assert urlsplit(page.url).query == "catalogue=Schedules"


def test_controls_leave_one_entry_in_the_history(open_page: Callable[..., Page]) -> None:
    page = open_page("/descent")
    entries = page.evaluate("history.length")
    page.get_by_text("Ascent", exact=True).click()
    page.wait_for_function("location.search.includes('ascent')", timeout=LONG)
    page.get_by_role("spinbutton", name="Steps").fill("77")
    page.get_by_role("spinbutton", name="Steps").press("Enter")
    page.wait_for_function("location.search.includes('steps=77')", timeout=LONG)
    assert page.evaluate("history.length") <= entries + 1
    page.get_by_role("link", name="Sweeps").click()
    page.wait_for_function("location.pathname.endsWith('/sweeps')", timeout=LONG)
    page.go_back()
    page.wait_for_function("location.search.includes('steps=77')", timeout=LONG)
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("77", timeout=LONG)


def tab_to(page: Page, *words: str, most: int = 120) -> None:
    """Press Tab until what has these words is focused: what cannot be reached so cannot be reached at all.

    Only a page at rest is asked: where its script puts an element elsewhere meanwhile, the focus is lost, and Tab
    begins anew. What only scrolls, as the page's main part, takes the focus too, has all words in it, and cannot be
    pressed.

    Args:
        page: The page.
        words: Its role or tag, its label, its text.
        most: How often Tab is pressed.
    """
    at_rest(page)
    focused = "(e => e.shadowRoot?.activeElement ?? e)(document.activeElement)"
    pressed = "e.matches('a, button, input, select, textarea, summary, [role]')"
    about = (
        pressed
        + " ? `${e.role ?? e.tagName.toLowerCase()} ${e.ariaLabel ?? ''} ${e.innerText ?? ''} ${e.value ?? ''}` : ''"
    )
    for _ in range(most):
        page.keyboard.press("Tab")
        said = page.evaluate(f"(e => {about})({focused})")
        if all(word in said for word in words):
            return
    raise AssertionError(f"no Tab leads to {words}")


def test_everything_can_be_done_with_the_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page("/")
    expect(page.locator("[data-gdviz=live][data-ready=true]")).to_be_visible(timeout=LONG)
    tab_to(page, "slider", "Start")
    where = page.get_by_role("slider", name="Start", exact=True).get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("slider", name="Start", exact=True)).not_to_have_attribute("aria-valuetext", where or "")
    tab_to(page, "Caught on a saddle")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The run starts exactly on the ridge")).to_be_visible(timeout=LONG)
    expect(page.locator("[data-gdviz=live][data-ready=true]")).to_be_visible(timeout=LONG)
    tab_to(page, "Next: Noise frees a run")
    page.keyboard.press("Enter")
    expect(page.get_by_text("chance gives the first push")).to_be_visible(timeout=LONG)
    page.goto(page.url.split("/descent")[0] + "/training?data=moons&epochs=2")
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled(timeout=LONG)
    tab_to(page, "button", "Start")
    page.keyboard.press("Enter")
    expect(page.get_by_text("All 2 epochs are done")).to_be_visible(
        timeout=5 * LONG
    )  # a worker may still be loading TensorFlow
