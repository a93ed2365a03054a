"""Stories: one click sets a page up, and two sentences say what to watch and why.

The stories of a page stand in one file, one entry each, in the order in which they lead on: the last of a page leads to
the first of the next page. A sentence with a number takes it from the run that the page shows, or is held by a test.

>>> [story.title for story in of_page("descent")][:2]
['Momentum crosses the ravine', 'Too fast']
"""

from functools import cache
from importlib import import_module

from gdviz.stories.story import Story

PAGES = {
    "descent": "descents",
    "sweeps": "sweeping",
    "gradient_flow": "networks",
    "choose": "choosing",
    "training": "trainings",
    "runs": "keeping",
}
"""The module with the stories of each page. It is imported when the page is opened, with all that it needs."""


def of_page(page: str) -> tuple[Story, ...]:
    """The stories of a page, in their order."""
    stories: tuple[Story, ...] = import_module(f"gdviz.stories.{PAGES[page]}").STORIES
    return stories


@cache
def all_stories() -> dict[str, Story]:
    """The stories of all pages by name, in their order."""
    return {story.name: story for page in PAGES for story in of_page(page)}


def next_story(story: Story) -> Story | None:
    """The story that follows, on the same page or the next; None after the last of all.

    >>> next_story(of_page("descent")[1]).title
    'The valley of Rosenbrock'
    """
    here = of_page(story.page)
    if story != here[-1]:
        return here[here.index(story) + 1]
    order = list(PAGES)
    following = order[order.index(story.page) + 1 :]
    return of_page(following[0])[0] if following else None


__all__ = ["PAGES", "Story", "all_stories", "next_story", "of_page"]
