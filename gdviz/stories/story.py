"""Stories, and how one is written: a function that tells, under a decorator with its title and its setup."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from gdviz.descent.experiment import Experiment


@dataclass(frozen=True)
class Story:
    """A page's configuration with what it is to be looked at for."""

    name: str
    """In snake_case; a link says ``story=name``."""
    page: str
    """The address of the page that shows it: ``descent``, ``sweeps``, ``gradient_flow``, ``choose``,
    ``training`` or ``runs``."""
    title: str
    """The label of its button."""
    setup: Any
    """The setup of the page, of the page's own kind."""
    tell: Callable[[Any], str]
    """The text, as a function of the setup: what to watch, and why."""
    view: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Fields of the page's link that say which part of it is shown; several values where there are several."""

    @property
    def text(self) -> str:
        """The text in two sentences or so, as :meth:`tell` wrote it: what to watch, and why.

        They are kept in a file, because some take seconds of computing; a test tells every story anew and compares.
        """
        return _told().get(self.name) or self.tell(self.setup)

    def is_shown_by(self, setup: Any) -> bool:
        """True where a page that is set to ``setup`` shows this story: what it runs counts, not how it is written."""
        if isinstance(setup, Experiment):
            return bool(setup.landscape == self.setup.landscape and setup.descents() == self.setup.descents())
        return bool(setup == self.setup)

    @property
    def link(self) -> dict[str, list[str]]:
        """The fields of the link that opens it on its page."""
        return {**self.setup.to_link(), **{name: _texts(value) for name, value in self.view.items()}}


def _texts(value: str | tuple[str, ...]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


TOLD = Path(__file__).with_name("told.json")
"""The texts of all stories by name, written by ``python -m gdviz.stories``."""


@cache
def _told() -> dict[str, str]:
    texts: dict[str, str] = json.loads(TOLD.read_text(encoding="utf-8")) if TOLD.exists() else {}
    return texts


Teller = Callable[[Any], str]


class Shelf:
    """The stories of one page, in the order in which they are written."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.stories: list[Story] = []

    def story(self, title: str, setup: Any, **view: str | tuple[str, ...]) -> Callable[[Teller], Teller]:
        """Decorator of the function that tells a story; the story is called as the function is.

        Args:
            title: What people read on the button.
            setup: What the page is set to.
            **view: Fields of the page's link that say which part of it is shown.
        """

        def put_up(tell: Teller) -> Teller:
            self.stories.append(Story(tell.__name__, self.page, title, setup, tell, view))
            return tell

        return put_up
