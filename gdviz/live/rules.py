"""A rule's formula for the browser: as MathML, which browsers draw by themselves, with places for a step's numbers."""

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from latex2mathml.converter import convert

from gdviz.optimizers import Optimizer
from gdviz.theory.formulas import EQUATIONS, with_places


def rule_formula(optimizer: Optimizer, state: Sequence[str] | None) -> dict[str, Any]:
    """The formula, equation by equation: in symbols, and with places for numbers.

    Args:
        optimizer: The rule.
        state: The names of the state in its record, ``m_x`` and so on; None where it has none, nor any numbers.
    """
    formula = [*map(_mathml, _equations(optimizer.formula))]
    if state is None:
        return {"formula": formula, "numbers": [], "places": []}
    known = [name for name in optimizer.state_names if name in state or f"{name}_x" in state]
    filled, places = with_places(optimizer, known)
    return {"formula": formula, "numbers": [*map(_mathml, _equations(filled))], "places": places}


def _equations(formula: str) -> list[str]:
    return [equation.strip().removesuffix(",") for equation in EQUATIONS.split(formula)]


@lru_cache(maxsize=1024)
def _mathml(equation: str) -> str:
    """As short as HTML allows: letters in place of their numbers, and no namespace."""
    text = str(convert(equation)).replace(' xmlns="http://www.w3.org/1998/Math/MathML" display="inline"', "")
    return re.sub(r"&#x([0-9A-F]+);", lambda found: html.escape(chr(int(found[1], 16))), text)
