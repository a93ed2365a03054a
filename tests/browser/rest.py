"""When a page stands still: what is asked of it before, a run of its script that is still under way may take back."""

from playwright.sync_api import Page, expect


def at_rest(page: Page, seconds: float = 60) -> Page:
    """Wait until the page's script has run to its end.

    Before that, Streamlit shows what is left of the page before in pale colours, and an element that the script puts
    elsewhere loses the keyboard's focus.
    """
    app = page.locator('[data-testid="stApp"]')
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=1000 * seconds)
    expect(page.locator('[data-stale="true"]')).to_have_count(0, timeout=1000 * seconds)
    return page
