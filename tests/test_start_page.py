"""The start page: what it promises, where its doors lead, and links from before there was one."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import gdviz
from gdviz.ui import navigation, start

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def page() -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not at.exception
    return at


def test_it_says_what_gdviz_is_and_shows_a_figure(page: AppTest) -> None:
    assert "optimizers" in page.markdown[0].value
    assert len(page.get("bidi_component")) == 2  # the figure, and what measures the page


def test_every_door_leads_somewhere(page: AppTest) -> None:
    links = [element.proto for element in page.get("page_link")]
    pages = sum(len(door.pages) + len(door.stories) for door in start.DOORS)
    assert len(links) == pages
    for door in start.DOORS:
        for title in door.pages:
            assert (ROOT / navigation.file_of(title)).exists()


def test_all_pages_are_in_the_navigation() -> None:
    listed = set(map(navigation.file_of, navigation.PAGES))
    assert listed == {f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")}


def test_about_counts_the_catalogues(page: AppTest) -> None:
    (about,) = [text.value for text in page.markdown if "MIT" in text.value]
    assert f"{len(gdviz.OPTIMIZERS)} optimizers" in about
    assert gdviz.__version__ in about
