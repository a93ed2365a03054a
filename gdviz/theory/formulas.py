"""A rule's formula with the numbers of one step in it, or with places for them."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
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
"""Marks of an equation that holds in some cases only."""
EQUATIONS = re.compile(r"\\q?quad")
"""The space between the equations of a formula."""

Written = Callable[[bool], str]
"""The LaTeX that stands for a symbol; its argument is whether that is a factor behind another one."""


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
        gradient: The gradient that the rule was given.
        state: The rule's named quantities before and after.
    """
    before = {"g": _number(gradient), r"\theta": _number(theta[0])}
    after = {r"\theta": _number(theta[1])}
    for name, (old, new) in state.items():
        if (symbol := _symbol(optimizer, name)) and np.ndim(new) <= 1:
            before[symbol], after[symbol] = _number(old), _number(new)
    constants = {"t": _number(step, 6), **_constants(optimizer), r"\eta": _number(learning_rate, 6)}
    return _filled(optimizer, constants, before, after)


def with_places(optimizer: Optimizer, state: Sequence[str]) -> tuple[str, list[str]]:
    r"""The formula in LaTeX with a place for every number that may change, ``\text{0}``, ``\text{1}`` and so on; where
    it is a factor behind another one, ``\text{0*}``. And what stands there, by place: ``step``, ``learning_rate``,
    ``knob beta_1``, ``used`` (the gradient that the rule is given), ``before theta``, ``after m``, and so on.

    Args:
        optimizer: The rule.
        state: The names of its quantities that have numbers.
    """
    places: list[str] = []

    def place(what: str) -> Written:
        places.append(what)
        number = len(places) - 1
        return lambda factor: rf"\text{{{number}{'*' if factor else ''}}}"

    before, after = {"g": place("used"), r"\theta": place("before theta")}, {r"\theta": place("after theta")}
    for name in state:
        if symbol := _symbol(optimizer, name):
            before[symbol], after[symbol] = place(f"before {name}"), place(f"after {name}")
    constants = {"t": place("step"), **_constants(optimizer, place), r"\eta": place("learning_rate")}
    return _filled(optimizer, constants, before, after), places


def _filled(
    optimizer: Optimizer, constants: Mapping[str, Written], before: Mapping[str, Written], after: Mapping[str, Written]
) -> str:
    """The formula with its symbols replaced; see :func:`with_numbers`."""
    known = {**constants, **before}
    for symbol in after:
        if symbol != r"\theta" and not (
            _assigns(optimizer.formula, symbol) or "'" in symbol or f"{symbol}'" in optimizer.formula
        ):
            known[symbol] = after[symbol]  # taken as updated
    equations = EQUATIONS.split(optimizer.formula)
    lines = []
    for i, equation in enumerate(equations):
        line = _substituted(equation, known).strip()
        in_some_cases = any(branch in equation for branch in _BRANCHES)
        for symbol in [symbol for symbol in after if _assigns(equation, symbol)]:
            if not any(_assigns(later, symbol) for later in equations[i + 1 :]):
                known[symbol] = after[symbol]
                line = line if in_some_cases else f"{line.removesuffix(',')} = {after[symbol](False)}"
            elif not in_some_cases:
                known.pop(symbol)  # a value on the way, which no record has
        lines.append(line)
    return r" \qquad ".join(lines)


def _assigns(formula: str, symbol: str) -> bool:
    return re.search(_pattern([symbol]) + _ASSIGNED, formula) is not None


def _symbol(optimizer: Optimizer, name: str) -> str:
    """The symbol of a quantity; empty where the formula has none."""
    return optimizer.symbols.get(name, name if len(name) == 1 else "")


def _constants(optimizer: Optimizer, place: Callable[[str], Written] | None = None) -> dict[str, Written]:
    """The replacement of every hyperparameter's symbol: its number, or a place where that may change."""
    written = {}
    for knob in optimizer.knobs():
        value = getattr(optimizer, knob.name)
        if knob.symbol and isinstance(value, int | float):
            changes = place is not None and knob.type is float
            symbol = _LATEX.get(knob.symbol, knob.symbol)
            written[symbol] = place(f"knob {knob.name}") if place and changes else _number(value, 6)
    return written


def _number(value: Any, digits: int = 4) -> Written:
    """A number; in parentheses where it would run into the one before it."""
    text = latex_value(value, digits)
    return lambda factor: f"({text})" if factor and re.match(r"[0-9]", text) else text


def _substituted(equation: str, known: Mapping[str, Written]) -> str:
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


def _value(match: re.Match[str], known: Mapping[str, Written]) -> str:
    """The replacement of a symbol."""
    before = re.sub(r"(?:\\[,!]|\s)+$", "", match.string[: match.start()])
    word = re.search(r"\\([A-Za-z]+)$", before)
    product = word[1] in _GREEK if word else bool(re.search(r"[A-Za-z0-9})]$", before))
    return f"{{{known[match[0]](product)}}}"


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
