"""The row of a page's stories, and the one that the page is set to."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import streamlit as st

from gdviz.stories import Story, next_story, of_page
from gdviz.ui.glossary import explained
from gdviz.ui.navigation import go

TITLES = {
    "descent": "Descent",
    "sweeps": "Sweeps",
    "gradient_flow": "Gradient flow",
    "training": "Live training",
    "choose": "Choose",
    "runs": "Runs",
}
"""The titles of the pages that have stories."""


def story_row(page: str, setup: Any, view: Mapping[str, str] = MappingProxyType({})) -> Story | None:
    """A row of stories to choose from; below it, what to watch in the one that the page is set to.

    Args:
        page: The page's address.
        setup: What the page is set to. Whoever changes it has left the story.
        view: Which part of the page is shown, as in its link.

    Returns:
        The story that the page is set to, if it is.
    """
    stories = of_page(page)
    told = next((story for story in stories if _is_set_to(story, setup, view)), None)
    titles = [story.title for story in stories]
    # Which one it shows follows from the page's other controls: when that changes, it is another widget.
    key = f"stories.{page}.{told and told.name}"
    chosen = st.pills("Stories", titles, default=told and told.title, key=key, wrap=False)
    if chosen and (told is None or chosen != told.title):
        open_story(stories[titles.index(str(chosen))])
    if told is not None:
        _tell(told)
    return told


def open_story(story: Story) -> None:
    """Go to a story: its page, set to what it tells of."""
    go(TITLES[story.page], story.link)


def _is_set_to(story: Story, setup: Any, view: Mapping[str, str]) -> bool:
    return story.is_shown_by(setup) and all(view.get(name, value) == value for name, value in story.view.items())


def _tell(story: Story) -> None:
    with st.container(border=True):
        st.markdown(f"**{story.title}**  \n{explained(story.text)}", unsafe_allow_html=True)
        following = next_story(story)
        if following is not None and st.button(f"Next: {following.title}", key=f"next.{story.name}", type="tertiary"):
            open_story(following)
