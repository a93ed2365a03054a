r"""Text that is not the app's own, from links, files, stored names and errors that quote them, is shown as text.

Streamlit reads as Markdown nearly all that it shows: warnings, captions, labels, the cells of tables. In it a visitor's
words could become links that ask for a password, images that another server counts, colours, formulas and icons.
"""

import re
from collections.abc import Sequence

import streamlit as st

_MOST_WARNINGS = 5
_JOINER = "\u2060"  # invisible, without width, and no place to break a line
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\s]+")
"""White space, controls, and what turns the direction of writing around."""
_ACTIVE = re.compile(r"[\\`*\[\]<|~$]|&(?=[#\w])|(?<![^\W_])_|_(?![^\W_])|^(?=[-+>#=])")
"""Marks that begin or end emphasis, code, links, images, HTML, cells, deletions, formulas and entities, or headings."""
_TAKEN_TOGETHER = re.compile(r":(?=\S)|@(?=\w)|(?<=www)(?=\.)|[-<>!~](?=[-=>])|^\d+(?=[.)](?:\s|$))", re.IGNORECASE)
"""In addresses, colours (:red[...]), icons (:name:), arrows (->) and lists (1.): seen in spite of a backslash."""


def plain(text: object, most: int = 300) -> str:
    r"""A text, in one line and cut to ``most`` characters, written so that Markdown shows it as it is.

    >>> print(plain("*a* | <b> learning_rate, [x](y)"))
    \*a\* \| \<b> learning_rate, \[x\](y)
    """
    escaped = _ACTIVE.sub(r"\\\g<0>", _line(text, most))
    return _TAKEN_TOGETHER.sub(rf"\g<0>{_JOINER}", escaped)


def code(text: object, most: int = 300) -> str:
    """The same as code, within which Markdown reads nothing: for formulas and such.

    >>> print(code("x**2"), code("a | `y`"))
    `x**2` `` a | `y` ``
    """
    line = _line(text, most)
    ticks = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{ticks}{line}{ticks}" if len(ticks) == 1 else f"{ticks} {line} {ticks}"


def warn_of_link(notes: Sequence[str]) -> None:
    """A warning for each thing that could not be read of a link, up to a few: a link can name ten thousands."""
    for note in notes[:_MOST_WARNINGS]:
        st.warning(f"This link could not be read in full. {plain(note)}")
    if more := len(notes) - len(notes[:_MOST_WARNINGS]):
        st.warning(f"This link could not be read in full. There are {more:,} more such faults in it.")


def _line(text: object, most: int) -> str:
    line = _CONTROLS.sub(" ", str(text)).strip()
    return line if len(line) <= most else line[: most - 1] + "…"
