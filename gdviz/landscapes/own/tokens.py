"""The tokens of a formula: characters and names, as :mod:`gdviz.landscapes.own.grammar` explains them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

FUNCTIONS = (
    *("sin", "cos", "tan", "exp", "log", "log2", "log10", "sqrt", "abs"),
    *("sinh", "cosh", "tanh", "atan", "max", "min"),
)
SYNONYMS = {"ln": "log", "lg": "log10", "arctan": "atan"}
OF_SEVERAL = ("max", "min")
"""The functions of two or more arguments; the others are of one."""
CONSTANTS = {"pi": "pi", "π": "pi", "e": "e"}
ALLOWED = "numbers, x, y, pi, e, + - * / ^, parentheses, |x| and " + ", ".join([*FUNCTIONS, *SYNONYMS])

_GREEK = "αβγδεζηθικλμνξοπρστφψω"
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΡΣΤΦΨΩ"  # Π is a product
_ORDINARY = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5F)},  # full-width characters
        **{capital: capital.lower() for capital in _CAPITALS},
        **dict.fromkeys("\u3000\u00a0\u2009\u202f", " "),
        **dict.fromkeys("·×⋅∙∗", "*"),
        **dict.fromkeys("÷∕⁄", "/"),
        **dict.fromkeys("−–", "-"),
        **dict.fromkeys("χΧ", "x"),
        **dict.fromkeys("υΥ", "y"),
        **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
    }
)
"""Each character that is read as another one: one for one, so that positions are those of the text."""
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_NAME = rf"[a-z{_GREEK}]+(?:_?[0-9]+)?"
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)"
    rf"|(?P<name>{_NAME})"
    r"|(?P<superscript>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    r"|(?P<sign>\*\*|[-+*/^()|,√])"
    r"|(?P<space> +)"
)
_LEFT = re.compile(rf" *([a-z{_GREEK}]+) *(?:\( *({_NAME}) *(?:, *({_NAME}) *)?\) *)?")


@dataclass(frozen=True)
class Token:
    """A number, variable, constant, function, superscript, or a sign, which is a kind of its own."""

    kind: str
    text: str
    position: int
    """Of its first character in the text, counting from 1."""


def left_side(text: str) -> tuple[tuple[str, ...] | None, int]:
    """The variables that a left side names, None where it names none, and where the right side begins.

    Raises:
        ValueError: The left side of ``=`` is no such thing as ``f(x, y)``.
    """
    left, equals, _ = text.translate(_ORDINARY).partition("=")
    if not equals:
        return None, 0
    found = _LEFT.fullmatch(left)
    taken = {*FUNCTIONS, *SYNONYMS, *CONSTANTS}
    if found is None or found[1] in {"x", "y", *taken}:
        raise ValueError(f"function: '=' at character {len(left) + 1} may only follow such as f(x, y)")
    names = [name.replace("_", "") for name in found.groups()[1:] if name]
    if len(set(names)) < len(names) or taken & set(names):
        raise ValueError(f"function: {' and '.join(names)} cannot be the names of two variables")
    return tuple(names) or None, len(left) + 1


def tokens(text: str, begin: int, declared: tuple[str, ...] | None) -> Iterator[Token]:
    """The tokens from a place in the text on, where the variables are those declared.

    Raises:
        ValueError: A character is not allowed, or a name not known.
    """
    ordinary = text.translate(_ORDINARY)
    names = _names(declared)
    at = begin
    while at < len(text):
        found = _TOKEN.match(ordinary, at)
        if found is None:
            raise ValueError(f"function: {text[at]!r} at character {at + 1} is not allowed; use {ALLOWED}")
        part, position = found[0], at + 1
        if found.lastgroup == "name":
            yield from _split(part, position, names)
        elif found.lastgroup == "number":
            yield Token("number", part, position)
        elif found.lastgroup == "superscript":
            yield Token("superscript", part.translate(_SUPERSCRIPTS), position)
        elif found.lastgroup == "sign":
            yield Token("^" if part == "**" else part, part, position)
        at = found.end()


def _names(declared: tuple[str, ...] | None) -> re.Pattern[str]:
    """The pattern of a name, the longest that fits."""
    known = sorted([*FUNCTIONS, *SYNONYMS, *CONSTANTS, *(declared or "xy")], key=len, reverse=True)
    words = [re.sub(r"(?<=[^0-9])(?=[0-9])", "_?", word) for word in known]  # log_2, as log2
    free = [] if declared else [rf"[x{_GREEK}]_?[0-9]+", rf"(?!π)[{_GREEK}]"]
    return re.compile(rf"(?:{'|'.join([*free, *words])})(?!_?[0-9])")


def _split(run: str, position: int, names: re.Pattern[str]) -> Iterator[Token]:
    """The names in a run of letters."""
    at = 0
    while at < len(run):
        found = names.match(run, at)
        if found is None:
            raise ValueError(f"function: {run!r} at character {position} is not known; use {ALLOWED}")
        name = found[0].replace("_", "")
        if name in CONSTANTS:
            yield Token("constant", CONSTANTS[name], position + at)
        elif name in FUNCTIONS or name in SYNONYMS:
            yield Token("function", SYNONYMS.get(name, name), position + at)
        else:
            yield Token("variable", name, position + at)
        at = found.end()
