"""A rule's formula with the numbers of one step in it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gdviz.optimizers import Optimizer

_LATEX = {
    "α": r"\alpha", "β₁": r"\beta_1", "β₂": r"\beta_2", "β": r"\beta", "γ": r"\gamma", "ε₁": r"\varepsilon_1",
    "ε₂": r"\varepsilon_2", "ε_r": r"\varepsilon_r", "ε": r"\varepsilon", "η": r"\eta", "η⁻": r"\eta^-",
    "η⁺": r"\eta^+", "λ": r"\lambda", "μ": r"\mu", "ρ": r"\rho", "ρ_min": r"\rho_{\min}", "Δ_min": r"\Delta_{\min}",
    "Δ_max": r"\Delta_{\max}", "l₁": "l_1", "L*": "L^*", "l₂": "l_2",
}  # fmt: skip
_GREEK = {"alpha", "beta", "gamma", "eta", "theta", "lambda", "mu", "rho", "sigma", "varepsilon", "Delta", "Pi"}
_ASSIGNED = r"\s*\\leftarrow"
_BRANCHES = (r"\text", r"\Rightarrow", " > 0")
"""What is in an equation that holds in some cases only."""


def with_numbers(
    optimizer: Optimizer,
    learning_rate: float,
    step: int,
    theta: tuple[Any, Any],
    gradient: Any,
    state: Mapping[str, tuple[Any, Any]],
) -> str:
    """The formula in LaTeX with a number for every symbol whose value is known, and the result behind an assignment.

    The equations are gone through in their order: a symbol stands for its value before the step until the formula
    assigns it, and for the value after it from then on. A quantity that the formula takes as updated, without saying
    how, has its value after the step throughout. A vector is written as a column.

    Args:
        optimizer: The rule.
        learning_rate: η at this step.
        step: t, from 1.
        theta: Position before and after.
        gradient: What the rule was given.
        state: The rule's named quantities before and after.
    """
    known = {**_constants(optimizer, learning_rate, step), "g": latex_value(gradient), r"\theta": latex_value(theta[0])}
    after = {r"\theta": latex_value(theta[1])}
    for name, (old, new) in state.items():
        symbol = optimizer.symbols.get(name, name if len(name) == 1 else "")
        if symbol and np.ndim(new) <= 1:
            taken_as_updated = not (
                _assigns(optimizer.formula, symbol) or "'" in symbol or f"{symbol}'" in optimizer.formula
            )
            known[symbol] = latex_value(new if taken_as_updated else old)
            after[symbol] = latex_value(new)
    equations = re.split(r"\\q?quad", optimizer.formula)
    lines = []
    for i, equation in enumerate(equations):
        line = _substituted(equation, known).strip()
        in_some_cases = any(branch in equation for branch in _BRANCHES)
        for symbol in [symbol for symbol in after if _assigns(equation, symbol)]:
            if not any(_assigns(later, symbol) for later in equations[i + 1 :]):
                known[symbol] = after[symbol]
                line = line if in_some_cases else f"{line.removesuffix(',')} = {after[symbol]}"
            elif not in_some_cases:
                known.pop(symbol)  # a value on the way, which no record has
        lines.append(line)
    return r" \qquad ".join(lines)


def _assigns(formula: str, symbol: str) -> bool:
    return re.search(_pattern([symbol]) + _ASSIGNED, formula) is not None


def _constants(optimizer: Optimizer, learning_rate: float, step: int) -> dict[str, str]:
    """A number for the symbol of every hyperparameter, for η and for t."""
    numbers = {"t": f"{step}"}
    for knob in optimizer.knobs():
        value = getattr(optimizer, knob.name)
        if knob.symbol and isinstance(value, int | float):
            numbers[_LATEX.get(knob.symbol, knob.symbol)] = latex_value(value, digits=6)
    numbers[r"\eta"] = latex_value(learning_rate, digits=6)
    return numbers


def _substituted(equation: str, known: Mapping[str, str]) -> str:
    pattern = _pattern(known) + rf"(?!{_ASSIGNED})"
    pieces = re.split(r"(\\(?:text|mathrm|operatorname)\{[^}]*\})", equation)
    return "".join(
        piece if i % 2 else re.sub(pattern, lambda match: _value(match, known), piece) for i, piece in enumerate(pieces)
    )


def _pattern(symbols: Iterable[str]) -> str:
    """A symbol as a whole, not as part of a longer name, with an index or under a hat. Long ones are tried first."""
    longest = sorted(symbols, key=len, reverse=True)
    commands = "|".join(re.escape(symbol) for symbol in longest if symbol.startswith("\\"))
    letters = "|".join(re.escape(symbol) for symbol in longest if not symbol.startswith("\\"))
    kinds = [commands, rf"(?<![A-Za-z\\_])(?:{letters})" if letters else ""]
    return rf"(?<!\\hat )(?:{'|'.join(filter(None, kinds))})(?![A-Za-z_'0-9])"


def _value(match: re.Match[str], known: Mapping[str, str]) -> str:
    """The value in place of a symbol; in parentheses where it would run into the number before it."""
    value = known[match[0]]
    before = re.sub(r"(?:\\[,!]|\s)+$", "", match.string[: match.start()])
    word = re.search(r"\\([A-Za-z]+)$", before)
    product = word[1] in _GREEK if word else bool(re.search(r"[A-Za-z0-9})]$", before))
    return f"{{({value})}}" if product and re.match(r"[0-9]", value) else f"{{{value}}}"


def latex_value(value: Any, digits: int = 4) -> str:
    """A number, or a short vector as a column."""
    numbers = [latex_number(float(number), digits) for number in np.atleast_1d(np.asarray(value, dtype=np.float64))]
    if len(numbers) == 1:
        return f"({numbers[0]})" if numbers[0].startswith("-") else numbers[0]
    return r"\left(\begin{smallmatrix}" + r" \\ ".join(numbers) + r"\end{smallmatrix}\right)"


def latex_number(value: float, digits: int) -> str:
    """A number with a few digits; a power of ten where it is far from 1."""
    if not np.isfinite(value):
        return r"\mathrm{NaN}" if np.isnan(value) else r"\infty" if value > 0 else r"-\infty"
    text = f"{value + 0.0:.{digits}g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return rf"({mantissa} \cdot 10^{{{int(exponent)}}})"
