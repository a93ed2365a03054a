"""Catalogues of entries: frozen dataclasses whose fields are hyperparameters, from which everything else is derived."""

from gdviz.catalogue.entries import Catalogue, Entry, Knob, Value, knob

__all__ = ["Catalogue", "Entry", "Knob", "Value", "knob"]
