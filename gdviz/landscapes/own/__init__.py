"""A user's own function as a landscape: :func:`compile_landscape`.

The text is parsed into a tree and never run. Only the numbers, names, operators and functions that are listed are taken
over into SymPy, one by one; SymPy differentiates; and the numeric functions walk the resulting expressions. Nothing in
between turns text into code.
"""

from gdviz.landscapes.own.landscape import OwnFunction, compile_landscape
from gdviz.landscapes.own.limits import MOST_CHARACTERS

__all__ = ["MOST_CHARACTERS", "OwnFunction", "compile_landscape"]
