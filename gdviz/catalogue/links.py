"""Entries as text in the fields of a link, and back: ``adam,learning_rate=0.1,beta_1=0.9``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from gdviz.catalogue import Catalogue, Entry

Fields = Mapping[str, Sequence[str]]
"""The fields of a link: each name with all its values."""

E = TypeVar("E", bound=Entry)


def settings_text(entry: Entry) -> list[str]:
    """An entry's hyperparameters, each as ``name=value``."""
    return [f"{name}={value!r}" for name, value in entry.values().items()]


def entry_text(entry: Entry) -> str:
    """An entry with all its hyperparameters."""
    settings = [f"{knob.name}={knob.text(getattr(entry, knob.name))}" for knob in entry.knobs()]
    return ",".join([entry.name, *settings])


def read_entry(catalogue: Catalogue[E], text: str, notes: list[str]) -> E:
    """The entry that :func:`entry_text` described.

    Raises:
        ValueError: The catalogue has no entry of that name. What is wrong with a hyperparameter becomes a note.
    """
    return catalogue.from_text(text, {}, notes)


def read_values(entry: type[Entry], settings: Sequence[str], notes: list[str]) -> dict[str, Any]:
    """The hyperparameters that can be read; a note on each that cannot."""
    known = {knob.name: knob for knob in entry.knobs()}
    found: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        try:
            if name not in known:
                raise ValueError(f"{entry.label}: no hyperparameter {name[:40]!r}; it has {', '.join(known) or 'none'}")
            left_out = text == "None" and known[name].default is None
            value = None if left_out else _PARSERS[known[name].type](text)
            found[name] = known[name].check(value, entry.label)
        except ValueError as error:
            notes.append(f"{error}. The default is used.")
    return found


def number(text: str) -> float:
    """A number from text, or a ValueError that says what was given."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a number") from None


def whole(text: str) -> int:
    """A whole number, not negative, from text, or a ValueError that says what was given."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return int(text)


def _boolean(text: str) -> bool:
    if text not in ("True", "False"):
        raise ValueError(f"{text[:40]!r} is neither True nor False")
    return text == "True"


_PARSERS: dict[type, Callable[[str], Any]] = {bool: _boolean, int: whole, float: number, str: str}
