"""A user's own function as a landscape: :func:`compile_landscape`.

The text is parsed into a tree and never run. Only the numbers, names, operators and functions that are listed are taken
over into SymPy, one by one; SymPy differentiates; and the numeric functions walk the resulting expressions. Nothing in
between turns text into code.
"""

from gdviz.expression.landscape import MOST_CHARACTERS, OwnFunction, compile_landscape

__all__ = ["MOST_CHARACTERS", "OwnFunction", "compile_landscape"]
