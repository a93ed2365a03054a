"""A user's own function as a landscape: :func:`compile_landscape`.

The text is read into a tree (:mod:`gdviz.landscapes.own.grammar`) and never run. The tree's numbers, names, operators
and functions are taken over into SymPy, one by one; SymPy differentiates; and the numeric functions walk the resulting
expressions. Nothing in between turns text into code.
"""

from gdviz.landscapes.own.landscape import OwnFunction, compile_landscape, own_function
from gdviz.landscapes.own.limits import MOST_CHARACTERS

__all__ = ["MOST_CHARACTERS", "OwnFunction", "compile_landscape", "own_function"]
