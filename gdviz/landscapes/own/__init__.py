"""A user's own function as a landscape: :func:`compile_landscape`.

The text is read into a tree (:mod:`gdviz.landscapes.own.grammar`) and never run. The tree's numbers, names, operators
and functions are taken over into SymPy, one by one; SymPy differentiates; and the numeric functions walk the resulting
expressions. Nothing in between turns text into code.
"""

from gdviz.landscapes.own.landscape import OwnFunction, compile_landscape, own_function
from gdviz.landscapes.own.limits import MOST_CHARACTERS

EXAMPLES = (
    "(x - 1)² + sin(3y)",
    "(1 - x)² + 100(y - x²)²",
    "x² + y² + 2sin(5x)cos(5y)",
    "max(|x|, 2|y|)",
    "1 - e^(-x² - y²)",
    "√(1 + x² + 9y²)",
)
"""Formulas to start from: on [-5, 5]² each shows something else."""

__all__ = ["EXAMPLES", "MOST_CHARACTERS", "OwnFunction", "compile_landscape", "own_function"]
