"""Terms of the glossary where they occur: marked, and explained where the mouse, the keyboard or a finger is."""

import html
import re

from gdviz.export.glossary import GLOSSARY

_EVERYWHERE = {"epoch", "validation", "window", "converged", "diverged", "not there yet"}
"""Words of nearly every sentence: marked each time, they would be all that one sees."""
_MARKED = {name: term for term in GLOSSARY if term not in _EVERYWHERE for name in term.split(", ")}
"""Words to look for in texts, with the term that explains each."""
_FOUND = re.compile(
    "|".join(rf"(?<![\w/]){re.escape(name)}(?![\w/])" for name in sorted(_MARKED, key=len, reverse=True))
)


def explained(text: str) -> str:
    """A text of Markdown whose terms, each where it occurs first, show their meanings. To be shown with
    ``unsafe_allow_html``: texts that are not the app's own go through :func:`gdviz.ui.text.plain` before.

    >>> explained("At κ = 1, κ is smallest.").count("gdviz-term")
    1
    """
    met: set[str] = set()

    def mark(found: re.Match[str]) -> str:
        term = _MARKED[found.group()]
        if term in met:
            return found.group()
        met.add(term)
        meaning = html.escape(GLOSSARY[term])
        return f'<span class="gdviz-term" tabindex="0" data-meaning="{meaning}">{found.group()}</span>'

    return _FOUND.sub(mark, text)
