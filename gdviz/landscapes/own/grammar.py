r"""The grammar of formulas, a whitelist: from a user's text to a tree. Nothing here turns text into code.

    formula  = [left "="] sum
    left     = name ["(" variable ["," variable] ")"]         f(x, y), J(α, β), z
    sum      = product {("+" | "-") product}
    product  = signed {("*" | "/") signed | power}            side by side: a product, unless the second is a number
    signed   = ("+" | "-") signed | power
    power    = primary [superscript | ("^" | "**") signed]    so -x^2 is -(x²), and 2^3^2 is 2^9
    primary  = number | variable | "pi" | "π" | "e" | "(" sum ")" | "|" sum "|" | "√" power
             | function [superscript | "^" digits] "(" sum {"," sum} ")"     sin²(x) is sin(x)²
    number   = digits ["." digits] ["e" ["+" | "-"] digits]   .5 and 5. too

Products and quotients go from left to right however they are written: 1/2x is x/2. A ``|`` closes where an operand is
complete and one is open within the same parentheses; elsewhere it opens. ``**`` is ``^``; ``·×⋅∙∗`` are ``*``; ``÷∕⁄``
are ``/``; ``−–`` are ``-``; capitals are small letters; full-width characters, subscripts (x₁) and the Greek
look-alikes χ and υ are their ordinary ones. Letters side by side are read from the left, the longest known name first:
xexp(y) is x·exp(y).

**Variables** are x and y. A left side can name others: ``f(u, v) = u² + v²``. Without one, a formula without x and y
may be of two Greek letters or indexed names (``α² + β²``, ``x1 + x2``, ``θ₀·θ₁``), which are x and y in their order.

**Functions** are ``FUNCTIONS``, also under their ``SYNONYMS`` (tokens.py); ``log`` is the natural one.

**Limits** are those of :mod:`gdviz.landscapes.own.limits`. Besides, an exponent is a number, except that of e; and each
part without variables is a real number, of at most ``LARGEST_NUMBER``, as an exponent of at most ``LARGEST_EXPONENT``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from gdviz.landscapes.own.limits import DEEPEST, DEEPEST_CALLS, MOST_CHARACTERS, MOST_PARTS
from gdviz.landscapes.own.tokens import OF_SEVERAL, Token, left_side, tokens


@dataclass(frozen=True)
class Node:
    """A part of a formula."""

    kind: str
    """number, x, y, pi, e, negative, add, subtract, multiply, divide, power, or a function's name."""
    position: int
    """Where it stands in the text, counting from 1; an operation, where its sign does."""
    operands: tuple["Node", ...] = ()
    literal: str = ""
    """A number as it is written; a variable as the text calls it."""


@dataclass(frozen=True)
class Formula:
    """A text that has been read."""

    tree: Node
    names: tuple[str, ...]
    """The text's names for x and y; as many as it uses, unless a left side names both."""


def read(text: str) -> Formula:
    """Read a formula.

    Raises:
        ValueError: The text is not one; the message says where and why.

    >>> read("J(u, v) = 2u/v").names, [operand.kind for operand in read("2x² - |y|").tree.operands]
    (('u', 'v'), ['multiply', 'abs'])
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"function must be a formula in x and y; got {text!r}")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"function: {len(text)} characters are too many; {MOST_CHARACTERS} are allowed")
    declared, right = left_side(text)
    reader = _Reader([*tokens(text, right, declared), Token("end", "", len(text) + 1)])
    tree = reader.formula()
    names = declared or _variables(reader.variables)
    return Formula(_renamed(tree, names), names)


def _variables(found: set[str]) -> tuple[str, ...]:
    if found <= {"x", "y"}:
        return "x", "y"
    if found & {"x", "y"} or len(found) > 2:
        raise ValueError(
            f"function: {', '.join(sorted(found))} are not two variables; write x*2 or x^2 for a product or a power, "
            "and f(u, v) = ... for other names"
        )
    return tuple(sorted(found))


def _renamed(node: Node, names: tuple[str, ...]) -> Node:
    kind = "xy"[names.index(node.literal)] if node.kind == "variable" else node.kind
    return replace(node, kind=kind, operands=tuple(_renamed(operand, names) for operand in node.operands))


class _Reader:
    """One method a line of the grammar."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = self._parts = self._depth = self._calls = 0
        self._bars = 0
        """How many ``|`` are open within the innermost parentheses."""
        self.variables: set[str] = set()

    def formula(self) -> Node:
        tree = self._sum()
        if self._next.kind != "end":
            raise self._unexpected()
        return tree

    def _sum(self) -> Node:
        left = self._product()
        while self._next.kind in ("+", "-"):
            sign = self._take()
            left = self._node("add" if sign.kind == "+" else "subtract", sign, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._signed()
        while True:
            if self._next.kind in ("*", "/"):
                sign = self._take()
                left = self._node("multiply" if sign.kind == "*" else "divide", sign, left, self._signed())
            elif self._next.kind in ("variable", "constant", "function", "(", "√") or self._opens_a_bar():
                left = self._node("multiply", self._next, left, self._power())
            else:
                return left

    def _signed(self) -> Node:
        if self._next.kind not in ("+", "-"):
            return self._power()
        sign = self._take()
        with self._deeper(sign):
            operand = self._signed()
        return self._node("negative", sign, operand) if sign.kind == "-" else operand

    def _power(self) -> Node:
        base = self._primary()
        if self._next.kind == "superscript":
            return self._to_the(base, self._take())
        if self._next.kind != "^":
            return base
        sign = self._take()
        with self._deeper(sign):
            return self._node("power", sign, base, self._signed())

    def _primary(self) -> Node:
        token = self._take()
        if token.kind in ("number", "variable"):
            self.variables |= {token.text} if token.kind == "variable" else set()
            return self._node(token.kind, token, literal=token.text)
        if token.kind == "constant":
            return self._node(token.text, token)
        if token.kind == "(":
            return self._within(")")[0]
        if token.kind == "|":
            with self._call(token):
                return self._node("abs", token, *self._within("|"))
        if token.kind == "√":
            with self._call(token):
                return self._node("sqrt", token, self._power())
        if token.kind == "function":
            return self._function(token)
        self._at -= 1
        raise self._unexpected()

    def _function(self, name: Token) -> Node:
        exponent = None
        if self._next.kind == "superscript":
            exponent = self._take()
        elif self._next.kind == "^":
            self._take()
            exponent = self._take()
        if exponent and not exponent.text.isdigit():
            raise ValueError(f"function: write {name.text}(...)^(...) for the power at character {exponent.position}")
        if self._take().kind != "(":
            raise ValueError(f"function: {name.text} at character {name.position} needs parentheses: {name.text}(x)")
        with self._call(name):
            arguments = self._within(")", several=True)
        if (len(arguments) < 2) if name.text in OF_SEVERAL else (len(arguments) != 1):
            wanted = "two or more arguments" if name.text in OF_SEVERAL else "exactly one argument"
            raise ValueError(f"function: {name.text} at character {name.position} takes {wanted}")
        call = self._node(name.text, name, *arguments)
        return self._to_the(call, exponent) if exponent else call

    def _within(self, closing: str, several: bool = False) -> list[Node]:
        """The expressions in parentheses or between bars, after the opening one."""
        opening = self._tokens[self._at - 1]
        outer, self._bars = self._bars, self._bars + 1 if closing == "|" else 0
        with self._deeper(opening):
            found = [self._sum()]
            while several and self._next.kind == ",":
                self._take()
                found.append(self._sum())
        self._bars = outer
        if self._next.kind != closing:
            raise self._unexpected()
        self._take()
        return found

    def _to_the(self, base: Node, exponent: Token) -> Node:
        """A power whose exponent is a whole number in one token."""
        power = self._node("number", exponent, literal=exponent.text.lstrip("+-"))
        power = self._node("negative", exponent, power) if exponent.text.startswith("-") else power
        return self._node("power", exponent, base, power)

    def _opens_a_bar(self) -> bool:
        return self._next.kind == "|" and not self._bars

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _node(self, kind: str, at: Token, *operands: Node, literal: str = "") -> Node:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise ValueError(f"function: more than {MOST_PARTS} numbers, names and operators; write it shorter")
        return Node(kind, at.position, operands, literal)

    @contextmanager
    def _deeper(self, at: Token) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"function: nested more than {DEEPEST} levels deep at character {at.position}")
        yield
        self._depth -= 1

    @contextmanager
    def _call(self, at: Token) -> Iterator[None]:
        self._calls += 1
        if self._calls > DEEPEST_CALLS:
            raise ValueError(
                f"function: more than {DEEPEST_CALLS} functions within one another at character {at.position}"
            )
        yield
        self._calls -= 1

    def _unexpected(self) -> ValueError:
        if self._next.kind == "end":
            return ValueError("function: this is not a complete formula; something is missing at its end")
        return ValueError(f"function: {self._next.text!r} is not expected at character {self._next.position}")
