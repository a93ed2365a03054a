"""The landscapes: losses of two parameters with exact gradients, and the catalogue ``LANDSCAPES``, simplest first."""
# ruff: noqa: I001 - the order of these imports is the order of the catalogue

from gdviz.landscapes.base import LANDSCAPES, Landscape, Point
from gdviz.landscapes import bowls, valleys, many_minima, rugged, saddles, kinks, data

__all__ = ["LANDSCAPES", "Landscape", "Point", "bowls", "data", "kinks", "many_minima", "rugged", "saddles", "valleys"]
