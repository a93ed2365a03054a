"""Stories: one click sets a page up, and two sentences say what to watch and why.

The stories of a page stand in one file, one entry each, in the order in which they lead on: the last of a page leads to
the first of the next page. A sentence with a number takes it from the run that the page shows, or is held by a test.

>>> STORIES["too_fast"].title
'Too fast'
"""

from gdviz.stories import descents, networks, sweeping, trainings
from gdviz.stories.story import Story

PAGES: dict[str, tuple[Story, ...]] = {
    "descent": descents.STORIES,
    "sweeps": sweeping.STORIES,
    "gradient_flow": networks.STORIES,
    "training": trainings.STORIES,
}
"""The stories of each page, by the page's address."""
STORIES: dict[str, Story] = {story.name: story for stories in PAGES.values() for story in stories}
"""All stories by name, in their order."""


def next_story(story: Story) -> Story | None:
    """The story that follows, on the same page or the next; None after the last of all.

    >>> next_story(STORIES["too_fast"]).title
    'The valley of Rosenbrock'
    """
    order = list(STORIES.values())
    place = order.index(story) + 1
    return order[place] if place < len(order) else None


__all__ = ["PAGES", "STORIES", "Story", "next_story"]
