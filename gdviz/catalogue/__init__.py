"""Catalogues of entries and setups made of them: frozen dataclasses, from whose fields everything else is derived."""

from gdviz.catalogue.entries import Catalogue, Entry
from gdviz.catalogue.fields import Declared, Fields, Knob, Names, Numbers, Value, knob, names, number, numbers
from gdviz.catalogue.parts import Part, one_of, optional, part, several
from gdviz.catalogue.setup import Setup

__all__ = [
    "Catalogue",
    "Declared",
    "Entry",
    "Fields",
    "Knob",
    "Names",
    "Numbers",
    "Part",
    "Setup",
    "Value",
    "knob",
    "names",
    "number",
    "numbers",
    "one_of",
    "optional",
    "part",
    "several",
]
