"""A formula in LaTeX, in the order in which it was written: how a text was understood."""

from gdviz.landscapes.own.grammar import Node

_TEMPLATES = {
    "exp": "e^{%s}", "sqrt": r"\sqrt{%s}", "abs": r"\left|%s\right|", "log": r"\ln\left(%s\right)",
    "log2": r"\log_{2}\left(%s\right)", "log10": r"\log_{10}\left(%s\right)", "atan": r"\arctan\left(%s\right)",
}  # fmt: skip
_SUM, _PRODUCT, _POWER, _ATOM = range(4)
"""How tightly a formula holds together: what is looser than its place allows stands in parentheses."""


def latex(node: Node) -> str:
    r"""The LaTeX of a formula's tree.

    >>> from gdviz.landscapes.own.grammar import read
    >>> print(latex(read("f(x, y) = -(x-1)² + 2x/3 - 2*3^|y|").tree))
    -\left(x - 1\right)^{2} + \frac{2 x}{3} - 2 \cdot 3^{\left|y\right|}
    """
    return _written(node)[0]


def _written(node: Node) -> tuple[str, int]:
    """A part in LaTeX, and how tightly it holds together."""
    operands = node.operands
    if node.kind == "number":
        digits, _, exponent = node.literal.partition("e")
        return (rf"{digits} \cdot 10^{{{int(exponent)}}}", _PRODUCT) if exponent else (digits, _ATOM)
    if not operands:
        return r"\pi" if node.kind == "pi" else node.kind, _ATOM
    if node.kind in ("add", "subtract"):
        sign = "+" if node.kind == "add" else "-"
        return f"{_at_least(_SUM, operands[0])} {sign} {_at_least(_PRODUCT, operands[1])}", _SUM
    if node.kind == "negative":
        return f"-{_at_least(_PRODUCT, operands[0])}", _SUM
    if node.kind == "multiply":
        left, right = (_at_least(_PRODUCT, operand) for operand in operands)
        return f"{left}{_times(right)}{right}", _PRODUCT
    if node.kind == "divide":
        return rf"\frac{{{latex(operands[0])}}}{{{latex(operands[1])}}}", _POWER
    if node.kind == "power":
        return f"{_at_least(_ATOM, operands[0])}^{{{latex(operands[1])}}}", _POWER
    template = _TEMPLATES.get(node.kind, rf"\{node.kind}\left(%s\right)")
    return template % ", ".join(map(latex, operands)), _POWER if node.kind == "exp" else _ATOM


def _at_least(tightness: int, node: Node) -> str:
    text, own = _written(node)
    return text if own >= tightness else rf"\left({text}\right)"


def _times(right: str) -> str:
    return r" \cdot " if right[0].isdigit() else " "
